"""The ledger as a service."""

from kumihimo.kernel.settings import load
from kumihimo.rooms.ledger.app import build
from kumihimo.rooms.ledger.settings import Settings
from kumihimo.rooms.ledger.store_waits import look_at_log
from kumihimo.run.service import Given, Service, following


def compose(given: Given) -> Service:
    """Compose it from its settings file."""
    settings = load(given.path, Settings)
    book, net = settings.book(), settings.net()
    ledger = settings.ledger(beside=given.path, clock=given.clock, entropy=given.entropy)
    room = build(ledger, book=book, net=net, report=given.report)
    looks = (look_at_log, room.anchors.look, room.checker.look)
    return following(given, "ledger", settings, book, room.app, ledger.database, net, looks=looks)
