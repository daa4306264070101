"""A room's connections to its database: a pool that lends them in turns, and takes back those that died.

A server may be followed by another that takes its place, and a pooler may stand in front (decision
0014): a connection then leads now to one session and now to another, so nothing that is needed is
left in a session.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from select import select
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from kumihimo.kernel.arrays import adapters
from kumihimo.kernel.crowd import Crowd
from kumihimo.kernel.fair import FairGate
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.tracing import span
from kumihimo.kernel.withheld import Withheld

POOL_MAX = 8  # per process; PostgreSQL's default of 100 connections serves a dozen processes
POOL_WAIT_S = 10.0
# Between its tries to connect the pool waits twice as long each time, by itself for five minutes:
# a database that was away for two would be missed for two more. So it gives up, and the next who
# asks begins anew: tries are at most two seconds apart.
RECONNECT_S = 3.0
WAITING_EACH = 2_048  # of one consumer for a connection: as many as clerks of one wait at a door
WAITING_MAX = 8_192
STATEMENT_TIMEOUT_MS = 60_000
# Who holds a lock began before whoever waits for it, so the one is cut off before the other.
TRANSACTION_MS = STATEMENT_TIMEOUT_MS
# PostgreSQL 17 bounds transactions. In a pipeline 16 bounds hardly anything: it takes one that
# waits for the next statement for busy.
BOUND: LiteralString = (
    "SELECT set_config('transaction_timeout', %s, %s)"
    " WHERE current_setting('server_version_num')::integer >= 170000"
)
# What a session needs and a pooler gives it when it is made; what it lacks is told by name.
_UNBOUND: LiteralString = """
    SELECT coalesce(string_agg(name, ', ' ORDER BY name), '') FROM pg_settings
    WHERE (name = 'TimeZone' AND setting <> 'UTC')
       OR (name IN ('statement_timeout', 'idle_in_transaction_session_timeout',
                    'transaction_timeout') AND setting = '0')
"""
_LOST = (
    psycopg.OperationalError,
    psycopg.errors.ReadOnlySqlTransaction,  # a server that follows another by now
    psycopg.errors.TransactionTimeout,
    psycopg.errors.IdleInTransactionSessionTimeout,
    PoolTimeout,
)
# What it says of its disk, full or broken: it may read on, and write where there is room.
_DISK = (psycopg.errors.DiskFull, psycopg.errors.IoError)


def session(transaction_ms: int = TRANSACTION_MS) -> dict[str, str]:
    """Return the settings of a session, but for the bound of PostgreSQL 17 (`transaction_timeout`)."""
    return {
        "statement_timeout": str(STATEMENT_TIMEOUT_MS),
        "timezone": "UTC",
        "idle_in_transaction_session_timeout": str(transaction_ms),
    }


class Connections:
    """The connections of one process, under the room's own role."""

    def __init__(
        self, dsn: Withheld[str], *, pool_max: int, transaction_ms: int, pooler: bool
    ) -> None:
        self._pooler = pooler
        self._unwritten = 0

        async def bound(connection: AsyncConnection[Any]) -> None:
            await connection.execute(BOUND, (str(transaction_ms), False))

        options = " ".join(f"-c {name}={value}" for name, value in session(transaction_ms).items())
        self._tries = pool_max + 1
        self._gate = FairGate(pool_max, each=WAITING_EACH, most=WAITING_MAX, wait_s=POOL_WAIT_S)
        self._pool = AsyncConnectionPool[AsyncConnection[Any]](
            dsn.reveal(),
            min_size=1,
            max_size=pool_max,
            timeout=POOL_WAIT_S,
            reconnect_timeout=RECONNECT_S,
            configure=None if pooler else bound,
            kwargs={
                "context": adapters(),
                "autocommit": True,  # BEGIN and COMMIT are said by `sql`, each once
                # A statement that was prepared in one session is not there in the next.
                **({"prepare_threshold": None} if pooler else {"options": options}),
            },
            open=False,
        )

    async def open(self, *, wait: bool) -> None:
        """Open the pool, as `sql.Database.open` says."""
        try:
            await self._pool.open(wait=wait, timeout=POOL_WAIT_S)
        except PoolTimeout as error:
            raise Unavailable("the room's database does not answer") from error
        if self._pooler and wait:
            async with self.lent() as connection:
                [lacking] = await (await connection.execute(_UNBOUND)).fetchone() or ("",)
            if lacking:
                raise Unavailable(f"the pooler's sessions do not set {lacking}")

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    def crowd(self) -> Crowd:
        """Say how many use them."""
        told = self._pool.get_stats()
        return Crowd(
            connections=told.get("pool_size", 0),
            idle=told.get("pool_available", 0),
            most=told.get("pool_max", 0),
            waiting=self._gate.waiting + told.get("requests_waiting", 0),
            asked=self._gate.asked,
            failed=self._gate.failed + told.get("requests_errors", 0),
            waited_ms=int(self._gate.waited_s * 1_000) + told.get("requests_wait_ms", 0),
            unwritten=self._unwritten,
        )

    @asynccontextmanager
    async def lent(self) -> AsyncGenerator[AsyncConnection[Any]]:
        """Lend a connection, in turns to those for whom the room works.

        A lost one is `Unavailable`, and so is one that may only read. Raises `Busy`, `Overloaded`.
        """
        with span("database"):
            async with self._turn() as connection:
                yield connection

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[AsyncConnection[Any]]:
        try:
            with span("turn at the database"):
                await self._gate.enter()
        except TimeoutError as error:
            raise Unavailable("the room's database does not answer") from error
        try:
            connection = await self._alive()
            try:
                yield connection
            except psycopg.errors.ReadOnlySqlTransaction:
                await connection.close()  # another server leads; nobody else shall get this one
                raise
            finally:
                await self._pool.putconn(connection)
        except _LOST as error:
            self._unwritten += isinstance(error, _DISK)
            raise Unavailable("the room's database does not answer") from error
        finally:
            self._gate.leave()

    async def _alive(self) -> AsyncConnection[Any]:
        """Return a connection that did not die while it was idle.

        The server says nothing to an idle connection but good-bye, so one that has something to
        read is dead: cheaper than to ask each connection whether it lives.
        """
        for _ in range(self._tries):
            connection = await self._pool.getconn()
            readable, _, _ = select([connection.fileno()], [], [], 0)
            if not readable:
                return connection
            await connection.close()
            await self._pool.putconn(connection)
        return await self._pool.getconn()
