"""A federation of real processes for tests: two institutions, their people, and what is known."""

import asyncio
import time
from contextlib import contextmanager
from datetime import date

import msgspec

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
from tests.databases import server_folder
from tests.federation.street import ALLOWANCE, INCOME, LAYOUT, MINATO, OSAKA
from tests.rooms.register.made import birth

EAST, WEST = "gateway-east", "gateway-west"
NEEDED = ("oversight", "register", "linkage", "ledger", EAST, WEST)  # nobody here has a card
POLL_MAX = 1_000
IN_TIME_S = 300  # a bound for a machine that is busy, not a wait


@contextmanager
def two_towns(prepared=lambda _: None, *, durable=False, on_disk=True):
    """Run a federation in which Minato may ask Osaka; gives it and its PostgreSQL.

    `prepared` gets the federation before its rooms start. `durable` is for tests that kill the
    database, `on_disk` for those of them that need a disk of this machine.
    """
    with server_folder(on_disk=durable and on_disk) as folder:
        server = EmbeddedPostgres.start(
            folder / "postgres", entropy=SystemEntropy(), durable=durable
        )
        try:
            with towns_on(server, folder / "rooms", prepared) as found:
                yield found, server
        finally:
            server.stop()


@contextmanager
def towns_on(server, folder, prepared=lambda _: None):
    """Run such a federation's rooms on a server that is there."""
    plan = Plan(
        gateways={EAST: [MINATO], WEST: [OSAKA]},
        assessed={MINATO: date(2025, 4, 1), OSAKA: date(2025, 4, 1)},
    )
    clock, entropy = SystemClock(), SystemEntropy()
    found = prepare(folder, plan, postgres=server, clock=clock, entropy=entropy).only(*NEEDED)
    prepared(found)
    try:
        found.start()
        yield found
    finally:
        found.stop()


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


def settle(federation, minato, osaka, people):
    """Register that many people everywhere; returns their names when every code is bound."""
    births = [birth(who) for who in range(1, people + 1)]
    ask_register(
        federation,
        register.EVENTS_PATH,
        register.EventBatch(tuple(births)),
        register.EventsTaken,
    )
    codes = tuple(one.resident_code for one in births)
    given = ask_register(federation, register.DESIGNATE_PATH, register.Designate(codes), None)
    registrations = [
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
    names = [one.addressee for one in registrations]
    for client in (minato, osaka):
        client.register(registrations)
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


def until(holds):
    deadline = time.monotonic() + IN_TIME_S
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.2)


def questions_about(names):
    return [
        Question(addressee=name, affair=ALLOWANCE, provider=OSAKA, items=(INCOME,), layout=LAYOUT)
        for name in names
    ]


def outcomes(client, inquiries):
    found = set()
    for start in range(0, len(inquiries), POLL_MAX):
        try:
            page = client.answers(inquiries[start : start + POLL_MAX])
        except (Unavailable, Refused):
            return {"nobody answers"}
        found |= {answer.outcome for answer in page}
    return found
