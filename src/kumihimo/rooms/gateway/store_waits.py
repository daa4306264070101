"""What waits at a gateway, counted for operators: of which institution, how many, since when."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import attrs

from kumihimo.kernel.health import Found, Look, Waits
from kumihimo.kernel.sql import Tx


@attrs.frozen
class _Queue:
    """One kind of work of one institution."""

    queue: str
    count: int
    since: datetime


def look_at(institutions: Iterable[str]) -> Look:
    """Return the look that finds the work of these institutions that waits.

    `core`: batches without the core's answer; `provider`: batches that wait for a provider or its
    officer; `officer`: permits that our own officer must decide; `notice`: letters owed to persons.
    """

    async def look(tx: Tx) -> Sequence[Found]:
        found: list[Found] = []
        for institution in institutions:
            rows = await _queues(tx, institution)
            found += [Waits(row.queue, institution, row.count, row.since) for row in rows]
        return found

    return look


async def _queues(tx: Tx, institution: str) -> list[_Queue]:
    await tx.put("SELECT set_config('kumihimo.institution', %s, true)", (institution,))
    return await tx.rows(
        "SELECT queue, count(*) AS count, min(since) AS since FROM ("
        " SELECT CASE WHEN granted IS NULL THEN 'core' ELSE 'provider' END AS queue,"
        " created_at AS since FROM batch WHERE state <> 'DONE'"
        " UNION ALL SELECT 'officer', received_at FROM provision WHERE outcome = 'PENDING_MANUAL'"
        " UNION ALL SELECT 'notice', made_at FROM notice WHERE state = 'DUE'"
        " ) AS waiting GROUP BY queue",
        {},
        _Queue,
    )
