"""The agency as a service."""

from kumihimo.kernel.settings import load
from kumihimo.rooms.agency.app import build
from kumihimo.rooms.agency.settings import Settings
from kumihimo.run.service import Given, Service, following


def compose(given: Given) -> Service:
    """Compose it from its settings file."""
    settings = load(given.path, Settings)
    book = settings.book()
    agency = settings.agency(beside=given.path, book=book, clock=given.clock, entropy=given.entropy)
    net = settings.net()
    room = build(agency, net=net, report=given.report)
    looks = (room.anchors.look,)
    return following(given, "agency", settings, book, room.app, agency.database, net, looks=looks)
