"""The SQL by which a room's database says which of its leaves it knows. It reads, and locks nothing."""

from collections.abc import Sequence

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen
class KnownRow:
    """A submission that the room put down: how many leaves, and where the log said they begin."""

    submission: str
    leaves: int
    first: int | None


@attrs.frozen
class PlacedRow:
    """How many submissions the room believes to be in the log, and where the newest begins."""

    count: int
    newest: int | None


@attrs.frozen
class NumberRow:
    """An anchor: its number, and where its leaf stands in the log, once that was told."""

    number: int
    place: int | None


async def known(tx: Tx, submissions: Sequence[str]) -> dict[str, KnownRow]:
    """Return those of these submissions that the room put down."""
    rows = await tx.rows(
        "SELECT submission, octet_length(leaves) / 32 AS leaves, first FROM leaf_batch"
        " WHERE submission = ANY(%(ids)s)",
        {"ids": list(submissions)},
        KnownRow,
    )
    return {row.submission: row for row in rows}


async def placed(tx: Tx, since: int, but: Sequence[str]) -> PlacedRow:
    """Count what the log is believed to have from entry `since` on, all `but` these."""
    return await tx.one(
        "SELECT count(*) AS count, max(first) AS newest FROM leaf_batch"
        " WHERE first >= %(since)s AND submission <> ALL(%(but)s)",
        {"since": since, "but": list(but)},
        PlacedRow,
    )


async def anchors(tx: Tx, party: str) -> list[NumberRow]:
    """Return every anchor that a party put into the log for this journal."""
    return await tx.rows(
        "SELECT number, place FROM journal_anchor WHERE party = %(party)s ORDER BY number",
        {"party": party},
        NumberRow,
    )
