"""Each thing that a clerk can be told of a question, beside what the person then reads of it."""

from datetime import timedelta
from typing import Any

import pytest
from litestar import Request, post

from kumihimo.kernel.door import SignedDoor, lawful, room_app
from kumihimo.kernel.refusal import Conflict, TooMany
from kumihimo.rooms.gateway import answers, asking, persons, sending, store_exchange
from kumihimo.rooms.gateway.api import PROVISIONS_PATH
from kumihimo.rooms.gateway.business import Decide, Flags, Question
from kumihimo.rooms.gateway.context import RESULT_LIFETIME
from kumihimo.rooms.linkage.api import INQUIRIES_PATH
from kumihimo.rooms.linkage.domain.sheets import PERMIT_LIFETIME
from tests.federation.street import (
    ALLOWANCE,
    INCOME,
    LAYOUT,
    MINATO,
    NAGOYA,
    OSAKA,
    transport_to,
)
from tests.federation.test_exchange import (
    JANE,
    JOHN,
    ask,
    jane_moves,
    load_copy,
    question,
    settle_in,
)

UNLISTED = "b999"


async def ask_again(street, inquiry, *, after):
    """Let time pass and the worker come by; returns the answer as it then stands."""
    street.clock.advance(after)
    room, tenant = street.gateways[MINATO][0], street.tenants[MINATO]
    await sending.run_once(room.gateway, tenant)
    await street.deliver()
    [answer] = await answers.poll(room.gateway, tenant, [inquiry])
    return answer


async def on_record(street, institution, outcome):
    """Return how many legal records of an institution have an outcome."""
    database = street.gateways[institution][0].gateway.database
    async with database.transaction(institution=institution) as tx:
        return await tx.value(
            "SELECT count(*) FROM exchange_record WHERE outcome = %(o)s", {"o": outcome}
        )


def test_an_affair_that_the_list_does_not_open_is_refused_though_a_case_is_open(on_street):
    async def story(street):
        await jane_moves(street)
        await settle_in(street, MINATO, "200", JOHN, case=UNLISTED)
        asked = Question(
            addressee="200", affair=UNLISTED, provider=OSAKA, items=(INCOME,), layout=LAYOUT
        )
        [answer] = await ask(street, asked)
        assert answer.outcome == "REFUSED_AFFAIR"
        [record] = await street.records_of(JOHN)
        assert record.outcome == "REFUSED_AFFAIR"

    on_street(story)


def test_an_institution_that_was_suspended_is_told_that_it_may_not_ask(on_street):
    async def story(street):
        await jane_moves(street)
        street.suspended.add(MINATO)
        street.publish()
        [answer] = await ask(street, question())
        assert answer.outcome == "REFUSED_REQUESTER"
        assert await street.records_of(JANE) == []
        street.suspended.clear()
        street.publish()
        [answer] = await ask(street, question())
        assert answer.outcome == "OK"

    on_street(story)


def test_a_provider_without_a_published_assessment_gives_nothing(on_street):
    async def story(street):
        await jane_moves(street)
        street.pia[OSAKA] = None
        street.publish()
        [answer] = await ask(street, question())
        assert answer.outcome == "REFUSED_PIA"
        [record] = await street.records_of(JANE)
        assert record.outcome == "REFUSED_PIA"
        street.pia[OSAKA] = street.clock.now().date() + timedelta(days=1)
        street.publish()
        [answer] = await ask(street, question())
        assert answer.outcome == "REFUSED_PIA", "an assessment of tomorrow is none today"

    on_street(story)


def test_a_person_whose_code_is_not_there_yet_is_told_apart_and_nothing_leaves(on_street):
    async def story(street):
        person, _ = await settle_in(street, MINATO, "100", JANE, case=ALLOWANCE)
        database = street.gateways[MINATO][0].gateway.database
        async with database.transaction(institution=MINATO) as tx:
            await tx.execute(
                "UPDATE person SET code = NULL, code_version = NULL,"
                " acquisition_state = 'REQUESTED' WHERE person = %s",
                (person,),
            )
        before = len(street.transport.urls)
        [answer] = await ask(street, question())
        assert answer.outcome == "PENDING_ACQUISITION"
        assert street.transport.urls[before:] == []

    on_street(story)


@pytest.mark.parametrize(
    ("silence", "outcome"),
    [(PERMIT_LIFETIME - timedelta(seconds=1), "PROVIDER_DOWN"), (PERMIT_LIFETIME, "EXPIRED")],
)
def test_a_permit_that_no_provider_saw_in_its_hour_is_expired_and_she_reads_so(
    on_street, silence, outcome
):
    async def story(street):
        await jane_moves(street)
        street.transport.down.add(OSAKA)
        [answer] = await ask(street, question())
        assert answer.outcome == "PROVIDER_DOWN"
        answer = await ask_again(street, answer.inquiry, after=silence)
        assert answer.outcome == outcome
        street.clock.advance(timedelta(days=4))
        [record] = await street.records_of(JANE)
        assert (record.outcome, record.provided_at) == (
            "EXPIRED" if outcome == "EXPIRED" else "OK",
            None,
        )

    on_street(story)


def test_a_permit_whose_answer_was_lost_for_an_hour_is_reported_expired_by_who_asked(on_street):
    async def story(street):
        await jane_moves(street)
        street.transport.losing.add("linkage")
        [answer] = await ask(street, question())
        assert answer.outcome == ""
        answer = await ask_again(street, answer.inquiry, after=PERMIT_LIFETIME)
        assert answer.outcome == "EXPIRED"
        street.clock.advance(timedelta(days=4))
        [record] = await street.records_of(JANE)
        assert record.outcome == "EXPIRED"

    on_street(story)


def refusing(street, party, path, refusal):
    """Return a room of a party that refuses everything at one of its doors, under its signature."""

    @post(path, status_code=200, opt=lawful(authority="Number Act art. 22", callers=("any",)))
    async def refuse(request: Request[Any, Any, Any]) -> None:
        raise refusal

    keys, clock = street.keys[party], street.clock
    door = SignedDoor(keys_of=lambda _: keys, book=street.book, clock=clock, entropy=street.entropy)
    return transport_to(room_app("refuses", [refuse], report=street._bug, door=door))


@pytest.mark.parametrize("refusal", [TooMany(), Conflict()])
def test_who_has_too_much_to_do_is_asked_again_and_who_says_no_is_not(on_street, refusal):
    async def story(street):
        await jane_moves(street)
        again = isinstance(refusal, TooMany)
        for party, path, waiting in (
            ("linkage", INQUIRIES_PATH, ""),
            (OSAKA, PROVISIONS_PATH, "PROVIDER_DOWN"),
        ):
            real = street.transport.apps[party]
            street.transport.apps[party] = refusing(street, party, path, refusal)
            [answer] = await ask(street, question())
            assert answer.outcome == (waiting if again else "EXPIRED")
            street.transport.apps[party] = real
            answer = await ask_again(street, answer.inquiry, after=timedelta(minutes=1))
            assert answer.outcome == ("OK" if again else "EXPIRED")

    on_street(story)


def test_an_officer_who_refuses_gives_nothing_and_the_refusal_stands_at_every_end(on_street):
    async def story(street):
        osaka, _ = await settle_in(street, OSAKA, "7", JANE)
        await load_copy(street, OSAKA, osaka, {INCOME: 1}, no_automatic_answer=True)
        await settle_in(street, MINATO, "100", JANE, case=ALLOWANCE)
        [asked] = await ask(street, question())
        provider, tenant = street.gateways[OSAKA][0], street.tenants[OSAKA]
        [waiting] = await answers.waiting(provider.gateway, tenant)
        decision = Decide(permit=waiting.permit, decision="refuse", officer="o1")
        await answers.decide(provider.gateway, tenant, decision)
        answer = await ask_again(street, asked.inquiry, after=timedelta(minutes=1))
        assert (answer.outcome, answer.values) == ("REFUSED_FLAG", ())
        assert await on_record(street, MINATO, "REFUSED_FLAG") == 1
        assert await on_record(street, OSAKA, "REFUSED_FLAG") == 1
        [record] = await street.records_of(JANE)
        assert (record.outcome, record.provided_at) == ("REFUSED_FLAG", None)

    on_street(story)


def test_what_nobody_decided_in_its_time_is_recorded_as_expired_at_every_end(on_street):
    async def story(street):
        osaka, _ = await settle_in(street, OSAKA, "7", JANE)
        await load_copy(street, OSAKA, osaka, {INCOME: 1}, no_automatic_answer=True)
        await settle_in(street, MINATO, "100", JANE, case=ALLOWANCE)
        [asked] = await ask(street, question())
        provider, tenant = street.gateways[OSAKA][0], street.tenants[OSAKA]
        assert await answers.purge(provider.gateway, tenant) == (0, 0)
        assert len(await answers.waiting(provider.gateway, tenant)) == 1
        street.clock.advance(RESULT_LIFETIME)
        assert await answers.purge(provider.gateway, tenant) == (0, 1)
        assert await answers.waiting(provider.gateway, tenant) == []
        assert await on_record(street, OSAKA, "EXPIRED") == 1
        answer = await ask_again(street, asked.inquiry, after=timedelta(minutes=1))
        assert answer.outcome == "EXPIRED"
        [record] = await street.records_of(JANE)
        assert (record.outcome, record.provided_at) == ("EXPIRED", None)

    on_street(story)


def test_a_copy_that_changed_its_layout_while_an_officer_decided_is_told_apart(on_street):
    async def story(street):
        osaka, _ = await settle_in(street, OSAKA, "7", JANE)
        await load_copy(street, OSAKA, osaka, {INCOME: 1}, no_automatic_answer=True)
        await settle_in(street, MINATO, "100", JANE, case=ALLOWANCE)
        await ask(street, question())
        provider, tenant = street.gateways[OSAKA][0], street.tenants[OSAKA]
        async with provider.gateway.database.transaction(institution=OSAKA) as tx:
            await tx.execute("UPDATE copy SET layout = 'local-tax/2030'")
        [waiting] = await answers.waiting(provider.gateway, tenant)
        decision = Decide(permit=waiting.permit, decision="provide", officer="o1")
        outcome = await answers.decide(provider.gateway, tenant, decision)
        assert outcome == "STALE_LAYOUT"

    on_street(story)


def test_who_is_hidden_reads_neither_a_refusal_at_home_nor_an_exchange(on_street):
    async def story(street):
        await jane_moves(street)
        await settle_in(street, MINATO, "200", JOHN)
        gateway, tenant = street.gateways[MINATO][0].gateway, street.tenants[MINATO]
        for addressee in ("100", "200"):
            flags = Flags(addressee=addressee, no_self_information=False, hidden=True)
            await persons.set_flags(gateway, tenant, flags)
        found = await ask(street, question(), question(addressee="200"))
        assert [a.outcome for a in found] == ["OK", "REFUSED_CASE"]
        assert await street.records_of(JANE) == await street.records_of(JOHN) == []
        async with gateway.database.transaction(institution=MINATO) as tx:
            assert await tx.value("SELECT bool_and(hidden) FROM exchange_record")

    on_street(story)


def test_one_batch_tells_each_question_apart(on_street):
    async def story(street):
        await jane_moves(street)
        await settle_in(street, MINATO, "200", JOHN, case=ALLOWANCE)
        street.transport.down.add(NAGOYA)
        found = await ask(
            street,
            question(),
            question(addressee="200"),
            question(provider=NAGOYA),
            question(provider=MINATO),
            question(items=("medical-insurance-benefit.copay",)),
        )
        assert [a.outcome for a in found] == [
            "OK",
            "NO_PERSON",
            "PROVIDER_DOWN",
            "REFUSED_PROVIDER",
            "REFUSED_ITEM",
        ]

    on_street(story)


def test_results_stay_until_their_time_is_over_and_a_person_twice_asked_has_two(on_street):
    async def story(street):
        await jane_moves(street)
        first, second = await ask(street, question(), question())
        room, tenant = street.gateways[MINATO][0], street.tenants[MINATO]
        street.clock.advance(RESULT_LIFETIME - timedelta(seconds=1))
        assert await answers.purge(room.gateway, tenant) == (0, 0)
        kept = await answers.poll(room.gateway, tenant, [first.inquiry, second.inquiry])
        assert [len(answer.values) for answer in kept] == [1, 1]
        street.clock.advance(timedelta(seconds=1))
        assert await answers.purge(room.gateway, tenant) == (2, 0)

    on_street(story)


def test_two_processes_of_a_gateway_do_not_carry_one_batch(on_street):
    async def story(street):
        await jane_moves(street)
        room, tenant = street.gateways[MINATO][0], street.tenants[MINATO]
        for _ in range(4):
            await asking.ask(room.gateway, tenant, [question()])
        street.clock.advance(timedelta(seconds=6))
        now = street.clock.now()
        async with room.gateway.database.transaction(institution=MINATO) as tx:
            assert await store_exchange.claim_batch(tx, now, until=now + sending.CLAIM_FOR)
        tried = await sending.run_once(room.gateway, tenant)
        assert tried == 3
        street.clock.advance(sending.CLAIM_FOR)
        assert await sending.run_once(room.gateway, tenant) == 1, "whoever died with it left it"

    on_street(story)
