"""As whom a tenant knows a holder: one stable id, another one at every tenant.

It is keyed by jpki's secret over the tenant, the holder reference and how often the tenant has
deleted her. So it is the same for both her certificates, on card and phone, and over renewals and
moves; two tenants cannot join theirs; and who was deleted comes back as somebody new.
"""

import base64
import hmac
from hashlib import sha256
from typing import Final

from kumihimo.kernel.refusal import NotAllowed, NotFound
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.jpki import forms, store_consents, store_status
from kumihimo.rooms.jpki import store_verifying as store
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.store_status import VerifierRow
from kumihimo.rooms.jpki.store_verifying import UserRow

_ID_BYTES: Final = 16


async def tenant_of(tx: Tx, caller: VerifierRow, provider: str) -> str:
    """Return for whom the caller acts; raises `NotAllowed` for a provider that is not its own."""
    if not provider:
        return caller.verifier
    if not await store_status.is_provider_of(tx, provider, platform=caller.verifier):
        raise NotAllowed("no service provider of this name asks through this platform operator")
    return provider


def user_id(jpki: Jpki, tenant: str, holder: bytes, turn: int) -> str:
    """Return the id of a holder at a tenant: 22 characters."""
    message = b"\0".join([tenant.encode(), str(turn).encode(), holder])
    made = hmac.digest(jpki.keys.secret("user-ids").reveal(), message, sha256)
    return base64.urlsafe_b64encode(made[:_ID_BYTES]).rstrip(b"=").decode()


async def make(jpki: Jpki, tx: Tx, tenant: str, holder: bytes) -> UserRow:
    """Let a tenant know a holder from now on."""
    turn = await store.next_turn(tx, tenant, holder)
    row = UserRow(
        tenant=tenant,
        user_id=user_id(jpki, tenant, holder, turn),
        holder=holder,
        turn=turn,
        since=jpki.today(),
        linked_on=None,
    )
    if await store.add_user(tx, row):
        return row
    known = await store.user_of(tx, tenant, holder)
    assert known is not None, "another request has just made the user"
    return known


async def _known(tx: Tx, caller: VerifierRow, asked: forms.UserNamed) -> UserRow:
    tenant = await tenant_of(tx, caller, asked.provider)
    row = await store.user(tx, tenant, asked.user)
    if row is None:
        raise NotFound
    return row


async def get(jpki: Jpki, caller: VerifierRow, asked: forms.UserNamed) -> forms.User:
    """Return a user; raises `NotFound`."""
    async with jpki.database.transaction() as tx:
        row = await _known(tx, caller, asked)
    return forms.User(user=row.user_id, since=row.since, linked_on=row.linked_on)


async def holder_of(tx: Tx, caller: VerifierRow, asked: forms.UserNamed) -> bytes:
    """Return the holder who is a user; raises `NotFound`."""
    return bytes((await _known(tx, caller, asked)).holder)


async def delete(jpki: Jpki, caller: VerifierRow, asked: forms.UserNamed) -> None:
    """Forget a user, with her link and her consents; she comes back under another id. Raises `NotFound`."""
    async with jpki.database.transaction() as tx:
        row = await _known(tx, caller, asked)
        await store.delete_user(tx, row.tenant, row.user_id)
        today = jpki.today()
        await store_consents.withdraw(
            tx, row.tenant, bytes(row.holder), upto=today, on=today, by="verifier"
        )
        await jpki.journal(tx, "user-deleted", caller.verifier)
