"""The core's SQL that counts exchanges for everybody to read."""

from datetime import datetime, timedelta

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.linkage.domain.counting import OPEN, Counted
from kumihimo.rooms.oversight.statistics_api import WAITS_S

__all__ = ["Counted", "count", "is_counted", "mark_counted"]


async def is_counted(tx: Tx, month: str) -> bool:
    """Say whether a month was counted."""
    found = await tx.value(
        "SELECT true FROM month_counted WHERE month = %(month)s", {"month": month}
    )
    return found is not None


async def mark_counted(tx: Tx, month: str, at: datetime) -> bool:
    """Say that a month is counted; False where it was said before."""
    return (
        await tx.execute(
            "INSERT INTO month_counted (month, counted_at) VALUES (%(month)s, %(at)s)"
            " ON CONFLICT (month) DO NOTHING",
            {"month": month, "at": at},
        )
        == 1
    )


async def count(tx: Tx, begins: datetime, ends: datetime) -> list[Counted]:
    """Count what was asked from an instant on and before another, by who asked and who was asked.

    What became of it is what the party itself said, else what the core did; an answer's time is that
    of the requester, who waited. What staff looked at in their own house was asked of nobody.
    """
    return await tx.rows(
        "WITH told AS (SELECT e.month, e.permit, e.requester, t.provider, t.outcome, e.requested_at"
        " FROM exchange_terms t JOIN exchange e ON e.month = t.month AND e.terms = t.terms"
        " WHERE e.month >= %(first)s AND t.month >= %(first)s"
        " AND e.requested_at >= %(begins)s AND e.requested_at < %(ends)s)"
        " SELECT e.requester AS institution, 'requester' AS side,"
        " coalesce(own.outcome, CASE e.outcome WHEN 'OK' THEN %(open)s ELSE e.outcome END)"
        " AS outcome,"
        " width_bucket(extract(epoch FROM own.at - e.requested_at)::float8, %(waits)s::float8[])"
        " AS wait, count(*) AS rows FROM told e LEFT JOIN exchange_said own"
        " ON own.month = e.month AND own.permit = e.permit AND NOT own.by_provider"
        " WHERE e.outcome <> 'LOOKED' GROUP BY 1, 2, 3, 4"
        " UNION ALL SELECT e.provider, 'provider', coalesce(own.outcome, %(open)s),"
        " width_bucket(extract(epoch FROM own.at - e.requested_at)::float8, %(waits)s::float8[]),"
        " count(*) FROM told e LEFT JOIN exchange_said own"
        " ON own.month = e.month AND own.permit = e.permit AND own.by_provider"
        " WHERE e.outcome = 'OK' GROUP BY 1, 2, 3, 4",
        {
            "open": OPEN,
            "waits": list(WAITS_S),
            # What was asked then was written down then, or later.
            "first": begins.date() - timedelta(days=62),
            "begins": begins,
            "ends": ends,
        },
        Counted,
    )
