"""jpki's SQL: what verifiers were shown, as whom they know a holder, what they looked up."""

from datetime import date, datetime
from typing import Literal

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.jpki.api import Ca, Carrier, Reason
from kumihimo.rooms.jpki.domain.reasons import Status
from kumihimo.rooms.jpki.domain.verifiers import Purpose
from kumihimo.rooms.jpki.forms import Result
from kumihimo.rooms.jpki.store_status import Method

LookupKind = Literal["pair", "succession", "confirmation"]


@attrs.frozen(kw_only=True, repr=False)
class ShownRow:
    """A certificate of ours. `latest`: none of its kind has taken its place."""

    ca: Ca
    serial: int
    generation: int
    issuance: str
    holder: bytes
    carrier: Carrier
    municipality: str
    status: Status
    reason: Reason | None
    status_at: datetime
    not_after: datetime
    der: bytes
    latest: bool


@attrs.frozen(kw_only=True)
class UserRow:
    """A holder as a tenant knows her."""

    tenant: str
    user_id: str
    holder: bytes
    turn: int
    since: date
    linked_on: date | None


@attrs.frozen(kw_only=True)
class VerificationRow:
    """What came of a check. `linked`: it has made a link, and makes no other."""

    verification: str
    verifier: str
    tenant: str
    certificate: str
    result: Result
    digest: bytes
    method: Method
    purpose: Purpose
    verified_at: datetime
    linked: bool


async def shown(tx: Tx, ca: Ca, serial: int) -> ShownRow | None:
    """Return a certificate."""
    return await tx.row(
        "SELECT c.ca, c.serial, c.generation, c.issuance, c.holder, c.carrier, c.municipality,"
        " c.status, c.reason, c.status_at, c.not_after, c.der, NOT EXISTS (SELECT FROM"
        " certificate n WHERE n.ca = c.ca AND n.predecessor = c.serial) AS latest"
        " FROM certificate c WHERE c.ca = %(ca)s AND c.serial = %(serial)s",
        {"ca": ca, "serial": serial},
        ShownRow,
    )


async def named(tx: Tx, verifier: str, certificate: str) -> ShownRow | None:
    """Return a certificate by a verifier's own name for it."""
    return await tx.row(
        "SELECT c.ca, c.serial, c.generation, c.issuance, c.holder, c.carrier, c.municipality,"
        " c.status, c.reason, c.status_at, c.not_after, c.der, NOT EXISTS (SELECT FROM"
        " certificate n WHERE n.ca = c.ca AND n.predecessor = c.serial) AS latest"
        " FROM verifier_certificate v JOIN certificate c ON c.ca = v.ca AND c.serial = v.serial"
        " WHERE v.verifier = %(verifier)s AND v.certificate = %(certificate)s",
        {"verifier": verifier, "certificate": certificate},
        ShownRow,
    )


async def newest_of(tx: Tx, holder: bytes) -> list[ShownRow]:
    """Return those certificates that a holder has and whose place no other has taken."""
    return await tx.rows(
        "SELECT c.ca, c.serial, c.generation, c.issuance, c.holder, c.carrier, c.municipality,"
        " c.status, c.reason, c.status_at, c.not_after, c.der, true AS latest"
        " FROM certificate c JOIN issuance i USING (issuance) WHERE c.holder = %(holder)s"
        " AND NOT i.awaits_delivery AND NOT EXISTS (SELECT FROM"
        " certificate n WHERE n.ca = c.ca AND n.predecessor = c.serial)"
        " ORDER BY c.carrier, c.ca, c.serial",
        {"holder": holder},
        ShownRow,
    )


async def name_certificate(tx: Tx, verifier: str, row: ShownRow, *, otherwise: str) -> str:
    """Return a verifier's name for a certificate; `otherwise` where it has none so far."""
    await tx.put(
        "INSERT INTO verifier_certificate (verifier, certificate, ca, serial)"
        " VALUES (%(verifier)s, %(certificate)s, %(ca)s, %(serial)s) ON CONFLICT DO NOTHING",
        {"verifier": verifier, "certificate": otherwise, "ca": row.ca, "serial": row.serial},
    )
    return await tx.value(
        "SELECT certificate FROM verifier_certificate WHERE verifier = %(verifier)s"
        " AND ca = %(ca)s AND serial = %(serial)s",
        {"verifier": verifier, "ca": row.ca, "serial": row.serial},
    )


async def add_verification(tx: Tx, row: VerificationRow) -> None:
    """Record a check."""
    await tx.put(
        "INSERT INTO verification (verification, verifier, tenant, certificate, result, digest,"
        " method, purpose, verified_at, linked) VALUES (%(verification)s, %(verifier)s,"
        " %(tenant)s, %(certificate)s, %(result)s, %(digest)s, %(method)s, %(purpose)s,"
        " %(verified_at)s, %(linked)s)",
        attrs.asdict(row),
    )


async def verification(tx: Tx, verifier: str, name: str) -> VerificationRow | None:
    """Return a check of this verifier."""
    return await tx.row(
        "SELECT verification, verifier, tenant, certificate, result, digest, method, purpose,"
        " verified_at, linked FROM verification"
        " WHERE verification = %(name)s AND verifier = %(verifier)s",
        {"name": name, "verifier": verifier},
        VerificationRow,
    )


async def spend(tx: Tx, verification: str) -> bool:
    """Let a check make a link, once; False when it has."""
    return bool(
        await tx.execute(
            "UPDATE verification SET linked = true"
            " WHERE verification = %(verification)s AND NOT linked",
            {"verification": verification},
        )
    )


async def user_of(tx: Tx, tenant: str, holder: bytes) -> UserRow | None:
    """Return as whom a tenant knows a holder, unless it deleted her."""
    return await tx.row(
        "SELECT tenant, user_id, holder, turn, since, linked_on FROM verifier_user"
        " WHERE tenant = %(tenant)s AND holder = %(holder)s AND NOT deleted",
        {"tenant": tenant, "holder": holder},
        UserRow,
    )


async def user(tx: Tx, tenant: str, user_id: str) -> UserRow | None:
    """Return a user of a tenant, unless it deleted her."""
    return await tx.row(
        "SELECT tenant, user_id, holder, turn, since, linked_on FROM verifier_user"
        " WHERE tenant = %(tenant)s AND user_id = %(user_id)s AND NOT deleted",
        {"tenant": tenant, "user_id": user_id},
        UserRow,
    )


async def next_turn(tx: Tx, tenant: str, holder: bytes) -> int:
    """Return how often a tenant has deleted a holder."""
    return await tx.value(
        "SELECT count(*) FROM verifier_user WHERE tenant = %(tenant)s AND holder = %(holder)s",
        {"tenant": tenant, "holder": holder},
    )


async def add_user(tx: Tx, row: UserRow) -> bool:
    """Let a tenant know a holder; False when it does already."""
    return bool(
        await tx.execute(
            "INSERT INTO verifier_user (tenant, user_id, holder, turn, since, linked_on, deleted)"
            " VALUES (%(tenant)s, %(user_id)s, %(holder)s, %(turn)s, %(since)s, %(linked_on)s,"
            " false) ON CONFLICT DO NOTHING",
            attrs.asdict(row),
        )
    )


async def link_user(tx: Tx, row: UserRow, on: date) -> None:
    """Let a user be confirmed without a PIN from now on."""
    await tx.put(
        "UPDATE verifier_user SET linked_on = %(on)s WHERE tenant = %(tenant)s"
        " AND user_id = %(user_id)s AND linked_on IS NULL",
        {"on": on, "tenant": row.tenant, "user_id": row.user_id},
    )


async def delete_user(tx: Tx, tenant: str, user_id: str) -> bool:
    """Forget a user and her link; False when there is none."""
    return bool(
        await tx.execute(
            "UPDATE verifier_user SET deleted = true, linked_on = NULL"
            " WHERE tenant = %(tenant)s AND user_id = %(user_id)s AND NOT deleted",
            {"tenant": tenant, "user_id": user_id},
        )
    )


async def add_lookup(
    tx: Tx,
    *,
    verifier: str,
    tenant: str,
    kind: LookupKind,
    ca: Ca,
    serial: int,
    told: str,
    on: date,
    terminal: str = "",
) -> None:
    """Record a question that went beyond the one certificate shown, and what was told."""
    await tx.put(
        "INSERT INTO lookup (verifier, tenant, kind, ca, serial, terminal, told, asked_on)"
        " VALUES (%(verifier)s, %(tenant)s, %(kind)s, %(ca)s, %(serial)s, %(terminal)s,"
        " %(told)s, %(on)s)",
        {
            "verifier": verifier,
            "tenant": tenant,
            "kind": kind,
            "ca": ca,
            "serial": serial,
            "terminal": terminal,
            "told": told,
            "on": on,
        },
    )


async def pair_of(tx: Tx, row: ShownRow) -> ShownRow | None:
    """Return the other certificate of one issuance."""
    other: Ca = "auth" if row.ca == "sign" else "sign"
    serial = await tx.value(
        "SELECT serial FROM certificate WHERE issuance = %(issuance)s AND ca = %(ca)s",
        {"issuance": row.issuance, "ca": other},
    )
    return None if serial is None else await shown(tx, other, serial)


@attrs.frozen
class _Step:
    serial: int
    steps: int


async def newest_after(tx: Tx, row: ShownRow) -> tuple[ShownRow, int]:
    """Return the certificate at the end of the chain of replacements, and how many there were."""
    end = await tx.one(
        "WITH RECURSIVE chain (serial, steps) AS (SELECT %(serial)s::bigint, 0 UNION ALL"
        " SELECT c.serial, chain.steps + 1 FROM chain JOIN certificate c"
        " ON c.ca = %(ca)s AND c.predecessor = chain.serial)"
        " SELECT serial, steps FROM chain ORDER BY steps DESC, serial DESC LIMIT 1",
        {"ca": row.ca, "serial": row.serial},
        _Step,
    )
    found = await shown(tx, row.ca, end.serial)
    assert found is not None, "a chain is made of certificates"
    return found, end.steps
