"""A new card comes by post: the certificates of the old one live until it is in its holder's hand."""

import asyncio
from datetime import UTC, date, datetime

import pytest

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.rooms.cards import api, store_cards
from kumihimo.rooms.cards.production import make_next
from kumihimo.run.plan import Plan
from kumihimo.run.street import open_street
from tests.federation.street import MINATO
from tests.federation.test_a_cards_year import GOOD, HANAKO, RENEWED, Year

DISCARDED = ("revoked", "unspecified")
PINS = {"sign": "ABC123", "auth": "2580", "register": "2580", "text": "2580"}


@pytest.fixture
def with_a_card(server):
    """Run a story on a street where Hanako has a card."""

    def run(story):
        async def whole():
            clock = HandClock(datetime(2026, 6, 1, 1, tzinfo=UTC))
            bugs = []
            street = await open_street(
                Plan(gateways={"gateway": (MINATO,)}, assessed={MINATO: date(2026, 1, 1)}),
                postgres=server,
                clock=clock,
                entropy=SystemEntropy(),
                report=lambda where, error: bugs.append((where, error)),
            )
            try:
                year = Year(street, clock)
                await year.born(HANAKO)
                await year.apply(HANAKO)
                await year.make("old")
                await year.deliver("old")
                await story(year)
            finally:
                await street.close()
            assert bugs == []

        asyncio.run(whole())

    return run


async def posted(year):
    """Have a card made in place of the damaged one, and put it into the post; returns its id."""
    await year.apply(
        HANAKO,
        handover="checked-at-application",
        replaces="damaged",
        papers=("driving-licence",),
        pins=PINS,
    )
    before = set(year.room.factory.cards)
    assert await make_next(year.room) == 1
    [year.cards["new"]] = set(year.room.factory.cards) - before
    async with year.room.database.transaction() as tx:
        card = await store_cards.lock(tx, serial=year.cards["new"])
    assert card is not None
    for step in ("ship", "post"):
        await handle(year, card.card, step)
    return card.card


async def handle(year, card, step):
    asked = api.HandleCard(card=card, event=step, officer="officer-1")
    await year.centre(MINATO).ask(api.HANDLE_PATH, asked, api.CardAfter)
    await year.street.deliver()


async def both(year):
    return [await year.certificates(name) for name in ("old", "new")]


def test_the_old_certificates_live_until_the_posted_card_is_delivered(with_a_card):
    async def story(year):
        card = await posted(year)
        assert await both(year) == [(GOOD, GOOD), (GOOD, GOOD)]
        await handle(year, card, "deliver")
        assert await both(year) == [(RENEWED, RENEWED), (GOOD, GOOD)]

    with_a_card(story)


def test_a_posted_card_that_never_arrives_costs_its_holder_nothing(with_a_card):
    async def story(year):
        card = await posted(year)
        await handle(year, card, "discard")
        assert await both(year) == [(GOOD, GOOD), (DISCARDED, DISCARDED)]

    with_a_card(story)
