"""What the gateway keeps of an exchange, and how the parts that name a person are locked."""

from datetime import datetime

import msgspec

from kumihimo.kernel import outbox
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.gateway.context import Tenant
from kumihimo.rooms.gateway.locked import DETAIL_BLOCK, RecordDetail
from kumihimo.rooms.linkage.api import ENDS_PATH, PARTY, Ends


class Manual(msgspec.Struct, frozen=True, kw_only=True):
    """What a person needs to decide a waiting permit; locked in the database."""

    person: str
    affair: str
    items: tuple[str, ...]
    layout: str
    requester: str
    payload_key: bytes
    list_version: str
    hidden: bool
    for_ledger: bytes
    code_version: int


def manual_label(tenant: Tenant, permit: str) -> bytes:
    """Return what binds a waiting permit's ciphertext to its row."""
    return f"{tenant.institution}|manual|{permit}".encode()


def lock_detail(tenant: Tenant, detail: RecordDetail) -> bytes:
    """Lock the part of a record that names the person."""
    label = f"{tenant.institution}|record".encode()
    return tenant.locker.lock(msgspec.json.encode(detail), label=label, block=DETAIL_BLOCK)


def unlock_detail(tenant: Tenant, locked: bytes) -> RecordDetail:
    """Read the part of a record that names the person."""
    label = f"{tenant.institution}|record".encode()
    return msgspec.json.decode(tenant.locker.unlock(locked, label=label), type=RecordDetail)


async def put_ends(tenant: Tenant, tx: Tx, ends: Ends, now: datetime) -> None:
    """Queue our ends of exchanges for the core, in this transaction."""
    await outbox.put(
        tx,
        topic=ENDS_PATH,
        destination=PARTY,
        sender=tenant.institution,
        body=msgspec.json.encode(ends),
        at=now,
    )
