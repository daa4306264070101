"""Composition of the ledger, by hand."""

from functools import partial

import attrs
from litestar import Litestar

from kumihimo.kernel import retention
from kumihimo.kernel.anchoring import ANCHOR_PAUSE_S, Anchoring
from kumihimo.kernel.door import Reporter, SignedDoor, room_app
from kumihimo.kernel.net import Caller, Net
from kumihimo.kernel.outbox import Letter, Outbox
from kumihimo.kernel.worker import Job, working
from kumihimo.rooms.ledger import (
    bells,
    chain,
    claims,
    own,
    publishing,
    rotation,
    service,
    sessions,
    witnessed,
)
from kumihimo.rooms.ledger.api import PARTY
from kumihimo.rooms.ledger.checking import CHECKING_PAUSE_S, Checker
from kumihimo.rooms.ledger.context import Ledger
from kumihimo.rooms.ledger.http import routes
from kumihimo.rooms.ledger.own import Asker
from kumihimo.rooms.oversight.api import Received
from kumihimo.rooms.oversight.client import DirectoryBook, anchoring

OUTBOX_PAUSE_S = 0.2
OWN_PAUSE_S = 0.2
CHAIN_PAUSE_S = 1.0
WITNESS_PAUSE_S = 20.0  # our choice: what was changed is to be seen within a minute
FETCHING_PAUSE_S = 5.0
CLAIMS_PAUSE_S = 60.0
ENDS_PAUSE_S = 600.0
TIDY_PAUSE_S = 600.0
ROTATION_PAUSE_S = 60.0
RETENTION_PAUSE_S = 3_600.0


@attrs.frozen
class LedgerRoom:
    """The ledger, ready to serve; the outbox and a change of key can also be driven by hand."""

    app: Litestar
    ledger: Ledger
    outbox: Outbox
    caller: Caller
    asker: Asker
    anchors: Anchoring
    checker: Checker


def build(ledger: Ledger, *, book: DirectoryBook, net: Net, report: Reporter) -> LedgerRoom:
    """Put the ledger together."""
    assert ledger.keys.party == PARTY, "the ledger signs as ledger"
    caller = Caller(ledger.keys, book, net, ledger.clock, ledger.entropy)

    asker, checker = Asker(ledger, caller, book), Checker(ledger)
    anchors = attrs.evolve(
        anchoring("ledger", ledger.database, caller), send=partial(publishing.own_leaves, ledger)
    )

    async def deliver(letter: Letter) -> None:
        await caller.send(letter.destination, letter.topic, letter.body, Received)

    async def tidy() -> int:
        await sessions.forget(ledger)
        await rotation.forget(ledger)
        await bells.forget(ledger)
        return 0

    outbox = Outbox(ledger.database, deliver, ledger.clock, ledger.entropy)
    door = SignedDoor(
        keys_of=lambda party: ledger.keys if party == PARTY else None,
        book=book,
        clock=ledger.clock,
        entropy=ledger.entropy,
    )
    jobs = [
        outbox.job("ledger-outbox", OUTBOX_PAUSE_S, gathers=True),
        Job("ledger-chain", lambda: chain.place(ledger), CHAIN_PAUSE_S),
        Job("ledger-anchors", anchors.run_once, ANCHOR_PAUSE_S),
        Job("ledger-checking", checker.run_once, CHECKING_PAUSE_S),
        Job("ledger-own", lambda: own.run_once(asker), OWN_PAUSE_S),
        Job(
            "ledger-witness",
            lambda: witnessed.be_witnessed(ledger, caller, pinned=book.pinned),
            WITNESS_PAUSE_S,
        ),
        Job("ledger-fetching", witnessed.Fetching(ledger, caller).run_once, FETCHING_PAUSE_S),
        Job("ledger-claims", lambda: claims.look(asker), CLAIMS_PAUSE_S),
        Job("ledger-overdue", lambda: claims.tell_overdue(ledger), CLAIMS_PAUSE_S),
        Job("ledger-ends", lambda: service.report_missing_ends(ledger), ENDS_PAUSE_S),
        Job("ledger-tidy", tidy, TIDY_PAUSE_S),
        Job(
            "ledger-retention",
            lambda: retention.forget(ledger.database, clock=ledger.clock, actor=PARTY),
            RETENTION_PAUSE_S,
        ),
        Job("ledger-rotation", lambda: rotation.resume(ledger, caller), ROTATION_PAUSE_S),
    ]
    app = room_app(
        "Kumihimo ledger",
        routes(ledger, asker),
        report=report,
        door=door,
        lifespan=[working(jobs, report)],
    )
    return LedgerRoom(app, ledger, outbox, caller, asker, anchors, checker)
