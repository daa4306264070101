"""What register tells of the people who have or want a card, and what days do to cards.

Register tells that a record changed and not what it says now, so cards asks, under the handle that
only register can open. A change that comes late or twice finds its version known.
"""

from datetime import date
from typing import Final

import attrs

from kumihimo.kernel.refusal import NotAllowed
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.cards import lives
from kumihimo.rooms.cards import store_applications as applications
from kumihimo.rooms.cards import store_cards as store
from kumihimo.rooms.cards.acts import move_of
from kumihimo.rooms.cards.applications import WORKING, close, name_key
from kumihimo.rooms.cards.context import Cards
from kumihimo.rooms.cards.domain.continuation import lapsed_by_next_move, lapses_on
from kumihimo.rooms.cards.domain.states import UNDELIVERED, Reason, application_after
from kumihimo.rooms.cards.store_cards import CardRow, NewCertificates
from kumihimo.rooms.linkage.api import Received
from kumihimo.rooms.register.api import (
    HANDLE_PATH,
    HolderFound,
    HolderNow,
    ResidentChanged,
    ResidentsChanged,
)

REGISTER: Final = "register"
TIDY_MAX: Final = 200
_PRINTED: Final = frozenset({"name", "birth", "sex", "address"})


async def take(cards: Cards, sender: str, told: ResidentsChanged) -> Received:
    """Take changes of register's; returns how many touched somebody who is known here."""
    if sender != REGISTER:
        raise NotAllowed("only register tells of residents")
    touched = 0
    for change in told.changes:
        touched += await _take_one(cards, change)
    return Received(touched)


async def _take_one(cards: Cards, change: ResidentChanged) -> int:
    handle = await _handle(cards, change)
    if handle is None:
        return 0
    found = await cards.ask_register(HANDLE_PATH, HolderNow(handle), HolderFound)
    async with cards.database.transaction() as tx:
        await _apply_to_application(cards, tx, change, found)
        for card in await store.of_holder(tx, change.holder):
            if card.version < found.version:
                await _apply_to_card(cards, tx, card, change, found)
        await cards.journal(tx, "resident-changed", REGISTER, standing=found.standing)
    return 1


async def _handle(cards: Cards, change: ResidentChanged) -> bytes | None:
    """Return register's handle of a person who is known here by an older version."""
    async with cards.database.transaction() as tx:
        application = await applications.open_of(tx, change.holder)
        known = [*await store.of_holder(tx, change.holder), *([application] if application else [])]
    older = [row for row in known if row.version < change.version]
    return bytes(older[0].handle) if older else None


async def _apply_to_application(
    cards: Cards, tx: Tx, change: ResidentChanged, found: HolderFound
) -> None:
    row = await applications.open_of(tx, change.holder)
    if row is None or row.version >= found.version:
        return
    written = found.attributes
    moved_away = written.municipality != row.municipality
    gone = found.standing in {"dead", "abroad"} or "number" in change.changed
    row = attrs.evolve(row, version=found.version)
    if moved_away or gone:
        # The QR of the old form is no good after a move; a number that was replaced even less.
        event = "withdraw" if row.state in {"open", "applied", "sent-back"} else "reject"
        row = attrs.evolve(
            row, state=application_after(row.state, event), because="resident-changed"
        )
        row = await close(tx, row)
    elif row.state != "in-production":
        row = attrs.evolve(
            row,
            name=written.name,
            kana=found.kana,
            birth=written.birth,
            sex=written.sex,
            address=written.address,
            name_key=name_key(written.name, written.birth),
        )
    await applications.save(tx, row)
    await cards.journal(tx, "application-changed", REGISTER)


async def _apply_to_card(
    cards: Cards, tx: Tx, card: CardRow, change: ResidentChanged, found: HolderFound
) -> None:
    card = attrs.evolve(card, version=found.version)
    ended = _ends(card, change, found)
    if card.state in UNDELIVERED:
        moved_away = found.attributes.municipality != card.municipality
        if ended is not None or moved_away or _PRINTED & set(change.changed):
            # What is printed on it is no longer true, and nobody has it yet.
            await lives.discard(cards, tx, card, actor=REGISTER)
        else:
            await store.save(tx, card)
        return
    if ended in {"death", "departure"}:
        await lives.abolish(cards, tx, card, because=ended, actor=REGISTER)
    elif card.state == "void":
        await store.save(tx, await lives.move(cards, tx, card, found.attributes.municipality))
    elif ended is not None:
        await lives.lapse(cards, tx, card, because=ended, actor=REGISTER)
    else:
        await _rewrite(cards, tx, card, change, found)


def _ends(card: CardRow, change: ResidentChanged, found: HolderFound) -> Reason | None:
    """Return why a card ends by a change of its holder, or None when it goes on."""
    if found.standing == "dead":
        return "death"
    if found.standing == "abroad":
        continued = card.leaves_on is not None and card.leaves_on <= change.effective_on
        return None if continued else "departure"
    # The number is printed on the card and stands in its chip (Number Act art. 17).
    return "authority" if "number" in change.changed else None


async def _rewrite(
    cards: Cards, tx: Tx, card: CardRow, change: ResidentChanged, found: HolderFound
) -> None:
    written = found.attributes
    fresh: NewCertificates = card.new_certificates
    if _PRINTED & set(change.changed) and card.kind == "standard" and not fresh:
        fresh = "sign"  # the sign certificate is revoked by the authority itself
    if found.standing == "leaving":
        card = attrs.evolve(
            card,
            planned_out_on=change.effective_on,
            moved_on=None,
            notified_on=None,
            continued_on=None,
        )
    elif written.municipality != card.municipality:
        if _lapsed_before(card, change.effective_on):
            await lives.lapse(cards, tx, card, because="lapse", actor=REGISTER)
            return
        card = await lives.move(cards, tx, card, written.municipality)
        card = attrs.evolve(
            card, moved_on=change.effective_on, notified_on=cards.today(), continued_on=None
        )
    card = attrs.evolve(
        card,
        name=written.name,
        birth=written.birth,
        sex=written.sex,
        address=written.address,
        name_key=name_key(written.name, written.birth),
        new_certificates=fresh if card.certificates else "",
    )
    await store.save(tx, attrs.evolve(card, lapses_on=lapses_on(move_of(card))))
    await lives.note(cards, tx, card, "resident-changed", actor=REGISTER, officers=())


def _lapsed_before(card: CardRow, moved_on: date) -> bool:
    """Say whether the last move was never followed by the procedure of continued use."""
    return card.notified_on is not None and lapsed_by_next_move(move_of(card), moved_on)


async def tidy(cards: Cards) -> int:
    """Let what is over be over: cards past their last day, cards that lapse. Returns how many."""
    today = cards.today()
    async with cards.database.transaction() as tx:
        rows = await store.ending(tx, today, TIDY_MAX)
        for card in rows:
            if card.last_day < today:
                await lives.abolish(cards, tx, card, because="expiry", actor="cards")
            else:
                assert card.state in WORKING, "only a working card lapses"
                await lives.lapse(cards, tx, card, because="lapse", actor="cards")
        if rows:
            await cards.journal(tx, "cards-ended", "cards", ended=len(rows))
    return len(rows)
