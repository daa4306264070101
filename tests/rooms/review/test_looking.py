"""How records pass through people's hands: order, holding, two people, repeats, taking back."""

from datetime import timedelta

import attrs
import pytest

from kumihimo.rooms.review import deciding, looking, overseeing
from kumihimo.rooms.review.api import Answer
from kumihimo.rooms.review.domain.answers import LATER_WITHIN, LEASE_FOR, TAKE_BACK_FOR
from kumihimo.rooms.review.domain.refusals import NotYourItem, NumberNeeded, TooLateToTakeBack
from kumihimo.rooms.review.looking import Given, Shown
from tests.rooms.review.house import finding, number, proposal

QUIET = {"suspend_at_once": False}


async def take(house, officer, **more):
    """Take the next record; returns its record id, None when there was none."""
    if not await looking.take(house.desk, officer, **more):
        return None
    [[record]] = await house.rows(
        "SELECT record_id FROM item WHERE held_by = %s AND held_until > %s",
        officer,
        house.clock.now(),
    )
    return record


async def answer(house, officer, what, **more):
    item = await house.value("SELECT item FROM item WHERE held_by = %s", officer)
    await looking.answer(house.desk, officer, Given(item=item, answer=what, **more))
    return item


async def looked(house, officer, what, **more):
    await looking.take(house.desk, officer)
    return await answer(house, officer, what, **more)


async def state(house, item):
    [found] = await house.rows("SELECT state, decision, looks FROM item WHERE item = %s", item)
    return found


class Draws:
    """Entropy that draws a blind repeat always or never."""

    def __init__(self, inner, *, repeat):
        self._inner, self._repeat = inner, repeat

    def bytes(self, size):
        return bytes(size) if self._repeat else b"\x01" + self._inner.bytes(size)[1:]


def test_what_finds_most_in_a_minute_comes_first_and_nobody_gets_what_another_holds(at_desk):
    async def story(house):
        slow = finding(3, odds=1.0, minutes=30.0)
        await house.load(finding(1, odds=0.0), finding(2, odds=1.0), slow)
        assert await take(house, "ito") == "r2"
        assert await take(house, "ito") == "r2"
        assert await take(house, "kato") == "r1"
        assert await take(house, "mori") == "r3"
        assert await take(house, "nobody") is None

    at_desk(story)


def test_a_record_comes_back_when_the_time_of_its_reader_is_over(at_desk):
    async def story(house):
        await house.load(finding(1))
        await take(house, "ito")
        house.clock.advance(LEASE_FOR - timedelta(seconds=1))
        assert await take(house, "kato") is None
        assert await looking.show(house.desk, "ito") is not None
        house.clock.advance(LEASE_FOR - timedelta(seconds=1))
        assert await take(house, "kato") is None
        house.clock.advance(timedelta(seconds=1))
        assert await take(house, "kato") == "r1"
        item = await house.value("SELECT item FROM item")
        with pytest.raises(NotYourItem):
            await looking.answer(house.desk, "ito", Given(item=item, answer=Answer.OWN))
        assert await looking.show(house.desk, "ito") is None

    at_desk(story)


def test_a_link_changes_only_when_two_people_say_so_each_for_herself(at_desk):
    async def story(house):
        await house.load(finding(1))
        item = await looked(house, "ito", Answer.WRONG, mechanism="household", number=number(50))
        assert await state(house, item) == ("open", None, 1)
        assert await take(house, "ito") is None
        assert await take(house, "kato") == "r1"
        await answer(house, "kato", Answer.WRONG, mechanism="household", number=number(50))
        assert await state(house, item) == ("decided", "wrong", 2)

    at_desk(story, **QUIET)


def test_two_numbers_that_differ_call_a_third_person(at_desk):
    async def story(house):
        await house.load(finding(1))
        item = await looked(house, "ito", Answer.WRONG, number=number(50))
        await looked(house, "kato", Answer.WRONG, number=number(51))
        assert await state(house, item) == ("open", None, 2)
        assert await take(house, "ito") is None
        assert await take(house, "kato") is None
        await looked(house, "mori", Answer.WRONG, number=number(50))
        assert await state(house, item) == ("decided", "wrong", 3)

    at_desk(story, **QUIET)


def test_that_a_link_stays_is_decided_by_one_once_it_cannot_be_taken_back(at_desk):
    async def story(house):
        house.desk = attrs.evolve(house.desk, entropy=Draws(house.entropy, repeat=False))
        await house.load(finding(1))
        item = await looked(house, "ito", Answer.NOTATION)
        assert await deciding.settle(house.desk) == 0
        assert await state(house, item) == ("answered", None, 1)
        assert await take(house, "kato") is None
        house.clock.advance(TAKE_BACK_FOR)
        assert await deciding.settle(house.desk) == 1
        assert await state(house, item) == ("decided", "notation", 1)

    at_desk(story, **QUIET)


def test_a_blind_repeat_is_shown_to_another_as_if_it_were_new(at_desk):
    async def story(house):
        house.desk = attrs.evolve(house.desk, entropy=Draws(house.entropy, repeat=True))
        await house.load(finding(1))
        await take(house, "ito")
        fresh = await looking.show(house.desk, "ito")
        item = await answer(house, "ito", Answer.OWN)
        assert await state(house, item) == ("open", None, 1)
        assert await take(house, "kato") == "r1"
        again = await looking.show(house.desk, "kato")
        same = ("item", "pattern", "verdict", "mechanism", "odds", "reason", "suspended")
        assert [getattr(fresh, name) for name in same] == [getattr(again, name) for name in same]
        more = {"affair", "audit_run", "sides", "proposal", "numbers_shown", "until", "effects"}
        more |= {"found", "doubts"}
        assert {field.name for field in attrs.fields(Shown)} == {*same, *more}
        await answer(house, "kato", Answer.OWN)
        assert await state(house, item) == ("decided", "own", 2)

    at_desk(story, **QUIET)


def test_a_later_look_waits_for_its_moment_while_there_is_other_work(at_desk):
    async def story(house):
        await house.load(finding(1), finding(2), finding(3))
        await looked(house, "ito", Answer.WRONG)
        due = await house.value("SELECT due_at FROM item WHERE looks = 1")
        assert house.clock.now() < due < house.clock.now() + LATER_WITHIN
        assert await take(house, "kato") == "r2"
        await answer(house, "kato", Answer.WRONG)
        house.clock.advance(due - house.clock.now())
        assert await take(house, "kato") == "r1"

    at_desk(story, **QUIET)


def test_an_answer_can_be_taken_back_until_another_begins_to_look(at_desk):
    async def story(house):
        await house.load(finding(1))
        item = await looked(house, "ito", Answer.WRONG, number=number(50))
        await looking.take_back(house.desk, "ito", item)
        assert await state(house, item) == ("open", None, 0)
        assert await house.value("SELECT count(*) FROM look WHERE number_locked IS NOT NULL") == 0
        await answer(house, "ito", Answer.WRONG)
        await take(house, "kato")
        with pytest.raises(TooLateToTakeBack):
            await looking.take_back(house.desk, "ito", item)
        with pytest.raises(TooLateToTakeBack):
            await looking.take_back(house.desk, "kato", item)

    at_desk(story, **QUIET)


def test_a_number_that_the_record_cannot_carry_is_not_taken(at_desk):
    async def story(house):
        await house.load(finding(1))
        await looking.take(house.desk, "ito")
        for typed in ("12", number(7)[:-1] + "x", number(1)):
            with pytest.raises(NumberNeeded):
                await answer(house, "ito", Answer.WRONG, number=typed)
        assert await house.value("SELECT count(*) FROM look") == 0

    at_desk(story)


def test_the_audits_proposal_counts_like_the_same_number_typed(at_desk):
    async def story(house):
        await house.load(finding(1, proposal=proposal(50)))
        await looked(house, "ito", Answer.WRONG, proposed=True)
        item = await looked(house, "kato", Answer.WRONG, number=number(50))
        assert await state(house, item) == ("decided", "wrong", 2)

    at_desk(story, **QUIET)


def test_only_records_of_the_mechanism_asked_for_are_taken_first_looks_and_later_ones(at_desk):
    async def story(house):
        await house.load(finding(1), finding(2, mechanism="twin"), finding(3, mechanism="twin"))
        assert await take(house, "ito", mechanism="twin") == "r2"
        await answer(house, "ito", Answer.WRONG)
        house.clock.advance(LATER_WITHIN)
        assert await take(house, "kato", mechanism="twin") == "r2"
        await looking.leave(house.desk, "kato")
        assert await take(house, "kato", mechanism="household") == "r1"

    at_desk(story, **QUIET)


def test_each_look_that_counts_is_taken_out_with_what_was_decided(at_desk):
    async def story(house):
        await house.load(finding(1), finding(2))
        house.desk = attrs.evolve(house.desk, entropy=Draws(house.entropy, repeat=True))
        await looked(house, "ito", Answer.OWN)
        house.clock.advance(LATER_WITHIN)
        await looked(house, "kato", Answer.OWN)
        await looked(house, "ito", Answer.WRONG)
        told = [
            (one.record_id, one.place, one.reviewer, one.answer, one.decision, one.drawn)
            for one in await overseeing.looks(house.desk)
        ]
        first = [one for one in told if one[0] == "r1"]
        assert first == [
            ("r1", 1, "ito", "own", "own", False),
            ("r1", 2, "kato", "own", "own", True),
        ]
        assert [one for one in told if one[0] == "r2"] == [("r2", 1, "ito", "wrong", None, False)]
        assert await house.value("SELECT count(*) FROM journal WHERE act = 'looks-taken-out'") == 1

    at_desk(story, **QUIET)


def test_a_look_that_was_taken_back_is_not_taken_out(at_desk):
    async def story(house):
        await house.load(finding(1))
        item = await looked(house, "ito", Answer.OWN)
        await looking.take_back(house.desk, "ito", item)
        assert await overseeing.looks(house.desk) == []

    at_desk(story, **QUIET)
