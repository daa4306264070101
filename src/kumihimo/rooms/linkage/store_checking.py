"""The SQL by which the core holds its exchanges against the leaves that it put down for them."""

from collections.abc import Sequence
from datetime import date, datetime

import attrs

from kumihimo.kernel.ids import ID_BYTES, bits_of
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.linkage.store_exchange import RecordRow


@attrs.frozen(kw_only=True)
class CheckedRow(RecordRow):
    """An exchange, and its month; one of which the words are gone has empty ones, and `said` is False."""

    month: date
    said: bool


@attrs.frozen
class _NameRow:
    """One column."""

    record: str


async def first_month(tx: Tx, after: date) -> date | None:
    """Return the first month behind another that has exchanges."""
    found: date | None = await tx.value(
        "SELECT min(month) FROM exchange WHERE month > %(after)s", {"after": after}
    )
    return found


async def part(tx: Tx, month: date, after: tuple[str, str], most: int) -> list[CheckedRow]:
    """Return exchanges of a month behind a requester's inquiry, in their order."""
    requester, inquiry = after
    return await tx.rows(
        "SELECT e.month, t.terms IS NOT NULL AS said, id_text(e.record) AS record,"
        " id_text(e.permit) AS permit, e.requester, id_text(e.inquiry) AS inquiry, e.digest,"
        " e.case_reference, coalesce(t.affair, '') AS affair, coalesce(t.provider, '') AS provider,"
        " coalesce(t.items, '{}') AS items, coalesce(t.basis, '{}') AS basis,"
        " coalesce(t.list_version, '') AS list_version, coalesce(t.outcome, 'OK') AS outcome,"
        " coalesce(t.reason, '') AS reason, e.requested_at, e.expires_at, e.person,"
        " coalesce(t.hidden, false) AS hidden, id_text(e.submission) AS submission, t.office, t.role"
        " FROM exchange e LEFT JOIN exchange_terms t ON t.month = e.month AND t.terms = e.terms"
        " WHERE e.month = %(month)s"
        " AND (e.requester, e.inquiry) > (%(requester)s, %(inquiry)s::uuid)"
        " ORDER BY e.requester, e.inquiry LIMIT %(most)s",
        {
            "month": month,
            "requester": requester,
            "inquiry": (bits_of(inquiry) if inquiry else bytes(ID_BYTES)).hex(),
            "most": most,
        },
        CheckedRow,
    )


async def without_leaf(
    tx: Tx, records: Sequence[str], submissions: Sequence[str], leaves: Sequence[bytes]
) -> set[str]:
    """Return those of these records whose leaf is not among those of their submission."""
    rows = await tx.rows(
        "SELECT a.record FROM unnest(%(records)s::text[], %(submissions)s::text[],"
        " %(leaves)s::bytea[]) AS a (record, submission, leaf)"
        " LEFT JOIN leaf_batch b ON b.submission = a.submission"
        " WHERE coalesce(position(a.leaf IN b.leaves), 0) %% 32 <> 1",
        {"records": list(records), "submissions": list(submissions), "leaves": list(leaves)},
        _NameRow,
    )
    return {row.record for row in rows}


async def logged_since(tx: Tx) -> datetime | None:
    """Return when the first leaf of an exchange was put down."""
    found: datetime | None = await tx.value(
        "SELECT min(put_at) FROM leaf_batch WHERE kind = 'record'"
    )
    return found


async def removed(tx: Tx) -> int:
    """Return how many exchanges, and words of them, the server counts as taken out.

    Of two who bring one at once the second's counts, too: so it is a reason to look, and no finding.
    """
    found = await tx.value(
        "SELECT coalesce(sum(s.n_tup_del), 0)::bigint FROM pg_stat_user_tables s"
        " JOIN pg_inherits i ON i.inhrelid = s.relid"
        " WHERE i.inhparent IN ('exchange'::regclass, 'exchange_terms'::regclass)"
    )
    assert isinstance(found, int), "a count"
    return found
