"""The main story with every room a process of its own, and the rooms killed under a load.

What was acknowledged is never lost and never doubled: at the requester, the core, the provider and
the ledger.
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import psycopg
import pytest

from kumihimo.kernel.clock import SystemClock, legal_day
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import open_payload, seal_payload
from kumihimo.kernel.net import Refused
from kumihimo.kernel.postgres import EmbeddedPostgres
from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.gateway.business import Attributes, OpenCase, Question, Registration
from kumihimo.rooms.register import api as register
from kumihimo.run.federation import prepare
from kumihimo.run.plan import Plan
from tests.federation.street import ALLOWANCE, INCOME, LAYOUT, MINATO, OSAKA
from tests.rooms.register.made import birth

PEOPLE = 200
BATCHES = 10
BATCH = 1_000
EAST, WEST = "gateway-east", "gateway-west"
VICTIMS = ("linkage", EAST, "ledger", WEST)


@pytest.fixture
def federation():
    entropy, clock = SystemEntropy(), SystemClock()
    with TemporaryDirectory(prefix="kumihimo-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = EmbeddedPostgres.start(folder / "postgres", entropy=entropy)
        plan = Plan(
            gateways={EAST: [MINATO], WEST: [OSAKA]},
            assessed={MINATO: date(2025, 4, 1), OSAKA: date(2025, 4, 1)},
        )
        found = prepare(folder / "rooms", plan, postgres=server, clock=clock, entropy=entropy)
        try:
            found.start()
            yield found, server
        finally:
            found.stop()
            server.stop()


def ask_register(federation, path, question, reply):
    """Let Minato ask register over HTTP, signed and sealed."""

    async def whole():
        net = federation.net()
        try:
            to = federation.keys["register"].public.payload
            context = path.encode()
            sealed = seal_payload(msgspec.json.encode(question), to=to, context=context)
            caller = federation.caller(MINATO, net, SystemClock(), SystemEntropy())
            answer, _ = await caller.call(
                "register", path, register.Sealed(sealed), reply or register.Sealed
            )
        finally:
            await net.close()
        if reply:
            return answer
        opened = open_payload(answer.payload, key=federation.keys[MINATO].payload, context=context)
        return msgspec.json.decode(opened, type=register.Designations)

    return asyncio.run(whole())


def settle(federation, minato, osaka):
    """Register the people everywhere; returns when every code is bound."""
    births = [birth(who) for who in range(1, PEOPLE + 1)]
    ask_register(
        federation,
        register.EVENTS_PATH,
        register.EventBatch(tuple(births)),
        register.EventsTaken,
    )
    codes = tuple(one.resident_code for one in births)
    given = ask_register(federation, register.DESIGNATE_PATH, register.Designate(codes), None)
    people = [
        Registration(
            addressee=str(index),
            source="card",
            number=designated.number,
            attributes=Attributes(
                name=one.name or "",
                birth=one.birth or "",
                sex=one.sex or "",
                address=one.address or "",
            ),
        )
        for index, (one, designated) in enumerate(zip(births, given.designated, strict=True))
    ]
    names = [person.addressee for person in people]
    for client in (minato, osaka):
        client.register(people)
    until(lambda: all(is_bound(client, names) for client in (minato, osaka)))
    rows = "".join(f"{name},2026-01-01,2025,{name}\n" for name in names)
    content = f"addressee,as_of,income-year,total-income\n{rows}".encode()
    assert osaka.load_copies(content, layout=LAYOUT).loaded
    today = legal_day(SystemClock().now())
    minato.open_cases(
        [OpenCase(addressee=name, affair=ALLOWANCE, opened_on=today) for name in names]
    )
    return names


def is_bound(client, names):
    return {status.state for status in client.status(names)} == {"BOUND"}


def until(holds, limit_s=90.0):
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.2)


def ask_until_taken(client, questions):
    """Ask until the batch is acknowledged; what was not acknowledged may be asked again."""
    while True:
        try:
            return [accepted.inquiry for accepted in client.ask(questions)]
        except (Unavailable, Refused):
            time.sleep(0.3)


def outcomes(client, inquiries):
    found = set()
    for start in range(0, len(inquiries), BATCH):
        try:
            page = client.answers(inquiries[start : start + BATCH])
        except (Unavailable, Refused):
            return {"nobody answers"}
        found |= {answer.outcome for answer in page}
    return found


PLACES = {
    "core": ("linkage", "SELECT count(DISTINCT permit), count(*) FROM exchange_record"),
    "ledger": ("ledger", "SELECT count(DISTINCT permit), count(*) FROM record"),
    "ends": ("ledger", "SELECT count(DISTINCT permit), count(*) / 2 FROM record_end"),
    "requester": (
        "gateway_east",
        """SELECT (SELECT count(DISTINCT permit) FROM inquiry WHERE outcome = 'OK'), count(*)
        FROM exchange_record WHERE side = 'requester' AND outcome = 'OK'""",
    ),
    "provider": (
        "gateway_west",
        """SELECT (SELECT count(DISTINCT permit) FROM provision), count(*)
        FROM exchange_record WHERE side = 'provider' AND outcome = 'OK'""",
    ),
}


def counts(server):
    """Return, by place, how many exchanges and how many rows about them."""
    found = {}
    for place, (name, query) in PLACES.items():
        with psycopg.connect(server.admin(f"kumihimo_{name}").reveal()) as connection:
            found[place] = connection.execute(query.encode()).fetchone()
    return found


def test_rooms_and_database_are_killed_under_ten_thousand_inquiries_and_nothing_is_lost_or_doubled(
    federation,
):
    rooms, server = federation
    minato, osaka = rooms.client(MINATO), rooms.client(OSAKA)
    names = settle(rooms, minato, osaka)
    questions = [
        Question(
            addressee=names[index % PEOPLE],
            affair=ALLOWANCE,
            provider=OSAKA,
            items=(INCOME,),
            layout=LAYOUT,
        )
        for index in range(BATCH)
    ]
    with ThreadPoolExecutor(2) as threads:
        asking = [threads.submit(ask_until_taken, minato, questions) for _ in range(BATCHES)]
        for victim in VICTIMS:
            time.sleep(1.0)
            rooms.rooms[victim].kill()
            rooms.restart(victim)
        server.kill()
        server.restart()
        acknowledged = [inquiry for one in asking for inquiry in one.result()]
    assert len(set(acknowledged)) == BATCHES * BATCH
    until(lambda: outcomes(minato, acknowledged) == {"OK"}, limit_s=180)
    until(lambda: len(set(counts(server).values())) == 1)
    [(exchanges, rows)] = set(counts(server).values())
    assert exchanges == rows
    assert exchanges >= len(acknowledged)
    minato.close()
    osaka.close()
