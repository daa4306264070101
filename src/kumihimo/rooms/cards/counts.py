"""Counts of a day, as an answer and as CSV."""

from datetime import date

from kumihimo.kernel.refusal import BadInput
from kumihimo.rooms.cards import api
from kumihimo.rooms.cards import store_cards as store
from kumihimo.rooms.cards.context import Cards
from kumihimo.rooms.cards.domain.counting import Count, count


async def counts(cards: Cards, day: date) -> list[Count]:
    """Return 交付枚数 and 保有枚数 at the end of a day. Raises `BadInput` for a day to come."""
    if day > cards.today():
        raise BadInput("no count of a day to come", pointer="day")
    async with cards.database.transaction() as tx:
        entries = await store.counted(tx, day)
    return count(entries, day=day)


async def answer(cards: Cards, asked: api.CountCards) -> api.CountedCards:
    """Answer an office that asks for counts."""
    found = await counts(cards, asked.day)
    return api.CountedCards(
        day=asked.day,
        counts=tuple(
            api.Counted(
                municipality=one.municipality,
                age=one.age,
                delivered=one.delivered,
                held=one.held,
            )
            for one in found
        ),
    )
