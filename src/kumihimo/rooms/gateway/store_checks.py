"""The gateway's SQL for the regular check of links."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import attrs
from psycopg.types.json import Jsonb

from kumihimo.kernel.sql import Tx


@attrs.frozen(kw_only=True)
class CheckRow:
    """One run of the check over all links of an institution."""

    run: str
    affair: str
    started_on: date
    finished_on: date | None
    done_until: str
    compared: int
    suspended: int
    counts: Mapping[str, Any]


@attrs.frozen
class Linked:
    """A person with a number, locked, and the records that stand under her."""

    person: str
    vault: bytes
    addressees: Sequence[str]


@attrs.frozen
class Standing:
    """A record with what the vault keeps of its person, locked."""

    addressee: str
    person: str
    vault: bytes


@attrs.frozen
class FindingRow:
    """What a check found of one person, locked."""

    finding: int
    run: str
    verdict: str
    found_locked: bytes


async def runs(tx: Tx, limit: int) -> list[CheckRow]:
    """Return the latest runs, the latest first."""
    return await tx.rows(
        "SELECT run, affair, started_on, finished_on, done_until, compared, suspended, counts"
        " FROM link_check ORDER BY started_on DESC, finished_on DESC NULLS FIRST, run"
        " LIMIT %(limit)s",
        {"limit": limit},
        CheckRow,
    )


async def start(tx: Tx, institution: str, run: str, affair: str, on: date) -> None:
    """Begin a run; `UniqueViolation` while another goes on."""
    await tx.put(
        "INSERT INTO link_check (institution, run, affair, started_on)"
        " VALUES (%(institution)s, %(run)s, %(affair)s, %(on)s)",
        {"institution": institution, "run": run, "affair": affair, "on": on},
    )


async def linked(tx: Tx, after: str, limit: int) -> list[Linked]:
    """Return persons with a number, in the order of their random ids."""
    return await tx.rows(
        "SELECT v.person, v.locked AS vault, (SELECT coalesce(array_agg(a.addressee), '{}')"
        " FROM addressee a WHERE a.institution = v.institution AND a.person = v.person)"
        " AS addressees FROM vault v WHERE v.person > %(after)s ORDER BY v.person LIMIT %(limit)s",
        {"after": after, "limit": limit},
        Linked,
    )


async def advance(tx: Tx, run: CheckRow) -> bool:
    """Store how far a run is; False when another process went further."""
    changed = await tx.execute(
        "UPDATE link_check SET done_until = %(done_until)s, compared = %(compared)s,"
        " suspended = %(suspended)s, counts = %(counts)s, finished_on = %(finished_on)s"
        " WHERE run = %(run)s AND finished_on IS NULL AND done_until <= %(done_until)s"
        " AND compared <= %(compared)s",
        {**attrs.asdict(run), "counts": Jsonb(dict(run.counts))},
    )
    return changed == 1


async def add_findings(
    tx: Tx, institution: str, run: str, found: Sequence[tuple[str, bytes]]
) -> None:
    """Keep what somebody has to look at."""
    for verdict, locked in found:
        await tx.put(
            "INSERT INTO link_finding (institution, run, verdict, found_locked)"
            " VALUES (%(institution)s, %(run)s, %(verdict)s, %(locked)s)",
            {"institution": institution, "run": run, "verdict": verdict, "locked": locked},
        )


async def findings(tx: Tx, run: str, after: int, limit: int) -> list[FindingRow]:
    """Return a page of what a run found."""
    return await tx.rows(
        "SELECT finding, run, verdict, found_locked FROM link_finding"
        " WHERE run = %(run)s AND finding > %(after)s ORDER BY finding LIMIT %(limit)s",
        {"run": run, "after": after, "limit": limit},
        FindingRow,
    )


async def run_of(tx: Tx, run: str) -> CheckRow | None:
    """Return one run."""
    return await tx.row(
        "SELECT run, affair, started_on, finished_on, done_until, compared, suspended, counts"
        " FROM link_check WHERE run = %(run)s",
        {"run": run},
        CheckRow,
    )


async def standing(tx: Tx, addressees: Sequence[str]) -> list[Standing]:
    """Return those of some records that stand under a person with a number."""
    return await tx.rows(
        "SELECT a.addressee, a.person, v.locked AS vault FROM addressee a"
        " JOIN vault v ON v.institution = a.institution AND v.person = a.person"
        " WHERE a.addressee = ANY(%(addressees)s)",
        {"addressees": list(addressees)},
        Standing,
    )
