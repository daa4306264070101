"""A jpki with its database and its authorities behind its door, and parties that call it."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import msgspec
from cryptography import x509

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import PartyKeys, new_master, open_payload, seal_payload
from kumihimo.kernel.net import Caller, HttpNet
from kumihimo.kernel.sql import Database
from kumihimo.rooms.jpki import api, store_lists
from kumihimo.rooms.jpki import store_certificates as certificates
from kumihimo.rooms.jpki.app import build
from kumihimo.rooms.jpki.authorities import CAS, authorities, found_generation
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.keystore import MemoryKeys
from kumihimo.rooms.jpki.lists import publish_due
from kumihimo.rooms.oversight.api import Entry, SignedDirectory, new_body, signed_bytes
from kumihimo.rooms.oversight.client import DirectoryBook
from kumihimo.rooms.register import api as register
from tests.rooms.jpki.made import order

START = datetime(2026, 6, 1, 1, tzinfo=UTC)
MINATO = "131032"
KINDS = {"jpki", "register", "cards"}


class House:
    def __init__(self):
        self.clock = HandClock(START)
        self.entropy = SystemEntropy()
        self.keys = {}
        self.bugs = []
        self.apps = {}
        self.version = 0
        self.store = MemoryKeys()

    async def handle_async_request(self, request):
        transport = httpx2.ASGITransport(self.apps[request.url.host])
        return await transport.handle_async_request(request)

    async def aclose(self):
        return None

    def publish(self):
        self.version += 1
        entries = {
            name: Entry(
                party=name,
                kind=name if name in KINDS else "institution",
                standing="active",
                keys=keys.public,
            )
            for name, keys in self.keys.items()
        }
        _, body = new_body(self.version, self.clock.now(), entries)
        signature = self.oversight.signing.sign(signed_bytes(body))
        self.book.update(SignedDirectory(body, signature))

    async def start(self, new_room, *, founded=True):
        self.oversight = PartyKeys("oversight", new_master(self.entropy))
        for name in ("jpki", "register", "cards", "ledger", "lg-131032"):
            self.keys[name] = PartyKeys(name, new_master(self.entropy))
        self.book = DirectoryBook(self.oversight.public.signing)
        self.publish()
        self.name, reached = new_room("jpki")
        self.database = Database(reached.runtime, pool_max=4)
        await self.database.open()
        transport: Any = self
        self.net = HttpNet({name: f"http://{name}" for name in self.keys}, transport=transport)
        self.build()
        if founded:
            for ca in CAS:
                await found_generation(self.jpki, ca, named="present", actor="test")

    def build(self):
        """Put jpki together anew, as after a restart."""
        self.jpki = Jpki(
            database=self.database,
            keys=self.keys["jpki"],
            key_store=self.store,
            directory=self.book,
            clock=self.clock,
            entropy=self.entropy,
            ocsp_url="http://127.0.0.1:8406/ocsp",
        )
        self.room = build(self.jpki, book=self.book, net=self.net, report=self._bug)
        self.apps["jpki"] = self.room.app

    def _bug(self, where, error):
        self.bugs.append((where, error))

    async def stop(self):
        await self.net.close()
        await self.database.close()

    def caller(self, party):
        return Caller(self.keys[party], self.book, self.net, self.clock, self.entropy)

    def sealed(self, question, path):
        payload = msgspec.json.encode(question)
        to = self.keys["jpki"].public.payload
        return register.Sealed(seal_payload(payload, to=to, context=path.encode()))

    async def issue(self, *orders, party="cards"):
        """Order certificates through the door; returns what became of each."""
        sealed = self.sealed(api.IssueCertificates(orders), api.ISSUE_PATH)
        answer, _ = await self.caller(party).call("jpki", api.ISSUE_PATH, sealed, register.Sealed)
        key = self.keys[party].payload
        opened = open_payload(answer.payload, key=key, context=api.ISSUE_PATH.encode())
        return msgspec.json.decode(opened, type=api.Issued).issued

    async def card(self, **changes):
        """Order both certificates of a card; returns the order and the certificates."""
        wanted = order(**changes)
        [issued] = await self.issue(wanted)
        assert issued.refusal == "", (issued.refusal, issued.detail)
        return wanted, issued

    async def happen(self, kind, wanted, *, only=None, event=None, party="cards"):
        batch = api.StatusEvents(
            (
                api.StatusEvent(
                    event=event or new_id(self.entropy), kind=kind, order=wanted.order, only=only
                ),
            )
        )
        path = api.STATUS_EVENTS_PATH
        answer, _ = await self.caller(party).call("jpki", path, batch, api.StatusChanged)
        return answer.changed

    async def changed(self, *changes, party="register"):
        path = register.RESIDENTS_CHANGED_PATH
        batch = register.ResidentsChanged(changes)
        answer, _ = await self.caller(party).call("jpki", path, batch, register.EventsTaken)
        return answer.new

    async def statuses(self, wanted):
        """Return status and reason of each certificate of an order."""
        async with self.database.transaction() as tx:
            found = await certificates.of_order(tx, wanted.order)
        return {row.ca: (row.status, row.reason) for row in found}

    async def publish_lists(self):
        while await publish_due(self.jpki):
            pass

    async def crl(self, ca, *, part="", generation=1):
        await self.publish_lists()
        async with self.database.transaction() as tx:
            row = await store_lists.latest(tx, ca, generation, part)
        return None if row is None else x509.load_der_x509_crl(bytes(row.der))

    async def root(self, ca, generation=1):
        found = (await authorities(self.jpki)).authorities
        [der] = [a.certificate for a in found if (a.ca, a.generation) == (ca, generation)]
        return x509.load_der_x509_certificate(der)
