"""The core as a service."""

from kumihimo.kernel.settings import load
from kumihimo.rooms.linkage.app import build
from kumihimo.rooms.linkage.settings import Settings
from kumihimo.run.law_in_force import law_of
from kumihimo.run.service import Given, Service, following


def compose(given: Given) -> Service:
    """Compose it from its settings file."""
    settings = load(given.path, Settings)
    book, net = settings.book(), settings.net()
    core = settings.core(
        beside=given.path,
        book=book,
        law=law_of(given.path, settings.law),
        clock=given.clock,
        entropy=given.entropy,
    )
    room = build(core, book=book, net=net, report=given.report)
    return following(
        given,
        "linkage",
        settings,
        book,
        room.app,
        core.database,
        net,
        silences=(core.ledger,),
        looks=(room.anchors.look, room.checker.look),
    )
