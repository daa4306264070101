"""A small federation for tests: the real core, ledger and gateways over in-process HTTP.

Register and oversight are played by the test through the same signed messages: what they must send
and may see is exactly what their `api` says.
"""

from datetime import UTC, date, datetime
from typing import Any

import httpx2
from litestar import Request, post
from litestar.params import JSONBody

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.door import SignedDoor, lawful, room_app, verified_of
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.group import Point, hash_to_group, invert, multiply, product, random_scalar
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import Locker, PartyKeys, new_master
from kumihimo.kernel.net import Caller, HttpNet
from kumihimo.kernel.refusal import NotAllowed
from kumihimo.kernel.sql import Database
from kumihimo.rooms.gateway.app import build as build_gateway
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.ledger.app import build as build_ledger
from kumihimo.rooms.ledger.context import Ledger
from kumihimo.rooms.ledger.domain.codes import Coded
from kumihimo.rooms.ledger.service import my_records
from kumihimo.rooms.ledger.store import Wanted
from kumihimo.rooms.linkage import api
from kumihimo.rooms.linkage.app import build as build_linkage
from kumihimo.rooms.linkage.app import domain_keys
from kumihimo.rooms.linkage.service import Core
from kumihimo.rooms.oversight.api import (
    ALARM_PATH,
    LEAK_PATH,
    Alarm,
    Entry,
    Kind,
    LeakReported,
    SignedDirectory,
    new_body,
    signed_bytes,
)
from kumihimo.rooms.oversight.client import DirectoryBook
from kumihimo.statute.law import build_list

START = datetime(2026, 6, 1, 0, 0, tzinfo=UTC)
MINATO, OSAKA, NAGOYA = "lg-131032", "lg-271004", "lg-231002"
ALLOWANCE = "b081"
LAYOUT = "local-tax/2024"
INCOME = "local-tax.total-income"


def transport_to(app: Any) -> httpx2.ASGITransport:
    return httpx2.ASGITransport(app)


class Transport(httpx2.AsyncBaseTransport):
    """Carries to rooms in this process; a party in `down` does not answer.

    A party in `losing` does its work once, and its answer gets lost on the way.
    """

    def __init__(self):
        self.apps = {}
        self.down = set()
        self.losing = set()
        self.urls = []

    async def handle_async_request(self, request):
        host = request.url.host
        self.urls.append(str(request.url))
        if host in self.down:
            raise httpx2.ConnectError("down", request=request)
        answer = await self.apps[host].handle_async_request(request)
        if host in self.losing:
            self.losing.discard(host)
            raise httpx2.ReadError("the answer was lost", request=request)
        return answer


class LawNow:
    def __init__(self):
        self._list = build_list()

    def current(self):
        return self._list


class Street:
    def __init__(self):
        self.clock = HandClock(START)
        self.entropy = SystemEntropy()
        self.transport = Transport()
        self.keys = {}
        self.pia = {}
        self.suspended = set()
        self.version = 0
        self.law = LawNow()
        self.secret_a = random_scalar(self.entropy)
        self.bugs = []
        self.alarms = []
        self.leaks = []
        self.gateways = {}
        self.tenants = {}
        self.databases = []

    def party(self, name):
        return self.keys.setdefault(name, PartyKeys(name, new_master(self.entropy)))

    def publish(self):
        kinds: dict[str, Kind] = {
            "linkage": "linkage",
            "ledger": "ledger",
            "register": "register",
            "oversight": "oversight",
            "agency": "agency",
        }
        self.version += 1
        entries = {
            name: Entry(
                party=name,
                kind=kinds.get(name, "institution"),
                standing="suspended" if name in self.suspended else "active",
                keys=keys.public,
                pia_published_on=self.pia.get(name, date(2026, 1, 1)),
            )
            for name, keys in self.keys.items()
        }
        _, body = new_body(self.version, self.clock.now(), entries)
        signature = self.party("oversight").signing.sign(signed_bytes(body))
        self.book.update(SignedDirectory(body, signature))

    async def start(self, new_room):
        for name in ("oversight", "linkage", "ledger", "register", MINATO, OSAKA, NAGOYA):
            self.party(name)
        self.book = DirectoryBook(self.keys["oversight"].public.signing)
        self.publish()
        self.routes = {name: f"http://{name}" for name in self.keys}
        self.net = HttpNet(self.routes, transport=self.transport)
        self.linkage_name, reached = new_room("linkage")
        core = Core(
            database=await self._open(reached),
            keys=self.keys["linkage"],
            domain_keys=domain_keys(self.keys["linkage"]),
            directory=self.book,
            law=self.law,
            clock=self.clock,
            entropy=self.entropy,
        )
        self.linkage = build_linkage(core, book=self.book, net=self.net, report=self._bug)
        self.transport.apps["linkage"] = transport_to(self.linkage.app)
        self.ledger_name, reached = new_room("ledger")
        ledger = Ledger(
            database=await self._open(reached),
            keys=self.keys["ledger"],
            clock=self.clock,
            entropy=self.entropy,
        )
        self.ledger = build_ledger(ledger, book=self.book, net=self.net, report=self._bug)
        self.transport.apps["ledger"] = transport_to(self.ledger.app)
        self.transport.apps["oversight"] = transport_to(self._oversight_app())
        for name in (MINATO, OSAKA, NAGOYA):
            await self._start_gateway(name, new_room)

    async def _open(self, reached):
        database = Database(reached.runtime, pool_max=4)
        await database.open()
        self.databases.append(database)
        return database

    async def _start_gateway(self, name, new_room):
        database_name, reached = new_room("gateway")
        gateway = Gateway(
            database=await self._open(reached),
            book=self.book,
            law=self.law,
            net=self.net,
            clock=self.clock,
            entropy=self.entropy,
        )
        keys = self.keys[name]
        locker = Locker.of(keys.secret("columns"), self.entropy)
        tenant = Tenant(name, keys, locker)
        room = build_gateway(gateway, {name: tenant}, report=self._bug)
        self.gateways[name] = (room, database_name)
        self.tenants[name] = tenant
        self.transport.apps[name] = transport_to(room.app)

    def _bug(self, where, error):
        self.bugs.append((where, error))

    def _oversight_app(self):
        @post(
            ALARM_PATH,
            status_code=200,
            opt=lawful(authority="Number Act art. 35", callers=("ledger",)),
        )
        async def take(request: Request[Any, Any, Any], data: JSONBody[Alarm]) -> api.Received:
            if verified_of(request).sender != "ledger":
                raise NotAllowed
            self.alarms.append(data)
            return api.Received(1)

        @post(
            LEAK_PATH,
            status_code=200,
            opt=lawful(authority="Number Act art. 29-4", callers=("institution",)),
        )
        async def take_leak(
            request: Request[Any, Any, Any], data: JSONBody[LeakReported]
        ) -> api.Received:
            self.leaks.append((verified_of(request).sender, data))
            return api.Received(1)

        door = SignedDoor(
            keys_of=lambda party: self.keys["oversight"] if party == "oversight" else None,
            book=self.book,
            clock=self.clock,
            entropy=self.entropy,
        )
        return room_app("played oversight", [take, take_leak], report=self._bug, door=door)

    async def records_of(self, person_key):
        """Return what a person reads of herself, under the code that the ledger acquired."""
        code, version = await self.acquire("ledger", person_key)
        page = await my_records(self.ledger.ledger, Coded(version, code), Wanted(limit=200))
        return list(page.records)

    async def stop(self):
        await self.net.close()
        for database in self.databases:
            await database.close()

    def caller(self, name):
        return Caller(self.keys[name], self.book, self.net, self.clock, self.entropy)

    async def acquire(self, institution, person_key):
        """Run the real acquisition for one person; the test plays register."""
        acquisition = new_id(self.entropy)
        r = random_scalar(self.entropy)
        point = multiply(product(r, self.secret_a), hash_to_group(person_key, b"test"))
        blinded = api.Blinded(acquisition=acquisition, domain=institution, point=point)
        await self.caller("register").call(
            "linkage", api.BLINDED_PATH, api.BlindedBatch((blinded,)), api.Received
        )
        collected, _ = await self.caller(institution).call(
            "linkage", api.COLLECT_PATH, api.Collect((acquisition,)), api.Collected
        )
        [evaluated] = collected.evaluated
        assert evaluated.state == "ready"
        return multiply(invert(r), Point(evaluated.point)), evaluated.version

    async def deliver(self):
        """Let every outbox send what is due, until nothing moves."""
        for _ in range(4):
            for room, _ in self.gateways.values():
                await room.outbox.run_once()
            await self.linkage.outbox.run_once()
            await self.ledger.outbox.run_once()
