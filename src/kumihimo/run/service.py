"""One room as a service: an application with its workers, and what it needs around it."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path

import attrs
from litestar import Litestar

from kumihimo.kernel.anchoring import Anchoring
from kumihimo.kernel.clock import Clock
from kumihimo.kernel.door import Reporter
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.grace import Silence
from kumihimo.kernel.health import Look, Made, Watch, look_at_leaves, look_at_letters
from kumihimo.kernel.keys import PartyKeys
from kumihimo.kernel.metrics import meter_of
from kumihimo.kernel.net import Caller, HttpNet
from kumihimo.kernel.sql import Database
from kumihimo.kernel.tracing import trace
from kumihimo.operations.alarms import limits
from kumihimo.operations.graces import OVERSIGHT, grace_of
from kumihimo.rooms.oversight.client import (
    DirectoryBook,
    DirectoryFollower,
    PagesSettings,
    RoomSettings,
    anchoring,
)


@attrs.frozen(kw_only=True)
class Service:
    """A room composed from its settings; its database, where it has one, is not open yet.

    `ready` is to be awaited once the database is open: it gets the first directory. `share_port`:
    other processes of this room may listen on the same port. `beside` listens at another address
    while the room serves. `watch` tells operators how the room does, where they have an address.
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
    watch: Watch | None = None
    operators: tuple[str, int] | None = None


@attrs.frozen
class Given:
    """What a room is composed from: its settings file, and whom it asks for what it cannot know."""

    path: Path
    clock: Clock
    entropy: Entropy
    report: Reporter


def following(
    given: Given,
    room: str,
    settings: RoomSettings,
    book: DirectoryBook,
    app: Litestar,
    database: Database,
    net: HttpNet,
    *,
    silences: Sequence[Silence] = (),
    looks: Sequence[Look] = (),
) -> Service:
    """Return a room that follows oversight's directory, for as long as its grace goes.

    `silences` are further graces of its own, `looks` find what else waits or ages in it.
    """
    follower = settings.follower(book, database)
    cut_off = book.expire(grace_of(room, OVERSIGHT), given.clock)
    watch = watch_of(
        given,
        room,
        app,
        database,
        silences=(cut_off, *silences),
        looks=looks,
        ages=lambda: [Made("directory", book.confirmed_at)],
    )
    trace_as_set(given, room, settings, app)
    return service_of(room, settings, app, database, net, follower, follower.start, watch)


@attrs.frozen
class Voice:
    """A room of pages towards oversight and the log: nowhere, where its settings say nothing."""

    net: HttpNet
    anchors: Anchoring
    follower: DirectoryFollower | None = None
    book: DirectoryBook | None = None

    def ages(self) -> Sequence[Made]:
        """Tell since when the directory is known to be the latest, where one is followed."""
        return [] if self.book is None else [Made("directory", self.book.confirmed_at)]


def voice_of(
    given: Given, room: str, settings: PagesSettings, keys: PartyKeys, database: Database
) -> Voice:
    """Return what holds the journal of a room of pages; raises `BadSettings`."""
    federation = settings.federation()
    if federation is None:
        alone = Anchoring(room=room, database=database, keys=keys, clock=given.clock, send=None)
        return Voice(HttpNet({}), alone)
    book, net = federation.book(), federation.net()
    caller = Caller(keys, book, net, given.clock, given.entropy)
    follower = federation.follower(book, database)
    return Voice(net, anchoring(room, database, caller), follower, book)


async def at_once() -> None:
    """Wait for nobody."""


def watch_of(
    given: Given,
    room: str,
    app: Litestar,
    database: Database,
    *,
    silences: Sequence[Silence] = (),
    looks: Sequence[Look] = (),
    ages: Callable[[], Sequence[Made]] = tuple,
) -> Watch:
    """Return what tells how a room does, over a connection of its own."""
    return Watch(
        room=room,
        database=database.apart(),
        clock=given.clock,
        meter=meter_of(app),
        crowd=database.crowd,
        limits=limits(),
        looks=(look_at_letters, look_at_leaves, *looks),
        silences=silences,
        ages=ages,
    )


def trace_as_set(
    given: Given, room: str, settings: RoomSettings | PagesSettings, app: Litestar
) -> None:
    """Have an application traced, where its settings name a collector; raises `BadSettings`."""
    by = settings.tracing(room, given.entropy)
    if by is not None:
        trace(app, by)


def service_of(
    room: str,
    settings: RoomSettings,
    app: Litestar,
    database: Database,
    net: HttpNet,
    follower: DirectoryFollower | None,
    ready: Callable[[], Awaitable[None]],
    watch: Watch,
) -> Service:
    """Return a room at the address of its settings."""
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
        watch=watch,
        operators=settings.operators_address(),
    )
