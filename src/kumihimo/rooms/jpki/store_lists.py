"""jpki's SQL: lists of revoked certificates."""

from datetime import datetime

import attrs

from kumihimo.kernel.health import Found, Made
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.jpki.api import Ca, Reason

FULL = ""


@attrs.frozen(kw_only=True)
class DueRow:
    """A list that must be made anew. `part` is "" for the full one, else a municipality."""

    ca: Ca
    generation: int
    part: str
    number: int
    due_at: datetime


@attrs.frozen(kw_only=True)
class ListedRow:
    """A certificate on a list."""

    serial: int
    reason: Reason
    status_at: datetime


@attrs.frozen(kw_only=True)
class ListRow:
    """A published list."""

    ca: Ca
    generation: int
    part: str
    number: int
    this_update: datetime
    next_update: datetime
    der: bytes


@attrs.frozen
class _Newest:
    """When an authority's newest full list was made."""

    ca: Ca
    at: datetime


async def newest(tx: Tx) -> list[Found]:
    """Tell operators how old each authority's list is."""
    rows = await tx.rows(
        "SELECT ca, max(this_update) AS at FROM crl WHERE part = %(full)s GROUP BY ca",
        {"full": FULL},
        _Newest,
    )
    return [Made(f"list {row.ca}", row.at) for row in rows]


async def need_list(tx: Tx, ca: Ca, generation: int, part: str, at: datetime) -> None:
    """Have a list from now on."""
    await tx.put(
        "INSERT INTO crl_number (ca, generation, part, number, due_at)"
        " VALUES (%(ca)s, %(generation)s, %(part)s, 0, %(at)s) ON CONFLICT DO NOTHING",
        {"ca": ca, "generation": generation, "part": part, "at": at},
    )


async def claim_due(tx: Tx, at: datetime) -> DueRow | None:
    """Return and lock a list that is due, of a generation that can still sign."""
    return await tx.row(
        "SELECT n.ca, n.generation, n.part, n.number, n.due_at FROM crl_number n"
        " JOIN authority a USING (ca, generation) WHERE n.due_at <= %(at)s"
        " AND a.not_after > %(at)s ORDER BY n.due_at LIMIT 1 FOR UPDATE OF n SKIP LOCKED",
        {"at": at},
        DueRow,
    )


async def listed(tx: Tx, due: DueRow, *, since: datetime) -> list[ListedRow]:
    """Return the held and revoked certificates of a list that had not ended at an instant."""
    return await tx.rows(
        "SELECT serial, reason, status_at FROM certificate WHERE ca = %(ca)s"
        " AND generation = %(generation)s AND status <> 'good' AND not_after >= %(since)s"
        " AND (%(part)s = '' OR municipality = %(part)s) ORDER BY serial",
        {"ca": due.ca, "generation": due.generation, "part": due.part, "since": since},
        ListedRow,
    )


async def next_number(tx: Tx, ca: Ca, part: str) -> int:
    """Return the number of the next list; generations share a name, so they share the count."""
    await tx.put("SELECT pg_advisory_xact_lock(hashtext(%(scope)s))", {"scope": f"{ca}/{part}"})
    last = await tx.value(
        "SELECT max(number) FROM crl_number WHERE ca = %(ca)s AND part = %(part)s",
        {"ca": ca, "part": part},
    )
    return int(last) + 1


async def add_list(tx: Tx, row: ListRow, *, due_at: datetime) -> None:
    """Publish a list, and say when the next one is due."""
    await tx.put(
        "UPDATE crl_number SET number = %(number)s, due_at = %(due_at)s WHERE ca = %(ca)s"
        " AND generation = %(generation)s AND part = %(part)s",
        {
            "ca": row.ca,
            "generation": row.generation,
            "part": row.part,
            "number": row.number,
            "due_at": due_at,
        },
    )
    await tx.put(
        "INSERT INTO crl (ca, generation, part, number, this_update, next_update, der)"
        " VALUES (%(ca)s, %(generation)s, %(part)s, %(number)s, %(this_update)s,"
        " %(next_update)s, %(der)s)",
        attrs.asdict(row),
    )


async def latest(tx: Tx, ca: Ca, generation: int, part: str = FULL) -> ListRow | None:
    """Return the list that is in force."""
    return await tx.row(
        "SELECT ca, generation, part, number, this_update, next_update, der FROM crl"
        " WHERE ca = %(ca)s AND generation = %(generation)s AND part = %(part)s"
        " ORDER BY number DESC LIMIT 1",
        {"ca": ca, "generation": generation, "part": part},
        ListRow,
    )
