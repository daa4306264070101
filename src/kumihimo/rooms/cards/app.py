"""Composition of cards, by hand."""

import attrs
from litestar import Litestar

from kumihimo.kernel.anchoring import ANCHOR_PAUSE_S, Anchoring
from kumihimo.kernel.door import Reporter, SignedDoor, room_app
from kumihimo.kernel.outbox import Letter, Outbox
from kumihimo.kernel.worker import Job, working
from kumihimo.rooms.cards.api import PARTY
from kumihimo.rooms.cards.changes import tidy
from kumihimo.rooms.cards.context import Cards
from kumihimo.rooms.cards.http import routes
from kumihimo.rooms.cards.production import make_next
from kumihimo.rooms.cards.rekey import rekey
from kumihimo.rooms.jpki.api import StatusChanged
from kumihimo.rooms.oversight.client import DirectoryBook, anchoring

OUTBOX_PAUSE_S = 0.2
MAKING_PAUSE_S = 1.0
TIDY_PAUSE_S = 600.0
REKEY_PAUSE_S = 60.0  # an older process of the room may still write older keys


@attrs.frozen
class CardsRoom:
    """cards, ready to serve; the outbox and the production can also be driven by hand."""

    app: Litestar
    cards: Cards
    outbox: Outbox
    anchors: Anchoring


def build(cards: Cards, *, book: DirectoryBook, report: Reporter) -> CardsRoom:
    """Put cards together."""
    assert cards.keys.party == PARTY, "cards signs as cards"

    async def deliver(letter: Letter) -> None:
        await cards.caller.send(letter.destination, letter.topic, letter.body, StatusChanged)

    async def make() -> int:
        return await make_next(cards)

    async def end() -> int:
        return await tidy(cards)

    async def renew() -> int:
        return await rekey(cards)

    anchors = anchoring("cards", cards.database, cards.caller)
    outbox = Outbox(cards.database, deliver, cards.clock, cards.entropy)
    door = SignedDoor(
        keys_of=lambda party: cards.keys if party == PARTY else None,
        book=book,
        clock=cards.clock,
        entropy=cards.entropy,
    )
    jobs = [
        outbox.job("cards-outbox", OUTBOX_PAUSE_S),
        Job("cards-anchors", anchors.run_once, ANCHOR_PAUSE_S),
        Job("cards-production", make, MAKING_PAUSE_S),
        Job("cards-tidy", end, TIDY_PAUSE_S),
        Job("cards-rekey", renew, REKEY_PAUSE_S),
    ]
    app = room_app(
        "Kumihimo cards",
        routes(cards),
        report=report,
        door=door,
        lifespan=[working(jobs, report)],
    )
    return CardsRoom(app, cards, outbox, anchors)
