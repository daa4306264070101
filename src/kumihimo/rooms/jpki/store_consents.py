"""jpki's SQL: consents to the latest attributes, their withdrawals, what was answered by them."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.jpki.domain.consents import Item

By = Literal["holder", "verifier"]


@attrs.frozen(kw_only=True)
class ReceiverRow:
    """A tenant that may learn attributes: for which uses, and the key they are sealed to."""

    uses: Sequence[str]
    payload_key: bytes | None


@attrs.frozen(kw_only=True, repr=False)
class ConsentRow:
    """A consent. `reason` is why its certificate was revoked, if it was."""

    consent: str
    verifier: str
    tenant: str
    holder: bytes
    serial: int
    items: Sequence[Item]
    starts_on: date
    ends_on: date
    statement: str
    withdrawn_on: date | None
    reason: str | None = None


async def receiver(tx: Tx, tenant: str) -> ReceiverRow | None:
    """Return a tenant that may learn attributes, in good standing; None for any other."""
    return await tx.row(
        "SELECT uses, payload_key FROM verifier WHERE verifier = %(tenant)s AND NOT suspended"
        " AND 'attribute_receiver' = ANY(roles)",
        {"tenant": tenant},
        ReceiverRow,
    )


async def consent(tx: Tx, name: str) -> ConsentRow | None:
    """Return a consent."""
    return await tx.row(
        "SELECT k.consent, k.verifier, k.tenant, k.holder, k.serial, k.items, k.starts_on,"
        " k.ends_on, k.statement, k.withdrawn_on, c.reason FROM consent k"
        " JOIN certificate c ON c.ca = 'sign' AND c.serial = k.serial"
        " WHERE k.consent = %(name)s",
        {"name": name},
        ConsentRow,
    )


async def add_consent(tx: Tx, row: ConsentRow, signature: bytes) -> bool:
    """Store a consent; False when there is one of this id."""
    return bool(
        await tx.execute(
            "INSERT INTO consent (consent, verifier, tenant, holder, serial, items, starts_on,"
            " ends_on, statement, signature) VALUES (%(consent)s, %(verifier)s, %(tenant)s,"
            " %(holder)s, %(serial)s, %(items)s, %(starts_on)s, %(ends_on)s, %(statement)s,"
            " %(signature)s) ON CONFLICT DO NOTHING",
            attrs.asdict(row) | {"items": list(row.items), "signature": signature},
        )
    )


async def withdraw(tx: Tx, tenant: str, holder: bytes, *, upto: date, on: date, by: By) -> int:
    """Take back every consent of a holder to a tenant given up to a day; returns how many."""
    return await tx.execute(
        "UPDATE consent SET withdrawn_on = %(on)s, withdrawn_by = %(by)s WHERE holder = %(holder)s"
        " AND tenant = %(tenant)s AND starts_on <= %(upto)s AND withdrawn_on IS NULL",
        {"tenant": tenant, "holder": holder, "upto": upto, "on": on, "by": by},
    )


async def end(tx: Tx, name: str, *, on: date) -> None:
    """Let the verifier give up a consent."""
    await tx.put(
        "UPDATE consent SET withdrawn_on = %(on)s, withdrawn_by = 'verifier'"
        " WHERE consent = %(name)s AND withdrawn_on IS NULL",
        {"name": name, "on": on},
    )


async def add_withdrawal(
    tx: Tx,
    *,
    withdrawal: str,
    verifier: str,
    tenant: str,
    holder: bytes,
    on: date,
    statement: str,
    signature: bytes,
) -> bool:
    """Store a withdrawal; False when it came before."""
    return bool(
        await tx.execute(
            "INSERT INTO withdrawal (withdrawal, verifier, tenant, holder, withdrawn_on,"
            " statement, signature) VALUES (%(withdrawal)s, %(verifier)s, %(tenant)s, %(holder)s,"
            " %(on)s, %(statement)s, %(signature)s) ON CONFLICT DO NOTHING",
            {
                "withdrawal": withdrawal,
                "verifier": verifier,
                "tenant": tenant,
                "holder": holder,
                "on": on,
                "statement": statement,
                "signature": signature,
            },
        )
    )


async def withdrew_after(tx: Tx, tenant: str, holder: bytes, day: date) -> bool:
    """Say whether a holder withdrew from a tenant on a later day."""
    found = await tx.value(
        "SELECT count(*) FROM withdrawal WHERE tenant = %(tenant)s AND holder = %(holder)s"
        " AND withdrawn_on > %(day)s",
        {"tenant": tenant, "holder": holder, "day": day},
    )
    return bool(found)


async def add_answer(tx: Tx, row: ConsentRow, *, told: str, on: date) -> None:
    """Record what came of a verifier's asking."""
    await tx.put(
        "INSERT INTO attribute_answer (consent, verifier, tenant, told, asked_on)"
        " VALUES (%(consent)s, %(verifier)s, %(tenant)s, %(told)s, %(on)s)",
        {
            "consent": row.consent,
            "verifier": row.verifier,
            "tenant": row.tenant,
            "told": told,
            "on": on,
        },
    )
