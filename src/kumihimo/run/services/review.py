"""The review desk as a service: it speaks to its own gateway, and follows no directory."""

from kumihimo.kernel.net import HttpNet
from kumihimo.kernel.settings import load
from kumihimo.pages.officers import load_officers
from kumihimo.rooms.review.app import build
from kumihimo.rooms.review.settings import Settings
from kumihimo.run.service import Given, Service, watch_of


def compose(given: Given) -> Service:
    """Compose it from its settings file."""
    settings = load(given.path, Settings)
    desk = settings.desk(beside=given.path, clock=given.clock, entropy=given.entropy)
    room = build(
        desk,
        load_officers(given.path.parent / settings.officers),
        settings.client(beside=given.path),
        https=settings.https,
        report=given.report,
    )
    host, port = settings.address()
    return Service(
        room="review",
        app=room.app,
        host=host,
        port=port,
        database=desk.database,
        net=HttpNet({}),  # no party: it reaches its own gateway by a token
        follower=None,
        ready=_at_once,
        watch=watch_of(given, "review", room.app, desk.database),
        operators=settings.operators_address(),
    )


async def _at_once() -> None:
    """Wait for nobody."""
