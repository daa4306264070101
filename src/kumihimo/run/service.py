"""One room as a service: an application with its workers, and what it needs around it."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path

import attrs
from litestar import Litestar

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.door import Reporter
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.net import HttpNet
from kumihimo.kernel.sql import Database
from kumihimo.rooms.oversight.client import DirectoryBook, DirectoryFollower, RoomSettings


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
class Given:
    """What a room is composed from: its settings file, and whom it asks for what it cannot know."""

    path: Path
    clock: Clock
    entropy: Entropy
    report: Reporter


def following(
    room: str,
    settings: RoomSettings,
    book: DirectoryBook,
    app: Litestar,
    database: Database,
    net: HttpNet,
) -> Service:
    """Return a room that follows oversight's directory."""
    follower = settings.follower(book, database)
    return service_of(room, settings, app, database, net, follower, follower.start)


def service_of(
    room: str,
    settings: RoomSettings,
    app: Litestar,
    database: Database,
    net: HttpNet,
    follower: DirectoryFollower | None,
    ready: Callable[[], Awaitable[None]],
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
    )
