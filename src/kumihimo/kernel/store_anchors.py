"""The SQL that holds a journal against itself and against its anchors. It reads, and locks nothing.

Digests are calculated by the database, over the same bytes as `journal.digest_of`: no line travels.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, LiteralString

import attrs

from kumihimo.kernel.journal import GENESIS
from kumihimo.kernel.sql import Database, Tx

# A line is of the instant at which its use case began, and processes' clocks differ (our choice).
LATE: Final = timedelta(minutes=5)
WRONG_AT_ONCE: Final = 16


@attrs.frozen(kw_only=True)
class Line:
    """How far a journal was checked: a line, its digest, and the latest instant up to it.

    `wrong` says what is wrong with the line itself, "" where nothing is.
    """

    seq: int
    digest: bytes
    latest: datetime | None
    wrong: str = ""


BEGINNING: Final = Line(seq=0, digest=GENESIS, latest=None)


@attrs.frozen(kw_only=True)
class HeadRow:
    """The journal's head, the digest of that line, and the newest line that there is."""

    seq: int
    digest: bytes
    line: bytes | None
    newest: int


@attrs.frozen(kw_only=True)
class AnchorRow:
    """One anchor."""

    number: int
    seq: int
    digest: bytes
    party: str
    at: datetime
    place: int | None


@attrs.frozen
class _SeqRow:
    seq: int


@attrs.frozen
class Mark:
    """What stands for many lines: how many they are, and a keyed sum over them."""

    lines: int
    sum: int


async def mark(tx: Tx, seed: int, *, after: int, until: int) -> Mark:
    """Return the mark of the lines behind `after`, up to `until`, under a secret seed."""
    return await tx.one(
        # By name: a release may add a column while this program serves.
        "SELECT count(*) AS lines, coalesce(bit_xor(hash_record_extended("
        "ROW(seq, at, act, actor, detail, digest), %(seed)s::bigint)), 0) AS sum"
        " FROM journal WHERE seq > %(after)s AND seq <= %(until)s",
        {"seed": seed, "after": after, "until": until},
        Mark,
    )


async def line(tx: Tx, seq: int) -> Line:
    """Return a line as one from which a walk begins; `BEGINNING` where there is none."""
    found = await tx.row(
        "SELECT seq, digest, NULL::timestamptz AS latest, '' AS wrong FROM journal"
        " WHERE seq = %(seq)s",
        {"seq": seq},
        Line,
    )
    return BEGINNING if found is None else attrs.evolve(found, digest=bytes(found.digest))


async def head(tx: Tx) -> HeadRow:
    """Return the head with what the journal has at its end, at one moment."""
    return await tx.one(
        "SELECT h.seq, h.digest, j.digest AS line,"
        " coalesce((SELECT max(seq) FROM journal), 0) AS newest"
        " FROM journal_head h LEFT JOIN journal j ON j.seq = h.seq",
        {},
        HeadRow,
    )


async def newest(tx: Tx) -> AnchorRow | None:
    """Return the newest anchor."""
    return await tx.row(
        "SELECT number, seq, digest, party, at, place FROM journal_anchor"
        " ORDER BY number DESC LIMIT 1",
        {},
        AnchorRow,
    )


# A quotation mark in a word could move the border between two columns and leave the bytes as they
# are; no word has one.
_WALK: Final[LiteralString] = (
    "WITH part AS (SELECT seq, at, act, actor, detail, digest FROM journal"
    " WHERE seq > %(after)s AND seq <= %(until)s ORDER BY seq LIMIT %(most)s),"
    " line AS (SELECT seq, at, digest, lag(seq, 1, %(after)s::bigint) OVER w AS seq_before,"
    " lag(digest, 1, %(digest)s::bytea) OVER w AS before,"
    " greatest(%(latest)s::timestamptz, max(at) OVER (ORDER BY seq"
    "   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS latest,"
    " position('\"' IN act) + position('\"' IN actor) AS quoted,"
    " convert_to('[' || seq::text || ',\"'"
    " || to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"')"
    " || '\",\"' || act || '\",\"' || actor || '\",' || detail || ']', 'UTF8') AS content"
    " FROM part WINDOW w AS (ORDER BY seq)),"
    " judged AS (SELECT seq, digest, greatest(latest, at) AS latest, CASE"
    " WHEN seq <> seq_before + 1 THEN 'line-missing'"
    " WHEN quoted > 0 OR digest <> sha256(before || content) THEN 'line-changed'"
    " WHEN at < greatest(latest, %(seen_at)s::timestamptz) - %(late)s::interval"
    "   THEN 'line-back-dated'"
    " ELSE '' END AS wrong FROM line)"
    " SELECT seq, digest, latest, wrong FROM judged"
    " WHERE wrong <> '' OR seq = (SELECT max(seq) FROM part) ORDER BY seq LIMIT %(listed)s"
)


async def walk(
    tx: Tx, after: Line, *, until: int, most: int, seen_at: datetime | None = None
) -> list[Line]:
    """Check at most `most` lines behind `after`, up to `until`.

    Returns the lines with which something is wrong, and the last that was checked; nothing where
    there is no line. A line that came after `seen_at` and says a much earlier instant is wrong.
    """
    rows = await tx.rows(
        _WALK,
        {
            "after": after.seq,
            "until": until,
            "most": most,
            "digest": after.digest,
            "latest": after.latest,
            "seen_at": seen_at,
            "late": LATE,
            "listed": WRONG_AT_ONCE,
        },
        Line,
    )
    return [attrs.evolve(row, digest=bytes(row.digest)) for row in rows]


async def unlike(tx: Tx, *, after: int, until: int) -> list[int]:
    """Return lines behind `after` and up to `until` that are not what their anchor says."""
    rows = await tx.rows(
        "SELECT a.seq FROM journal_anchor a LEFT JOIN journal j ON j.seq = a.seq"
        " WHERE a.seq > %(after)s AND a.seq <= %(until)s AND j.digest IS DISTINCT FROM a.digest"
        " ORDER BY a.seq LIMIT %(most)s",
        {"after": after, "until": until, "most": WRONG_AT_ONCE},
        _SeqRow,
    )
    return [row.seq for row in rows]


async def changed(tx: Tx, tables: Sequence[str]) -> int:
    """Return how many rows of these tables the server counts as changed or taken out."""
    found = await tx.value(
        "SELECT coalesce(sum(n_tup_upd + n_tup_del), 0)::bigint FROM pg_stat_user_tables"
        " WHERE schemaname = 'public' AND relname = ANY(%(tables)s)",
        {"tables": list(tables)},
    )
    assert isinstance(found, int), "a count"
    return found


async def add(database: Database, row: AnchorRow) -> None:
    """Write an anchor down; of two processes at once one is the first."""
    await database.alone(
        "INSERT INTO journal_anchor (number, seq, digest, party, at)"
        " VALUES (%(number)s, %(seq)s, %(digest)s, %(party)s, %(at)s) ON CONFLICT DO NOTHING",
        {
            "number": row.number,
            "seq": row.seq,
            "digest": row.digest,
            "party": row.party,
            "at": row.at,
        },
    )


async def place(database: Database, number: int, at: int) -> None:
    """Write down where an anchor's leaf stands in the log."""
    await database.alone(
        "UPDATE journal_anchor SET place = %(at)s WHERE number = %(number)s AND place IS NULL",
        {"number": number, "at": at},
    )
