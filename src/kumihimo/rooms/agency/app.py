"""Composition of the agency, by hand."""

from litestar import Litestar

from kumihimo.kernel import retention
from kumihimo.kernel.door import Reporter, SignedDoor, room_app
from kumihimo.kernel.worker import Job, working
from kumihimo.rooms.agency.api import PARTY
from kumihimo.rooms.agency.http import routes
from kumihimo.rooms.agency.service import Agency

RETENTION_PAUSE_S = 3_600.0


def build(agency: Agency, *, report: Reporter) -> Litestar:
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

    return room_app(
        "Kumihimo agency",
        routes(agency),
        report=report,
        door=door,
        lifespan=[working([Job("agency-retention", forget, RETENTION_PAUSE_S)], report)],
    )
