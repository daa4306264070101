"""Composition of register, by hand."""

import attrs
from litestar import Litestar

from kumihimo.kernel.anchoring import ANCHOR_PAUSE_S, Anchoring
from kumihimo.kernel.door import Reporter, SignedDoor, room_app
from kumihimo.kernel.leaves import Submitter, log_open, settle, waiting_since
from kumihimo.kernel.net import Caller, Net
from kumihimo.kernel.outbox import Letter, Outbox
from kumihimo.kernel.tlog.leaf import LEAVES_PATH, Logged, Submitted
from kumihimo.kernel.worker import Job, working
from kumihimo.rooms.linkage.api import Received
from kumihimo.rooms.oversight.client import DirectoryBook, anchoring
from kumihimo.rooms.register.acquisition import forget
from kumihimo.rooms.register.api import PARTY
from kumihimo.rooms.register.comparing import read_kana
from kumihimo.rooms.register.context import LEDGER, Register
from kumihimo.rooms.register.http import routes
from kumihimo.rooms.register.rekey import rekey

OUTBOX_PAUSE_S = 0.2
LOG_PAUSE_S = 1.0
SILENCE_PAUSE_S = 5.0
FORGET_PAUSE_S = 3_600.0
REKEY_PAUSE_S = 60.0  # an older process of the room may still write older keys


@attrs.frozen
class RegisterRoom:
    """Register, ready to serve; the outbox can also be driven by hand."""

    app: Litestar
    register: Register
    outbox: Outbox
    anchors: Anchoring
    log: Submitter


def build(register: Register, *, book: DirectoryBook, net: Net, report: Reporter) -> RegisterRoom:
    """Put register together."""
    assert register.keys.party == PARTY, "register signs as register"
    caller = Caller(register.keys, book, net, register.clock, register.entropy)

    async def deliver(letter: Letter) -> None:
        await caller.send(letter.destination, letter.topic, letter.body, Received)

    async def tidy() -> int:
        await forget(register)
        return 0

    async def renew() -> int:
        return await rekey(register)

    async def read_readings() -> int:
        return await read_kana(register)

    async def submit(submitted: Submitted) -> Logged:
        answer, _ = await caller.call(LEDGER, LEAVES_PATH, submitted, Logged)
        return answer

    log = Submitter(register.keys, submit)

    async def logged() -> None:
        await log_open(register.database, log)

    async def look_at_ledger() -> int:
        register.ledger.saw(await waiting_since(register.database))
        return 0

    anchors = anchoring("register", register.database, caller)
    outbox = Outbox(register.database, deliver, register.clock, register.entropy)
    door = SignedDoor(
        keys_of=lambda party: register.keys if party == PARTY else None,
        book=book,
        clock=register.clock,
        entropy=register.entropy,
    )
    jobs = [
        outbox.job("register-outbox", OUTBOX_PAUSE_S),
        Job("register-log", lambda: settle(register.database, log, register.clock), LOG_PAUSE_S),
        Job("register-silence", look_at_ledger, SILENCE_PAUSE_S),
        Job("register-anchors", anchors.run_once, ANCHOR_PAUSE_S),
        Job("register-forget", tidy, FORGET_PAUSE_S),
        Job("register-rekey", renew, REKEY_PAUSE_S),
        Job("register-readings", read_readings, FORGET_PAUSE_S),
    ]
    app = room_app(
        "Kumihimo register",
        routes(register, logged),
        report=report,
        door=door,
        lifespan=[working(jobs, report)],
    )
    return RegisterRoom(app, register, outbox, anchors, log)
