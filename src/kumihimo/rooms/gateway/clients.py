"""The business systems of an institution: each has a bearer token of its own, for named affairs.

A token is 256 random bits, shown once; the database keeps its SHA-256, which is enough for a
secret of that size. The token alone tells the institution, so `client` stands outside row-level
security and holds nothing about any person.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from kumihimo.kernel import journal
from kumihimo.kernel.refusal import BadInput, Conflict, NotAuthentic
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.gateway.context import Gateway, Tenant

EVERY_AFFAIR: Final = "*"
_TOKEN_BYTES: Final = 32
_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
_AFFAIR = re.compile(r"[a-z0-9-]{1,64}|\*")
_BEARER = re.compile(r"Bearer ([A-Za-z0-9_-]{43})")


@attrs.frozen
class BusinessClient:
    """Who calls: a system of an institution. `affairs` None means every affair."""

    tenant: Tenant
    client: str
    affairs: frozenset[str] | None


@attrs.frozen
class _Row:
    institution: str
    client: str
    affairs: Sequence[str]


async def create(
    gateway: Gateway, tenant: Tenant, client: str, affairs: Sequence[str]
) -> Withheld[str]:
    """Let a business system in; returns its token, once. Raises `BadInput`, `Conflict`."""
    if not _NAME.fullmatch(client):
        raise BadInput("a client is named in lower-case letters, digits and hyphens")
    if not affairs or not all(_AFFAIR.fullmatch(affair) for affair in affairs):
        raise BadInput("a client handles at least one affair, such as b081, or * for every one")
    token = base64.urlsafe_b64encode(gateway.entropy.bytes(_TOKEN_BYTES)).rstrip(b"=").decode()
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        new = await tx.execute(
            "INSERT INTO client (institution, client, token_hash, affairs, created_on)"
            " VALUES (%(institution)s, %(client)s, %(hash)s, %(affairs)s, %(on)s)"
            " ON CONFLICT DO NOTHING",
            {
                "institution": tenant.institution,
                "client": client,
                "hash": _hash(token),
                "affairs": sorted(set(affairs)),
                "on": gateway.today(),
            },
        )
        if not new:
            raise Conflict("a client of this name exists; revoke it first")
        line = journal.JournalLine(
            act="client-created", actor=tenant.institution, detail={"client": client}
        )
        await journal.write(tx, line, at=gateway.clock.now())
    return Withheld(token)


async def revoke(gateway: Gateway, tenant: Tenant, client: str) -> bool:
    """Shut a business system out, at once; False when there was none of this name."""
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        gone = await tx.execute(
            "DELETE FROM client WHERE institution = %(institution)s AND client = %(client)s",
            {"institution": tenant.institution, "client": client},
        )
        if gone:
            line = journal.JournalLine(
                act="client-revoked", actor=tenant.institution, detail={"client": client}
            )
            await journal.write(tx, line, at=gateway.clock.now())
    return bool(gone)


async def authenticate(
    gateway: Gateway, tenants: Mapping[str, Tenant], authorization: str
) -> BusinessClient:
    """Return who calls; the same `NotAuthentic` for no token, a bad one and an unknown one."""
    found = _BEARER.fullmatch(authorization)
    if found is None:
        raise NotAuthentic
    async with gateway.database.transaction() as tx:
        row = await tx.row(
            "SELECT institution, client, affairs FROM client WHERE token_hash = %(hash)s",
            {"hash": _hash(found[1])},
            _Row,
        )
    if row is None or row.institution not in tenants:
        raise NotAuthentic
    affairs = None if EVERY_AFFAIR in row.affairs else frozenset(row.affairs)
    return BusinessClient(tenants[row.institution], row.client, affairs)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
