"""jpki's SQL: verifiers, what they asked, responders."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.jpki.api import Ca
from kumihimo.rooms.jpki.domain.verifiers import Purpose, Role
from kumihimo.rooms.jpki.store_lists import ListRow

Told = Literal["good", "held", "revoked", "unknown"]
Method = Literal["ocsp", "crl"]


@attrs.frozen(kw_only=True)
class VerifierRow:
    """Somebody who may ask."""

    verifier: str
    roles: Sequence[Role]
    platform: str | None
    token_hash: bytes
    registered_on: date
    suspended: bool
    uses: Sequence[str] = ()
    payload_key: bytes | None = None


@attrs.frozen(kw_only=True)
class StatusRow:
    """The status of one certificate."""

    ca: Ca
    serial: int
    generation: int
    status: Literal["good", "held", "revoked"]
    reason: str | None
    status_at: datetime


@attrs.frozen(kw_only=True)
class ResponderRow:
    """A key that answers for one generation of an authority."""

    ca: Ca
    generation: int
    key_label: str
    serial: int
    not_before: datetime
    not_after: datetime
    der: bytes


@attrs.frozen(kw_only=True)
class CheckRow:
    """One certificate that was asked about."""

    verifier: str
    ca: Ca
    serial: int
    purpose: Purpose
    method: Method
    told: Told


async def add_verifier(tx: Tx, row: VerifierRow) -> bool:
    """Register a verifier; False when there is one of this name."""
    return bool(
        await tx.execute(
            "INSERT INTO verifier (verifier, roles, platform, token_hash, registered_on,"
            " suspended, uses, payload_key) VALUES (%(verifier)s, %(roles)s, %(platform)s,"
            " %(token_hash)s, %(registered_on)s, %(suspended)s, %(uses)s, %(payload_key)s)"
            " ON CONFLICT DO NOTHING",
            attrs.asdict(row),
        )
    )


async def verifiers(tx: Tx) -> list[VerifierRow]:
    """Return every verifier, by name."""
    return await tx.rows(
        "SELECT verifier, roles, platform, token_hash, registered_on, suspended, uses, payload_key"
        " FROM verifier ORDER BY verifier",
        {},
        VerifierRow,
    )


async def suspend_verifier(tx: Tx, verifier: str, *, suspended: bool) -> bool:
    """Shut a verifier out or let it in again; False when there is none of this name."""
    return bool(
        await tx.execute(
            "UPDATE verifier SET suspended = %(suspended)s WHERE verifier = %(verifier)s",
            {"verifier": verifier, "suspended": suspended},
        )
    )


async def roles_of(tx: Tx, verifier: str) -> Sequence[Role]:
    """Return the roles of a verifier in good standing; none when there is none of this name."""
    found = await tx.value(
        "SELECT roles FROM verifier WHERE verifier = %(verifier)s AND NOT suspended",
        {"verifier": verifier},
    )
    return found or ()


async def is_provider_of(tx: Tx, verifier: str, *, platform: str) -> bool:
    """Say whether a service provider in good standing asks through a platform operator."""
    found = await tx.value(
        "SELECT 'service_provider' = ANY(roles) FROM verifier WHERE verifier = %(verifier)s"
        " AND platform = %(platform)s AND NOT suspended",
        {"verifier": verifier, "platform": platform},
    )
    return bool(found)


async def add_list_fetch(
    tx: Tx, verifier: str, row: ListRow, *, purpose: Purpose, on: date
) -> None:
    """Record that a list was handed out."""
    await tx.put(
        "INSERT INTO list_fetch (verifier, ca, generation, part, number, purpose, fetched_on)"
        " VALUES (%(verifier)s, %(ca)s, %(generation)s, %(part)s, %(number)s, %(purpose)s,"
        " %(on)s)",
        {
            "verifier": verifier,
            "ca": row.ca,
            "generation": row.generation,
            "part": row.part,
            "number": row.number,
            "purpose": purpose,
            "on": on,
        },
    )


async def verifiers_by_token(tx: Tx, hashes: Sequence[bytes]) -> dict[bytes, VerifierRow]:
    """Return who has these tokens."""
    rows = await tx.rows(
        "SELECT verifier, roles, platform, token_hash, registered_on, suspended FROM verifier"
        " WHERE token_hash = ANY(%(hashes)s)",
        {"hashes": list(hashes)},
        VerifierRow,
    )
    return {bytes(row.token_hash): row for row in rows}


async def statuses(tx: Tx, named: Sequence[tuple[Ca, int]]) -> dict[tuple[Ca, int], StatusRow]:
    """Return the status of those certificates that were ever issued."""
    rows = await tx.rows(
        "SELECT c.ca, c.serial, c.generation, c.status, c.reason, c.status_at FROM certificate c"
        " JOIN unnest(%(cas)s::text[], %(serials)s::bigint[]) AS asked (ca, serial)"
        " ON c.ca = asked.ca AND c.serial = asked.serial",
        {"cas": [ca for ca, _ in named], "serials": [serial for _, serial in named]},
        StatusRow,
    )
    return {(row.ca, row.serial): row for row in rows}


async def add_checks(tx: Tx, rows: Sequence[CheckRow], on: date) -> None:
    """Record what was asked and told."""
    await tx.put(
        "INSERT INTO status_check (verifier, ca, serial, purpose, method, told, checked_on)"
        " SELECT verifier, ca, serial, purpose, method, told, %(on)s FROM unnest("
        "%(verifiers)s::text[], %(cas)s::text[], %(serials)s::numeric[], %(purposes)s::text[],"
        " %(methods)s::text[], %(told)s::text[])"
        " AS t (verifier, ca, serial, purpose, method, told)",
        {
            "on": on,
            "verifiers": [row.verifier for row in rows],
            "cas": [row.ca for row in rows],
            "serials": [row.serial for row in rows],
            "purposes": [row.purpose for row in rows],
            "methods": [row.method for row in rows],
            "told": [row.told for row in rows],
        },
    )


async def responders(tx: Tx) -> list[ResponderRow]:
    """Return the responders of every generation, newest last."""
    return await tx.rows(
        "SELECT ca, generation, key_label, serial, not_before, not_after, der FROM responder"
        " ORDER BY ca, generation, not_after",
        {},
        ResponderRow,
    )


async def add_responder(tx: Tx, row: ResponderRow) -> None:
    """Store a responder."""
    await tx.put(
        "INSERT INTO responder (ca, generation, key_label, serial, not_before, not_after, der)"
        " VALUES (%(ca)s, %(generation)s, %(key_label)s, %(serial)s, %(not_before)s,"
        " %(not_after)s, %(der)s)",
        attrs.asdict(row),
    )
