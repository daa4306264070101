"""A jpki with its database and its authorities behind its door, and parties that call it."""

from datetime import UTC, datetime
from typing import Any

import httpx2

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import PartyKeys, new_master
from kumihimo.kernel.net import Caller, HttpNet
from kumihimo.kernel.sql import Database
from kumihimo.rooms.jpki.app import build
from kumihimo.rooms.jpki.authorities import CAS, found_generation
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.keystore import MemoryKeys
from kumihimo.rooms.oversight.api import Entry, SignedDirectory, new_body, signed_bytes
from kumihimo.rooms.oversight.client import DirectoryBook

START = datetime(2026, 6, 1, 1, tzinfo=UTC)
MINATO = "131032"


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
                kind=name if name in {"jpki", "register"} else "institution",
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
        for name in ("jpki", "register", "cards", "lg-131032"):
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
        self.room = build(self.jpki, book=self.book, report=self._bug)
        self.apps["jpki"] = self.room.app

    def _bug(self, where, error):
        self.bugs.append((where, error))

    async def stop(self):
        await self.net.close()
        await self.database.close()

    def caller(self, party):
        return Caller(self.keys[party], self.book, self.net, self.clock, self.entropy)
