"""jpki's SQL: orders, intents, certificates and their status, what register said of holders."""

from collections.abc import Sequence
from datetime import date, datetime

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.jpki.api import Ca, Carrier, Reason
from kumihimo.rooms.jpki.domain.orders import Holder, Living
from kumihimo.rooms.jpki.domain.reasons import Change, Status


@attrs.frozen(kw_only=True)
class IssuanceRow:
    """An order, and what became of it."""

    issuance: str
    holder: bytes
    version: int
    carrier: Carrier
    municipality: str
    abroad: bool
    order_digest: bytes
    awaits_delivery: bool
    state: str
    refusal: str


@attrs.frozen(kw_only=True)
class IntentRow:
    """A certificate that is about to be signed."""

    issuance: str
    ca: Ca
    generation: int
    serial: int
    key_hash: bytes
    not_before: datetime
    not_after: datetime
    tbs: bytes | None


@attrs.frozen(kw_only=True)
class CertificateRow:
    """A certificate and its status."""

    ca: Ca
    serial: int
    generation: int
    issuance: str
    holder: bytes
    carrier: Carrier
    municipality: str
    status: Status
    reason: Reason | None
    not_after: datetime
    der: bytes


async def lock_holder(tx: Tx, holder: bytes) -> None:
    """Let one thing happen to a person's certificates at a time."""
    await tx.put(
        "SELECT pg_advisory_xact_lock(%(key)s)",
        {"key": int.from_bytes(holder[:8], "big", signed=True)},
    )


async def lock_order(tx: Tx, order: str) -> None:
    """Let one thing happen to an order at a time; taken before the lock of its holder."""
    await tx.put("SELECT pg_advisory_xact_lock(hashtextextended(%(o)s, 1))", {"o": order})


async def issuance(tx: Tx, order: str) -> IssuanceRow | None:
    """Return an order that was taken."""
    return await tx.row(
        "SELECT issuance, holder, version, carrier, municipality, abroad, order_digest,"
        " awaits_delivery, state, refusal FROM issuance WHERE issuance = %(issuance)s",
        {"issuance": order},
        IssuanceRow,
    )


async def add_issuance(tx: Tx, row: IssuanceRow) -> None:
    """Store an order."""
    await tx.put(
        "INSERT INTO issuance (issuance, holder, version, carrier, municipality, abroad,"
        " order_digest, awaits_delivery, state, refusal) VALUES (%(issuance)s, %(holder)s,"
        " %(version)s, %(carrier)s, %(municipality)s, %(abroad)s, %(order_digest)s,"
        " %(awaits_delivery)s, %(state)s, %(refusal)s)",
        attrs.asdict(row),
    )


async def add_intent(tx: Tx, row: IntentRow) -> bool:
    """Store an intent; False when its key or its serial is taken."""
    return bool(
        await tx.execute(
            "INSERT INTO intent (issuance, ca, generation, serial, key_hash, not_before,"
            " not_after, tbs) VALUES (%(issuance)s, %(ca)s, %(generation)s, %(serial)s,"
            " %(key_hash)s, %(not_before)s, %(not_after)s, %(tbs)s) ON CONFLICT DO NOTHING",
            attrs.asdict(row),
        )
    )


async def intents(tx: Tx, order: str) -> list[IntentRow]:
    """Return what an order is about to have signed."""
    return await tx.rows(
        "SELECT issuance, ca, generation, serial, key_hash, not_before, not_after, tbs"
        " FROM intent WHERE issuance = %(issuance)s ORDER BY ca",
        {"issuance": order},
        IntentRow,
    )


async def close_issuance(tx: Tx, order: str, *, state: str, refusal: str = "") -> None:
    """End an order; the texts of its intents go."""
    await tx.put(
        "UPDATE issuance SET state = %(state)s, refusal = %(refusal)s"
        " WHERE issuance = %(issuance)s",
        {"issuance": order, "state": state, "refusal": refusal},
    )
    await tx.put("UPDATE intent SET tbs = NULL WHERE issuance = %(i)s", {"i": order})


async def drop_order(tx: Tx, order: str, on: date) -> None:
    """Note that an order which never came was given up."""
    await tx.put(
        "INSERT INTO dropped_order (order_id, dropped_on) VALUES (%(order)s, %(on)s)"
        " ON CONFLICT DO NOTHING",
        {"order": order, "on": on},
    )


async def is_dropped(tx: Tx, order: str) -> bool:
    """Say whether an order was given up before it came."""
    found = await tx.value(
        "SELECT count(*) FROM dropped_order WHERE order_id = %(order)s", {"order": order}
    )
    return bool(found)


async def open_orders(tx: Tx, *, holder: bytes | None = None, limit: int = 100) -> list[str]:
    """Return orders whose certificates are not there yet, of one person or of all."""
    rows = await tx.rows(
        "SELECT issuance, holder, version, carrier, municipality, abroad, order_digest,"
        " awaits_delivery, state, refusal FROM issuance WHERE state = 'open'"
        " AND (%(holder)s::bytea IS NULL OR holder = %(holder)s) LIMIT %(limit)s",
        {"holder": holder, "limit": limit},
        IssuanceRow,
    )
    return [row.issuance for row in rows]


async def living(tx: Tx, holder: bytes, at: datetime) -> list[Living]:
    """Return a person's good certificates that have not ended, those on their way left out."""
    return await tx.rows(
        "SELECT c.ca, c.serial, c.carrier, c.not_after FROM certificate c JOIN issuance i"
        " USING (issuance) WHERE c.holder = %(holder)s AND c.status = 'good'"
        " AND c.not_after >= %(at)s AND NOT i.awaits_delivery",
        {"holder": holder, "at": at},
        Living,
    )


async def on_carriers(tx: Tx, holder: bytes, carriers: Sequence[Carrier]) -> list[CertificateRow]:
    """Return every certificate that a person got on such carriers, oldest first."""
    return await tx.rows(
        "SELECT c.ca, c.serial, c.generation, c.issuance, c.holder, c.carrier, c.municipality,"
        " c.status, c.reason, c.not_after, c.der FROM certificate c JOIN issuance i"
        " USING (issuance) WHERE c.holder = %(holder)s AND c.carrier = ANY(%(carriers)s)"
        " AND NOT i.awaits_delivery ORDER BY c.not_before, c.not_after, c.serial",
        {"holder": holder, "carriers": list(carriers)},
        CertificateRow,
    )


async def add_certificate(
    tx: Tx,
    intent: IntentRow,
    order: IssuanceRow,
    *,
    predecessor: int | None,
    at: datetime,
    der: bytes,
) -> None:
    """Store a certificate for ever."""
    await tx.put(
        "INSERT INTO certificate (ca, serial, generation, issuance, holder, carrier, municipality,"
        " key_hash, predecessor, not_before, not_after, status, reason, status_at, der)"
        " VALUES (%(ca)s, %(serial)s, %(generation)s, %(issuance)s, %(holder)s, %(carrier)s,"
        " %(municipality)s, %(key_hash)s, %(predecessor)s, %(not_before)s, %(not_after)s, 'good',"
        " NULL, %(at)s, %(der)s)",
        {
            "ca": intent.ca,
            "serial": intent.serial,
            "generation": intent.generation,
            "issuance": intent.issuance,
            "holder": order.holder,
            "carrier": order.carrier,
            "municipality": order.municipality,
            "key_hash": intent.key_hash,
            "predecessor": predecessor,
            "not_before": intent.not_before,
            "not_after": intent.not_after,
            "at": at,
            "der": der,
        },
    )


async def put_in_place(tx: Tx, row: CertificateRow, *, predecessor: int) -> None:
    """Say whose place a certificate takes."""
    await tx.put(
        "UPDATE certificate SET predecessor = %(predecessor)s"
        " WHERE ca = %(ca)s AND serial = %(serial)s",
        {"predecessor": predecessor, "ca": row.ca, "serial": row.serial},
    )


async def arrive(tx: Tx, order: str) -> None:
    """Note that the card of an order is in its holder's hand."""
    await tx.put(
        "UPDATE issuance SET awaits_delivery = false WHERE issuance = %(order)s",
        {"order": order},
    )


async def of_order(tx: Tx, order: str) -> list[CertificateRow]:
    """Return the certificates of an order."""
    return await tx.rows(
        "SELECT ca, serial, generation, issuance, holder, carrier, municipality, status, reason,"
        " not_after, der FROM certificate WHERE issuance = %(issuance)s",
        {"issuance": order},
        CertificateRow,
    )


async def of_holder(tx: Tx, holder: bytes, *, before: int, abroad: bool) -> list[CertificateRow]:
    """Return a person's certificates whose orders are older than a version of her record.

    Without `abroad`, those that were made to outlive a departure are left out.
    """
    return await tx.rows(
        "SELECT c.ca, c.serial, c.generation, c.issuance, c.holder, c.carrier, c.municipality,"
        " c.status, c.reason, c.not_after, c.der FROM certificate c"
        " JOIN issuance i ON i.issuance = c.issuance WHERE c.holder = %(holder)s"
        " AND i.version < %(before)s AND (%(abroad)s OR NOT i.abroad)",
        {"holder": holder, "before": before, "abroad": abroad},
        CertificateRow,
    )


async def set_status(tx: Tx, row: CertificateRow, change: Change, at: datetime) -> None:
    """Change a certificate's status, and have the lists that it is on made anew."""
    await tx.put(
        "UPDATE certificate SET status = %(status)s, reason = %(reason)s, status_at = %(at)s"
        " WHERE ca = %(ca)s AND serial = %(serial)s",
        {
            "status": change.status,
            "reason": change.reason,
            "at": at,
            "ca": row.ca,
            "serial": row.serial,
        },
    )
    await tx.put(
        "UPDATE crl_number SET due_at = least(due_at, %(at)s) WHERE ca = %(ca)s"
        " AND generation = %(generation)s AND part IN ('', %(part)s)",
        {"at": at, "ca": row.ca, "generation": row.generation, "part": row.municipality},
    )


async def holder(tx: Tx, reference: bytes) -> Holder | None:
    """Return what register said last of a person; None when it never said anything."""
    return await tx.row(
        "SELECT version, attributes_version, standing FROM holder WHERE holder = %(holder)s",
        {"holder": reference},
        Holder,
    )


async def put_holder(tx: Tx, reference: bytes, holder: Holder) -> None:
    """Store what register said of a person, unless something newer is known."""
    await tx.put(
        "INSERT INTO holder AS known (holder, version, attributes_version, standing)"
        " VALUES (%(holder)s, %(version)s, %(attributes_version)s, %(standing)s)"
        " ON CONFLICT (holder) DO UPDATE SET attributes_version ="
        " greatest(known.attributes_version, excluded.attributes_version),"
        " version = greatest(known.version, excluded.version),"
        " standing = CASE WHEN excluded.version > known.version THEN excluded.standing"
        " ELSE known.standing END",
        {"holder": reference, **attrs.asdict(holder)},
    )


async def add_status_event(tx: Tx, event: str, order: str, kind: str) -> bool:
    """Note an event; False when it came before."""
    return bool(
        await tx.execute(
            "INSERT INTO status_event (event, issuance, kind)"
            " VALUES (%(event)s, %(issuance)s, %(kind)s) ON CONFLICT DO NOTHING",
            {"event": event, "issuance": order, "kind": kind},
        )
    )
