"""What happens to a card on its way and in its holder's hand: each step once, counted, on its trail."""

from collections.abc import Sequence

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.people.births import BirthDate
from kumihimo.rooms.cards import store_cards as store
from kumihimo.rooms.cards.certifier import Happening, Which
from kumihimo.rooms.cards.context import Cards
from kumihimo.rooms.cards.domain.counting import CountKind, Entry
from kumihimo.rooms.cards.domain.dates import counted_from
from kumihimo.rooms.cards.domain.states import IN_HAND, Reason, card_after
from kumihimo.rooms.cards.store_cards import CardRow


def ends_certificates(because: Reason) -> Happening:
    """Return what happens to the certificates of a card that ends (card_jpki 2.4)."""
    return "replaced" if because == "reissue" else "card-ended"


async def deliver(
    cards: Cards, tx: Tx, card: CardRow, *, actor: str, officers: Sequence[str]
) -> CardRow:
    """Give a card to its holder: counted once, and the card that it replaces is abolished."""
    today = cards.today()
    for older in await store.of_holder(tx, card.holder):
        if older.card != card.card and older.state in IN_HAND:
            await abolish(cards, tx, older, because="reissue", actor=actor, officers=officers)
    card = attrs.evolve(
        card,
        state=card_after(card.state, "deliver"),
        delivered_on=today,
        delivered_in=card.municipality,
    )
    await store.save(tx, card)
    await note(cards, tx, card, "delivered", actor=actor, officers=officers)
    await count(cards, tx, card, "delivered")
    await tell_authority(cards, tx, card, "delivered")
    return card


async def hold(
    cards: Cards, tx: Tx, card: CardRow, *, actor: str, officers: Sequence[str] = ()
) -> CardRow:
    """Stop a card and its certificates; the certificates are never released again."""
    card = attrs.evolve(card, state=card_after(card.state, "hold"), new_certificates="both")
    await store.save(tx, card)
    await note(cards, tx, card, "held", actor=actor, officers=officers)
    await tell_authority(cards, tx, card, "loss")
    return card


async def lapse(cards: Cards, tx: Tx, card: CardRow, *, because: Reason, actor: str) -> CardRow:
    """Let a card stop working (失効). It is still held until it is abolished."""
    card = attrs.evolve(
        card,
        state=card_after(card.state, "lapse"),
        because=because,
        ended_on=cards.today(),
        lapses_on=None,
    )
    await store.save(tx, card)
    await note(cards, tx, card, "lapsed", actor=actor, officers=())
    await tell_authority(cards, tx, card, ends_certificates(because))
    return card


async def abolish(
    cards: Cards,
    tx: Tx,
    card: CardRow,
    *,
    because: Reason,
    actor: str,
    officers: Sequence[str] = (),
) -> CardRow:
    """Abolish a card (廃止): no longer held, its certificates are over."""
    working = card.state != "void"
    card = attrs.evolve(
        card,
        state=card_after(card.state, "abolish"),
        because=because,
        ended_on=cards.today(),
        lapses_on=None,
    )
    await store.save(tx, card)
    await note(cards, tx, card, f"abolished-{because}", actor=actor, officers=officers)
    await count(cards, tx, card, "abolished")
    if working:
        await tell_authority(cards, tx, card, ends_certificates(because))
    return card


async def undo_delivery(
    cards: Cards, tx: Tx, card: CardRow, *, actor: str, officers: Sequence[str]
) -> CardRow:
    """Reverse a delivery to the wrong person: counts, state, and keys that a stranger had."""
    await count(cards, tx, card, "undelivered")
    await count(cards, tx, card, "taken-back")
    await tell_authority(cards, tx, card, "key-compromise")
    card = attrs.evolve(
        card,
        state=card_after(card.state, "undo-delivery"),
        delivered_on=None,
        delivered_in=None,
        new_certificates="both",
    )
    await store.save(tx, card)
    await note(cards, tx, card, "delivery-undone", actor=actor, officers=officers)
    return card


async def discard(
    cards: Cards, tx: Tx, card: CardRow, *, actor: str, officers: Sequence[str] = ()
) -> CardRow:
    """Throw a card away that nobody received; its certificates are revoked as unspecified."""
    card = attrs.evolve(card, state=card_after(card.state, "discard"), ended_on=cards.today())
    await store.save(tx, card)
    await note(cards, tx, card, "discarded", actor=actor, officers=officers)
    await tell_authority(cards, tx, card, "never-delivered")
    return card


async def move(cards: Cards, tx: Tx, card: CardRow, municipality: str) -> CardRow:
    """Count a card where its holder lives from now on."""
    if card.state in IN_HAND and municipality != card.municipality:
        await count(cards, tx, card, "moved-out")
        card = attrs.evolve(card, municipality=municipality)
        await count(cards, tx, card, "moved-in")
    return attrs.evolve(card, municipality=municipality)


async def tell_authority(
    cards: Cards, tx: Tx, card: CardRow, what: Happening, *, only: Which | None = None
) -> None:
    """Tell the authority what happened to a card's certificates, or to one of them."""
    orders: dict[Which, str] = {"auth": card.auth_order, "sign": card.sign_order}
    for which, order in orders.items():
        if order and only in {None, which}:
            await cards.post(tx, cards.certifier.happened(what, order, which))


async def note(
    cards: Cards, tx: Tx, card: CardRow, act: str, *, actor: str, officers: Sequence[str]
) -> None:
    """Add a line to a card's trail."""
    await store.add_act(tx, card.card, act, on=cards.today(), actor=actor, officers=officers)


async def count(cards: Cards, tx: Tx, card: CardRow, kind: CountKind) -> None:
    """Add a change of counts, where the holder lives or where the card was given."""
    assert card.delivered_on is not None, "only a card that was delivered is counted"
    place = card.delivered_in if kind == "undelivered" else card.municipality
    assert place is not None, "a delivery has its place"
    entry = Entry(
        on=cards.today(),
        delivered_on=card.delivered_on,
        municipality=place,
        born=counted_from(BirthDate.parse(card.birth)),
        kind=kind,
    )
    await store.add_count(tx, card.card, entry)
