"""Register and the core, both real: from a number to a code that neither of them ever holds."""

import msgspec

from kumihimo.kernel.group import Point, invert, multiply, parse_scalar
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import open_payload, seal_payload
from kumihimo.people.check_digits import NumberSpace
from kumihimo.rooms.linkage import api as linkage
from kumihimo.rooms.register import api
from kumihimo.rooms.register.app import build
from kumihimo.rooms.register.context import Register
from kumihimo.rooms.register.domain.quota import Limits
from kumihimo.statute.law import affairs
from tests.federation.street import MINATO, NAGOYA, OSAKA, transport_to
from tests.rooms.register.made import attributes, birth, code, event


async def open_register(street, new_room):
    name, reached = new_room("register")
    register = Register.of(
        database=await street._open(reached),
        keys=street.keys["register"],
        directory=street.book,
        clock=street.clock,
        entropy=street.entropy,
        space=NumberSpace.TEST,
        limits=Limits(per_minute=1_000, per_day=1_000),
        affairs=frozenset(affair.affair for affair in affairs()),
    )
    room = build(register, book=street.book, net=street.net, report=street._bug)
    street.transport.apps["register"] = transport_to(room.app)
    return name, room


async def ask(street, office, path, question, reply):
    to = street.keys["register"].public.payload
    sealed = api.Sealed(seal_payload(msgspec.json.encode(question), to=to, context=path.encode()))
    plain = reply in {api.EventsTaken, api.DisclosureTicket}
    answer, _ = await street.caller(office).call(
        "register", path, sealed, reply if plain else api.Sealed
    )
    if plain:
        return answer
    opened = open_payload(answer.payload, key=street.keys[office].payload, context=path.encode())
    return msgspec.json.decode(opened, type=reply)


async def number_of(street, who):
    given = await ask(
        street, MINATO, api.DESIGNATE_PATH, api.Designate((code(who),)), api.Designations
    )
    return given.designated[0].number


async def finish(street, party, ticket):
    collected, _ = await street.caller(party).call(
        "linkage", linkage.COLLECT_PATH, linkage.Collect((ticket.acquisition,)), linkage.Collected
    )
    [evaluated] = collected.evaluated
    assert evaluated.state == "ready"
    return multiply(invert(parse_scalar(ticket.blinding)), Point(evaluated.point))


async def acquire(street, room, office, number):
    batch = api.AcquireBatch(
        acquisitions=(api.Acquire(acquisition=new_id(street.entropy), number=number),)
    )
    answer = await ask(street, office, api.ACQUIRE_PATH, batch, api.Tickets)
    await room.outbox.run_once()
    return await finish(street, office, answer.tickets[0])


async def register_two(street):
    batch = api.EventBatch((birth(1), birth(2)))
    await ask(street, MINATO, api.EVENTS_PATH, batch, api.EventsTaken)
    return await number_of(street, 1), await number_of(street, 2)


def test_a_number_leads_each_institution_to_a_code_of_its_own_and_always_the_same(
    on_street, new_room
):
    async def story(street):
        _, room = await open_register(street, new_room)
        one, other = await register_two(street)
        at_osaka = await acquire(street, room, OSAKA, one)
        assert at_osaka == await acquire(street, room, OSAKA, one)
        assert at_osaka != await acquire(street, room, NAGOYA, one)
        assert at_osaka != await acquire(street, room, OSAKA, other)

    on_street(story)


def test_a_leaked_number_is_replaced_and_the_code_stays(on_street, new_room):
    async def story(street):
        _, room = await open_register(street, new_room)
        one, _ = await register_two(street)
        before = await acquire(street, room, OSAKA, one)
        change = api.EventBatch((event("number-change", 1, reason="漏えい"),))
        await ask(street, MINATO, api.EVENTS_PATH, change, api.EventsTaken)
        fresh = await number_of(street, 1)
        assert fresh != one
        assert await acquire(street, room, OSAKA, fresh) == before

    on_street(story)


def test_a_ticket_from_the_counter_leads_the_ledger_to_its_own_code_of_the_person(
    on_street, new_room
):
    async def story(street):
        _, room = await open_register(street, new_room)
        one, _ = await register_two(street)
        asked = api.DisclosureAsked(number=one, attributes=attributes(birth(1)))
        codes = set()
        for _ in range(2):
            given = await ask(street, MINATO, api.TICKET_PATH, asked, api.DisclosureTicket)
            await room.outbox.run_once()
            opened = open_payload(
                given.sealed,
                key=street.keys["ledger"].payload,
                context=api.TICKET_PATH.encode(),
            )
            ticket = msgspec.json.decode(opened, type=api.Ticket)
            codes.add(await finish(street, "ledger", ticket))
        assert len(codes) == 1
        assert await acquire(street, room, OSAKA, one) not in codes

    on_street(story)


def test_register_and_core_hold_no_code_and_the_core_no_number(on_street, new_room, postgres):
    async def story(street):
        name, room = await open_register(street, new_room)
        one, _ = await register_two(street)
        found = await acquire(street, room, OSAKA, one)
        register, core = postgres.dump(name), postgres.dump(street.linkage_name)
        assert one[:11].encode() in register
        for dump in (register, core):
            assert found.hex().encode() not in dump
        for told in (one, one[:11], code(1), "高橋", "芝公園"):
            assert told.encode() not in core

    on_street(story)
