"""PostgreSQL through psycopg 3: literal SQL, named columns, typed rows, short transactions.

A process may stop anywhere, and the server waits for whoever is silent. So what everybody waits
for is locked by statements that reach the server in one message with their commit (`Tx.last`,
`Database.alone`): no lock is left to a process that sleeps. What else a transaction locks, the
server takes back after `TRANSACTION_MS`.

A server may be followed by another that takes its place, and a pooler may stand in front (decision
0014): a connection then leads now to one session and now to another, so nothing that is needed is
left in a session.
"""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from select import select
from typing import Any, LiteralString, Self, TypeVar

import attrs
import psycopg
from psycopg import AsyncClientCursor, AsyncConnection, AsyncCursor, AsyncPipeline
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from kumihimo.kernel.arrays import adapters
from kumihimo.kernel.crowd import Crowd
from kumihimo.kernel.fair import FairGate
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.tracing import span
from kumihimo.kernel.vouching import Voucher, may_write
from kumihimo.kernel.withheld import Withheld

T = TypeVar("T")
Params = Mapping[str, Any] | Sequence[Any]

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
_BOUND: LiteralString = (
    "SELECT set_config('transaction_timeout', %s, %s)"
    " WHERE current_setting('server_version_num')::integer >= 170000"
)
# The number of a transaction that has one by now, and of one that will write in any case.
_NUMBERED: LiteralString = "SELECT pg_current_xact_id_if_assigned()::text::bigint"
_NUMBER: LiteralString = "SELECT pg_current_xact_id()::text::bigint"
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


@attrs.frozen
class Tx:
    """An open transaction. It commits when its block ends and rolls back when the block raises."""

    connection: AsyncConnection[Any]
    pipeline: AsyncPipeline
    _voucher: Voucher | None = None
    _last: list[tuple[LiteralString, Params]] = attrs.field(
        init=False, factory=list[tuple[LiteralString, Params]]
    )
    _wrote: list[LiteralString] = attrs.field(init=False, factory=list[LiteralString])
    _number: list[AsyncCursor[Any]] = attrs.field(init=False, factory=list[AsyncCursor[Any]])

    def last(self, query: LiteralString, params: Params = ()) -> None:
        """Run a statement at the end, in one message with the commit.

        For what locks something that everybody needs: it is locked only while the server works.
        """
        self._last.append((query, params))

    async def unsynced(self) -> None:
        """Commit without waiting for the disk.

        Only where nobody is told of the commit and the same is done again, without harm, should the
        server crash: every sync is one that those who must wait for the disk wait for as well.
        """
        await self.put("SET LOCAL synchronous_commit = off")

    async def unbounded(self) -> None:
        """Let this transaction and its statements take as long as they need."""
        await self.put("SET LOCAL statement_timeout = 0")
        await self.put(_BOUND, ("0", True))

    async def commit(self) -> bool:
        """Send the commit, unless statements go with it; says whether it did."""
        if self._voucher is not None and (self._last or self._wrote):
            number = _NUMBER if self._last else _NUMBERED
            self._number.append(await self.connection.execute(number))
        elif not self._last:
            await self.connection.execute("COMMIT")
            return True
        return False

    async def commit_with_last(self) -> None:
        """Send what vouches for it, what `last` took and the commit, in the simple protocol's one message."""
        cursor = AsyncClientCursor(self.connection)
        statements = [cursor.mogrify(query, params) for query, params in self._last]
        for number in self._number:
            [transaction] = await number.fetchone() or (None,)
            if transaction is not None:
                assert self._voucher is not None, "its number was asked for"
                statements.insert(0, self._voucher.statement(transaction))
        await cursor.execute("; ".join([*statements, "COMMIT"]).encode())

    async def put(self, query: LiteralString, params: Params = ()) -> None:
        """Send a statement whose result nobody looks at; an error shows at the next that waits."""
        self._note(query)
        await self.connection.execute(query, params)

    async def execute(self, query: LiteralString, params: Params = ()) -> int:
        """Run a statement; returns how many rows it touched."""
        self._note(query)
        cursor = await self.connection.execute(query, params)
        await self.pipeline.sync()
        return cursor.rowcount

    async def rows(self, query: LiteralString, params: Params, row: type[T]) -> list[T]:
        """Run a query; returns each row as a `row`, columns matched by name."""
        self._note(query)
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
        self._note(query)
        cursor = await self.connection.execute(query, params)
        found = await cursor.fetchone()
        return found[0] if found else None

    def _note(self, query: LiteralString) -> None:
        if self._voucher is not None and not self._wrote and may_write(query):
            self._wrote.append(query)


class Database:
    """A room's database: a pool of connections under the room's own role."""

    def __init__(
        self,
        dsn: Withheld[str],
        *,
        pool_max: int = POOL_MAX,
        transaction_ms: int = TRANSACTION_MS,
        pooler: bool = False,
    ) -> None:
        """`pooler`: the DSN leads to one that lends a session for each transaction.

        What a session needs is then set where the pooler makes it: `session` (docs/how-to).
        """
        self._dsn = dsn
        self._pooler = pooler
        self.voucher: Voucher | None = None
        self.vouches = True
        self._unwritten = 0

        async def bound(connection: AsyncConnection[Any]) -> None:
            await connection.execute(_BOUND, (str(transaction_ms), False))

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
                "autocommit": True,  # BEGIN and COMMIT are said here, each once
                # A statement that was prepared in one session is not there in the next.
                **({"prepare_threshold": None} if pooler else {"options": options}),
            },
            open=False,
        )

    def apart(self) -> "Database":
        """Return a further way in, of one connection: for whoever must see past a crowd."""
        return Database(self._dsn, pool_max=1, pooler=self._pooler).vouched(self.voucher)

    def vouched(self, voucher: Voucher | None) -> Self:
        """Vouch for each transaction that writes, while `vouches` is not taken back; returns itself."""
        self.voucher = voucher
        return self

    @property
    def _vouching(self) -> Voucher | None:
        return self.voucher if self.vouches else None

    async def open(self, *, wait: bool = True) -> None:
        """Open the pool; raises `Unavailable` when the database does not answer.

        Who does not wait learns of that later, from the first transaction. `Unavailable`, too, when
        a pooler's sessions lack what they need.
        """
        try:
            await self._pool.open(wait=wait, timeout=POOL_WAIT_S)
        except PoolTimeout as error:
            raise Unavailable("the room's database does not answer") from error
        if self._pooler and wait:
            async with self._lent() as connection:
                [lacking] = await (await connection.execute(_UNBOUND)).fetchone() or ("",)
            if lacking:
                raise Unavailable(f"the pooler's sessions do not set {lacking}")

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    def crowd(self) -> Crowd:
        """Say how many use its connections."""
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
    async def transaction(self, *, institution: str = "") -> AsyncGenerator[Tx]:
        """Open a transaction, for one institution where the room hosts many.

        The institution is what row-level security compares. Statements travel in a pipeline: one
        waits for the database only where its result is looked at, and at the commit. A lost
        connection is `Unavailable`: whether a commit that was under way reached the disk is then
        unknown, so every use case is written to be repeated.
        """
        async with self._lent() as connection:
            try:
                async with connection.pipeline() as pipeline:
                    await connection.execute("BEGIN")
                    if institution:
                        await connection.execute(
                            "SELECT set_config('kumihimo.institution', %s, true)", (institution,)
                        )
                    tx = Tx(connection, pipeline, self._vouching)
                    yield tx
                    committed = await tx.commit()
                if not committed:
                    await tx.commit_with_last()
            except BaseException:
                if not connection.closed:
                    await connection.rollback()
                raise

    async def alone(self, query: LiteralString, params: Params = ()) -> int:
        """Run one statement as a transaction of its own; returns how many rows it touched.

        It reaches the server in one message with its commit: whoever is stopped locks nothing.
        A lost connection is `Unavailable`, and whether it was committed is then unknown.
        """
        async with self._lent() as connection:
            voucher = self._vouching
            if voucher is None:
                return (await connection.execute(query, params)).rowcount
            cursor = AsyncClientCursor(connection)
            statement = cursor.mogrify(query, params)
            try:
                await cursor.execute(f"BEGIN; {_NUMBER}".encode())
                cursor.nextset()
                [number] = await cursor.fetchone() or (0,)
                vouched = voucher.statement(number)
                await cursor.execute(f"{vouched}; {statement}; COMMIT".encode())
            except BaseException:
                if not connection.closed:
                    await connection.rollback()
                raise
            cursor.nextset()
            return cursor.rowcount

    async def look(self, query: LiteralString, params: Params, row: type[T]) -> T | None:
        """Run one query that only reads and gives at most one row, in one message to the server.

        For what is looked up at every door. A lost connection is `Unavailable`.
        """
        async with (
            self._lent() as connection,
            connection.cursor(row_factory=class_row(row)) as cursor,
        ):
            await cursor.execute(query, params)
            found = await cursor.fetchall()
        assert len(found) <= 1, "at most one row was expected"
        return found[0] if found else None

    async def copy_in(self, statement: LiteralString, rows: Iterable[Sequence[object]]) -> None:
        """Write rows by COPY, in a transaction of their own: a pipeline takes none."""
        async with (
            self._lent() as connection,
            connection.transaction(),
            connection.cursor() as cursor,
        ):
            async with cursor.copy(statement) as copy:
                for row in rows:
                    await copy.write_row(row)
            if self._vouching is not None:
                [number] = await (await cursor.execute(_NUMBER)).fetchone() or (0,)
                await cursor.execute(self._vouching.statement(number).encode())

    @asynccontextmanager
    async def _lent(self) -> AsyncGenerator[AsyncConnection[Any]]:
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
