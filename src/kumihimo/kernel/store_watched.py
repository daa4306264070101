"""What the server tells of who wrote into a room's database, and up to where the room has seen it."""

import attrs

from kumihimo.kernel.sql import Database, Tx


@attrs.frozen
class Server:
    """What a database server can tell: whether it writes enough down, and lets the room ask.

    `publication` says which tables it tells of; None where it tells of some alone. `place`: where it
    writes now. `timeline`: whoever takes its place writes on another.
    """

    can: bool
    publication: str | None
    place: int
    timeline: str


@attrs.frozen
class Slot:
    """Up to where the server need not keep its log for the room, and whether it has lost some."""

    place: int
    lost: bool


@attrs.frozen
class Kept:
    """What the room wrote down at its last look; `ahead` of all that the server has written."""

    place: int
    seal: bytes
    ahead: bool


@attrs.frozen
class Act:
    """A transaction that changed rows of these tables, and the messages that it left behind.

    `until`: where its commit ends in the server's log. Without a transaction: up to where was read,
    and whether there is more.
    """

    transaction: int | None
    tables: list[str] | None
    messages: list[bytes] | None
    until: int | None
    more: bool | None


async def server(tx: Tx) -> Server:
    """Return what the server can tell."""
    return await tx.one(
        "SELECT current_setting('wal_level') = 'logical'"
        " AND to_regprocedure('kumihimo_watch.seen(integer)') IS NOT NULL"
        " AND has_function_privilege(to_regprocedure('kumihimo_watch.seen(integer)'), 'EXECUTE') AS can,"
        " (SELECT oid || ' ' || xmin FROM pg_publication WHERE pubname = 'kumihimo' AND puballtables"
        "   AND pubinsert AND pubupdate AND pubdelete AND pubtruncate) AS publication,"
        " (pg_current_wal_lsn() - '0/0')::bigint AS place,"
        " left(pg_walfile_name(pg_current_wal_lsn()), 8) AS timeline",
        {},
        Server,
    )


@attrs.frozen
class Form:
    """A sum of what a room's tables are made of, and how many migrations there were."""

    sum: str
    migrations: int


async def form(tx: Tx) -> Form:
    """Return what the room's tables are made of."""
    return await tx.one("SELECT sum, migrations FROM kumihimo_watch.form()", {}, Form)


async def slot(tx: Tx) -> Slot | None:
    """Return where the server stands, None where it keeps nothing for the room."""
    return await tx.row(
        "SELECT (confirmed_flush_lsn - '0/0')::bigint AS place,"
        " wal_status = 'lost' AS lost FROM pg_replication_slots"
        " WHERE slot_name = kumihimo_watch.slot()",
        {},
        Slot,
    )


async def kept(tx: Tx) -> Kept | None:
    """Return what the room wrote down, None before its first look."""
    return await tx.row(
        "SELECT place, seal, place > pg_current_wal_lsn() - '0/0' AS ahead FROM watched", {}, Kept
    )


async def keep(tx: Tx, kept: Kept, *, before: int | None, timeline: str) -> bool:
    """Write down up to where the room has seen, on that timeline and after that look alone.

    Says whether it did: another process may have been there, and another server may lead.
    """
    written = await tx.execute(
        "INSERT INTO watched (place, seal) SELECT %(place)s, %(seal)s"
        " WHERE left(pg_walfile_name(pg_current_wal_lsn()), 8) = %(timeline)s"
        " ON CONFLICT (singleton) DO UPDATE SET place = excluded.place, seal = excluded.seal"
        " WHERE watched.place = %(before)s",
        {"place": kept.place, "seal": kept.seal, "before": before, "timeline": timeline},
    )
    return written > 0


async def begin(database: Database) -> bool:
    """Have the server keep its log from now on; says whether another process was not quicker."""
    async with database.transaction() as tx:
        made: bool = await tx.value("SELECT kumihimo_watch.begin()")
        return made


async def seen(database: Database, most: int) -> list[Act]:
    """Return what was committed since, nothing at all while another process is looking."""
    async with database.transaction() as tx:
        await tx.unbounded()  # one transaction may have changed very much
        return await tx.rows(
            "SELECT transaction, tables, messages, (until - '0/0')::bigint AS until, more"
            " FROM kumihimo_watch.seen(%(most)s)",
            {"most": most},
            Act,
        )


async def done(database: Database, place: int) -> None:
    """Let the server forget what came before, unless another process is looking."""
    async with database.transaction() as tx:
        await tx.value("SELECT kumihimo_watch.done('0/0'::pg_lsn + %(place)s)", {"place": place})
