"""Every room's application, put together as it is served, with a database that is never opened."""

import re
from datetime import UTC, datetime
from functools import cache

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import Locker, PartyKeys, new_master
from kumihimo.kernel.net import Caller, HttpNet
from kumihimo.kernel.sql import Database
from kumihimo.kernel.withheld import Withheld
from kumihimo.pages.officers import Officers
from kumihimo.people.check_digits import NumberSpace
from kumihimo.rooms.agency.app import build as build_agency
from kumihimo.rooms.agency.service import Agency
from kumihimo.rooms.cards.app import build as build_cards
from kumihimo.rooms.cards.context import Cards
from kumihimo.rooms.cards.issuing import LaterIssuing
from kumihimo.rooms.cards.jpki_certifier import JpkiCertifier
from kumihimo.rooms.cards.tray import MemoryTray
from kumihimo.rooms.gateway.app import build as build_gateway
from kumihimo.rooms.gateway.client import BusinessClient
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.jpki.app import build as build_jpki
from kumihimo.rooms.jpki.client import VerifierClient
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.keystore import MemoryKeys
from kumihimo.rooms.ledger.app import build as build_ledger
from kumihimo.rooms.ledger.service import Ledger
from kumihimo.rooms.linkage.app import build as build_linkage
from kumihimo.rooms.linkage.app import domain_keys
from kumihimo.rooms.linkage.service import Core
from kumihimo.rooms.oversight.app import build as build_oversight
from kumihimo.rooms.oversight.client import DirectoryBook
from kumihimo.rooms.oversight.service import Oversight
from kumihimo.rooms.portal.app import build as build_portal
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.identity import JpkiIdentity
from kumihimo.rooms.portal.ledger_door import LedgerDoor
from kumihimo.rooms.register.app import build as build_register
from kumihimo.rooms.register.context import Register
from kumihimo.rooms.register.domain.quota import Limits
from kumihimo.rooms.review.app import build as build_review
from kumihimo.rooms.review.context import Desk
from kumihimo.statute.law import build_list

MINATO = "lg-131032"
# Rooms of pages: people sign in there, no other room calls, and no program reads a description.
OF_PAGES = {"portal", "review"}


class LawNow:
    def __init__(self):
        self._list = build_list()

    def current(self):
        return self._list


def never(where, error):
    raise AssertionError(where) from error


@cache
def applications():
    """Return the rooms by name, made once for a worker, which reads them while it collects.

    Nothing is opened: a request that gets past a door fails.
    """
    entropy, clock = SystemEntropy(), HandClock(datetime(2026, 6, 1, tzinfo=UTC))
    parties = ("oversight", "linkage", "ledger", "register", "jpki", "cards", "agency", MINATO)
    keys = {name: PartyKeys(name, new_master(entropy)) for name in parties}
    book = DirectoryBook(keys["oversight"].public.signing)
    net, law = HttpNet({}), LawNow()
    database = Database(Withheld("host=nowhere"))
    core = Core(
        keys=keys["linkage"],
        domain_keys=domain_keys(keys["linkage"]),
        directory=book,
        law=law,
        database=database,
        clock=clock,
        entropy=entropy,
    )
    register = Register.of(
        keys=keys["register"],
        directory=book,
        entropy=entropy,
        space=NumberSpace.TEST,
        limits=Limits(per_minute=1, per_day=1),
        affairs=frozenset(),
        database=database,
        clock=clock,
    )
    gateway = Gateway(database=database, book=book, law=law, net=net, clock=clock, entropy=entropy)
    tenant = Tenant(MINATO, keys[MINATO], Locker.of(keys[MINATO].secret("columns"), entropy))
    oversight = Oversight(database=database, keys=keys["oversight"], book=book, clock=clock)
    ledger = Ledger(database=database, keys=keys["ledger"], clock=clock, entropy=entropy)
    jpki = Jpki(
        database=database,
        keys=keys["jpki"],
        key_store=MemoryKeys(),
        directory=book,
        clock=clock,
        entropy=entropy,
        ocsp_url="http://jpki.test/ocsp",
    )
    agency = Agency(database, keys["agency"], book, clock, entropy, in_charge={})
    return {
        "agency": build_agency(agency, net=net, report=never).app,
        "cards": _cards(keys["cards"], database, book, net, clock, entropy),
        "gateway": build_gateway(gateway, {MINATO: tenant}, report=never).app,
        "jpki": build_jpki(jpki, book=book, net=net, report=never).app,
        "ledger": build_ledger(ledger, book=book, net=net, report=never).app,
        "linkage": build_linkage(core, book=book, net=net, report=never).app,
        "oversight": build_oversight(oversight, entropy=entropy, report=never).app,
        "register": build_register(register, book=book, net=net, report=never).app,
        "portal": _portal(database, clock, entropy),
        "review": _review(database, clock, entropy),
    }


def rooms_of_messages():
    """Return those of `applications` whose doors take messages."""
    return {name: app for name, app in applications().items() if name not in OF_PAGES}


def _portal(database, clock, entropy):
    keys = PartyKeys("portal", new_master(entropy))
    portal = Portal(
        database=database,
        keys=keys,
        locker=Locker.of(keys.secret("columns"), entropy),
        identity=JpkiIdentity(VerifierClient("http://jpki", "token")),
        ledger=LedgerDoor("http://ledger"),
        origin="https://portal.test",
        clock=clock,
        entropy=entropy,
    )
    return build_portal(portal, report=never).app


def _review(database, clock, entropy):
    desk = Desk(
        database=database,
        locker=Locker.of(Withheld(bytes(32)), entropy),
        clock=clock,
        entropy=entropy,
        space=NumberSpace.TEST,
    )
    gateway = BusinessClient("http://gateway", "token")
    return build_review(desk, Officers({}), gateway, https=False, report=never).app


def _cards(keys, database, book, net, clock, entropy):
    caller = Caller(keys, book, net, clock, entropy)
    cards = Cards(
        database=database,
        keys=keys,
        directory=book,
        caller=caller,
        clock=clock,
        entropy=entropy,
        space=NumberSpace.TEST,
        locker=Locker.of(keys.secret("columns"), entropy),
        certifier=JpkiCertifier(caller, book, entropy),
        issuing=LaterIssuing(),
        factory=MemoryTray({}),
    )
    return build_cards(cards, book=book, report=never).app


def as_described(path):
    """Return how OpenAPI writes a route's path: a parameter without its type."""
    return re.sub(r":\w+\}", "}", path)
