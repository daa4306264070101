"""Composition of the core, by hand."""

import attrs
from litestar import Litestar

from kumihimo.kernel import retention
from kumihimo.kernel.anchoring import ANCHOR_PAUSE_S, Anchoring
from kumihimo.kernel.door import Reporter, SignedDoor, room_app
from kumihimo.kernel.keys import PartyKeys
from kumihimo.kernel.leaves import Submitter, settle
from kumihimo.kernel.net import Caller, Net
from kumihimo.kernel.outbox import Letter, Outbox
from kumihimo.kernel.tlog.leaf import LEAVES_PATH, Logged, Submitted
from kumihimo.kernel.worker import Job, working
from kumihimo.rooms.linkage.api import LEDGER, PARTY, RECORDS_PATH, Received
from kumihimo.rooms.linkage.checking import CHECKING_PAUSE_S, RecordChecker
from kumihimo.rooms.linkage.domain.keys import DomainKeys
from kumihimo.rooms.linkage.http import routes
from kumihimo.rooms.linkage.law_held import LawHeld
from kumihimo.rooms.linkage.packs import pack_records
from kumihimo.rooms.linkage.service import Core, expire_acquisitions, look_at_ledger
from kumihimo.rooms.linkage.statistics import count_month
from kumihimo.rooms.oversight.client import DirectoryBook, anchoring

OUTBOX_PAUSE_S = 0.2
LOG_PAUSE_S = 1.0
LAW_PAUSE_S = 60.0
EXPIRY_PAUSE_S = 600.0
SILENCE_PAUSE_S = 5.0
RETENTION_PAUSE_S = 3_600.0
STATISTICS_PAUSE_S = 3_600.0


@attrs.frozen
class LinkageRoom:
    """The core, ready to serve; the outbox can also be driven by hand."""

    app: Litestar
    core: Core
    outbox: Outbox
    log: Submitter
    anchors: Anchoring
    checker: RecordChecker


def domain_keys(keys: PartyKeys) -> DomainKeys:
    """Return the core's domain keys, derived from its own master secret."""
    return DomainKeys(keys.secret("domain-keys"))


def build(core: Core, *, book: DirectoryBook, net: Net, report: Reporter) -> LinkageRoom:
    """Put the core together."""
    assert core.keys.party == PARTY, "the core signs as linkage"
    caller = Caller(core.keys, book, net, core.clock, core.entropy)

    async def deliver(letter: Letter) -> None:
        await caller.send(letter.destination, letter.topic, letter.body, Received)

    async def submit(submitted: Submitted) -> Logged:
        logged, _ = await caller.call(LEDGER, LEAVES_PATH, submitted, Logged)
        return logged

    log = Submitter(core.keys, submit)
    anchors = anchoring("linkage", core.database, caller)
    checker = RecordChecker(core, log.salt)
    outbox = Outbox(core.database, deliver, core.clock, core.entropy, {RECORDS_PATH: pack_records})
    door = SignedDoor(
        keys_of=lambda party: core.keys if party == PARTY else None,
        book=book,
        clock=core.clock,
        entropy=core.entropy,
    )
    jobs = [
        outbox.job("linkage-outbox", OUTBOX_PAUSE_S, gathers=True),
        Job("linkage-silence", lambda: look_at_ledger(core), SILENCE_PAUSE_S),
        Job("linkage-log", lambda: settle(core.database, log, core.clock), LOG_PAUSE_S),
        Job("linkage-law", LawHeld(core).note, LAW_PAUSE_S),
        Job("linkage-anchors", anchors.run_once, ANCHOR_PAUSE_S),
        Job("linkage-checking", checker.run_once, CHECKING_PAUSE_S),
        Job("linkage-statistics", lambda: count_month(core), STATISTICS_PAUSE_S),
        Job("linkage-expiry", lambda: expire_acquisitions(core), EXPIRY_PAUSE_S),
        Job("linkage-months", lambda: core.months.ahead(core.clock.now()), RETENTION_PAUSE_S),
        Job(
            "linkage-retention",
            lambda: retention.forget(core.database, clock=core.clock, actor=PARTY),
            RETENTION_PAUSE_S,
        ),
    ]
    app = room_app(
        "Kumihimo linkage",
        routes(core, log),
        report=report,
        door=door,
        lifespan=[working(jobs, report)],
    )
    return LinkageRoom(app, core, outbox, log, anchors, checker)
