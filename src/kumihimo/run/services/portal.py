"""The portal as a service: it reaches jpki by a token, the ledger by each person's own session."""

from kumihimo.kernel.net import HttpNet
from kumihimo.kernel.settings import load
from kumihimo.rooms.portal.app import build
from kumihimo.rooms.portal.settings import Settings
from kumihimo.run.service import Given, Service, watch_of


def compose(given: Given) -> Service:
    """Compose it from its settings file."""
    settings = load(given.path, Settings)
    portal = settings.portal(beside=given.path, clock=given.clock, entropy=given.entropy)
    room = build(portal, report=given.report, helper=settings.helper)
    host, port = settings.address()
    return Service(
        room="portal",
        app=room.app,
        host=host,
        port=port,
        database=portal.database,
        net=HttpNet({}),  # no party: it signs no message
        follower=None,
        ready=_at_once,
        watch=watch_of(given, "portal", room.app, portal.database),
        operators=settings.operators_address(),
    )


async def _at_once() -> None:
    """Wait for nobody."""
