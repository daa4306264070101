"""Which records register was asked about, kept by the id of the inquiry.

Register tells a person that id, and she asks the institution by it; nothing else that she sends says
whose case it is. The same id stands in register's log, so it is not written down here.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from kumihimo.kernel import journal
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.gateway import store_asked as store
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.store_asked import AskedRow

_TAG: Final = b"register-inquiry"
_BLOCK: Final = 128  # one record of the longest addressee number fits


async def remember(
    gateway: Gateway, tenant: Tenant, inquiries: Mapping[str, Sequence[str]]
) -> None:
    """Keep which records each inquiry is asked for; before it leaves, for its answer may be lost."""
    rows = await asyncio.to_thread(
        lambda: [_row(tenant, inquiry, records) for inquiry, records in inquiries.items()]
    )
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        await store.add(tx, tenant.institution, rows, on=gateway.today())
        line = journal.JournalLine(
            act="register-asked", actor=tenant.institution, detail={"asked": len(rows)}
        )
        await journal.write(tx, line, at=gateway.clock.now())


async def records_of(tx: Tx, tenant: Tenant, inquiry: str) -> list[str]:
    """Return the addressee numbers that an inquiry was asked for; none where nothing is kept of it."""
    tag = _tag(tenant, inquiry)
    row = await store.of(tx, tag)
    if row is None:
        return []
    content = tenant.locker.unlock(bytes(row.records_locked), label=_label(tenant, tag))
    return msgspec.json.decode(content, type=list[str])


def _row(tenant: Tenant, inquiry: str, records: Sequence[str]) -> AskedRow:
    tag = _tag(tenant, inquiry)
    content = msgspec.json.encode(list(records))
    return AskedRow(tag, tenant.locker.lock(content, label=_label(tenant, tag), block=_BLOCK))


def _tag(tenant: Tenant, inquiry: str) -> bytes:
    return tenant.locker.tag(inquiry.encode(), label=_TAG)


def _label(tenant: Tenant, tag: bytes) -> bytes:
    return f"{tenant.institution}|asked|".encode() + tag
