"""Databases of rooms for tests: a room is migrated once, and each test gets a copy of its own.

Copies of a room have the same two roles. The files of a copy go when the test is over, so that the
server ends at once and not after it has put hundreds of databases in order. A database is hundreds
of files: where there is room they lie in memory, where they cost less than half as much.
"""

import asyncio
import shutil
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.postgres import EmbeddedPostgres
from kumihimo.kernel.withheld import Withheld

MEMORY = Path("/dev/shm")
MEMORY_BYTES_MIN = (
    4 << 30
)  # two servers with their logs, and as much again for whoever else is there
COPY = "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY OWNER {}"


@contextmanager
def server_folder(*, on_disk=False):
    """Make a folder for a server, and for the rooms beside it, until the block ends."""
    in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_BYTES_MIN
    where = MEMORY if in_memory and not on_disk else None
    # Not below pytest's own folder: that is closed to the account the server runs under.
    with TemporaryDirectory(prefix="kumihimo-test-", dir=where) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@contextmanager
def own_server(*, watched=False):
    """Run a server until the block ends: for whoever names databases as a deployment names them."""
    with server_folder() as folder:
        server = EmbeddedPostgres.start(
            folder / "postgres", entropy=SystemEntropy(), durable=False, watched=watched
        )
        try:
            yield server
        finally:
            server.stop()


def within(dsn, database):
    return Withheld(make_conninfo(dsn.reveal(), dbname=database))


def may_write(dsn, *, yes):
    """Let a database take what is written, or nothing, as one whose server follows another does."""
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("SET default_transaction_read_only = off")
        [name] = admin.execute("SELECT current_database()").fetchone() or ("",)
        change = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}")
        admin.execute(change.format(sql.Identifier(name), sql.Literal("off" if yes else "on")))
        admin.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


class Databases:
    """The rooms' databases on one server."""

    def __init__(self, server):
        self._server = server
        self._migrated = {}
        self._names = count()
        self._kept = None

    def make(self, room):
        """Make a migrated database under a name that no other has; returns it and its ways in."""
        if room not in self._migrated:
            name, packages = f"migrated_{room}", [f"kumihimo.rooms.{room}"]
            self._migrated[room] = self._server.room(name, packages, entropy=SystemEntropy())
        known, name = self._migrated[room], f"{room}_{next(self._names)}"
        database = f"kumihimo_{name}"
        copy, role = sql.Identifier(database), sql.Identifier(known.role)
        copied, owner = f"kumihimo_{known.role}", f"{known.role}_owner"
        admin = self._admin()
        admin.execute(sql.SQL(COPY).format(copy, *map(sql.Identifier, (copied, owner))))
        # What a template may is not copied: `EmbeddedPostgres.room` grants the same.
        nobody = "REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC"
        admin.execute(sql.SQL(nobody).format(copy))
        admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(copy, role))
        reached = attrs.evolve(
            known, owner=within(known.owner, database), runtime=within(known.runtime, database)
        )
        return name, reached

    @contextmanager
    def lent(self):
        """Give `make`, and drop what it made when the block ends."""
        made = []

        def make(room):
            name, reached = self.make(room)
            made.append(name)
            return name, reached

        try:
            yield make
        finally:
            for name in made:
                self._drop(name)

    def _drop(self, name):
        """Remove a database, whoever is still connected to it."""
        dropped = sql.SQL("DROP DATABASE {} WITH (FORCE)")
        self._admin().execute(dropped.format(sql.Identifier(f"kumihimo_{name}")))

    def _admin(self):
        """Return one connection for all: to make one costs half as much as a database."""
        if self._kept is None or self._kept.closed:
            self._kept = psycopg.connect(self._server.admin("postgres").reveal(), autocommit=True)
        return self._kept

    def close(self):
        if self._kept is not None:
            self._kept.close()


def run_on(database, story, *, within_s=30):
    """Run a story on a `kumihimo.kernel.sql.Database`, which is open meanwhile."""

    async def whole():
        await database.open()
        try:
            async with asyncio.timeout(within_s):
                await story(database)
        finally:
            await database.close()

    asyncio.run(whole())
