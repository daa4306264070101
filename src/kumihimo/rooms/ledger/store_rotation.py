"""The ledger's SQL for changing its key: the steps, and the walk through seven tables."""

from collections.abc import Sequence
from datetime import date
from typing import Final, LiteralString

import attrs

from kumihimo.kernel.sql import Tx

# The advisory lock "lkey" is between a change of key and the rest.
_CHANGE: Final[LiteralString] = "SELECT pg_advisory_xact_lock(0x6C6B6579)"
# Both begin each transaction that reads or writes by codes: the steps as they are under the lock.
HOLD: Final[LiteralString] = "SELECT pg_advisory_xact_lock_shared(0x6C6B6579)"
STEPS: Final[LiteralString] = "SELECT old, new, scalar_locked FROM rotation ORDER BY new"


@attrs.frozen
class StepRow:
    """One change of key; `scalar_locked` is NULL once it is forgotten."""

    old: int
    new: int
    scalar_locked: bytes | None


@attrs.frozen
class CodeRow:
    """One row that holds a code: its key, the permit it belongs to, its code and version."""

    key: str | bytes
    permit: str
    person: bytes
    version: int


@attrs.frozen
class Table:
    """One table of codes: where its walk begins, how a stretch is read, how codes are replaced."""

    name: str
    first: str | bytes
    read: LiteralString
    replace: LiteralString


TABLES: Final = (
    Table(
        "record",
        "",
        "SELECT record AS key, permit, person, version FROM record WHERE record > %(after)s"
        " ORDER BY record LIMIT %(limit)s FOR UPDATE",
        "UPDATE record SET person = new.person, version = new.version"
        " FROM unnest(%(keys)s::text[], %(persons)s::bytea[], %(versions)s::integer[])"
        " AS new (key, person, version) WHERE record.record = new.key",
    ),
    Table(
        "record_end",
        "",
        "SELECT permit AS key, permit, person, version FROM record_end"
        " WHERE permit > %(after)s AND side = 'provider' AND person IS NOT NULL"
        " ORDER BY permit LIMIT %(limit)s FOR UPDATE",
        "UPDATE record_end SET person = new.person, version = new.version"
        " FROM unnest(%(keys)s::text[], %(persons)s::bytea[], %(versions)s::integer[])"
        " AS new (key, person, version)"
        " WHERE record_end.permit = new.key AND record_end.side = 'provider'",
    ),
    Table(
        "session",
        b"",
        "SELECT token_hash AS key, '' AS permit, person, version FROM session"
        " WHERE token_hash > %(after)s ORDER BY token_hash LIMIT %(limit)s FOR UPDATE",
        "UPDATE session SET person = new.person, version = new.version"
        " FROM unnest(%(keys)s::bytea[], %(persons)s::bytea[], %(versions)s::integer[])"
        " AS new (key, person, version) WHERE session.token_hash = new.key",
    ),
    Table(
        "claim",
        "",
        "SELECT claim AS key, '' AS permit, person, version FROM claim"
        " WHERE claim > %(after)s ORDER BY claim LIMIT %(limit)s FOR UPDATE",
        "UPDATE claim SET person = new.person, version = new.version"
        " FROM unnest(%(keys)s::text[], %(persons)s::bytea[], %(versions)s::integer[])"
        " AS new (key, person, version) WHERE claim.claim = new.key",
    ),
    Table(
        "person_chain",
        "",
        "SELECT chain AS key, '' AS permit, person, version FROM person_chain"
        " WHERE chain > %(after)s AND person IS NOT NULL"
        " ORDER BY chain LIMIT %(limit)s FOR UPDATE",
        "UPDATE person_chain SET person = new.person, version = new.version"
        " FROM unnest(%(keys)s::text[], %(persons)s::bytea[], %(versions)s::integer[])"
        " AS new (key, person, version) WHERE person_chain.chain = new.key",
    ),
    Table(
        "portal_notice",
        "",
        "SELECT notice AS key, '' AS permit, person, version FROM portal_notice"
        " WHERE notice > %(after)s ORDER BY notice LIMIT %(limit)s FOR UPDATE",
        "UPDATE portal_notice SET person = new.person, version = new.version"
        " FROM unnest(%(keys)s::text[], %(persons)s::bytea[], %(versions)s::integer[])"
        " AS new (key, person, version) WHERE portal_notice.notice = new.key",
    ),
    Table(
        "delegation",
        "",
        "SELECT delegation AS key, '' AS permit, person, version FROM delegation"
        " WHERE delegation > %(after)s ORDER BY delegation LIMIT %(limit)s FOR UPDATE",
        "UPDATE delegation SET person = new.person, version = new.version"
        " FROM unnest(%(keys)s::text[], %(persons)s::bytea[], %(versions)s::integer[])"
        " AS new (key, person, version) WHERE delegation.delegation = new.key",
    ),
    Table(
        "bell",
        b"",
        "SELECT bell_hash AS key, '' AS permit, person, version FROM bell"
        " WHERE bell_hash > %(after)s ORDER BY bell_hash LIMIT %(limit)s FOR UPDATE",
        "UPDATE bell SET person = new.person, version = new.version"
        " FROM unnest(%(keys)s::bytea[], %(persons)s::bytea[], %(versions)s::integer[])"
        " AS new (key, person, version) WHERE bell.bell_hash = new.key",
    ),
)


async def hold(tx: Tx) -> None:
    """Keep every change of key from beginning until this transaction ends."""
    await tx.put(HOLD)


async def steps(tx: Tx) -> list[StepRow]:
    """Return every change of key, the first first."""
    return await tx.rows(STEPS, {}, StepRow)


async def begin(tx: Tx, step: StepRow) -> None:
    """Begin a change of key once nobody holds the present one; a repeat changes nothing."""
    await tx.put(_CHANGE)
    await tx.put(
        "INSERT INTO rotation (old, new, scalar_locked) VALUES (%(old)s, %(new)s, %(locked)s)"
        " ON CONFLICT (new) DO UPDATE SET scalar_locked = excluded.scalar_locked,"
        " finished_on = NULL",
        {"old": step.old, "new": step.new, "locked": step.scalar_locked},
    )


async def unfinished(tx: Tx) -> StepRow | None:
    """Return the change that is under way."""
    return await tx.row(
        "SELECT old, new, scalar_locked FROM rotation WHERE finished_on IS NULL", {}, StepRow
    )


async def finish(tx: Tx, new: int, on: date) -> bool:
    """Write down that a change is done; False when it was."""
    changed = await tx.execute(
        "UPDATE rotation SET finished_on = %(on)s WHERE new = %(new)s AND finished_on IS NULL",
        {"new": new, "on": on},
    )
    return changed == 1


@attrs.frozen
class LatestRow:
    """The last change of key, under way or done."""

    new: int
    finished_on: date | None


@attrs.frozen
class CountRow:
    """How many codes there are, and how many of them under a version before a given one."""

    codes: int
    old: int


async def latest(tx: Tx) -> LatestRow | None:
    """Return the last change of key."""
    return await tx.row(
        "SELECT new, finished_on FROM rotation ORDER BY new DESC LIMIT 1", {}, LatestRow
    )


async def count(tx: Tx, version: int) -> CountRow:
    """Count the codes, and those of them whose version is before this one."""
    return await tx.one(
        "SELECT count(*) AS codes, count(*) FILTER (WHERE version < %(version)s) AS old FROM ("
        " SELECT version FROM record UNION ALL SELECT version FROM record_end"
        " WHERE side = 'provider' AND person IS NOT NULL UNION ALL SELECT version FROM session"
        " UNION ALL SELECT version FROM claim"
        " UNION ALL SELECT version FROM person_chain WHERE person IS NOT NULL"
        " UNION ALL SELECT version FROM portal_notice"
        ") AS held",
        {"version": version},
        CountRow,
    )


async def forget(tx: Tx, before: date) -> int:
    """Forget the scalars of changes that were done before a day; returns how many."""
    return await tx.execute(
        "UPDATE rotation SET scalar_locked = NULL"
        " WHERE finished_on < %(before)s AND scalar_locked IS NOT NULL",
        {"before": before},
    )


async def stretch(tx: Tx, table: Table, after: str | bytes, limit: int) -> list[CodeRow]:
    """Lock the next rows of a table, whatever their version, so that a walk misses none."""
    return await tx.rows(table.read, {"after": after, "limit": limit}, CodeRow)


async def replace(
    tx: Tx, table: Table, keys: Sequence[str | bytes], codes: Sequence[tuple[int, bytes]]
) -> None:
    """Write the codes of rows anew."""
    await tx.put(
        table.replace,
        {
            "keys": list(keys),
            "persons": [code for _, code in codes],
            "versions": [version for version, _ in codes],
        },
    )
