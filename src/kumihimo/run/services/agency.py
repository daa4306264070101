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
    app = build(agency, report=given.report)
    return following(given, "agency", settings, book, app, agency.database, settings.net())
