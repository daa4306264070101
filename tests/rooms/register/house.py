"""A register with its database behind its signed door, offices that call it, and a core.

The core here is a fake with behaviour: it takes only what register signed, only points of the
group, keeps the first point of an acquisition number, and evaluates it with its own key.
"""

from datetime import UTC, datetime
from typing import Any

import httpx2
import msgspec
from litestar import Request, post
from litestar.params import JSONBody

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.door import SignedDoor, lawful, room_app, verified_of
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.group import Point, invert, multiply, parse_point, parse_scalar, random_scalar
from kumihimo.kernel.keys import PartyKeys, new_master, open_payload, seal_payload
from kumihimo.kernel.net import Caller, HttpNet
from kumihimo.kernel.refusal import NotAllowed
from kumihimo.kernel.sql import Database
from kumihimo.kernel.tlog.leaf import LEAVES_PATH, Logged, Submitted, split
from kumihimo.people.check_digits import NumberSpace
from kumihimo.rooms.linkage import api as linkage
from kumihimo.rooms.oversight.api import Entry, SignedDirectory, new_body, signed_bytes
from kumihimo.rooms.oversight.client import DirectoryBook
from kumihimo.rooms.register import api
from kumihimo.rooms.register.app import build
from kumihimo.rooms.register.context import Register
from kumihimo.rooms.register.domain.quota import Limits
from kumihimo.statute.law import affairs
from tests.rooms.register.made import MINATO, OSAKA

START = datetime(2026, 6, 1, 1, tzinfo=UTC)
KINDS = {name: name for name in ("linkage", "ledger", "register", "cards", "jpki")}


class House:
    def __init__(self):
        self.clock = HandClock(START)
        self.entropy = SystemEntropy()
        self.keys = {}
        self.suspended = set()
        self.version = 0
        self.bugs = []
        self.apps = {}
        self.down = set()
        self.in_log = []
        self.blinded = {}
        self.core_key = random_scalar(self.entropy)
        self.limits = Limits(per_minute=3_000, per_day=100_000)
        self.acquisition_limits = Limits(per_minute=3_000, per_day=100_000)
        self.comparison_limits = Limits(per_minute=3_000, per_day=100_000)

    async def handle_async_request(self, request):
        if request.url.host in self.down:
            raise httpx2.ConnectError("down", request=request)
        transport = httpx2.ASGITransport(self.apps[request.url.host])
        return await transport.handle_async_request(request)

    async def aclose(self):
        return None

    def publish(self):
        self.version += 1
        entries = {
            name: Entry(
                party=name,
                kind=KINDS.get(name, "institution"),  # pyright: ignore[reportArgumentType]
                standing="suspended" if name in self.suspended else "active",
                keys=keys.public,
            )
            for name, keys in self.keys.items()
        }
        _, body = new_body(self.version, self.clock.now(), entries)
        signature = self.oversight.signing.sign(signed_bytes(body))
        self.book.update(SignedDirectory(body, signature))

    async def start(self, new_room):
        self.oversight = PartyKeys("oversight", new_master(self.entropy))
        for name in ("linkage", "ledger", "register", MINATO, OSAKA):
            self.keys[name] = PartyKeys(name, new_master(self.entropy))
        self.book = DirectoryBook(self.oversight.public.signing)
        self.publish()
        self.name, reached = new_room("register")
        self.dsn, self.owner = reached.runtime, reached.owner
        self.database = Database(reached.runtime, pool_max=4)
        await self.database.open()
        transport: Any = self
        self.net = HttpNet({name: f"http://{name}" for name in self.keys}, transport=transport)
        self.build()
        self.apps["linkage"] = self._core()
        self.apps["ledger"] = self._ledger()

    def build(self):
        """Put register together anew, as after a restart or with other limits."""
        self.register = Register.of(
            database=self.database,
            keys=self.keys["register"],
            directory=self.book,
            clock=self.clock,
            entropy=self.entropy,
            space=NumberSpace.TEST,
            limits=self.limits,
            acquisition_limits=self.acquisition_limits,
            comparison_limits=self.comparison_limits,
            affairs=frozenset(affair.affair for affair in affairs()),
        )
        self.room = build(self.register, book=self.book, net=self.net, report=self._bug)
        self.apps["register"] = self.room.app

    def _bug(self, where, error):
        self.bugs.append((where, error))

    def _core(self):
        @post(
            linkage.BLINDED_PATH,
            status_code=200,
            opt=lawful(authority="Number Act art. 21-2(2)", callers=("register",)),
        )
        async def take(
            request: Request[Any, Any, Any], data: JSONBody[linkage.BlindedBatch]
        ) -> linkage.Received:
            if verified_of(request).sender != "register":
                raise NotAllowed
            new = 0
            for blinded in data.blinded:
                point = parse_point(blinded.point)
                new += blinded.acquisition not in self.blinded
                self.blinded.setdefault(blinded.acquisition, (blinded.domain, point))
            return linkage.Received(new)

        return room_app("fake core", [take], report=self._bug, door=self._door("linkage"))

    def _ledger(self):
        """Take leaves as the ledger's log does: once under an id, and for good."""
        known = {}

        @post(
            LEAVES_PATH,
            status_code=200,
            opt=lawful(authority="Number Act art. 23(3), 33", callers=("register",)),
        )
        async def take_leaves(request: Request[Any, Any, Any], data: JSONBody[Submitted]) -> Logged:
            assert verified_of(request).sender == "register"
            for one in data.submissions:
                if one.submission not in known:
                    known[one.submission] = len(self.in_log)
                    self.in_log += split(one.leaves)
            return Logged(tuple(known[one.submission] for one in data.submissions))

        return room_app("fake log", [take_leaves], report=self._bug, door=self._door("ledger"))

    def _door(self, name):
        return SignedDoor(
            keys_of=lambda party: self.keys[name] if party == name else None,
            book=self.book,
            clock=self.clock,
            entropy=self.entropy,
        )

    async def stop(self):
        await self.net.close()
        await self.database.close()

    def caller(self, office):
        return Caller(self.keys[office], self.book, self.net, self.clock, self.entropy)

    def sealed(self, question, path):
        payload = msgspec.json.encode(question)
        to = self.keys["register"].public.payload
        return api.Sealed(seal_payload(payload, to=to, context=path.encode()))

    async def ask(self, office, path, question, reply) -> Any:
        """Ask register through its door; opens a sealed answer."""
        sealed_reply = reply not in {api.EventsTaken, api.DisclosureTicket}
        answer: Any
        answer, _ = await self.caller(office).call(
            "register",
            path,
            self.sealed(question, path),
            api.Sealed if sealed_reply else reply,
        )
        if not sealed_reply:
            return answer
        key = self.keys[office].payload
        opened = open_payload(answer.payload, key=key, context=path.encode())
        return msgspec.json.decode(opened, type=reply)

    async def tell(self, *events, office=MINATO):
        batch = api.EventBatch(events)
        return (await self.ask(office, api.EVENTS_PATH, batch, api.EventsTaken)).new

    async def designate(self, *codes, office=MINATO):
        asked = api.Designate(codes)
        given = await self.ask(office, api.DESIGNATE_PATH, asked, api.Designations)
        return [one.number for one in given.designated]

    async def inquire(self, *inquiries, office=OSAKA):
        batch = api.StrictBatch(inquiries)
        return (await self.ask(office, api.STRICT_PATH, batch, api.StrictAnswers)).answers

    async def acquire(self, *pairs, office=OSAKA):
        batch = api.AcquireBatch(
            acquisitions=tuple(api.Acquire(acquisition=t, number=n) for t, n in pairs)
        )
        return (await self.ask(office, api.ACQUIRE_PATH, batch, api.Tickets)).tickets

    def code(self, ticket):
        """Finish an acquisition as the domain does: C = r⁻¹ · b · X."""
        _, point = self.blinded[ticket.acquisition]
        evaluated = multiply(self.core_key, Point(point))
        return multiply(invert(parse_scalar(ticket.blinding)), evaluated)
