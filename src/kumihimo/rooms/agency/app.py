"""Composition of the agency, by hand."""

import attrs
from litestar import Litestar

from kumihimo.kernel import retention
from kumihimo.kernel.anchoring import ANCHOR_PAUSE_S, Anchoring
from kumihimo.kernel.door import Reporter, SignedDoor, room_app
from kumihimo.kernel.net import Caller, Net
from kumihimo.kernel.worker import Job, working
from kumihimo.rooms.agency.api import PARTY
from kumihimo.rooms.agency.http import routes
from kumihimo.rooms.agency.service import Agency
from kumihimo.rooms.oversight.client import anchoring

RETENTION_PAUSE_S = 3_600.0


@attrs.frozen
class AgencyRoom:
    """The agency, ready to serve."""

    app: Litestar
    anchors: Anchoring


def build(agency: Agency, *, net: Net, report: Reporter) -> AgencyRoom:
    """Put the agency together."""
    assert agency.keys.party == PARTY, "the agency signs as agency"
    door = SignedDoor(
        keys_of=lambda party: agency.keys if party == PARTY else None,
        book=agency.book,
        clock=agency.clock,
        entropy=agency.entropy,
    )

    async def forget() -> int:
        return await retention.forget(agency.database, clock=agency.clock, actor=PARTY)

    caller = Caller(agency.keys, agency.book, net, agency.clock, agency.entropy)
    anchors = anchoring("agency", agency.database, caller)
    jobs = [
        Job("agency-anchors", anchors.run_once, ANCHOR_PAUSE_S),
        Job("agency-retention", forget, RETENTION_PAUSE_S),
    ]
    app = room_app(
        "Kumihimo agency",
        routes(agency),
        report=report,
        door=door,
        lifespan=[working(jobs, report)],
    )
    return AgencyRoom(app, anchors)
