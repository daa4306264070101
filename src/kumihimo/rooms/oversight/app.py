"""Composition of oversight, by hand."""

from functools import partial

import attrs
from litestar import Litestar

from kumihimo.kernel import retention
from kumihimo.kernel.anchoring import ANCHOR_PAUSE_S, Anchoring, What
from kumihimo.kernel.door import Reporter, SignedDoor, room_app
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.worker import Job, working
from kumihimo.rooms.oversight import logged
from kumihimo.rooms.oversight.api import PARTY
from kumihimo.rooms.oversight.checking import CHECKING_PAUSE_S, StateChecker
from kumihimo.rooms.oversight.http import routes
from kumihimo.rooms.oversight.leaks import raise_overdue
from kumihimo.rooms.oversight.pages import statistics_pages
from kumihimo.rooms.oversight.service import Oversight, tell_oneself

CLOCKS_PAUSE_S = 60.0
RETENTION_PAUSE_S = 3_600.0


@attrs.frozen
class OversightRoom:
    """Oversight, ready to serve."""

    app: Litestar
    anchors: Anchoring
    checker: StateChecker


def build(oversight: Oversight, *, entropy: Entropy, report: Reporter) -> OversightRoom:
    """Put oversight together."""
    assert oversight.keys.party == PARTY, "oversight signs as oversight"
    door = SignedDoor(
        keys_of=lambda party: oversight.keys if party == PARTY else None,
        book=oversight.book,
        clock=oversight.clock,
        entropy=entropy,
    )

    async def clocks() -> int:
        return await raise_overdue(oversight, entropy)

    async def forget() -> int:
        return await retention.forget(oversight.database, clock=oversight.clock, actor=PARTY)

    async def tell(alarm: str, kind: What) -> None:
        await tell_oneself(oversight, alarm, kind)

    anchors = Anchoring(
        room="oversight",
        database=oversight.database,
        keys=oversight.keys,
        clock=oversight.clock,
        send=partial(logged.leave, oversight.database, oversight.clock),
        tell=tell,
    )
    checker = StateChecker(oversight)
    jobs = [
        Job("oversight-checking", checker.run_once, CHECKING_PAUSE_S),
        Job("oversight-anchors", anchors.run_once, ANCHOR_PAUSE_S),
        Job("oversight-clocks", clocks, CLOCKS_PAUSE_S),
        Job("oversight-retention", forget, RETENTION_PAUSE_S),
    ]
    app = room_app(
        "Kumihimo oversight",
        [*routes(oversight), *statistics_pages(oversight)],
        report=report,
        door=door,
        lifespan=[working(jobs, report)],
    )
    return OversightRoom(app, anchors, checker)
