"""Cards as a service."""

from kumihimo.kernel.settings import load
from kumihimo.rooms.cards.app import build
from kumihimo.rooms.cards.settings import Settings
from kumihimo.run.service import Given, Service, following


def compose(given: Given) -> Service:
    """Compose it from its settings file."""
    settings = load(given.path, Settings)
    book, net = settings.book(), settings.net()
    cards = settings.cards(
        beside=given.path, book=book, net=net, clock=given.clock, entropy=given.entropy
    )
    room = build(cards, book=book, report=given.report)
    looks = (room.anchors.look,)
    return following(given, "cards", settings, book, room.app, cards.database, net, looks=looks)
