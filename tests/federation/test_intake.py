"""From a card or four attributes to a code, a case and a copy: what a business system can do."""

import asyncio
from datetime import date, timedelta

import msgspec
import pytest

from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.gateway import acquire, clients
from kumihimo.rooms.gateway.business import Attributes, OpenCase, Question, Registration
from kumihimo.rooms.register import api as register
from tests.federation.desk import open_desk
from tests.federation.street import ALLOWANCE, INCOME, LAYOUT, MINATO, OSAKA
from tests.federation.test_register_and_core import ask, number_of
from tests.rooms.register.made import attributes, birth, event

CSV = "宛名番号,基準日,所得年,合計所得金額,扶養人数\r\n7,2026-05-31,2025,3210000,2\r\n"


def written(who, **changes):
    of = attributes(birth(who), **changes)
    return Attributes(name=of.name, birth=of.birth, sex=of.sex, address=of.address)


def card(addressee, number, who):
    return Registration(addressee=addressee, source="card", number=number, attributes=written(who))


async def count(desk, table):
    async with desk.room.gateway.database.transaction(institution=desk.tenant.institution) as tx:
        match table:
            case "acquisition":
                return await tx.value("SELECT count(*) FROM acquisition")
            case "person":
                return await tx.value("SELECT count(*) FROM person")
            case "copy":
                return await tx.value("SELECT count(*) FROM copy")
            case "load":
                return await tx.value("SELECT count(*) FROM load")
            case _:
                raise AssertionError(table)


async def code_of(desk, addressee):
    async with desk.room.gateway.database.transaction(institution=desk.tenant.institution) as tx:
        return await tx.value(
            "SELECT code FROM person JOIN addressee USING (institution, person)"
            " WHERE addressee = %(addressee)s",
            {"addressee": addressee},
        )


async def state(desk, addressee):
    [status] = await desk(lambda client: client.status([addressee]))
    return status.state, status.rejected_because


def test_a_clerk_gets_tax_data_from_another_town_with_nothing_but_the_business_client(in_town):
    async def story(street, one, _):
        osaka, minato = await open_desk(street, OSAKA), await open_desk(street, MINATO)
        await osaka(lambda c: c.register_from_card("7", number=one, attributes=written(1)))
        found = await minato(
            lambda c: c.register_by_strict_inquiry("100", affair=ALLOWANCE, attributes=written(1))
        )
        assert found.outcome == "REGISTERED"
        for desk in (osaka, minato):
            await desk.acquire(street.register_room)
            assert await count(desk, "acquisition") == 0
        assert await state(minato, "100") == ("BOUND", "")
        report = await osaka(lambda c: c.load_copies(CSV.encode("cp932"), layout=LAYOUT))
        assert (report.loaded, report.rows_good, report.rows_bad) == (True, 1, 0)
        await minato(lambda c: c.open_case("100", affair=ALLOWANCE))
        answer = await minato(
            lambda c: c.ask_one(
                "100", affair=ALLOWANCE, provider=OSAKA, items=[INCOME], layout=LAYOUT
            )
        )
        assert answer.outcome == "OK"
        assert [(v.item, v.value, v.as_of) for v in answer.values] == [
            (INCOME, 3_210_000, "2026-05-31")
        ]

    in_town(story)


def test_a_question_that_nobody_waits_for_travels_and_is_polled(in_town):
    async def story(street, one, _):
        osaka, minato = await open_desk(street, OSAKA), await open_desk(street, MINATO)
        for desk, addressee in ((osaka, "7"), (minato, "100")):
            await desk(lambda c, a=addressee: c.register([card(a, one, 1)]))
            await desk.acquire(street.register_room)
        await osaka(lambda c: c.load_copies(CSV.encode(), layout=LAYOUT))
        await minato(lambda c: c.open_case("100", affair=ALLOWANCE))
        question = Question(
            addressee="100", affair=ALLOWANCE, provider=OSAKA, items=(INCOME,), layout=LAYOUT
        )
        [accepted] = await minato(lambda c: c.ask([question]))
        assert accepted.outcome == ""
        await minato.room.errands.done()
        [answer] = await minato(lambda c: c.answers([accepted.inquiry]))
        assert answer.outcome == "OK"

    in_town(story)


def test_one_number_under_two_addressee_numbers_is_one_person(in_town):
    async def story(street, one, other):
        desk = await open_desk(street, OSAKA)
        report = await desk(
            lambda c: c.register([card("7", one, 1), card("8", one, 1), card("9", other, 2)])
        )
        assert [r.outcome for r in report] == ["REGISTERED", "ATTACHED", "REGISTERED"]
        again = await desk(lambda c: c.register([card("7", one, 1), card("8", other, 2)]))
        assert [r.outcome for r in again] == ["KNOWN", "TAKEN"]
        assert await count(desk, "person") == 2

    in_town(story)


def test_whoever_does_not_match_strictly_is_registered_nowhere(in_town):
    async def story(street, _, __):
        desk = await open_desk(street, OSAKA)
        found = await desk(
            lambda c: c.register_by_strict_inquiry(
                "7", affair=ALLOWANCE, attributes=written(1, birth="1990-04-02")
            )
        )
        assert found.outcome == "NO_MATCH"
        assert await count(desk, "person") == 0

    in_town(story)


@pytest.mark.parametrize(
    ("number", "pointer"),
    [("123456789012", "persons[0].number"), ("", "persons[0].number"), ("x", "persons[0].number")],
)
def test_a_number_that_is_none_is_refused_without_being_quoted(in_town, number, pointer):
    async def story(street, _, __):
        desk = await open_desk(street, OSAKA)
        with pytest.raises(Refused) as refusal:
            await desk(lambda c: c.register([card("7", number, 1)]))
        assert refusal.value.remote.status == 400
        assert refusal.value.remote.pointer == pointer
        assert "123456789012" not in msgspec.json.encode(refusal.value.remote).decode()
        assert await count(desk, "person") == 0

    in_town(story)


def test_a_replaced_number_is_rejected_and_may_be_tried_again(in_town):
    async def story(street, one, _):
        desk = await open_desk(street, OSAKA)
        await desk(lambda c: c.register([card("7", one, 1)]))
        change = register.EventBatch((event("number-change", 1, reason="漏えい"),))
        await ask(street, MINATO, register.EVENTS_PATH, change, register.EventsTaken)
        await desk.acquire(street.register_room)
        assert await state(desk, "7") == ("REJECTED", "no-such-person")
        assert await count(desk, "acquisition") == 0
        await desk(lambda c: c.retry("7"))
        assert await state(desk, "7") == ("NONE", "")
        with pytest.raises(Refused):
            await desk(lambda c: c.retry("7"))

    in_town(story)


def test_after_a_change_of_number_the_new_one_takes_its_place_and_the_code_stays(in_town):
    async def story(street, one, other):
        desk = await open_desk(street, OSAKA)
        await desk(lambda c: c.register([card("7", one, 1), card("9", other, 2)]))
        await desk.acquire(street.register_room)
        before = await code_of(desk, "7")
        change = register.EventBatch((event("number-change", 1, reason="漏えい"),))
        await ask(street, MINATO, register.EVENTS_PATH, change, register.EventsTaken)
        fresh = await number_of(street, 1)
        for addressee, number, reason in (
            ("7", other, "conflict"),
            ("8", fresh, "not-found"),
            ("7", "1", "bad-number"),
        ):
            with pytest.raises(Refused) as refusal:
                await desk(
                    lambda c, a=addressee, n=number: c.replace_number(
                        a, number=n, attributes=written(1)
                    )
                )
            assert refusal.value.reason == reason
        await desk(lambda c: c.replace_number("7", number=fresh, attributes=written(1)))
        report = await desk(lambda c: c.register([card("8", fresh, 1)]))
        assert [r.outcome for r in report] == ["ATTACHED"]
        assert await code_of(desk, "7") == await code_of(desk, "8") == before

    in_town(story)


def test_a_person_whose_number_was_replaced_too_early_gets_her_code_with_the_new_one(in_town):
    async def story(street, one, _):
        desk = await open_desk(street, OSAKA)
        await desk(lambda c: c.register([card("7", one, 1)]))
        change = register.EventBatch((event("number-change", 1, reason="漏えい"),))
        await ask(street, MINATO, register.EVENTS_PATH, change, register.EventsTaken)
        await desk.acquire(street.register_room)
        assert await state(desk, "7") == ("REJECTED", "no-such-person")
        fresh = await number_of(street, 1)
        await desk(lambda c: c.replace_number("7", number=fresh, attributes=written(1)))
        await desk.acquire(street.register_room)
        assert await state(desk, "7") == ("BOUND", "")

    in_town(story)


def test_one_person_registered_under_her_old_and_her_new_number_is_noticed(in_town):
    async def story(street, one, _):
        desk = await open_desk(street, OSAKA)
        await desk(lambda c: c.register([card("7", one, 1)]))
        await desk.acquire(street.register_room)
        change = register.EventBatch((event("number-change", 1, reason="漏えい"),))
        await ask(street, MINATO, register.EVENTS_PATH, change, register.EventsTaken)
        fresh = await number_of(street, 1)
        await desk(lambda c: c.register([card("8", fresh, 1)]))
        await desk.acquire(street.register_room)
        assert await state(desk, "7") == ("BOUND", "")
        assert await state(desk, "8") == ("REJECTED", acquire.SAME_PERSON)

    in_town(story)


def test_an_acquisition_that_the_core_does_not_answer_in_time_begins_again(in_town):
    async def story(street, one, _):
        desk = await open_desk(street, OSAKA)
        await desk(lambda c: c.register([card("7", one, 1)]))
        street.transport.down.add("linkage")
        with pytest.raises(Unavailable):
            await acquire.run_once(desk.room.gateway, desk.tenant)
        assert await state(desk, "7") == ("REQUESTED", "")
        street.clock.advance(timedelta(days=8))
        await acquire.expire(desk.room.gateway, desk.tenant)
        assert await state(desk, "7") == ("EXPIRED", "")
        assert await count(desk, "acquisition") == 0
        street.transport.down.clear()
        await desk.acquire(street.register_room)
        assert await state(desk, "7") == ("BOUND", "")

    in_town(story)


@pytest.mark.parametrize("party", ["register", "linkage"])
def test_an_answer_lost_in_the_middle_of_an_acquisition_costs_nothing(in_town, party):
    async def story(street, one, _):
        desk = await open_desk(street, OSAKA)
        await desk(lambda c: c.register([card("7", one, 1)]))
        street.transport.losing.add(party)
        with pytest.raises(Unavailable):
            await acquire.run_once(desk.room.gateway, desk.tenant)
        assert street.transport.losing == set()
        await desk.acquire(street.register_room)
        assert await state(desk, "7") == ("BOUND", "")

    in_town(story)


def test_a_thousand_persons_get_their_codes_in_one_go(in_town):
    async def story(street, one, _):
        desk = await open_desk(street, OSAKA)
        await ask(
            street,
            MINATO,
            register.EVENTS_PATH,
            register.EventBatch(tuple(birth(who) for who in range(3, 1_003))),
            register.EventsTaken,
        )
        codes = tuple(birth(who).resident_code for who in range(3, 1_003))
        given = await ask(
            street,
            MINATO,
            register.DESIGNATE_PATH,
            register.Designate(codes),
            register.Designations,
        )
        people = [
            card(str(index), designated.number, 3)
            for index, designated in enumerate(given.designated)
        ]
        await desk(lambda c: c.register(people))
        await desk.acquire(street.register_room)
        found = await desk(lambda c: c.status([p.addressee for p in people]))
        assert {status.state for status in found} == {"BOUND"}

    in_town(story)


def test_no_token_a_wrong_one_and_a_revoked_one_get_the_same_words(in_town):
    async def story(street, _, __):
        desk = await open_desk(street, OSAKA)
        words = []
        for token in ("", "x" * 43, "not a token"):
            desk.client._http.headers["authorization"] = f"Bearer {token}"
            with pytest.raises(Refused) as refusal:
                await desk(lambda c: c.waiting())
            words.append(refusal.value.remote)
        fresh = await open_desk(street, OSAKA, name="other")
        assert await fresh(lambda c: c.waiting()) == ()
        assert await clients.revoke(fresh.room.gateway, fresh.tenant, "other")
        with pytest.raises(Refused) as refusal:
            await fresh(lambda c: c.waiting())
        words.append(refusal.value.remote)
        assert len(set(words)) == 1
        assert words[0].status == 401

    in_town(story)


def test_a_client_acts_only_in_the_affairs_that_it_handles(in_town):
    async def story(street, one, _):
        desk = await open_desk(street, OSAKA, affairs=("b001",))
        await desk(lambda c: c.register([card("7", one, 1)]))
        with pytest.raises(Refused) as refusal:
            await desk(lambda c: c.open_case("7", affair=ALLOWANCE))
        assert refusal.value.reason == "not-allowed"
        allowed = await desk(lambda c: c.open_case("7", affair="b001"))
        assert await desk(lambda c: c.cases_of("7")) == (allowed,)

    in_town(story)


def test_cases_open_together_or_not_at_all_and_close_once(in_town):
    async def story(street, one, _):
        desk = await open_desk(street, OSAKA)
        await desk(lambda c: c.register([card("7", one, 1)]))
        good = OpenCase(addressee="7", affair=ALLOWANCE, opened_on=date(2026, 5, 1))
        for bad in (
            OpenCase(addressee="8", affair=ALLOWANCE),
            OpenCase(addressee="7", affair=ALLOWANCE, opened_on=date(2026, 6, 2)),
        ):
            with pytest.raises(Refused) as refusal:
                await desk(lambda c, bad=bad: c.open_cases([good, bad]))
            assert refusal.value.remote.pointer.startswith("cases[1]")
        assert await desk(lambda c: c.cases_of("7")) == ()
        [case] = await desk(lambda c: c.open_cases([good]))
        with pytest.raises(Refused):
            await desk(lambda c: c.close_case(case.case, closed_on=date(2026, 4, 30)))
        closed = await desk(lambda c: c.close_case(case.case))
        assert closed.closed_on == date(2026, 6, 1)
        with pytest.raises(Refused) as refusal:
            await desk(lambda c: c.close_case(case.case))
        assert refusal.value.reason == "conflict"

    in_town(story)


def test_after_the_case_is_closed_nobody_is_asked(in_town):
    async def story(street, one, _):
        desk = await open_desk(street, MINATO)
        await desk(lambda c: c.register([card("100", one, 1)]))
        await desk.acquire(street.register_room)
        case = await desk(
            lambda c: c.open_case("100", affair=ALLOWANCE, opened_on=date(2026, 5, 1))
        )
        await desk(lambda c: c.close_case(case.case))
        answer = await desk(
            lambda c: c.ask_one(
                "100", affair=ALLOWANCE, provider=OSAKA, items=[INCOME], layout=LAYOUT
            )
        )
        assert answer.outcome == "REFUSED_CASE"

    in_town(story)


def test_two_registrations_of_one_number_at_once_make_one_person(in_town):
    async def story(street, one, _):
        desk = await open_desk(street, OSAKA)
        results = await asyncio.gather(
            *(desk(lambda c, a=a: c.register([card(a, one, 1)])) for a in ("7", "8", "9")),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, Exception):
                assert isinstance(result, Refused)
                assert result.reason == "conflict"
        assert await count(desk, "person") == 1

    in_town(story)


def test_the_vault_and_the_numbers_are_not_in_a_stolen_dump(in_town, postgres):
    async def story(street, one, _):
        desk = await open_desk(street, OSAKA)
        await desk(lambda c: c.register([card("7", one, 1)]))
        dump = postgres.dump(street.gateways[OSAKA][1])
        for told in (one, one[:11], "高橋", "芝公園", "1990-04-01"):
            assert told.encode() not in dump
        assert b"'7'" in dump

    in_town(story)
