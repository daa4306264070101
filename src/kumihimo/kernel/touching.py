"""Rows that a room only adds and were changed or taken out all the same, by the server's own count.

A superuser goes around rights and triggers, and the server counts what it does in every table of
every room. It tells of the table within seconds and not of the row; who resets the count is not
told, nor is what was changed before the process began.
"""

from typing import Final

import attrs

from kumihimo.kernel.migrations import APPEND_ONLY
from kumihimo.kernel.sql import Tx

# Nothing here is forgotten by age, and no two bring one row at once: a row that another was quicker
# with counts as taken out (`ON CONFLICT`). Elsewhere only changes are told.
NEVER_LESS: Final = frozenset(
    {
        "attribute_answer",
        "audit_run",
        "authority",
        "card",
        "card_act",
        "card_count",
        "certificate",
        "certificate_order",
        "counter_session",
        "directory_version",
        "issuance",
        "journal",
        "leaf_batch",
        "log_batch",
        "log_node",
        "log_submission",
        "pattern_line",
        "retention",
    }
)


@attrs.frozen
class Touched:
    """A table, its parts together, and how many of its rows were touched since there is a count."""

    name: str
    rows: int


@attrs.define
class Touches:
    """What the server counted at the last look."""

    _before: dict[str, int] | None = attrs.field(init=False, default=None)

    async def look(self, tx: Tx) -> list[Touched]:
        """Return the tables of which rows were touched since the last look; the first finds none."""
        rows = await tx.rows(
            "SELECT name, coalesce(sum(CASE WHEN name = ANY(%(added)s) THEN changed ELSE 0 END"
            " + CASE WHEN name = ANY(%(kept)s) THEN gone ELSE 0 END), 0)::bigint AS rows"
            " FROM (SELECT coalesce(p.relname, s.relname)::text AS name, s.n_tup_upd AS changed,"
            "   s.n_tup_del AS gone FROM pg_stat_user_tables s"
            "   LEFT JOIN pg_inherits i ON i.inhrelid = s.relid"
            "   LEFT JOIN pg_class p ON p.oid = i.inhparent WHERE s.schemaname = 'public') AS one"
            " WHERE name = ANY(%(added)s) OR name = ANY(%(kept)s) GROUP BY name ORDER BY name",
            {"added": sorted(APPEND_ONLY), "kept": sorted(NEVER_LESS)},
            Touched,
        )
        before, self._before = self._before, {row.name: row.rows for row in rows}
        if before is None:
            return []
        return [row for row in rows if row.rows > before.get(row.name, 0)]
