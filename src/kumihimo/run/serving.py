"""One room as a service: from its settings file to an application with its workers."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Final

import attrs
from litestar import Litestar

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.door import Reporter
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.net import HttpNet
from kumihimo.kernel.plain_http import listening
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.settings import load
from kumihimo.kernel.sql import Database
from kumihimo.pages.officers import load_officers
from kumihimo.rooms.cards.app import build as build_cards
from kumihimo.rooms.cards.settings import Settings as CardsSettings
from kumihimo.rooms.gateway.app import build as build_gateway
from kumihimo.rooms.gateway.settings import Settings as GatewaySettings
from kumihimo.rooms.jpki.app import build as build_jpki
from kumihimo.rooms.jpki.settings import Settings as JpkiSettings
from kumihimo.rooms.ledger.app import build as build_ledger
from kumihimo.rooms.ledger.settings import Settings as LedgerSettings
from kumihimo.rooms.linkage.app import build as build_linkage
from kumihimo.rooms.linkage.settings import Settings as LinkageSettings
from kumihimo.rooms.oversight.app import build as build_oversight
from kumihimo.rooms.oversight.client import DirectoryBook, DirectoryFollower, RoomSettings
from kumihimo.rooms.oversight.service import take_up
from kumihimo.rooms.oversight.settings import Settings as OversightSettings
from kumihimo.rooms.register.app import build as build_register
from kumihimo.rooms.register.settings import Settings as RegisterSettings
from kumihimo.rooms.review.app import build as build_review
from kumihimo.rooms.review.settings import Settings as ReviewSettings
from kumihimo.run.street import ListInForce
from kumihimo.statute.deployment import Deployment, load_deployment


@attrs.frozen(kw_only=True)
class Service:
    """A room composed from its settings; its database, where it has one, is not open yet.

    `ready` is to be awaited once the database is open: it gets the first directory. `share_port`:
    other processes of this room may listen on the same port. `beside` listens at another address
    while the room serves.
    """

    room: str
    app: Litestar
    host: str
    port: int
    database: Database | None
    net: HttpNet
    follower: DirectoryFollower | None
    ready: Callable[[], Awaitable[None]]
    share_port: bool = False
    beside: Callable[[], AbstractAsyncContextManager[None]] = nullcontext


@attrs.frozen
class _Given:
    path: Path
    clock: Clock
    entropy: Entropy
    report: Reporter


def compose(room: str, path: Path, *, clock: Clock, entropy: Entropy, report: Reporter) -> Service:
    """Compose a room from its settings file; raises `BadSettings`, `KeyFileUnsafe`, `BadInput`."""
    make = ROOMS.get(room)
    if make is None:
        raise BadInput(f"no such room; rooms are {', '.join(sorted(ROOMS))}", pointer="room")
    return make(_Given(path, clock, entropy, report))


def _oversight(given: _Given) -> Service:
    settings = load(given.path, OversightSettings)
    book = settings.book()
    oversight = settings.oversight(beside=given.path, book=book, clock=given.clock)

    async def ready() -> None:
        await take_up(oversight)

    app = build_oversight(oversight, entropy=given.entropy, report=given.report)
    return _service("oversight", settings, app, oversight.database, settings.net(), None, ready)


def _register(given: _Given) -> Service:
    settings = load(given.path, RegisterSettings)
    book, net = settings.book(), settings.net()
    register = settings.register(
        beside=given.path, book=book, clock=given.clock, entropy=given.entropy
    )
    room = build_register(register, book=book, net=net, report=given.report)
    return _following("register", settings, book, room.app, register.database, net)


def _linkage(given: _Given) -> Service:
    settings = load(given.path, LinkageSettings)
    book, net = settings.book(), settings.net()
    core = settings.core(
        beside=given.path,
        book=book,
        law=_law(given.path, settings.law),
        clock=given.clock,
        entropy=given.entropy,
    )
    room = build_linkage(core, book=book, net=net, report=given.report)
    return _following("linkage", settings, book, room.app, core.database, net)


def _ledger(given: _Given) -> Service:
    settings = load(given.path, LedgerSettings)
    book, net = settings.book(), settings.net()
    ledger = settings.ledger(beside=given.path, clock=given.clock, entropy=given.entropy)
    room = build_ledger(ledger, book=book, net=net, report=given.report)
    return _following("ledger", settings, book, room.app, ledger.database, net)


def _jpki(given: _Given) -> Service:
    settings = load(given.path, JpkiSettings)
    book, net = settings.book(), settings.net()
    jpki = settings.jpki(beside=given.path, book=book, clock=given.clock, entropy=given.entropy)
    room = build_jpki(jpki, book=book, net=net, report=given.report)
    service = _following("jpki", settings, book, room.app, jpki.database, net)
    service = attrs.evolve(service, share_port=settings.share_port)
    address = settings.ocsp_address()
    if address is None:
        return service

    @asynccontextmanager
    async def status() -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            door = listening(room.status, *address, share_port=settings.share_port)
            try:
                await stack.enter_async_context(door)
            except OSError as error:
                raise BadInput(f"ocsp_listen: {error.strerror}", pointer="ocsp_listen") from None
            yield

    return attrs.evolve(service, beside=status)


def _cards(given: _Given) -> Service:
    settings = load(given.path, CardsSettings)
    book, net = settings.book(), settings.net()
    cards = settings.cards(
        beside=given.path, book=book, net=net, clock=given.clock, entropy=given.entropy
    )
    room = build_cards(cards, book=book, report=given.report)
    return _following("cards", settings, book, room.app, cards.database, net)


def _gateway(given: _Given) -> Service:
    settings = load(given.path, GatewaySettings)
    book, net = settings.book(), settings.net()
    gateway = settings.gateway(
        beside=given.path,
        book=book,
        law=_law(given.path, settings.law),
        net=net,
        clock=given.clock,
        entropy=given.entropy,
    )
    tenants = settings.hosted(beside=given.path, entropy=given.entropy)
    room = build_gateway(gateway, tenants, report=given.report)
    return _following("gateway", settings, book, room.app, gateway.database, net)


def _review(given: _Given) -> Service:
    settings = load(given.path, ReviewSettings)
    desk = settings.desk(beside=given.path, clock=given.clock, entropy=given.entropy)
    room = build_review(
        desk,
        load_officers(given.path.parent / settings.officers),
        settings.client(beside=given.path),
        https=settings.https,
        report=given.report,
    )
    host, port = settings.address()
    return Service(
        room="review",
        app=room.app,
        host=host,
        port=port,
        database=desk.database,
        net=HttpNet({}),  # no party: it reaches its own gateway by a token
        follower=None,
        ready=_at_once,
    )


async def _at_once() -> None:
    """Wait for nobody."""


ROOMS: Final[Mapping[str, Callable[[_Given], Service]]] = {
    "cards": _cards,
    "gateway": _gateway,
    "jpki": _jpki,
    "ledger": _ledger,
    "linkage": _linkage,
    "oversight": _oversight,
    "register": _register,
    "review": _review,
}


def _law(path: Path, named: str) -> ListInForce:
    deployment = load_deployment(path.parent / named) if named else Deployment()
    return ListInForce(deployment.positive_list())


def _following(
    room: str,
    settings: RoomSettings,
    book: DirectoryBook,
    app: Litestar,
    database: Database,
    net: HttpNet,
) -> Service:
    follower = settings.follower(book, database)
    return _service(room, settings, app, database, net, follower, follower.start)


def _service(
    room: str,
    settings: RoomSettings,
    app: Litestar,
    database: Database,
    net: HttpNet,
    follower: DirectoryFollower | None,
    ready: Callable[[], Awaitable[None]],
) -> Service:
    host, port = settings.address()
    return Service(
        room=room,
        app=app,
        host=host,
        port=port,
        database=database,
        net=net,
        follower=follower,
        ready=ready,
    )
