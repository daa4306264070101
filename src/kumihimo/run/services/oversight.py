"""Oversight as a service: it holds the directory that the others follow."""

from kumihimo.kernel.settings import load
from kumihimo.rooms.oversight.app import build
from kumihimo.rooms.oversight.service import take_up
from kumihimo.rooms.oversight.settings import Settings
from kumihimo.run.service import Given, Service, service_of, trace_as_set, watch_of


def compose(given: Given) -> Service:
    """Compose it from its settings file."""
    settings = load(given.path, Settings)
    book = settings.book()
    oversight = settings.oversight(beside=given.path, book=book, clock=given.clock)

    async def ready() -> None:
        await take_up(oversight)

    room = build(oversight, entropy=given.entropy, report=given.report)
    database, looks = oversight.database, (room.anchors.look, room.checker.look)
    net, watch = settings.net(), watch_of(given, "oversight", room.app, database, looks=looks)
    trace_as_set(given, "oversight", settings, room.app)
    return service_of("oversight", settings, room.app, database, net, None, ready, watch)
