"""jpki's SQL: recalls of broken keys."""

from datetime import date, datetime

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.jpki.store_certificates import CertificateRow


@attrs.frozen(kw_only=True)
class RecallRow:
    """A recall, and how far its search has come."""

    recall: str
    key_class: str
    state: str
    after_ca: str
    after_serial: int
    begun_on: date


@attrs.frozen(kw_only=True)
class RecalledRow:
    """An order whose certificates were suspended, and the id of the order that replaces it."""

    issuance: str
    replacement: str
    state: str
    refusal: str


@attrs.frozen
class _Count:
    state: str
    count: int


async def add_recall(tx: Tx, row: RecallRow) -> None:
    """Begin a recall."""
    await tx.put(
        "INSERT INTO recall (recall, key_class, state, after_ca, after_serial, begun_on)"
        " VALUES (%(recall)s, %(key_class)s, %(state)s, %(after_ca)s, %(after_serial)s,"
        " %(begun_on)s)",
        attrs.asdict(row),
    )


async def claim_recall(tx: Tx, recall: str) -> RecallRow | None:
    """Return and lock a recall."""
    return await tx.row(
        "SELECT recall, key_class, state, after_ca, after_serial, begun_on FROM recall"
        " WHERE recall = %(recall)s FOR UPDATE",
        {"recall": recall},
        RecallRow,
    )


async def move_recall(tx: Tx, recall: str, *, state: str, ca: str, serial: int) -> None:
    """Note how far the search has come."""
    await tx.put(
        "UPDATE recall SET state = %(state)s, after_ca = %(ca)s, after_serial = %(serial)s"
        " WHERE recall = %(recall)s",
        {"recall": recall, "state": state, "ca": ca, "serial": serial},
    )


async def good_after(tx: Tx, row: RecallRow, at: datetime, limit: int) -> list[CertificateRow]:
    """Return the next certificates of the search, in the order of their serials."""
    return await tx.rows(
        "SELECT ca, serial, generation, issuance, holder, carrier, municipality, status, reason,"
        " not_after, der FROM certificate WHERE (ca, serial) > (%(ca)s, %(serial)s)"
        " AND status = 'good' AND not_after >= %(at)s ORDER BY ca, serial LIMIT %(limit)s",
        {"ca": row.after_ca, "serial": row.after_serial, "at": at, "limit": limit},
        CertificateRow,
    )


async def add_recalled(tx: Tx, recall: str, issuance: str, replacement: str) -> None:
    """Note an order whose certificates were suspended."""
    await tx.put(
        "INSERT INTO recalled (recall, issuance, replacement, state)"
        " VALUES (%(recall)s, %(issuance)s, %(replacement)s, 'suspended')"
        " ON CONFLICT DO NOTHING",
        {"recall": recall, "issuance": issuance, "replacement": replacement},
    )


async def waiting(tx: Tx, recall: str, limit: int) -> list[RecalledRow]:
    """Return orders that wait for their replacement: those that others rest on come first."""
    return await tx.rows(
        "SELECT r.issuance, r.replacement, r.state, r.refusal FROM recalled r"
        " JOIN issuance i ON i.issuance = r.issuance"
        " WHERE r.recall = %(recall)s AND r.state = 'suspended'"
        " ORDER BY i.carrier <> 'card', NOT EXISTS (SELECT FROM certificate c"
        " WHERE c.issuance = r.issuance AND c.ca = 'auth'), r.issuance LIMIT %(limit)s",
        {"recall": recall, "limit": limit},
        RecalledRow,
    )


async def end_recalled(
    tx: Tx, recall: str, issuance: str, *, state: str, refusal: str = ""
) -> None:
    """Note what became of a replacement."""
    await tx.put(
        "UPDATE recalled SET state = %(state)s, refusal = %(refusal)s"
        " WHERE recall = %(recall)s AND issuance = %(issuance)s",
        {"recall": recall, "issuance": issuance, "state": state, "refusal": refusal},
    )


async def counts(tx: Tx, recall: str) -> dict[str, int]:
    """Return how many orders stand where."""
    rows = await tx.rows(
        "SELECT state, count(*) AS count FROM recalled WHERE recall = %(recall)s GROUP BY state",
        {"recall": recall},
        _Count,
    )
    return {row.state: row.count for row in rows}
