"""Register as a service."""

from kumihimo.kernel.settings import load
from kumihimo.rooms.register.app import build
from kumihimo.rooms.register.settings import Settings
from kumihimo.run.service import Given, Service, following


def compose(given: Given) -> Service:
    """Compose it from its settings file."""
    settings = load(given.path, Settings)
    book, net = settings.book(), settings.net()
    register = settings.register(
        beside=given.path, book=book, clock=given.clock, entropy=given.entropy
    )
    room = build(register, book=book, net=net, report=given.report)
    looks = (room.anchors.look,)
    return following(
        given,
        "register",
        settings,
        book,
        room.app,
        register.database,
        net,
        silences=(register.ledger,),
        looks=looks,
    )
