"""Composition of jpki, by hand."""

import attrs
from litestar import Litestar

from kumihimo.kernel import retention
from kumihimo.kernel.anchoring import ANCHOR_PAUSE_S, Anchoring
from kumihimo.kernel.door import Reporter, SignedDoor, room_app
from kumihimo.kernel.net import Caller, Net
from kumihimo.kernel.plain_http import Answerer
from kumihimo.kernel.worker import Job, working
from kumihimo.rooms.jpki.api import PARTY
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.http import routes
from kumihimo.rooms.jpki.http_status import status_answerer, status_routes
from kumihimo.rooms.jpki.http_verifiers import router as verifier_router
from kumihimo.rooms.jpki.issuance import finish_open
from kumihimo.rooms.jpki.lists import publish_due
from kumihimo.rooms.jpki.ocsp import OcspService
from kumihimo.rooms.jpki.responders import renew
from kumihimo.rooms.oversight.client import DirectoryBook, anchoring

RENEWAL_PAUSE_S = 600.0
LISTS_PAUSE_S = 5.0  # a list is out this long after a change of status, and its making
FINISH_PAUSE_S = 30.0
RETENTION_PAUSE_S = 3_600.0


@attrs.frozen
class JpkiRoom:
    """jpki, ready to serve. `status` answers questions about status at an address of their own."""

    app: Litestar
    jpki: Jpki
    status: Answerer
    anchors: Anchoring


def build(jpki: Jpki, *, book: DirectoryBook, net: Net, report: Reporter) -> JpkiRoom:
    """Put jpki together."""
    assert jpki.keys.party == PARTY, "jpki signs as jpki"
    caller = Caller(jpki.keys, book, net, jpki.clock, jpki.entropy)
    anchors = anchoring("jpki", jpki.database, caller)
    door = SignedDoor(
        keys_of=lambda party: jpki.keys if party == PARTY else None,
        book=book,
        clock=jpki.clock,
        entropy=jpki.entropy,
    )
    jobs = [
        Job("jpki-lists", lambda: publish_due(jpki), LISTS_PAUSE_S),
        Job("jpki-anchors", anchors.run_once, ANCHOR_PAUSE_S),
        Job("jpki-finish", lambda: finish_open(jpki), FINISH_PAUSE_S),
        Job("jpki-responders", lambda: renew(jpki), RENEWAL_PAUSE_S),
        Job(
            "jpki-retention",
            lambda: retention.forget(jpki.database, clock=jpki.clock, actor=PARTY),
            RETENTION_PAUSE_S,
        ),
    ]
    status = OcspService(jpki)
    app = room_app(
        "Kumihimo jpki",
        [*routes(jpki), *status_routes(status), verifier_router(jpki, caller)],
        report=report,
        door=door,
        lifespan=[working(jobs, report)],
    )
    return JpkiRoom(app, jpki, status_answerer(status, report), anchors)
