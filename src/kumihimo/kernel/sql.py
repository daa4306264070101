"""PostgreSQL through psycopg 3: literal SQL, named columns, typed rows, short transactions."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, LiteralString, TypeVar

import attrs
import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.withheld import Withheld

T = TypeVar("T")
Params = Mapping[str, Any] | Sequence[Any]

POOL_MAX = 8  # per process; PostgreSQL's default of 100 connections serves a dozen processes
POOL_WAIT_S = 10.0
STATEMENT_TIMEOUT_MS = 60_000


@attrs.frozen
class Tx:
    """An open transaction. It commits when its block ends and rolls back when the block raises."""

    connection: AsyncConnection[Any]

    async def execute(self, query: LiteralString, params: Params = ()) -> int:
        """Run a statement; returns how many rows it touched."""
        cursor = await self.connection.execute(query, params)
        return cursor.rowcount

    async def rows(self, query: LiteralString, params: Params, row: type[T]) -> list[T]:
        """Run a query; returns each row as a `row`, columns matched by name."""
        async with self.connection.cursor(row_factory=class_row(row)) as cursor:
            await cursor.execute(query, params)
            return await cursor.fetchall()

    async def row(self, query: LiteralString, params: Params, row: type[T]) -> T | None:
        """Run a query that gives at most one row."""
        found = await self.rows(query, params, row)
        assert len(found) <= 1, "at most one row was expected"
        return found[0] if found else None

    async def one(self, query: LiteralString, params: Params, row: type[T]) -> T:
        """Run a query that gives exactly one row."""
        found = await self.row(query, params, row)
        assert found is not None, "exactly one row was expected"
        return found

    async def value(self, query: LiteralString, params: Params = ()) -> Any:  # noqa: ANN401
        """Run a query; returns the first column of the first row, or None."""
        cursor = await self.connection.execute(query, params)
        found = await cursor.fetchone()
        return found[0] if found else None


class Database:
    """A room's database: a pool of connections under the room's own role."""

    def __init__(self, dsn: Withheld[str], *, pool_max: int = POOL_MAX) -> None:
        self._tries = pool_max + 1
        self._pool = AsyncConnectionPool[AsyncConnection[Any]](
            dsn.reveal(),
            min_size=1,
            max_size=pool_max,
            timeout=POOL_WAIT_S,
            kwargs={
                "autocommit": True,  # BEGIN and COMMIT are said here, each once
                "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC",
            },
            open=False,
        )

    async def open(self) -> None:
        """Open the pool; raises `Unavailable` when the database does not answer."""
        try:
            await self._pool.open(wait=True, timeout=POOL_WAIT_S)
        except PoolTimeout as error:
            raise Unavailable("the room's database does not answer") from error

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self, *, institution: str = "") -> AsyncGenerator[Tx]:
        """Open a transaction, for one institution where the room hosts many.

        The institution is what row-level security compares. A lost connection is `Unavailable`:
        whether a commit that was under way reached the disk is then unknown, so every use case is
        written to be repeated.
        """
        try:
            connection = await self._begin(institution)
            try:
                yield Tx(connection)
                await connection.execute("COMMIT", prepare=False)
            except BaseException:
                if not connection.closed:
                    await connection.rollback()
                raise
            finally:
                await self._pool.putconn(connection)
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise Unavailable("the room's database does not answer") from error

    async def _begin(self, institution: str) -> AsyncConnection[Any]:
        """Return a connection in a transaction.

        A connection that died while it was idle shows it here, where nothing was done yet, so
        another is taken: cheaper than to ask each connection whether it lives.
        """
        begin = sql.SQL("BEGIN")
        if institution:
            # In one message with BEGIN: a round trip less for every transaction.
            begin = sql.SQL("BEGIN; SELECT set_config('kumihimo.institution', {}, true)").format(
                sql.Literal(institution)
            )
        for attempt in range(1, self._tries + 1):
            connection = await self._pool.getconn()
            try:
                await connection.execute(begin, prepare=False)
            except BaseException as error:
                await self._pool.putconn(connection)
                if not isinstance(error, psycopg.OperationalError) or attempt == self._tries:
                    raise
            else:
                return connection
        raise AssertionError("the last attempt returns or raises")
