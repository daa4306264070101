"""PostgreSQL through psycopg 3: literal SQL, named columns, typed rows, short transactions.

A process may stop anywhere, and the server waits for whoever is silent. So what everybody waits
for is locked by statements that reach the server in one message with their commit (`Tx.last`,
`Database.alone`): no lock is left to a process that sleeps. What else a transaction locks, the
server takes back after `TRANSACTION_MS`. Where connections come from is in `connections`.
"""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, LiteralString, Self, TypeVar

import attrs
from psycopg import AsyncClientCursor, AsyncConnection, AsyncCursor, AsyncPipeline
from psycopg.rows import class_row

from kumihimo.kernel.connections import BOUND, POOL_MAX, TRANSACTION_MS, Connections
from kumihimo.kernel.crowd import Crowd
from kumihimo.kernel.vouching import Voucher, may_write
from kumihimo.kernel.withheld import Withheld

T = TypeVar("T")
Params = Mapping[str, Any] | Sequence[Any]

# The number of a transaction that has one by now, and of one that will write in any case.
_NUMBERED: LiteralString = "SELECT pg_current_xact_id_if_assigned()::text::bigint"
_NUMBER: LiteralString = "SELECT pg_current_xact_id()::text::bigint"
_UNSYNCED: LiteralString = "SET LOCAL synchronous_commit = off"


@attrs.frozen
class Tx:
    """An open transaction. It commits when its block ends and rolls back when the block raises.

    `first` are the rows that came with the beginning of a brief one, and `_transaction` its number.
    """

    connection: AsyncConnection[Any]
    pipeline: AsyncPipeline | None
    _voucher: Voucher | None = None
    first: Sequence[Sequence[Any]] = ()
    _transaction: int | None = None
    _last: list[tuple[LiteralString, Params]] = attrs.field(
        init=False, factory=list[tuple[LiteralString, Params]]
    )
    _wrote: list[LiteralString] = attrs.field(init=False, factory=list[LiteralString])
    _number: list[AsyncCursor[Any]] = attrs.field(init=False, factory=list[AsyncCursor[Any]])

    @property
    def wrote(self) -> bool:
        """Whether it wrote anything, or will; of one that nobody vouches for that is not known."""
        return self._voucher is None or bool(self._last or self._wrote)

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
        await self.put(_UNSYNCED)

    async def unbounded(self) -> None:
        """Let this transaction and its statements take as long as they need."""
        await self.put("SET LOCAL statement_timeout = 0")
        await self.put(BOUND, ("0", True))

    async def commit(self) -> bool:
        """Send the commit, unless statements go with it; says whether it did."""
        if self._voucher is not None and self.wrote:
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
        transaction = self._transaction
        for number in self._number:
            [transaction] = await number.fetchone() or (None,)
        if transaction is not None:
            assert self._voucher is not None, "its number was asked for"
            statements.insert(0, self._voucher.statement(transaction))
        await cursor.execute("; ".join([*statements, "COMMIT"]).encode())

    async def put(self, query: LiteralString, params: Params = ()) -> None:
        """Send a statement whose result nobody looks at; an error shows at the next that waits."""
        self.note(query)
        await self.connection.execute(query, params)

    async def execute(self, query: LiteralString, params: Params = ()) -> int:
        """Run a statement; returns how many rows it touched."""
        self.note(query)
        cursor = await self.connection.execute(query, params)
        if self.pipeline is not None:
            await self.pipeline.sync()
        return cursor.rowcount

    async def rows(self, query: LiteralString, params: Params, row: type[T]) -> list[T]:
        """Run a query; returns each row as a `row`, columns matched by name."""
        self.note(query)
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
        self.note(query)
        cursor = await self.connection.execute(query, params)
        found = await cursor.fetchone()
        return found[0] if found else None

    def note(self, query: LiteralString) -> None:
        """Take note of a statement that is sent: whether it writes decides how the transaction ends."""
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
        self._connections = Connections(
            dsn, pool_max=pool_max, transaction_ms=transaction_ms, pooler=pooler
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
        await self._connections.open(wait=wait)

    async def close(self) -> None:
        """Close every connection."""
        await self._connections.close()

    def crowd(self) -> Crowd:
        """Say how many use its connections."""
        return self._connections.crowd()

    @asynccontextmanager
    async def transaction(self, *, institution: str = "") -> AsyncGenerator[Tx]:
        """Open a transaction, for one institution where the room hosts many.

        The institution is what row-level security compares. Statements travel in a pipeline: one
        waits for the database only where its result is looked at, and at the commit. A lost
        connection is `Unavailable`: whether a commit that was under way reached the disk is then
        unknown, so every use case is written to be repeated.
        """
        async with self._connections.lent() as connection:
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

    @asynccontextmanager
    async def brief(self, *before: LiteralString) -> AsyncGenerator[Tx]:
        """Open a transaction of few statements that writes at its end: a page, and its line.

        It begins in one message, together with `before`, which take no parameters; `first` are the
        rows of the last of them. One waits for each statement: a pipeline costs more than it saves
        where there are few and each is looked at. As with `transaction`, a lost connection is
        `Unavailable`, and whether it was committed is then unknown.
        """
        voucher = self._vouching
        number = [] if voucher is None else [_NUMBER]
        async with self._connections.lent() as connection:
            cursor = AsyncClientCursor(connection)
            try:
                await cursor.execute("; ".join(["BEGIN", *number, *before]).encode())
                transaction = None
                if number:
                    cursor.nextset()
                    [transaction] = await cursor.fetchone() or (None,)
                first = await _rest(cursor) if before else ()
                tx = Tx(connection, None, voucher, first, transaction)
                for query in before:
                    tx.note(query)
                yield tx
                if tx.wrote:
                    await tx.commit_with_last()
                else:  # its number would wait for the disk, and nobody needs it
                    await cursor.execute(f"{_UNSYNCED}; COMMIT".encode())
            except BaseException:
                if not connection.closed:
                    await connection.rollback()
                raise

    async def alone(
        self, query: LiteralString, params: Params = (), *, unsynced: bool = False
    ) -> int:
        """Run one statement as a transaction of its own; returns how many rows it touched.

        It reaches the server in one message with its commit: whoever is stopped locks nothing.
        A lost connection is `Unavailable`, and whether it was committed is then unknown. With
        `unsynced` it does not wait for the disk, as `Tx.unsynced` says.
        """
        voucher, begins = self._vouching, ["BEGIN", *([_UNSYNCED] if unsynced else [])]
        async with self._connections.lent() as connection:
            if voucher is None and not unsynced:
                return (await connection.execute(query, params)).rowcount
            cursor = AsyncClientCursor(connection)
            statement = cursor.mogrify(query, params)
            try:
                if voucher is not None:
                    await cursor.execute("; ".join([*begins, _NUMBER]).encode())
                    [[number]] = await _rest(cursor)
                    begins = [voucher.statement(number)]
                await cursor.execute("; ".join([*begins, statement, "COMMIT"]).encode())
            except BaseException:
                if not connection.closed:
                    await connection.rollback()
                raise
            for _ in begins:
                cursor.nextset()
            return cursor.rowcount

    async def look(self, query: LiteralString, params: Params, row: type[T]) -> T | None:
        """Run one query that only reads and gives at most one row, in one message to the server.

        For what is looked up at every door. A lost connection is `Unavailable`.
        """
        async with (
            self._connections.lent() as connection,
            connection.cursor(row_factory=class_row(row)) as cursor,
        ):
            await cursor.execute(query, params)
            found = await cursor.fetchall()
        assert len(found) <= 1, "at most one row was expected"
        return found[0] if found else None

    async def copy_in(self, statement: LiteralString, rows: Iterable[Sequence[object]]) -> None:
        """Write rows by COPY, in a transaction of their own: a pipeline takes none."""
        async with (
            self._connections.lent() as connection,
            connection.transaction(),
            connection.cursor() as cursor,
        ):
            async with cursor.copy(statement) as copy:
                for row in rows:
                    await copy.write_row(row)
            if self._vouching is not None:
                [number] = await (await cursor.execute(_NUMBER)).fetchone() or (0,)
                await cursor.execute(self._vouching.statement(number).encode())


async def _rest(cursor: AsyncClientCursor[Any]) -> Sequence[Sequence[Any]]:
    """Return the rows, if any, of the last of the statements that travelled in one message."""
    while cursor.nextset():
        pass
    return await cursor.fetchall() if cursor.description else ()
