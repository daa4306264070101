"""The gateway's SQL for which records register was asked about."""

from collections.abc import Sequence
from datetime import date

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(repr=False)
class AskedRow:
    """One inquiry at register, by a keyed tag, and the records that it was asked for, locked."""

    inquiry_tag: bytes
    records_locked: bytes


async def add(tx: Tx, institution: str, rows: Sequence[AskedRow], *, on: date) -> None:
    """Write inquiries down."""
    await tx.put(
        "INSERT INTO register_inquiry (institution, inquiry_tag, records_locked, asked_on)"
        " SELECT %(institution)s, tag, locked, %(on)s"
        " FROM unnest(%(tags)s::bytea[], %(locked)s::bytea[]) AS new (tag, locked)",
        {
            "institution": institution,
            "tags": [row.inquiry_tag for row in rows],
            "locked": [row.records_locked for row in rows],
            "on": on,
        },
    )


async def of(tx: Tx, inquiry_tag: bytes) -> AskedRow | None:
    """Return an inquiry; None for one that this institution never made, or long ago."""
    return await tx.row(
        "SELECT inquiry_tag, records_locked FROM register_inquiry WHERE inquiry_tag = %(tag)s",
        {"tag": inquiry_tag},
        AskedRow,
    )
