"""A person reads from an institution itself who used her data there, as the data tracker asks.

She is let in as she reads her own data (自己情報): the ledger asks by the core's permit, and the
answer, sealed to it and there to her session, is a token that lasts as long as a session. What is
hidden (不開示) is in neither list nor count, and to whom the institution withholds that it knows
her, it is unknown: she gets no token.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import attrs
from typing_extensions import override

from kumihimo.kernel import journal
from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.refusal import NotAuthentic
from kumihimo.kernel.tracker import FindUsageResponse, Usage, UsesAsked, UsesReader, user_code
from kumihimo.rooms.gateway import store_tracker as store
from kumihimo.rooms.gateway import tagging
from kumihimo.rooms.gateway.api import (
    USAGE_CODE,
    USAGE_LAYOUT,
    USAGE_TOKEN,
    USAGE_UNTIL,
    ItemValue,
    Provided,
)
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.store_tracker import SessionRow, UsedRow
from kumihimo.statute.usages import usage

LIFETIME: Final = timedelta(minutes=15)  # as long as her session at the ledger
_TOKEN_BYTES: Final = 32
_BEARER = re.compile(r"Bearer (([a-z0-9-]{1,64})\.[A-Za-z0-9_-]{43})")


def let_in(
    gateway: Gateway, tenant: Tenant, person: str, items: tuple[str, ...], now: datetime
) -> tuple[SessionRow, Provided]:
    """Draw a token for a person of this institution; returns what to keep, and what to answer."""
    drawn = base64.urlsafe_b64encode(gateway.entropy.bytes(_TOKEN_BYTES)).rstrip(b"=").decode()
    token, until = f"{tenant.institution}.{drawn}", now + LIFETIME
    told = {
        USAGE_TOKEN: token,
        USAGE_CODE: user_code(token),
        USAGE_UNTIL: until.isoformat(),
    }
    today = legal_day(now).isoformat()
    values = tuple(
        ItemValue(
            item=item, value=told[item], as_of=today, registered_on=today, layout=USAGE_LAYOUT
        )
        for item in items
        if item in told
    )
    hashed = _hash(token)
    locked = tenant.locker.lock(person.encode(), label=_label(tenant, hashed))
    return SessionRow(token_hash=hashed, person_locked=locked, until=until), Provided(values)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _label(tenant: Tenant, hashed: bytes) -> bytes:
    return f"{tenant.institution}|tracker|".encode() + hashed


@attrs.frozen
class _Herself(UsesReader):
    """A person of an institution, at the data tracker's doors."""

    gateway: Gateway
    tenant: Tenant
    person: str
    code: str

    @property
    @override
    def user_code(self) -> str:
        return self.code

    @override
    async def find(self, asked: UsesAsked) -> FindUsageResponse:
        gateway, tenant, now = self.gateway, self.tenant, self.gateway.clock.now()
        async with gateway.database.transaction(institution=tenant.institution) as tx:
            kept = await store.kept_since(tx, now)
            since = max(asked.since or kept, kept)
            until = min(asked.until or now, now)
            records = (
                []
                if until < since
                else await tagging.records_of(
                    tx, tenant, self.person, first=legal_day(since), last=legal_day(until)
                )
            )
            total, rows = await store.used(
                tx,
                records,
                since=asked.since,
                until=asked.until,
                skip=asked.skip,
                limit=asked.limit,
            )
            detail = {"rows": len(rows)}
            line = journal.JournalLine(act="usage-found", actor="person", detail=detail)
            await journal.write(tx, line, at=now)
        return FindUsageResponse(
            total_usages=total, usages=tuple(_usage(tenant, row) for row in rows)
        )

    @override
    async def kept_since(self) -> datetime:
        institution = self.tenant.institution
        async with self.gateway.database.transaction(institution=institution) as tx:
            return await store.kept_since(tx, self.gateway.clock.now())


def _usage(tenant: Tenant, row: UsedRow) -> Usage:
    # Whoever asked received: another body from us, or we from another.
    receiver = row.peer if row.side == "provider" else tenant.institution
    return usage(
        requested_at=row.requested_at,
        affair=row.affair,
        outcome=row.outcome,
        receiver=receiver,
    )


async def authenticate(
    gateway: Gateway, tenants: Mapping[str, Tenant], authorization: str
) -> UsesReader:
    """Return whose token this is; the same `NotAuthentic` for none, a bad one and one that is over."""
    found = _BEARER.fullmatch(authorization)
    tenant = tenants.get(found[2]) if found is not None else None
    if found is None or tenant is None:
        raise NotAuthentic
    hashed = _hash(found[1])
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        row = await store.session(tx, hashed, gateway.clock.now())
    if row is None:
        raise NotAuthentic
    person = tenant.locker.unlock(row.person_locked, label=_label(tenant, hashed)).decode()
    return _Herself(gateway, tenant, person, user_code(found[1]))
