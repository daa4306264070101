"""A ledger with its database behind its doors, a core that delivers to it, and people who read.

The core here is a fake with behaviour: it evaluates with a key of its own that it can change, says
which key version it sealed under, and gives each acquisition number only to the ledger.
"""

from datetime import UTC, datetime
from typing import Any, Literal

import httpx2
import msgspec
from litestar import Request, post
from litestar.params import JSONBody

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.door import SignedDoor, lawful, room_app, verified_of
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.group import Point, hash_to_group, multiply, quotient, random_scalar
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import PartyKeys, new_master, seal_payload
from kumihimo.kernel.message import key_id_of
from kumihimo.kernel.net import Caller, HttpNet
from kumihimo.kernel.seal import seal
from kumihimo.kernel.sql import Database
from kumihimo.kernel.tlog.leaf import LEAVES_PATH, Logged, Submission, Submitted
from kumihimo.rooms.ledger import api
from kumihimo.rooms.ledger.app import build
from kumihimo.rooms.ledger.context import Ledger
from kumihimo.rooms.ledger.domain.codes import Coded
from kumihimo.rooms.linkage import api as linkage
from kumihimo.rooms.oversight.api import Entry, SignedDirectory, new_body, signed_bytes
from kumihimo.rooms.oversight.client import DirectoryBook
from kumihimo.rooms.register import api as register

START = datetime(2026, 6, 1, 1, tzinfo=UTC)
MINATO, OSAKA = "lg-131032", "lg-271004"
DESK = "lg-131032-desk"
KINDS = {name: name for name in ("linkage", "ledger", "register", "portal")} | {DESK: "desk"}

Asked = Request[Any, Any, Any]
Side = Literal["requester", "provider"]


def transport_to(app: Any) -> httpx2.ASGITransport:
    return httpx2.ASGITransport(app)


class FakeCore:
    """Key versions, acquisitions and the change of key, as the ledger meets them."""

    def __init__(self, house):
        self.house = house
        self.version = 1
        self.rotating = 0
        self.secrets = {1: random_scalar(house.entropy)}
        self.points = {}
        self.expired = set()
        self.asked = []

    def app(self):
        law = lawful(authority="Number Act art. 21(1)", callers=("ledger",))

        @post(linkage.COLLECT_PATH, status_code=200, opt=law)
        async def collect(data: JSONBody[linkage.Collect]) -> linkage.Collected:
            return linkage.Collected(tuple(self._evaluate(one) for one in data.acquisitions))

        @post(linkage.ROTATE_PATH, status_code=200, opt=law)
        async def rotate(request: Asked, data: JSONBody[linkage.Nothing]) -> linkage.Rotation:
            assert verified_of(request).sender == "ledger"
            self.asked.append(linkage.ROTATE_PATH)
            self.rotating = self.version + 1
            self.secrets.setdefault(self.rotating, random_scalar(self.house.entropy))
            scalar = quotient(self.secrets[self.rotating], self.secrets[self.version])
            to = self.house.keys["ledger"].public.payload
            sealed = seal_payload(scalar.reveal(), to=to, context=linkage.ROTATION_CONTEXT)
            return linkage.Rotation(old=self.version, new=self.rotating, sealed_scalar=sealed)

        @post(linkage.ROTATED_PATH, status_code=200, opt=law)
        async def rotated(data: JSONBody[linkage.Rotated]) -> linkage.Received:
            self.asked.append(linkage.ROTATED_PATH)
            new = data.version == self.rotating
            if new:
                self.version, self.rotating = self.rotating, 0
            return linkage.Received(int(new))

        return room_app(
            "fake core",
            [collect, rotate, rotated],
            report=self.house.bug,
            door=self.house.door("linkage"),
        )

    def _evaluate(self, acquisition):
        if acquisition in self.expired:
            return linkage.Evaluated(acquisition=acquisition, state="expired")
        point = self.points.get(acquisition)
        if point is None:
            return linkage.Evaluated(acquisition=acquisition, state="waiting")
        evaluated = multiply(self.secrets[self.version], point)
        return linkage.Evaluated(
            acquisition=acquisition, state="ready", point=evaluated, version=self.version
        )


class House:
    def __init__(self):
        self.clock = HandClock(START)
        self.entropy = SystemEntropy()
        self.bugs = []
        self.apps = {}
        self.down = set()
        self.losing = set()
        self.submissions = {}

    async def handle_async_request(self, request):
        path = request.url.path
        if request.url.host in self.down:
            raise httpx2.ConnectError("down", request=request)
        answer = await self.apps[request.url.host].handle_async_request(request)
        if path in self.losing:
            self.losing.discard(path)
            raise httpx2.ReadError("the answer was lost", request=request)
        return answer

    async def aclose(self):
        return None

    async def start(self, new_room):
        names = ("oversight", "linkage", "ledger", "register", "portal", DESK, MINATO, OSAKA)
        self.keys = {name: PartyKeys(name, new_master(self.entropy)) for name in names}
        self.book = DirectoryBook(self.keys["oversight"].public.signing)
        entries = {
            name: Entry(
                party=name,
                kind=KINDS.get(name, "institution"),  # pyright: ignore[reportArgumentType]
                standing="active",
                keys=keys.public,
            )
            for name, keys in self.keys.items()
        }
        _, body = new_body(1, START, entries)
        signature = self.keys["oversight"].signing.sign(signed_bytes(body))
        self.book.update(SignedDirectory(body, signature))
        self.name, reached = new_room("ledger")
        self.owner = reached.owner
        self.database = Database(reached.runtime, pool_max=6)
        await self.database.open()
        transport: Any = self
        self.net = HttpNet({name: f"http://{name}" for name in names}, transport=transport)
        self.ledger = Ledger(
            database=self.database,
            keys=self.keys["ledger"],
            clock=self.clock,
            entropy=self.entropy,
        )
        self.room = build(self.ledger, book=self.book, net=self.net, report=self.bug)
        self.core = FakeCore(self)
        self.apps = {
            "ledger": transport_to(self.room.app),
            "linkage": transport_to(self.core.app()),
        }

    async def stop(self):
        await self.net.close()
        await self.database.close()

    def bug(self, where, error):
        self.bugs.append((where, error))

    def door(self, party):
        return SignedDoor(
            keys_of=lambda name: self.keys[party] if name == party else None,
            book=self.book,
            clock=self.clock,
            entropy=self.entropy,
        )

    def caller(self, party):
        return Caller(self.keys[party], self.book, self.net, self.clock, self.entropy)

    # What the core delivers

    def coded(self, person, version=None):
        """Return the ledger's code of a person, as only the core and register together could."""
        version = version or self.core.version
        point = hash_to_group(person.encode(), b"test")
        return Coded(version, multiply(self.core.secrets[version], point))

    def sealed(self, person, version=None, to="ledger"):
        key = Point(self.keys[to].public.receiving)
        return seal(self.coded(person, version).code, to=key, entropy=self.entropy)

    def record(self, person, *, version=None, **changes):
        record = linkage.Record(
            record=new_id(self.entropy),
            permit=new_id(self.entropy),
            requester=MINATO,
            provider=OSAKA,
            affair="b081",
            items=("local-tax.total-income",),
            basis=("Number Act, 別表 81",),
            list_version="1",
            outcome="OK",
            requested_at=self.clock.now(),
            person=self.sealed(person, version),
            hidden=False,
            salt=self.entropy.bytes(16),
        )
        return msgspec.structs.replace(record, **changes)

    def end(self, record, person="", *, version=None, side: Side = "provider", **changes):
        end = linkage.EndRecord(
            permit=record.permit,
            side=side,
            outcome="OK",
            at=self.clock.now(),
            person=self.sealed(person, version) if person else b"",
            hidden=False,
        )
        return msgspec.structs.replace(end, **changes)

    async def deliver(self, *records, ends=(), version=None, sender="linkage", **changes):
        """Deliver as the core does: the leaves of records first, and the same ones every time."""
        sent = await self.logged(*records) if records else ()
        delivered = linkage.RecordsDelivered(
            records=records,
            ends=tuple(ends),
            version=version or self.core.version,
            submissions=sent,
        )
        delivered = msgspec.structs.replace(delivered, **changes)
        answer, _ = await self.caller(sender).call(
            "ledger", linkage.RECORDS_PATH, delivered, linkage.Received
        )
        return answer.new

    async def logged(self, *records):
        """Put the leaves of records into the log; returns what a delivery says of that."""
        known = tuple(record.record for record in records)
        name = self.submissions.setdefault(known, new_id(self.entropy))
        if all(len(record.salt) == 16 for record in records) and "log" not in self.down:
            leaves = b"".join(record.leaf() for record in records)
            await self.submit(Submission(name, leaves, "record"))
        return (linkage.Sent(name, len(records)),)

    async def submit(self, *submissions, sender="linkage"):
        answer, _ = await self.caller(sender).call(
            "ledger", LEAVES_PATH, Submitted(submissions), Logged
        )
        return list(answer.firsts)

    async def exchanged(self, *records):
        """Deliver records with the ends of their providers, who saw nobody to compare."""
        return await self.deliver(*records, ends=[self.end(one) for one in records])

    async def alarms(self):
        """Return the (kind, permit) of every alarm on its way to oversight."""
        async with self.database.transaction() as tx:
            found = await tx.connection.execute("SELECT body FROM outbox ORDER BY message")
            bodies = [msgspec.json.decode(body) for (body,) in await found.fetchall()]
        return [(body["kind"], body["permit"]) for body in bodies]

    async def blocked(self, task):
        """Wait until a task of this ledger waits for a lock; fails when it ends without."""
        waits = False
        while not waits:
            assert not task.done(), "it waited for nobody"
            async with self.database.transaction() as tx:
                waits = await tx.value("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted")

    # People

    def ticket(self, person, *, blind=None, **changes):
        """Return a ticket as register seals it, with the core's half in place."""
        acquisition, r = new_id(self.entropy), random_scalar(self.entropy)
        self.core.points[acquisition] = multiply(r, hash_to_group(person.encode(), b"test"))
        ticket = register.Ticket(
            acquisition=acquisition, state="begun", blinding=(blind or r).reveal()
        )
        signer = self.keys["register"]
        ticket = msgspec.structs.replace(
            ticket,
            key_id=key_id_of("register", signer.public.signing),
            signature=signer.signing.sign(register.ticket_signed_bytes(ticket)),
        )
        ticket = msgspec.structs.replace(ticket, **changes)
        return api.OpenSession(acquisition=acquisition, sealed=self.seal_ticket(ticket))

    def seal_ticket(self, ticket, *, to="ledger", path=register.TICKET_PATH):
        key = self.keys[to].public.payload
        return seal_payload(msgspec.json.encode(ticket), to=key, context=path.encode())

    async def http(self, method, path, *, token="", params=None, content=None):
        transport = transport_to(self.room.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://ledger") as client:
            return await client.request(
                method,
                path,
                params=params,
                content=content,
                headers={"authorization": f"Bearer {token}"} if token else {},
            )

    async def open(self, opening):
        return await self.http("POST", api.SESSIONS_PATH, content=msgspec.json.encode(opening))

    async def enter(self, person):
        answer = await self.open(self.ticket(person))
        assert answer.status_code == 200, answer.text
        return answer.json()["token"]

    async def page(self, token, **params):
        answer = await self.http("GET", api.MY_RECORDS_PATH, token=token, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def read(self, token, **params):
        """Return the ids of every record that a session shows, page by page."""
        found, cursor = [], ""
        while True:
            page = await self.page(token, **params, **({"cursor": cursor} if cursor else {}))
            found += [one["record"] for one in page["records"]]
            cursor = page["next"]
            if not cursor:
                return found
