"""Composition of the desk, by hand."""

from typing import Protocol

import attrs
from litestar import Litestar

from kumihimo.kernel import retention
from kumihimo.kernel.anchoring import ANCHOR_PAUSE_S, Anchoring
from kumihimo.kernel.door import Reporter
from kumihimo.kernel.outbox import Letter, Outbox
from kumihimo.kernel.worker import Job, working
from kumihimo.pages.officers import Officers
from kumihimo.rooms.review.asking import Checks, ask
from kumihimo.rooms.review.context import Desk
from kumihimo.rooms.review.deciding import settle
from kumihimo.rooms.review.pages import overseeing, reviewing
from kumihimo.rooms.review.pages.console import Console, application
from kumihimo.rooms.review.telling import Gateway, deliver
from kumihimo.rooms.review.visits import forget_over

OUTBOX_PAUSE_S = 0.5
SETTLE_PAUSE_S = 5.0
FORGET_PAUSE_S = 3600.0
VISITS_PAUSE_S = 60.0
ASK_PAUSE_S = 60.0


class DeskGateway(Gateway, Checks, Protocol):
    """What the desk needs of its gateway."""


@attrs.frozen
class ReviewRoom:
    """The desk, ready to serve; its outbox can also be driven by hand."""

    app: Litestar
    console: Console
    outbox: Outbox


def build(
    desk: Desk,
    officers: Officers,
    gateway: DeskGateway,
    *,
    https: bool,
    report: Reporter,
    anchors: Anchoring | None = None,
) -> ReviewRoom:
    """Put the desk together. Without `anchors` nobody holds its journal against anything."""

    async def send(letter: Letter) -> None:
        await deliver(desk, gateway, letter)

    async def settle_due() -> int:
        return await settle(desk)

    async def ask_for_checks() -> int:
        return await ask(desk, gateway)

    async def forget_visits() -> int:
        return await forget_over(desk)

    async def forget() -> int:
        return await retention.forget(desk.database, clock=desk.clock, actor="desk")

    outbox = Outbox(desk.database, send, desk.clock, desk.entropy)
    jobs = [
        outbox.job("review-outbox", OUTBOX_PAUSE_S),
        Job("review-settle", settle_due, SETTLE_PAUSE_S),
        Job("review-asking", ask_for_checks, ASK_PAUSE_S),
        Job("review-visits", forget_visits, VISITS_PAUSE_S),
        Job("review-forget", forget, FORGET_PAUSE_S),
    ]
    if anchors is not None:
        jobs.append(Job("review-anchors", anchors.run_once, ANCHOR_PAUSE_S))
    console = Console.of(desk, officers, https=https)
    routes = [*reviewing.screens(console), *overseeing.screens(console)]
    app = application(console, routes, report, lifespan=[working(jobs, report)])
    return ReviewRoom(app, console, outbox)
