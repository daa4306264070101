"""From a municipality's event to the certificates and their lists, through every room's own doors."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from cryptography import x509

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import seal_payload
from kumihimo.rooms.jpki import store_certificates, store_lists
from kumihimo.rooms.jpki.app import LISTS_PAUSE_S
from kumihimo.rooms.jpki.issuance import finish, intend
from kumihimo.rooms.jpki.lists import publish_due
from kumihimo.rooms.register import api as register
from kumihimo.rooms.register import store
from kumihimo.rooms.register.app import OUTBOX_PAUSE_S
from kumihimo.run.plan import Plan
from kumihimo.run.street import open_street
from tests.databases import own_server
from tests.rooms.jpki.made import order
from tests.rooms.register.made import birth, code, event

MINATO = "lg-131032"
DAY = date(2026, 6, 1)


async def told(street, *events):
    path = register.EVENTS_PATH
    payload = msgspec.json.encode(register.EventBatch(events))
    to = street.keys["register"].public.payload
    sealed = register.Sealed(seal_payload(payload, to=to, context=path.encode()))
    await street.caller(MINATO).call("register", path, sealed, register.EventsTaken)


async def issued(street, who):
    room = street.register.register
    async with room.database.transaction() as tx:
        people = await store.holders(tx, [code(who)])
    wanted = order(holder=room.references.of(people[code(who)], "jpki"))
    await intend(street.jpki.jpki, "cards", wanted)
    return wanted, await finish(street.jpki.jpki, wanted.order, actor="cards")


async def statuses(street, wanted):
    async with street.jpki.jpki.database.transaction() as tx:
        found = await store_certificates.of_order(tx, wanted.order)
    return {one.ca: (one.status, one.reason) for one in found}


async def listed(street, ca):
    while await publish_due(street.jpki.jpki):
        pass
    async with street.jpki.jpki.database.transaction() as tx:
        row = await store_lists.latest(tx, ca, 1)
    assert row is not None
    return {entry.serial_number for entry in x509.load_der_x509_crl(bytes(row.der))}


@pytest.fixture(scope="module")
def server():
    # A server of its own: a street names its databases as a deployment does.
    with own_server() as running:
        yield running


@pytest.fixture(scope="module")
def street(server):
    """Run stories on one street; a bug that a room reports fails the last of them."""
    loop, bugs = asyncio.new_event_loop(), []
    opened = loop.run_until_complete(
        open_street(
            Plan(gateways={"gateway_m": (MINATO,)}, assessed={}),
            postgres=server,
            clock=HandClock(datetime(2026, 6, 1, 3, tzinfo=UTC)),
            entropy=SystemEntropy(),
            report=lambda where, error: bugs.append((where, error)),
        )
    )
    yield lambda story: loop.run_until_complete(story(opened))
    loop.run_until_complete(opened.close())
    loop.close()
    assert bugs == []


def test_a_move_kills_the_sign_certificate_and_not_the_auth_certificate_and_is_listed(street):
    async def story(street):
        await told(street, birth(1), birth(2))
        mover, certificates = await issued(street, 1)
        other, _ = await issued(street, 2)
        await told(street, event("move-within", 1, DAY, address="東京都港区芝1-1"))
        assert (await statuses(street, mover))["sign"] == ("good", None)
        await street.deliver()
        assert await statuses(street, mover) == {
            "sign": ("revoked", "affiliationChanged"),
            "auth": ("good", None),
        }
        assert set((await statuses(street, other)).values()) == {("good", None)}
        sign = x509.load_der_x509_certificate(certificates.sign)
        auth = x509.load_der_x509_certificate(certificates.auth)
        assert sign.serial_number in await listed(street, "sign")
        assert auth.serial_number not in await listed(street, "auth")

    street(story)


def test_a_death_ends_both(street):
    async def story(street):
        await told(street, birth(3))
        wanted, _ = await issued(street, 3)
        await told(street, event("death", 3, DAY))
        await street.deliver()
        assert set((await statuses(street, wanted)).values()) == {
            ("revoked", "cessationOfOperation")
        }

    street(story)


def test_the_workers_pauses_leave_a_minute_for_a_move_to_be_known_and_published():
    worst = OUTBOX_PAUSE_S + LISTS_PAUSE_S
    assert timedelta(seconds=worst) < timedelta(minutes=1) / 2
