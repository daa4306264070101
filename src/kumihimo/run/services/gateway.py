"""A gateway, with the institutions that it hosts, as a service."""

from kumihimo.kernel.settings import load
from kumihimo.rooms.gateway.app import build
from kumihimo.rooms.gateway.settings import Settings
from kumihimo.rooms.gateway.store_waits import look_at
from kumihimo.run.law_in_force import law_of
from kumihimo.run.service import Given, Service, following


def compose(given: Given) -> Service:
    """Compose it from its settings file."""
    settings = load(given.path, Settings)
    book, net = settings.book(), settings.net()
    gateway = settings.gateway(
        beside=given.path,
        book=book,
        law=law_of(given.path, settings.law),
        net=net,
        clock=given.clock,
        entropy=given.entropy,
    )
    tenants = settings.hosted(beside=given.path, entropy=given.entropy)
    room = build(gateway, tenants, report=given.report)
    silences = [one for name in tenants for one in gateway.core[name].both]
    return following(
        given,
        "gateway",
        settings,
        book,
        room.app,
        gateway.database,
        net,
        silences=silences,
        looks=(look_at(tenants), room.anchors.look),
    )
