"""The gateway's SQL for copies (副本) and the files they came in."""

from collections.abc import Sequence
from datetime import date, datetime

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(kw_only=True)
class LoadRow:
    """One file that was loaded. `file_digest` is keyed: an unkeyed one would tell its content."""

    load: str
    info: str
    layout: str
    file_digest: bytes
    rows_good: int
    rows_bad: int
    loaded_at: datetime


@attrs.frozen
class Latest:
    """The copy of a person that came last, in force or withdrawn."""

    person: str
    copy: int
    as_of: date


@attrs.frozen(kw_only=True)
class NewCopy:
    """A copy to store."""

    person: str
    as_of: date
    supersedes: int | None
    locked: bytes


@attrs.frozen(kw_only=True)
class CopyLine:
    """A copy as its own institution lists it."""

    copy: int
    info: str
    layout: str
    as_of: date
    supersedes: int | None
    current: bool
    load: str
    person: str
    locked: bytes


async def lock_info(tx: Tx, institution: str, info: str) -> None:
    """Let one load of one kind of information run at a time, so the last one wins entirely."""
    await tx.put(
        "SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))",
        {"name": f"copies|{institution}|{info}"},
    )


async def last_load(tx: Tx, info: str) -> LoadRow | None:
    """Return the latest file of one kind of information."""
    return await tx.row(
        "SELECT load, info, layout, file_digest, rows_good, rows_bad, loaded_at FROM load"
        " WHERE info = %(info)s ORDER BY loaded_at DESC, load LIMIT 1",
        {"info": info},
        LoadRow,
    )


async def add_load(tx: Tx, institution: str, row: LoadRow) -> None:
    """Note a file."""
    await tx.put(
        "INSERT INTO load (institution, load, info, layout, file_digest, rows_good, rows_bad,"
        " loaded_at) VALUES (%(institution)s, %(load)s, %(info)s, %(layout)s, %(file_digest)s,"
        " %(rows_good)s, %(rows_bad)s, %(loaded_at)s)",
        {"institution": institution, **attrs.asdict(row)},
    )


async def latest(tx: Tx, info: str, persons: Sequence[str]) -> dict[str, Latest]:
    """Return the copies of persons that came last."""
    rows = await tx.rows(
        "SELECT DISTINCT ON (person) person, copy, as_of FROM copy"
        " WHERE info = %(info)s AND person = ANY(%(persons)s) ORDER BY person, copy DESC",
        {"info": info, "persons": list(persons)},
        Latest,
    )
    return {row.person: row for row in rows}


async def retire(tx: Tx, copies: Sequence[int]) -> int:
    """Take copies out of force; returns how many were."""
    return await tx.execute(
        "UPDATE copy SET current = false WHERE copy = ANY(%(copies)s) AND current",
        {"copies": list(copies)},
    )


async def add_copies(tx: Tx, institution: str, load: LoadRow, copies: Sequence[NewCopy]) -> None:
    """Store copies of one load."""
    await tx.put(
        "INSERT INTO copy (institution, person, info, layout, as_of, load, supersedes,"
        " locked)"
        " SELECT %(institution)s, person, %(info)s, %(layout)s, as_of, %(load)s, supersedes, locked"
        " FROM unnest(%(person)s::text[], %(as_of)s::date[], %(supersedes)s::bigint[],"
        " %(locked)s::bytea[]) AS new (person, as_of, supersedes, locked) ORDER BY person",
        {
            "institution": institution,
            "info": load.info,
            "layout": load.layout,
            "load": load.load,
            "person": [c.person for c in copies],
            "as_of": [c.as_of for c in copies],
            "supersedes": [c.supersedes for c in copies],
            "locked": [c.locked for c in copies],
        },
    )


async def of_person(tx: Tx, addressee: str, info: str) -> list[CopyLine]:
    """Return every copy of one kind about a person, the latest first."""
    return await tx.rows(
        "SELECT c.copy, c.info, c.layout, c.as_of, c.supersedes, c.current, c.load,"
        " c.person, c.locked"
        " FROM addressee a JOIN copy c USING (institution, person)"
        " WHERE a.addressee = %(addressee)s AND c.info = %(info)s ORDER BY c.copy DESC",
        {"addressee": addressee, "info": info},
        CopyLine,
    )
