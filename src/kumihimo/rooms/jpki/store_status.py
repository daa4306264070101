"""jpki's SQL: verifiers, what they asked, responders."""

from collections.abc import Collection, Sequence
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


@attrs.frozen(kw_only=True)
class AskedRow:
    """One certificate that somebody who may do so asks about."""

    verifier: str
    ca: Ca
    generation: int
    serial: int
    purpose: Purpose


@attrs.frozen(kw_only=True)
class ToldRow:
    """What is told of a certificate that is not good; `place` is where it was in the question."""

    place: int
    told: Literal["held", "revoked", "unknown"]
    reason: str | None
    status_at: datetime | None


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


async def verifiers_by_token(tx: Tx, hashes: Collection[bytes]) -> dict[bytes, VerifierRow]:
    """Return who has these tokens."""
    rows = await tx.rows(
        "SELECT verifier, roles, platform, token_hash, registered_on, suspended, payload_key"
        " FROM verifier WHERE token_hash = ANY(%(hashes)s)",
        {"hashes": list(hashes)},
        VerifierRow,
    )
    return {bytes(row.token_hash): row for row in rows}


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


async def tell(tx: Tx, asked: Sequence[AskedRow], on: date) -> dict[int, ToldRow]:
    """Look up certificates and record what is told of each, in one statement.

    Returns those that are not good, by their place in `asked`. Of another generation of the same
    authority, or never issued, is `unknown`.
    """
    rows = await tx.rows(
        "WITH asked AS (SELECT a.*, CASE WHEN a.serial BETWEEN 1 AND 9223372036854775807"
        " THEN a.serial::bigint END AS issued FROM unnest(%(verifiers)s::text[], %(cas)s::text[],"
        " %(generations)s::integer[], %(serials)s::numeric[], %(purposes)s::text[])"
        " WITH ORDINALITY AS a (verifier, ca, generation, serial, purpose, place)),"
        " told AS (SELECT a.*, coalesce(c.status, 'unknown') AS told, c.reason, c.status_at"
        " FROM asked a LEFT JOIN certificate c"
        " ON c.ca = a.ca AND c.serial = a.issued AND c.generation = a.generation),"
        " kept AS (INSERT INTO status_check"
        " (verifier, ca, serial, purpose, method, told, checked_on)"
        " SELECT verifier, ca, serial, purpose, 'ocsp', told, %(on)s FROM told)"
        " SELECT place - 1 AS place, told, reason, status_at FROM told WHERE told <> 'good'",
        {
            "on": on,
            "verifiers": [row.verifier for row in asked],
            "cas": [row.ca for row in asked],
            "generations": [row.generation for row in asked],
            "serials": [row.serial for row in asked],
            "purposes": [row.purpose for row in asked],
        },
        ToldRow,
    )
    return {row.place: row for row in rows}


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
