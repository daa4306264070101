"""The ledger's SQL for notices to persons."""

from collections.abc import Sequence
from datetime import date
from typing import Final, LiteralString

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(kw_only=True, repr=False)
class NoticeRow:
    """A notice as it came; `sealed` is None when it was removed."""

    notice: str
    institution: str
    person: bytes
    version: int
    state: str
    sealed: bytes | None
    taken_on: date
    until: date


async def take(tx: Tx, row: NoticeRow) -> int:
    """Write down the last word on a notice; returns how many changed.

    Words arrive in any order: what is withdrawn is never sent again, what is removed never comes
    back. Whose it is, from whom and until when, the first word says; nobody else has a word on it.
    """
    return await tx.execute(
        "INSERT INTO portal_notice (notice, institution, person, version, state, sealed, taken_on,"
        " until) VALUES (%(notice)s, %(institution)s, %(person)s, %(version)s, %(state)s,"
        " %(sealed)s, %(taken_on)s, %(until)s)"
        " ON CONFLICT (notice) DO UPDATE SET state = excluded.state,"
        " sealed = CASE WHEN excluded.state = 'removed' THEN NULL ELSE portal_notice.sealed END"
        " WHERE portal_notice.institution = excluded.institution"
        " AND array_position(ARRAY['sent', 'withdrawn', 'removed'], excluded.state)"
        "   > array_position(ARRAY['sent', 'withdrawn', 'removed'], portal_notice.state)",
        attrs.asdict(row),
    )


# OFFSET 0 has hers looked up alone: a plan that does not know the day went through everybody's.
MINE: Final[LiteralString] = (
    "SELECT notice, institution, person, version, state, sealed, taken_on, until FROM"
    " (SELECT * FROM portal_notice WHERE person = ANY(%(persons)s::bytea[]) OFFSET 0) AS hers"
    " WHERE state <> 'removed' AND until >= %(on)s"
    " ORDER BY taken_on DESC, notice LIMIT %(notices_most)s"
)


async def mine(tx: Tx, persons: Sequence[bytes], on: date, most: int) -> list[NoticeRow]:
    """Return what a person may read on a day, the latest first; `persons` are her codes."""
    params = {"persons": list(persons), "on": on, "notices_most": most}
    return await tx.rows(MINE, params, NoticeRow)
