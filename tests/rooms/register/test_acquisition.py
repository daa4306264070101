from datetime import timedelta

import msgspec
import pytest

from kumihimo.kernel.group import Scalar
from kumihimo.kernel.keys import NotSealedForUs, open_payload
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.register import acquisition, api
from kumihimo.rooms.register.domain.quota import Limits
from tests.rooms.register.made import MINATO, OSAKA, attributes, birth, code, event, fresh_id


async def born(house, *people):
    await house.tell(*(birth(who) for who in people))
    return await house.designate(*(code(who) for who in people))


def test_the_same_person_gets_the_same_code_at_a_domain_every_time(in_house):
    async def story(house):
        one, other = await born(house, 1, 2)
        tickets = await house.acquire((fresh_id(), one), (fresh_id(), other), (fresh_id(), one))
        assert [ticket.state for ticket in tickets] == ["begun"] * 3
        assert await house.room.outbox.run_once() == 1
        first, different, again = (house.code(ticket) for ticket in tickets)
        assert first == again
        assert first != different

    in_house(story)


def test_a_change_of_number_or_resident_code_leaves_the_code(in_house):
    async def story(house):
        [before] = await born(house, 1)
        await house.tell(
            event("number-change", 1, reason="漏えい"),
            event("resident-code-change", 1, new_resident_code=code(2)),
        )
        [after] = await house.designate(code(2))
        # The replaced number is nobody's now.
        [gone] = await house.acquire((fresh_id(), before))
        assert gone.state == "no-such-person"
        [second] = await house.acquire((fresh_id(), after))
        await house.tell(event("death", 2))
        [third] = await house.acquire((fresh_id(), after))
        await house.room.outbox.run_once()
        assert house.code(second) == house.code(third)

    in_house(story)


def test_the_code_survives_a_restart_because_nothing_of_it_is_stored(in_house):
    async def story(house):
        [number] = await born(house, 1)
        [first] = await house.acquire((fresh_id(), number))
        house.build()
        [second] = await house.acquire((fresh_id(), number))
        await house.room.outbox.run_once()
        assert house.code(first) == house.code(second)

    in_house(story)


def test_a_repeat_gives_the_same_ticket_and_sends_nothing_twice(in_house):
    async def story(house):
        [number] = await born(house, 1)
        pair = (fresh_id(), number)
        first = await house.acquire(pair, pair)
        assert first == await house.acquire(pair, pair)
        assert await house.room.outbox.run_once() == 1
        assert await house.room.outbox.run_once() == 0
        assert list(house.blinded) == [pair[0]]

    in_house(story)


def test_an_acquisition_number_serves_one_person_and_one_domain_only(in_house):
    async def story(house):
        one, other = await born(house, 1, 2)
        used, fresh = fresh_id(), fresh_id()
        await house.acquire((used, one))
        tickets = await house.acquire((used, other), (fresh, other))
        assert [ticket.state for ticket in tickets] == ["duplicate", "begun"]
        assert tickets[0].blinding == b""
        [elsewhere] = await house.acquire((used, one), office=MINATO)
        assert elsewhere.state == "duplicate"
        await house.room.outbox.run_once()
        assert {t: domain for t, (domain, _) in house.blinded.items()} == {
            used: OSAKA,
            fresh: OSAKA,
        }

    in_house(story)


def test_what_names_nobody_and_what_is_no_number_are_answered_alike(in_house):
    async def story(house):
        [number] = await born(house, 1)
        wrong_digit = number[:-1] + str((int(number[-1]) + 1) % 10)
        tickets = await house.acquire(
            (fresh_id(), wrong_digit), (fresh_id(), "not a number"), (fresh_id(), number)
        )
        states = [ticket.state for ticket in tickets]
        assert states == ["no-such-person", "no-such-person", "begun"]
        with pytest.raises(Refused) as refused:
            await house.acquire(("short", number))
        assert refused.value.remote.pointer == "acquisitions[0].acquisition"

    in_house(story)


def test_an_office_that_tries_out_numbers_is_stopped_and_another_is_not(in_house):
    async def story(house):
        [number] = await born(house, 1)
        house.acquisition_limits = Limits(per_minute=3, per_day=5)
        house.build()
        tried = [(fresh_id(), f"{guess:012}") for guess in range(3)]
        assert {ticket.state for ticket in await house.acquire(*tried)} == {"no-such-person"}
        for guess in ((fresh_id(), number), (fresh_id(), "not a number"), tried[0]):
            with pytest.raises(Refused) as refused:
                await house.acquire(guess)
            assert refused.value.reason == "too-many"
            assert refused.value.remote.detail == "this office has used up its acquisitions for now"
        [begun] = await house.acquire((fresh_id(), number), office=MINATO)
        assert begun.state == "begun"
        house.clock.advance(timedelta(minutes=1))
        assert len(await house.acquire(*tried[:2])) == 2
        house.clock.advance(timedelta(minutes=1))
        with pytest.raises(Refused):
            await house.acquire(tried[0])  # the day's are used up

    in_house(story)


def test_what_is_refused_past_the_quota_began_nothing_and_is_on_record(in_house):
    async def story(house):
        one, other = await born(house, 1, 2)
        house.acquisition_limits = Limits(per_minute=1, per_day=9)
        house.build()
        with pytest.raises(Refused):
            await house.acquire((fresh_id(), one), (fresh_id(), other))
        assert await house.room.outbox.run_once() == 0
        assert (await house.acquire((fresh_id(), one)))[0].state == "begun"
        async with house.database.transaction() as tx:
            told = await tx.value("SELECT detail FROM journal WHERE act = 'quota-exceeded'")
        assert told == '{"asked":2,"of":"acquisitions"}'

    in_house(story)


def test_acquisitions_and_strict_inquiries_are_counted_apart(in_house):
    async def story(house):
        [number] = await born(house, 1)
        house.limits = house.acquisition_limits = Limits(per_minute=1, per_day=9)
        house.build()
        await ask_ticket(house, number, birth(1))
        assert (await house.acquire((fresh_id(), number)))[0].state == "begun"
        with pytest.raises(Refused):
            await ask_ticket(house, number, birth(1))

    in_house(story)


def test_only_an_institution_in_good_standing_acquires(in_house):
    async def story(house):
        [number] = await born(house, 1)
        for party in ("ledger", "linkage"):
            with pytest.raises(Refused) as refused:
                await house.acquire((fresh_id(), number), office=party)
            assert refused.value.reason == "not-allowed"
        house.suspended.add(OSAKA)
        house.publish()
        # A suspended party's key is unknown: its message is not authentic, and the answer to a
        # message that is not authentic is not signed.
        with pytest.raises(Unavailable, match="without a valid signature"):
            await house.acquire((fresh_id(), number))

    in_house(story)


def test_the_dump_of_register_holds_no_blinding_and_after_delivery_no_acquisition(
    in_house, postgres
):
    async def story(house):
        [number] = await born(house, 1)
        [ticket] = await house.acquire((fresh_id(), number))
        await house.room.outbox.run_once()
        dump = postgres.dump(house.name)
        person_point = house.register.blinder.point(1)
        for secret in (
            ticket.blinding,
            house.code(ticket),
            person_point,
            house.register.blinder.register_scalar.reveal(),
        ):
            assert secret.hex().encode() not in dump
        assert ticket.acquisition.encode() not in dump

    in_house(story)


def test_traces_of_used_acquisition_numbers_go_after_their_time(in_house):
    async def story(house):
        [number] = await born(house, 1)
        await house.acquire((fresh_id(), number))
        assert await acquisition.forget(house.register) == 0
        house.clock.advance(acquisition.SEEN_FOR + timedelta(days=1))
        assert await acquisition.forget(house.register) == 1

    in_house(story)


def ask_ticket(house, number, of, **changes):
    asked = api.DisclosureAsked(number=number, attributes=attributes(of, **changes))
    return house.ask(MINATO, api.TICKET_PATH, asked, api.DisclosureTicket)


def test_a_person_at_a_counter_gets_a_ticket_that_only_the_ledger_opens(in_house):
    async def story(house):
        [number] = await born(house, 1)
        given = await ask_ticket(house, number, birth(1))
        again = await ask_ticket(house, number, birth(1), birth="平成2年4月1日")
        assert given.acquisition != again.acquisition
        context = api.TICKET_PATH.encode()
        with pytest.raises(NotSealedForUs):
            open_payload(given.sealed, key=house.keys[MINATO].payload, context=context)
        await house.room.outbox.run_once()
        await house.room.outbox.run_once()
        codes = set()
        for sealed in (given.sealed, again.sealed):
            opened = open_payload(sealed, key=house.keys["ledger"].payload, context=context)
            ticket = msgspec.json.decode(opened, type=api.Ticket)
            assert isinstance(Scalar(ticket.blinding).reveal(), bytes)
            codes.add(house.code(ticket))
        assert len(codes) == 1
        assert {domain for domain, _ in house.blinded.values()} == {"ledger"}

    in_house(story)


@pytest.mark.parametrize(
    "changes",
    [{"name": "別人"}, {"sex": "1"}, {"sex": ""}, {"birth": "x"}, {"address": "港区芝公園9-9"}],
)
def test_whoever_does_not_know_all_four_attributes_gets_no_ticket(in_house, changes):
    async def story(house):
        [number] = await born(house, 1)
        with pytest.raises(Refused) as refused:
            await ask_ticket(house, number, birth(1), **changes)
        with pytest.raises(Refused) as unknown:
            await ask_ticket(house, "000000000000", birth(1))
        assert refused.value.remote == unknown.value.remote
        assert await house.room.outbox.run_once() == 0

    in_house(story)


def test_a_counter_cannot_try_people_without_end(in_house):
    async def story(house):
        [number] = await born(house, 1)
        house.limits = Limits(per_minute=1, per_day=10)
        house.build()
        await ask_ticket(house, number, birth(1))
        with pytest.raises(Refused) as refused:
            await ask_ticket(house, number, birth(1))
        assert refused.value.reason == "too-many"

    in_house(story)
