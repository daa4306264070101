import asyncio

import psycopg
import pytest

from kumihimo.kernel.net import Refused
from kumihimo.people.check_digits import NumberSpace
from kumihimo.people.numbers import IndividualNumber, WrongNumberSpace
from kumihimo.rooms.register import numbers
from tests.rooms.register.made import MINATO, OSAKA, birth, code, event


def test_a_resident_gets_one_number_of_the_test_space_and_keeps_it(in_house):
    async def story(house):
        await house.tell(birth(1), birth(2))
        first, second = await house.designate(code(1), code(2))
        assert first != second
        assert await house.designate(code(2), code(1)) == [second, first]
        IndividualNumber.parse(first, space=NumberSpace.TEST)
        with pytest.raises(WrongNumberSpace):
            IndividualNumber.parse(first, space=NumberSpace.OFFICIAL)

    in_house(story)


def test_nobody_designates_for_the_resident_of_another_municipality(in_house):
    async def story(house):
        await house.tell(birth(1))
        answers = []
        for who in (1, 9):
            with pytest.raises(Refused) as refused:
                await house.designate(code(who), office=OSAKA)
            answers.append(refused.value.remote)
        assert answers[0] == answers[1]
        assert answers[0].pointer == "resident_codes[0]"

    in_house(story)


def test_a_leaked_number_is_replaced_ten_times_at_most_and_never_comes_back(in_house):
    async def story(house):
        await house.tell(birth(1))
        seen = await house.designate(code(1))
        for _ in range(9):
            await house.tell(event("number-change", 1, reason="漏えい"))
            seen += await house.designate(code(1))
        assert len({number[:11] for number in seen}) == 10
        with pytest.raises(Refused) as refused:
            await house.tell(event("number-change", 1, reason="漏えい"))
        assert refused.value.reason == "numbers-exhausted"
        assert await house.designate(code(1)) == seen[-1:]
        # A new resident code opens ten more.
        await house.tell(
            event("resident-code-change", 1, new_resident_code=code(7)),
            event("number-change", 7, reason="漏えい"),
        )
        assert await house.designate(code(7)) != seen[-1:]

    in_house(story)


def test_two_changes_in_one_batch_spend_two_numbers(in_house):
    async def story(house):
        await house.tell(birth(1))
        [before] = await house.designate(code(1))
        changes = [event("number-change", 1, reason="漏えい") for _ in range(2)]
        await house.tell(*changes)
        [after] = await house.designate(code(1))
        async with house.database.transaction() as tx:
            assert await tx.value("SELECT count(*) FROM individual_number") == 3
        assert before != after

    in_house(story)


def test_a_change_of_resident_code_leaves_the_number(in_house):
    async def story(house):
        await house.tell(birth(1))
        [before] = await house.designate(code(1))
        await house.tell(event("resident-code-change", 1, new_resident_code=code(2)))
        assert await house.designate(code(2)) == [before]

    in_house(story)


def test_the_database_itself_never_lets_eleven_digits_stand_twice_or_go(in_house):
    async def story(house):
        await house.tell(birth(1), birth(2))
        await house.designate(code(1), code(2))
        with pytest.raises(psycopg.errors.UniqueViolation):
            async with house.database.transaction() as tx:
                await tx.execute(
                    "INSERT INTO individual_number (body, person, generation, designated_on)"
                    " SELECT body, person, 99, designated_on FROM individual_number LIMIT 1"
                )
        for statement in (
            "DELETE FROM individual_number",
            "UPDATE individual_number SET body = ''",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                async with house.database.transaction() as tx:
                    await tx.execute(statement)

    in_house(story)


def test_two_designations_at_once_give_one_number(in_house):
    async def story(house):
        await house.tell(birth(1))
        given = await asyncio.gather(*(house.designate(code(1)) for _ in range(3)))
        assert given[0] == given[1] == given[2]

    in_house(story)


def test_a_whole_municipality_gets_its_numbers_and_progress_is_told(in_house, monkeypatch):
    monkeypatch.setattr(numbers, "BULK", 400)

    async def story(house):
        await house.tell(*(birth(who) for who in range(900)))
        await house.tell(birth(1_000, municipality="271004"), office=OSAKA)
        told = []
        done = await numbers.designate_all(
            house.register, MINATO, progress=lambda at, of: told.append((at, of))
        )
        assert done == 900
        assert told == [(0, 900), (400, 900), (800, 900), (900, 900)]
        assert await numbers.designate_all(house.register, MINATO) == 0
        async with house.database.transaction() as tx:
            assert await tx.value("SELECT count(DISTINCT body) FROM individual_number") == 900

    in_house(story)
