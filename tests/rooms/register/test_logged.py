"""Each strict inquiry has a leaf in the ledger's log before its answer leaves."""

from datetime import timedelta

import psycopg
import pytest

from kumihimo.kernel.leaves import settle, waiting_since
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Unavailable
from kumihimo.operations.graces import RECORDS, LedgerSilent
from kumihimo.rooms.register import api
from kumihimo.rooms.register.logged import leaf
from kumihimo.rooms.register.store_asking import InquiryRow
from tests.rooms.register.made import MINATO, OSAKA, birth, code, fresh_id
from tests.rooms.register.test_strict_inquiry import about

SECOND = timedelta(seconds=1)


async def expected(house):
    """Return the leaf of every line of the inquiry log, from the database."""
    async with house.database.transaction() as tx:
        found = await tx.connection.execute(
            "SELECT office, inquiry, affair, person_tag, answered, compared, asked_on"
            " FROM strict_inquiry"
        )
        rows = await found.fetchall()
    return {
        leaf(
            house.register,
            office,
            InquiryRow(
                inquiry=inquiry,
                affair=affair,
                person_tag=bytes(tag),
                answered=answered,
                compared=compared,
            ),
            on,
        )
        for office, inquiry, affair, tag, answered, compared, on in rows
    }


async def look(house):
    house.register.ledger.saw(await waiting_since(house.database))


def test_what_is_told_and_what_is_not_told_are_in_the_log_when_the_answer_comes(in_house):
    async def story(house):
        someone, nobody = birth(1), birth(2)
        await house.tell(someone)
        await house.designate(code(1))
        answers = await house.inquire(about(someone), about(nobody))
        assert [answer.answered for answer in answers] == [True, False]
        assert len(house.in_log) == 2
        assert set(house.in_log) == await expected(house)

    in_house(story)


def test_a_comparison_of_links_is_in_the_log_when_its_answer_comes(in_house):
    async def story(house):
        someone = birth(1)
        await house.tell(someone)
        [number] = await house.designate(code(1))
        held = api.HeldAttributes(name=someone.name or "", birth=someone.birth or "")
        link = api.LinkHeld(inquiry=fresh_id(), affair="b081", number=number, held=held)
        await house.ask(OSAKA, api.LINKS_PATH, api.LinkBatch((link,)), api.LinksJudged)
        assert len(house.in_log) == 1
        assert set(house.in_log) == await expected(house)

    in_house(story)


def test_a_repeated_inquiry_has_one_leaf_and_a_line_that_was_changed_another(in_house):
    async def story(house):
        someone = birth(1)
        await house.tell(someone)
        inquiry = about(someone)
        for _ in range(3):
            await house.inquire(inquiry)
        assert len(house.in_log) == 1
        assert set(house.in_log) == await expected(house)
        for column, value in (("answered", "NOT answered"), ("affair", "'b001'")):
            before = await expected(house)
            with psycopg.connect(house.owner.reveal()) as connection:
                connection.execute(f"UPDATE strict_inquiry SET {column} = {value}".encode())
            assert await expected(house) != before

    in_house(story)


def test_leaves_of_a_silent_log_wait_in_the_database_and_go_with_the_next_answer(in_house):
    async def story(house):
        someone = birth(1)
        await house.tell(someone)
        house.down.add("ledger")
        await house.inquire(about(someone))
        assert house.in_log == []
        assert await waiting_since(house.database) == house.clock.now()
        house.down.clear()
        await house.inquire(about(someone))
        assert len(house.in_log) == 2
        assert set(house.in_log) == await expected(house)

    in_house(story)


def test_register_tells_nobody_a_number_while_the_log_is_silent_for_too_long(in_house):
    async def story(house):
        someone = birth(1)
        await house.tell(someone)
        house.down.add("ledger")
        await house.inquire(about(someone))
        house.clock.advance(RECORDS - SECOND)
        await look(house)
        await house.inquire(about(someone), office=MINATO)
        house.clock.advance(SECOND)
        await look(house)
        with pytest.raises((Refused, Unavailable)):
            await house.inquire(about(someone))
        with pytest.raises(LedgerSilent):
            house.register.require_ledger()
        house.down.clear()
        for _ in range(2):
            await settle(house.database, house.room.log, house.clock)
        await look(house)
        assert await house.inquire(about(someone), office=OSAKA)

    in_house(story)
