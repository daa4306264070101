"""She asks an office why it asked register about her, and its clerk sees which record that was for."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

import psycopg
import pytest

from kumihimo.kernel.clock import legal_day
from kumihimo.rooms.gateway import checking
from kumihimo.rooms.register import api as register
from tests.federation.desk import open_desk
from tests.federation.street import ALLOWANCE, MINATO, NAGOYA, OSAKA
from tests.federation.test_a_person_at_the_portal import play
from tests.federation.test_cases_are_forgotten import Kept
from tests.federation.test_her_own_data import enters
from tests.federation.test_intake import card, written
from tests.federation.test_register_and_core import ask
from tests.federation.test_what_she_says_of_register import WORDS, inquiry, say
from tests.federation.test_within_a_minute import PROMISED_S, Living, shows
from tests.nowhere import nowhere
from tests.rooms.cards.forms import form_of
from tests.rooms.portal.delegating import press, signs
from tests.rooms.register.made import attributes, birth

THREE_YEARS = 3


async def told(street, number, *, by):
    """Return what register tells her of what an office asked."""
    asked = register.DisclosureAsked(number=number, attributes=attributes(birth(1)))
    about = await ask(street, MINATO, register.ABOUT_ME_PATH, asked, register.AboutMe)
    return [one for one in about.inquiries if one.office == by]


def as_told(one):
    return {
        "office": one.office,
        "affair": one.affair,
        "on": str(one.on),
        "answered": one.answered,
        "compared": one.compared,
        "inquiry": one.inquiry,
    }


async def asks(street, one, desk):
    """Let her ask about an inquiry; returns what the clerk reads."""
    herself = await enters(street, 1, one)

    async def about(row):
        answer, claim = await say(herself, "question", of=row)
        assert answer.status_code == 200, answer.text
        await street.deliver()
        [case] = [case for case in await desk(lambda c: c.claims()) if case.claim == claim]
        return case

    return about


async def found_by_attributes(desk, addressee="100", who=1):
    return await desk(
        lambda c: c.register_by_strict_inquiry(addressee, affair=ALLOWANCE, attributes=written(who))
    )


def test_the_clerk_sees_the_record_that_register_was_asked_about(in_town):
    async def story(street, one, _):
        minato = await open_desk(street, MINATO)
        await found_by_attributes(minato)
        await found_by_attributes(minato, "200", who=2)
        [row] = await told(street, one, by=MINATO)
        about = await asks(street, one, minato)
        case = await about(as_told(row))
        assert (case.text, case.reference) == (WORDS, row.inquiry)
        assert case.addressees == ("100",)
        nothing = await about(inquiry(street))
        assert nothing.addressees == (), "what this office never asked is nobody's"

    in_town(story)


def test_so_it_does_where_register_named_nobody_and_nobody_was_registered(in_town):
    async def story(street, one, _):
        minato = await open_desk(street, MINATO)
        other = written(1, address="東京都港区芝公園9-9-9")
        answer = await minato(
            lambda c: c.register_by_strict_inquiry("100", affair=ALLOWANCE, attributes=other)
        )
        assert answer.outcome == "NO_MATCH"
        async with street.register_room.register.database.transaction() as tx:
            asked = await tx.value("SELECT inquiry FROM strict_inquiry")
        about = await asks(street, one, minato)
        case = await about(inquiry(street, inquiry=asked, answered=False))
        assert case.addressees == ("100",)

    in_town(story)


def test_so_it_does_where_its_links_were_compared(in_town):
    async def story(street, one, other):
        osaka = await open_desk(street, OSAKA)
        await osaka(lambda c: c.register([card("7", one, 1), card("8", other, 2)]))
        await osaka(lambda c: c.register([card("70", one, 1)]))
        await checking.run_once(osaka.room.gateway, osaka.tenant, ALLOWANCE)
        [row] = await told(street, one, by=OSAKA)
        assert row.compared
        case = await (await asks(street, one, osaka))(as_told(row))
        assert sorted(case.addressees) == ["7", "70"], "both records of one person were"

    in_town(story)


def test_neither_the_inquiry_nor_the_record_stands_at_the_gateway_in_the_clear(in_town, postgres):
    async def story(street, one, _):
        minato = await open_desk(street, MINATO)
        await found_by_attributes(minato, "record-of-hanako")
        [row] = await told(street, one, by=MINATO)
        kept = Kept(street, postgres, MINATO)
        assert kept.counts("register_inquiry") == {"register_inquiry": 1}
        assert nowhere(row.inquiry.encode(), postgres.dump(kept.name))
        [(locked,)] = kept.run("SELECT records_locked FROM register_inquiry")
        assert nowhere(b"record-of-hanako", locked)

    in_town(story)


def test_what_register_was_asked_is_kept_three_years_and_by_no_clock_less(in_town, postgres):
    async def story(street, *_):
        minato = await open_desk(street, MINATO)
        await found_by_attributes(minato)
        kept, today = Kept(street, postgres, MINATO), legal_day(street.clock.now())
        database = kept.room.gateway.database
        async with database.transaction(institution=MINATO) as tx:
            await tx.execute("SELECT forget_expired('9999-01-01', 1000)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with database.transaction(institution=MINATO) as tx:
                await tx.connection.execute(b"DELETE FROM register_inquiry")
        old = today.replace(year=today.year - THREE_YEARS)
        for asked_on, gone in ((old, 0), (old - timedelta(days=1), 1)):
            kept.run(f"UPDATE register_inquiry SET asked_on = '{asked_on}'")
            assert await kept.forget(NAGOYA) == 0, "another institution forgets nothing of it"
            assert await kept.forget(MINATO) == gone

    in_town(story)


def test_from_her_page_to_the_offices_clerk(server, new_room):
    play(server, new_room, Living, _story)


async def _story(town):
    await town.have_cards()
    async with AsyncExitStack() as opened:
        await town.at_work(opened)
        await town.clerk(town.knows_her("100"))
        hanako = await town.come("Hanako", "hanako")
        opened.push_async_callback(hanako.close)
        await hanako.open("/looked/offices")
        button = form_of(hanako.page, "/looked/ask")
        [chosen] = button.offered["inquiry"]
        await press(hanako, "/looked/ask", inquiry=chosen)
        await hanako.send("/ask", kind="question", text=WORDS)
        await signs(hanako)
        await shows(hanako, "/questions", [WORDS])
        case = await waits_for(town)
        assert (case.text, case.reference, case.addressees) == (WORDS, chosen, ("100",))


async def waits_for(town):
    async with asyncio.timeout(PROMISED_S):
        while True:
            waiting = await town.clerk(lambda client: client.claims())
            if waiting:
                return waiting[0]
            await asyncio.sleep(0.5)
