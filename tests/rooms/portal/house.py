"""A portal with its database, people with cards, and their browsers beside a card reader.

Who says whose card signed is a fake with behaviour: it checks the signature with the certificate's
key, knows each card's holder over renewals, and believes no certificate that was stopped.
"""

import asyncio
import hashlib
from datetime import UTC, datetime
from functools import cache
from typing import Any

import attrs
import httpx2
import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kumihimo.card.applications import AUTH_CERTIFICATE, JPKI
from kumihimo.card.carriers import CARRIERS
from kumihimo.card.chip import Chip
from kumihimo.card.memory import Volatile, slot
from kumihimo.kernel.clock import HandClock, SystemClock
from kumihimo.kernel.entropy import SeededEntropy, SystemEntropy
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import Locker, PartyKeys, seal_payload
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.sql import Database
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.portal.app import build
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.helper.app import Helper
from kumihimo.rooms.portal.helper.portals import Portals
from kumihimo.rooms.portal.helper.tray import Tray
from kumihimo.rooms.portal.identity import Identified
from kumihimo.rooms.portal.ledger_door import LedgerDoor
from kumihimo.rooms.register.api import DISCLOSE_PATH, READ_AGAIN_PATH, AboutMe
from kumihimo.run.trial_card import trial_card
from tests.rooms.cards.forms import form_of
from tests.rooms.portal.ledger import Ledger, ticket_of

PORTAL, HELPER = "http://portal", "http://127.0.0.1:8499"
PIN = "1234"


@cache
def drawn(n):
    """Return the contents of the n-th trial card; its keys are drawn once."""
    assert n >= 0, "each n is another card"
    return trial_card(CARRIERS["card"], clock=SystemClock(), entropy=SystemEntropy())


@attrs.frozen
class Card:
    """One card, and what stands on it."""

    contents: Any

    def chip(self):
        return Chip(CARRIERS["card"], Volatile(dict(self.contents)), entropy=SystemEntropy())

    @property
    def certificate(self):
        return self.contents[slot(JPKI.name, AUTH_CERTIFICATE)]


def card(n):
    return Card(drawn(n))


class Holders:
    """Whose card signed. `user` is what jpki would call the holder here."""

    def __init__(self):
        self.users = {}
        self.stopped = set()
        self.asked = []
        self.checks, self.offices, self.tickets = {}, {}, 0
        self.seal_to = b""
        self.handles, self.read_again = (
            {},
            0,
        )  # each handle is good once: the next comes with its answer
        # Certificates by the portal's name of them: what is over, what took whose place.
        self.over, self.newer, self.looked_at = set(), {}, []
        self.silent = False

    def hold(self, card, user):
        self.users[_key(card.certificate)] = user

    async def identify(self, *, certificate, text, signature):
        self.asked.append(text)
        try:
            public: Any = x509.load_der_x509_certificate(certificate).public_key()
            public.verify(signature, text, PKCS1v15(), SHA256())
        except (ValueError, TypeError, InvalidSignature):
            return None
        key = _key(certificate)
        if key not in self.users or key in self.stopped:
            return None
        name = hashlib.sha256(certificate).hexdigest()[:22]
        verification = new_id(SystemEntropy())
        self.checks[verification] = self.users[key]
        return Identified(user=self.users[key], certificate=name, verification=verification)

    async def is_good(self, certificate):
        if self.silent:
            raise Unavailable("jpki is silent")
        self.looked_at.append(certificate)
        return certificate not in self.over

    async def newest(self, certificate):
        return self.newer.get(certificate, certificate)

    async def disclosure(self, verification):
        if verification not in self.checks:
            return None
        person = self.checks.pop(verification)
        self.tickets += 1
        sealed = self._told(person, DISCLOSE_PATH)
        return msgspec.structs.replace(ticket_of(person, self.tickets), inquiries=sealed)

    async def inquiries(self, handle):
        self.read_again += 1
        if self.silent:
            raise Unavailable("jpki is silent")
        person = self.handles.pop(handle, None)
        return None if person is None else self._told(person, READ_AGAIN_PATH)

    def _told(self, person, path):
        handle = SystemEntropy().bytes(16)
        self.handles[handle] = person
        told = AboutMe(self.offices.get(person, ()), handle)
        content = msgspec.json.encode(told)
        return seal_payload(content, to=self.seal_to, context=path.encode())


def _key(certificate):
    public = x509.load_der_x509_certificate(certificate).public_key()
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class Person:
    """A browser without script beside a reader. `cross`: helper and portal are two sites to it."""

    def __init__(self, house, *, cross=False, shared=False):
        self.house, self.cross = house, cross
        self.tray = Tray({"Hanako": card(0).chip(), "Taro": card(1).chip()})
        portals = Portals([PORTAL], transport=house.transport)
        self.helper = Helper(
            reader=self.tray,
            portals=portals,
            entropy=house.entropy,
            report=house._bug,
            shared=shared,
            tray=self.tray,
        )
        app: Any = self.helper.application()
        helper = httpx2.ASGITransport(app)
        self.http = httpx2.AsyncClient(transport=house.transport, base_url=PORTAL)
        self.beside = httpx2.AsyncClient(transport=helper, base_url=HELPER)
        self.page, self.at, self.status = "", "", 0
        self.pin = PIN

    async def open(self, path):
        return await self._see(await self.http.get(path))

    async def send(self, path, fields=None, **more):
        data = form_of(self.page, path).filled((fields or {}) | more)
        return await self.post(path, data)

    async def post(self, path, data, *, strange=False):
        """Send a form; `strange` as from another site: without the cookies."""
        kept = dict(self.http.cookies)
        if strange:
            self.http.cookies.clear()
        answer = await self.http.post(path, data=data)
        if strange:
            for name, value in kept.items():
                self.http.cookies.set(name, value)
        return await self._see(answer)

    async def sign(self, pin=""):
        """Type the PIN at the helper, and go back to the portal with what the card signed."""
        await self.send_helper("/sign", pin=pin or self.pin)
        action = f"{PORTAL}/card/answers"
        if action in self.page:
            data = form_of(self.page, action).values
            await self.post("/card/answers", data, strange=self.cross)

    async def send_helper(self, path, **fields):
        data = form_of(self.page, path).filled(fields)
        return await self._see(await self.beside.post(path, data=data))

    async def begin(self, who="Hanako"):
        """Ask to come in with a card in the reader beside."""
        self.tray.put_in(who)
        await self.open("/sign-in")
        await self.send("/sign-in/card")

    async def log_in(self, who="Hanako", pin=""):
        await self.begin(who)
        await self.sign(pin)
        if self.cross and 'action="/sign-in/finish"' in self.page:
            await self.send("/sign-in/finish")

    @property
    def signed_in(self):
        return self.at == "/" and self.status == 200

    async def _see(self, answer):
        while answer.status_code == 303:
            target = answer.headers["location"]
            beside = target.startswith(HELPER)
            answer = await (self.beside if beside else self.http).get(target)
        self.page, self.status = answer.text, answer.status_code
        self.at = answer.request.url.path
        self.answer = answer
        return answer

    async def close(self):
        if self.helper.watch is not None:
            self.helper.watch.stop()
        await self.http.aclose()
        await self.beside.aclose()


class House:
    def __init__(self, *, origin=PORTAL, helper=HELPER, clock=None):
        self.mailer: Any = None
        self.origin, self.helper = origin, helper
        self.clock = clock or HandClock(datetime(2026, 6, 1, 3, tzinfo=UTC))
        self.entropy = SeededEntropy("portal")
        self.holders = Holders()
        self.ledger = Ledger(self.clock)
        self.bugs = []
        self.people = []
        self.holders.hold(card(0), "hanako")
        self.holders.hold(card(1), "taro")

    async def start(self, new_room):
        self.name, self.reached = new_room("portal")
        self.database = Database(self.reached.runtime, pool_max=4)
        await self.database.open()
        keys = PartyKeys("portal", Withheld(b"m" * 32))
        self.holders.seal_to = keys.public.payload
        self.portal = Portal(
            database=self.database,
            keys=keys,
            locker=Locker.of(keys.secret("columns"), self.entropy),
            identity=self.holders,
            ledger=LedgerDoor("http://ledger", transport=self.ledger),
            origin=self.origin,
            clock=self.clock,
            entropy=self.entropy,
            mailer=self.mailer,
        )
        self.room = build(self.portal, report=self._bug, helper=self.helper)
        app: Any = self.room.app
        self.transport = httpx2.ASGITransport(app)

    async def stop(self):
        for person in self.people:
            await person.close()
        await self.database.close()

    def _bug(self, where, error):
        self.bugs.append((where, error))
        raise AssertionError(where) from error

    async def breathe(self):
        """Let what runs beside go on for a moment."""
        await asyncio.sleep(0.05)

    def person(self, **how):
        self.people.append(Person(self, **how))
        return self.people[-1]

    async def rows(self, query, *params):
        async with self.database.transaction() as tx:
            cursor = await tx.connection.execute(query, params)
            return await cursor.fetchall()

    async def value(self, query, *params):
        [[found]] = await self.rows(query, *params)
        return found
