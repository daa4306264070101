"""The street: every room of a federation in one process, each with its own database and keys.

The rooms talk through the same signed messages as over the network; only the carrier is swapped
for one inside the process. It proves logic, not speed: a service runs rooms as processes.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from time import monotonic
from typing import Final

import attrs
import httpx2
from litestar import Litestar
from typing_extensions import override

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.door import Reporter
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import Locker, PartyKeys, new_master
from kumihimo.kernel.net import Caller, HttpNet
from kumihimo.kernel.outbox import Outbox
from kumihimo.kernel.postgres import EmbeddedPostgres
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.sql import Database
from kumihimo.kernel.vouching import Voucher
from kumihimo.people.check_digits import NumberSpace
from kumihimo.rooms.cards.app import CardsRoom
from kumihimo.rooms.cards.app import build as build_cards
from kumihimo.rooms.cards.context import Cards
from kumihimo.rooms.cards.issuing import Issuing, LaterIssuing
from kumihimo.rooms.cards.jpki_certifier import JpkiCertifier
from kumihimo.rooms.cards.tray import MemoryTray
from kumihimo.rooms.gateway import acquire, store_persons
from kumihimo.rooms.gateway.app import GatewayRoom
from kumihimo.rooms.gateway.app import build as build_gateway
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.domain.chip import TextAuthority
from kumihimo.rooms.jpki.app import JpkiRoom
from kumihimo.rooms.jpki.app import build as build_jpki
from kumihimo.rooms.jpki.authorities import CAS, found_generation
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.keystore import MemoryKeys
from kumihimo.rooms.ledger.app import LedgerRoom
from kumihimo.rooms.ledger.app import build as build_ledger
from kumihimo.rooms.ledger.service import Ledger
from kumihimo.rooms.linkage.app import LinkageRoom, domain_keys
from kumihimo.rooms.linkage.app import build as build_linkage
from kumihimo.rooms.linkage.service import Core
from kumihimo.rooms.oversight.api import SignedDirectory
from kumihimo.rooms.oversight.app import build as build_oversight
from kumihimo.rooms.oversight.client import DirectoryBook
from kumihimo.rooms.oversight.service import OPERATOR, Oversight, found
from kumihimo.rooms.register.app import RegisterRoom
from kumihimo.rooms.register.app import build as build_register
from kumihimo.rooms.register.context import Register
from kumihimo.rooms.register.domain.quota import Limits
from kumihimo.run.law_in_force import ListInForce
from kumihimo.run.plan import CENTRE, Plan, entries_of
from kumihimo.statute.law import affairs, build_list

_CONNECTIONS: Final = 4  # per room: twelve rooms share one server
ACQUIRED_WITHIN_S: Final = 30.0  # a bound for a machine that is busy, not a wait
ACQUIRING_PAUSE_S: Final = 0.1


class InProcess(httpx2.AsyncBaseTransport):
    """Carries a request to the room that speaks for the party, in this process."""

    def __init__(self) -> None:
        self.apps: dict[str, httpx2.ASGITransport] = {}

    def connect(self, party: str, app: Litestar) -> None:
        """Let a party be reached at an application."""
        self.apps[party] = httpx2.ASGITransport(app)  # pyright: ignore[reportArgumentType]

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        room = self.apps.get(request.url.host)
        if room is None:
            raise httpx2.ConnectError("nobody there", request=request)
        return await room.handle_async_request(request)


@attrs.frozen
class CardText:
    """What checks a card's text in this street: the key of those who make its cards."""

    issuing: Issuing

    def current(self) -> TextAuthority:
        """Return it."""
        return TextAuthority.parse(self.issuing.text_authority())


@attrs.frozen(kw_only=True)
class Street:
    """A federation that runs. `gateways` by the name of the gateway, `tenants` by institution."""

    plan: Plan
    keys: Mapping[str, PartyKeys]
    directory: SignedDirectory
    net: HttpNet
    book: DirectoryBook
    clock: Clock
    entropy: Entropy
    oversight: Oversight
    register: RegisterRoom
    linkage: LinkageRoom
    ledger: LedgerRoom
    jpki: JpkiRoom
    cards: CardsRoom
    gateways: Mapping[str, GatewayRoom]
    apps: Mapping[str, Litestar]
    opened: AsyncExitStack

    def room_of(self, institution: str) -> GatewayRoom:
        """Return the gateway that hosts an institution."""
        return self.gateways[self.plan.gateway_of(institution)]

    def tenant(self, institution: str) -> Tenant:
        """Return an institution at its gateway."""
        return self.room_of(institution).tenants[institution]

    def caller(self, party: str) -> Caller:
        """Return a party's voice."""
        return Caller(self.keys[party], self.book, self.net, self.clock, self.entropy)

    @property
    def outboxes(self) -> Sequence[Outbox]:
        """Every room's outbox."""
        gateways = [room.outbox for room in self.gateways.values()]
        centre = (self.register, self.linkage, self.ledger, self.cards)
        return [*gateways, *(room.outbox for room in centre)]

    async def deliver(self) -> None:
        """Let every outbox send what is due, until nothing moves."""
        while sum([await outbox.run_once() for outbox in self.outboxes]):
            pass

    async def acquire(self, institution: str) -> int:
        """Take the acquisitions of an institution as far as they go; returns how many steps."""
        room, tenant = self.room_of(institution), self.tenant(institution)
        steps = 0
        while moved := await acquire.run_once(room.gateway, tenant):
            steps += moved
            while await self.register.outbox.run_once():
                pass
        return steps

    async def acquire_all(self, institution: str) -> None:
        """Take the acquisitions of an institution to their end, though its gateway's workers run.

        One of them may have the turn at it, and then `acquire` finds nothing to do. Raises
        `Unavailable` when they take too long.
        """
        database, until = (
            self.room_of(institution).gateway.database,
            monotonic() + ACQUIRED_WITHIN_S,
        )
        while True:
            await self.acquire(institution)
            async with database.transaction(institution=institution) as tx:
                if not await store_persons.anybody_waits(tx):
                    return
            if monotonic() > until:
                raise Unavailable("acquisitions take too long")
            await asyncio.sleep(ACQUIRING_PAUSE_S)

    async def close(self) -> None:
        """Close connections and databases."""
        await self.opened.aclose()


async def open_street(
    plan: Plan,
    *,
    postgres: EmbeddedPostgres,
    clock: Clock,
    entropy: Entropy,
    report: Reporter,
) -> Street:
    """Make every room's database, keys and application, and have oversight list all parties."""
    opened = AsyncExitStack()
    try:
        return await _Builder(plan, postgres, clock, entropy, report, opened).build()
    except BaseException:
        await opened.aclose()
        raise


@attrs.frozen
class _Builder:
    plan: Plan
    postgres: EmbeddedPostgres
    clock: Clock
    entropy: Entropy
    report: Reporter
    opened: AsyncExitStack

    async def build(self) -> Street:
        keys = {
            name: PartyKeys(name, new_master(self.entropy))
            for name in (*CENTRE, OPERATOR, *self.plan.institutions)
        }
        carrier = InProcess()
        net = HttpNet({name: f"http://{name}" for name in keys}, transport=carrier)
        self.opened.push_async_callback(net.close)
        book = DirectoryBook(keys["oversight"].public.signing)
        oversight = Oversight(
            database=await self._database("oversight", "oversight", keys["oversight"]),
            keys=keys["oversight"],
            book=book,
            clock=self.clock,
        )
        directory = await found(oversight, entries_of(self.plan, keys))
        law = ListInForce(build_list(self.plan.more))
        register = await self._register(keys, book, net)
        linkage = await self._linkage(keys, book, net, law)
        ledger = await self._ledger(keys, book, net)
        jpki = await self._jpki(keys, book, net)
        cards = await self._cards(keys, book, net)
        gateways = {
            name: await self._gateway(name, keys, book, net, law, cards)
            for name in self.plan.gateways
        }
        apps = {
            "oversight": build_oversight(oversight, entropy=self.entropy, report=self.report).app,
            "register": register.app,
            "linkage": linkage.app,
            "ledger": ledger.app,
            "jpki": jpki.app,
            "cards": cards.app,
            **{name: room.app for name, room in gateways.items()},
        }
        for name in CENTRE:
            carrier.connect(name, apps[name])
        for institution in self.plan.institutions:
            carrier.connect(institution, apps[self.plan.gateway_of(institution)])
        return Street(
            plan=self.plan,
            keys=keys,
            directory=directory,
            net=net,
            book=book,
            clock=self.clock,
            entropy=self.entropy,
            oversight=oversight,
            register=register,
            linkage=linkage,
            ledger=ledger,
            jpki=jpki,
            cards=cards,
            gateways=gateways,
            apps=apps,
            opened=self.opened,
        )

    async def _database(self, name: str, room: str, *keys: PartyKeys) -> Database:
        reached = await asyncio.to_thread(
            self.postgres.room, name, [f"kumihimo.rooms.{room}"], entropy=self.entropy
        )
        database = Database(reached.runtime, pool_max=_CONNECTIONS).vouched(Voucher.of(*keys))
        await database.open()
        self.opened.push_async_callback(database.close)
        return database

    async def _register(
        self, keys: Mapping[str, PartyKeys], book: DirectoryBook, net: HttpNet
    ) -> RegisterRoom:
        register = Register.of(
            database=await self._database("register", "register", keys["register"]),
            keys=keys["register"],
            directory=book,
            clock=self.clock,
            entropy=self.entropy,
            space=NumberSpace.TEST,
            limits=Limits(
                per_minute=self.plan.inquiries_per_minute, per_day=self.plan.inquiries_per_day
            ),
            affairs=frozenset(affair.affair for affair in affairs()),
        )
        return build_register(register, book=book, net=net, report=self.report)

    async def _linkage(
        self, keys: Mapping[str, PartyKeys], book: DirectoryBook, net: HttpNet, law: ListInForce
    ) -> LinkageRoom:
        core = Core(
            database=await self._database("linkage", "linkage", keys["linkage"]),
            keys=keys["linkage"],
            domain_keys=domain_keys(keys["linkage"]),
            directory=book,
            law=law,
            clock=self.clock,
            entropy=self.entropy,
        )
        return build_linkage(core, book=book, net=net, report=self.report)

    async def _ledger(
        self, keys: Mapping[str, PartyKeys], book: DirectoryBook, net: HttpNet
    ) -> LedgerRoom:
        ledger = Ledger(
            database=await self._database("ledger", "ledger", keys["ledger"]),
            keys=keys["ledger"],
            clock=self.clock,
            entropy=self.entropy,
        )
        return build_ledger(ledger, book=book, net=net, report=self.report)

    async def _jpki(
        self, keys: Mapping[str, PartyKeys], book: DirectoryBook, net: HttpNet
    ) -> JpkiRoom:
        jpki = Jpki(
            database=await self._database("jpki", "jpki", keys["jpki"]),
            keys=keys["jpki"],
            key_store=MemoryKeys(),
            directory=book,
            clock=self.clock,
            entropy=self.entropy,
            # printed into certificates, where an address has a host that could be one
            ocsp_url="http://jpki.test/ocsp",
        )
        for ca in CAS:
            await found_generation(jpki, ca, named="present", actor="street")
        return build_jpki(jpki, book=book, net=net, report=self.report)

    async def _cards(
        self, keys: Mapping[str, PartyKeys], book: DirectoryBook, net: HttpNet
    ) -> CardsRoom:
        caller = Caller(keys["cards"], book, net, self.clock, self.entropy)
        cards = Cards(
            database=await self._database("cards", "cards", keys["cards"]),
            keys=keys["cards"],
            directory=book,
            caller=caller,
            clock=self.clock,
            entropy=self.entropy,
            space=NumberSpace.TEST,
            locker=Locker.of(keys["cards"].secret("columns"), self.entropy),
            certifier=JpkiCertifier(caller, book, self.entropy),
            issuing=LaterIssuing(),
            factory=MemoryTray({}),
        )
        return build_cards(cards, book=book, report=self.report)

    async def _gateway(
        self,
        name: str,
        keys: Mapping[str, PartyKeys],
        book: DirectoryBook,
        net: HttpNet,
        law: ListInForce,
        cards: CardsRoom,
    ) -> GatewayRoom:
        gateway = Gateway(
            database=await self._database(
                name.replace("-", "_"),
                "gateway",
                *(keys[one] for one in sorted(self.plan.gateways[name])),
            ),
            book=book,
            law=law,
            net=net,
            clock=self.clock,
            entropy=self.entropy,
            text_authority=CardText(cards.cards.issuing),
        )
        tenants = {
            institution: Tenant(
                institution,
                keys[institution],
                Locker.of(keys[institution].secret("columns"), self.entropy),
            )
            for institution in self.plan.gateways[name]
        }
        return build_gateway(gateway, tenants, report=self.report)
