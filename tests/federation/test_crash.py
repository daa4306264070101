"""The power fails under a batch: nothing that was acknowledged is lost, nothing is doubled."""

import asyncio
from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from kumihimo.kernel import journal
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.group import hash_to_group, multiply, product
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.postgres import EmbeddedPostgres
from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.gateway import answers, asking, sending
from tests.federation.street import ALLOWANCE, INCOME, MINATO, OSAKA, Street
from tests.federation.test_exchange import TODAY, load_copy, question

PEOPLE = 40
# Into a batch's way to the core, at the core, at the provider, on its way home, to the ledger.
PAUSES_S = (0.03, 0.1, 0.25)


@pytest.fixture
def own_server():
    """A durable server of its own, which may be killed."""
    with TemporaryDirectory(prefix="kumihimo-crash-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = EmbeddedPostgres.start(folder / "postgres", entropy=SystemEntropy())
        yield server
        server.stop()


async def populate(street):
    """Give forty people codes at both institutions, a case at one and a copy at the other."""
    for institution in (MINATO, OSAKA):
        secret = street.linkage.core.domain_keys.secret(institution, 1)
        database = street.gateways[institution][0].gateway.database
        for number in range(PEOPLE):
            point = hash_to_group(b"person-%d" % number, b"test")
            code = multiply(product(street.secret_a, secret), point)
            person = new_id(street.entropy)
            async with database.transaction(institution=institution) as tx:
                await tx.execute(
                    "INSERT INTO person (institution, person, code, code_version,"
                    " acquisition_state) VALUES (%s, %s, %s, 1, 'BOUND')",
                    (institution, person, code),
                )
                await tx.execute(
                    "INSERT INTO addressee (institution, addressee, person) VALUES (%s, %s, %s)",
                    (institution, str(number), person),
                )
                if institution == MINATO:
                    await tx.execute(
                        "INSERT INTO case_file (institution, case_file, person, affair, opened_on)"
                        " VALUES (%s, %s, %s, %s, %s)",
                        (institution, new_id(street.entropy), person, ALLOWANCE, TODAY),
                    )
            if institution == OSAKA:
                await load_copy(street, OSAKA, person, {INCOME: number})


async def insist(step, street):
    """Repeat a step until it goes through; the database may be away for a while."""
    for _ in range(200):
        try:
            return await step()
        except Unavailable:
            await asyncio.sleep(0.05)
    raise AssertionError("the room never came back")


async def counts(street):
    """Count what each party has on record."""
    found = {}
    databases = {
        "core": (street.linkage.core.database, "SELECT count(*) FROM exchange_record"),
        "ledger": (street.ledger.ledger.database, "SELECT count(*) FROM record"),
        "ends": (street.ledger.ledger.database, "SELECT count(*) FROM record_end"),
    }
    for name, (database, query) in databases.items():
        async with database.transaction() as tx:
            found[name] = await tx.value(query)
    for name in (MINATO, OSAKA):
        database = street.gateways[name][0].gateway.database
        async with database.transaction(institution=name) as tx:
            found[name] = await tx.value("SELECT count(*) FROM exchange_record")
    return found


async def story(street, server):
    room, _ = street.gateways[MINATO]
    tenant = street.tenants[MINATO]
    questions = [question(addressee=str(n)) for n in range(PEOPLE)]
    acknowledged = []

    async def kill_after(pause_s):
        await asyncio.sleep(pause_s)
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.restart)

    for pause_s in PAUSES_S:
        accepted, batch = await insist(lambda: asking.ask(room.gateway, tenant, questions), street)
        acknowledged += [a.inquiry for a in accepted]
        killing = asyncio.create_task(kill_after(pause_s))
        try:
            await sending.advance(room.gateway, tenant, batch)
            await street.deliver()
        except Unavailable:
            pass  # the sweep below takes the batch up again
        await killing
    for _ in range(12):
        street.clock.advance(timedelta(seconds=61))
        await insist(lambda: sending.run_once(room.gateway, tenant), street)
        await insist(street.deliver, street)
    found = await answers.poll(room.gateway, tenant, acknowledged)
    assert {a.outcome for a in found} == {"OK"}
    return len(acknowledged)


def test_postgres_is_killed_under_batches_and_nothing_acknowledged_is_lost_or_doubled(own_server):
    names = count()

    def new_room(room):
        name = f"{room}_{next(names)}"
        packages = [f"kumihimo.rooms.{room}"]
        return name, own_server.room(name, packages, entropy=SystemEntropy())

    async def whole():
        street = Street()
        await street.start(new_room)
        try:
            await populate(street)
            acknowledged = await story(street, own_server)
            found = await counts(street)
            # A question whose acknowledgement was lost with the power may be on record as well;
            # but all parties agree on how many there are, and each has each of them once.
            asked = found["core"]
            assert asked >= acknowledged == PEOPLE * len(PAUSES_S)
            assert found == {
                "core": asked,
                "ledger": asked,
                "ends": 2 * asked,
                MINATO: asked,
                OSAKA: asked,
            }
            for database in street.databases:
                async with database.transaction() as tx:
                    await journal.verify(tx)
        finally:
            await street.stop()
        assert street.bugs == []

    asyncio.run(whole())
