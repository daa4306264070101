"""Confirming without a PIN that a card is the one of a person who is linked (利用者の確認).

An operation of its own: it needs no key of the card and yields no signature, it serves only
services that were registered for it, only for people whom that service has linked, at a terminal
that is on record, and it can make no link. The link is made by a check of a signature by the auth
certificate, which took her PIN. It hangs on the holder, so it follows every renewal.
"""

from datetime import timedelta
from typing import Final

from kumihimo.kernel.refusal import Conflict, NotAllowed, NotFound, Refusal
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.jpki import forms
from kumihimo.rooms.jpki import store_verifying as store
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain.presented import SERIAL_MAX, ca_of
from kumihimo.rooms.jpki.domain.refusals import (
    CertificateExpired,
    CertificateHeld,
    CertificateRevoked,
)
from kumihimo.rooms.jpki.domain.verifiers import may_confirm
from kumihimo.rooms.jpki.store_status import VerifierRow
from kumihimo.rooms.jpki.store_verifying import ShownRow, UserRow, VerificationRow

LINK_WITHIN: Final = timedelta(minutes=10)  # our choice: she still stands at the counter


def require_confirmer(caller: VerifierRow) -> None:
    """Raise `NotAllowed` unless the caller is registered for confirmation without a PIN."""
    if not may_confirm(caller.roles):
        raise NotAllowed("this service is not registered for confirmation without a PIN")


def not_good(jpki: Jpki, row: ShownRow) -> Refusal | None:
    """Return by which name a certificate is refused, or None when it is good."""
    if row.not_after < jpki.clock.now():
        return CertificateExpired()
    match row.status:
        case "held":
            return CertificateHeld()
        case "revoked":
            return CertificateRevoked()
        case "good":
            return None


def is_fresh(jpki: Jpki, check: VerificationRow) -> bool:
    """Say whether a check was made just now: whose card it was is still there."""
    return check.verified_at <= jpki.clock.now() < check.verified_at + LINK_WITHIN


async def link(jpki: Jpki, caller: VerifierRow, asked: forms.LinkUser) -> forms.User:
    """Link a user by a check of her auth certificate's signature, made just now, once.

    Raises `NotFound` for no such check, `Conflict` for one that cannot make a link.
    """
    require_confirmer(caller)
    async with jpki.database.transaction() as tx:
        found = await store.verification(tx, caller.verifier, asked.verification)
        if found is None:
            raise NotFound
        row = await store.named(tx, caller.verifier, found.certificate)
        assert row is not None, "a check names a certificate"
        if found.result != "ok" or row.ca != "auth" or not is_fresh(jpki, found):
            raise Conflict("a link is made by a good check of an auth certificate, just now")
        user = await store.user_of(tx, caller.verifier, bytes(row.holder))
        if user is None or found.tenant != caller.verifier:
            raise Conflict("the check did not identify a user of this service")
        if not await store.spend(tx, found.verification):
            raise Conflict("this check has made its link")
        await store.link_user(tx, user, jpki.today())
        await jpki.journal(tx, "user-linked", caller.verifier)
    linked_on = user.linked_on or jpki.today()
    return forms.User(user=user.user_id, since=user.since, linked_on=linked_on)


async def confirm(jpki: Jpki, caller: VerifierRow, asked: forms.ConfirmHolder) -> forms.Confirmed:
    """Confirm a holder by what a terminal read without a PIN.

    Who is not linked is `NotFound`, however her certificate is: a service learns nothing of a
    person whom it does not know. Raises `CertificateHeld` and its like for one whom it does.
    """
    require_confirmer(caller)
    serial = int(asked.serial)
    async with jpki.database.transaction() as tx:
        row, user = None, None
        if ca_of(asked.issuer) == "auth" and serial <= SERIAL_MAX:
            row = await store.shown(tx, "auth", serial)
        if row is not None:
            user = await _linked(tx, caller, row)
        refusal = NotFound() if row is None or user is None else not_good(jpki, row)
        await store.add_lookup(
            tx,
            verifier=caller.verifier,
            tenant=caller.verifier,
            kind="confirmation",
            ca="auth",
            serial=serial,
            told=refusal.code if refusal else "ok",
            on=jpki.today(),
            terminal=asked.terminal,
        )
        await jpki.journal(tx, "holder-confirmed", caller.verifier, found=int(refusal is None))
    if refusal is not None:
        raise refusal
    assert user is not None, "who is confirmed is a user"
    return forms.Confirmed(user=user.user_id)


async def _linked(tx: Tx, caller: VerifierRow, row: ShownRow) -> UserRow | None:
    user = await store.user_of(tx, caller.verifier, bytes(row.holder))
    return user if user is not None and user.linked_on is not None else None
