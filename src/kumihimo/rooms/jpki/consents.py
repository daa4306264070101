"""Consents to the latest attributes: given and withdrawn by a signature with the sign certificate.

A consent hangs on the holder and not on the certificate that signed it: what it is for is to ask
once that certificate was revoked because she moved, or was replaced. So it goes on over moves and
renewals, until its last day or until it is withdrawn.
"""

import attrs

from kumihimo.kernel.refusal import Conflict, NotAllowed, NotFound, Refusal
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.jpki import forms, users, verifying
from kumihimo.rooms.jpki import store_consents as store
from kumihimo.rooms.jpki.confirming import not_good
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain.consents import NOBODY, Statement, Withdrawal
from kumihimo.rooms.jpki.domain.presented import Presented, presented
from kumihimo.rooms.jpki.domain.refusals import ConsentOver, SignatureWrong
from kumihimo.rooms.jpki.domain.signatures import SignatureFalse, check_signed
from kumihimo.rooms.jpki.store_certificates import lock_holder
from kumihimo.rooms.jpki.store_consents import ConsentRow, ReceiverRow
from kumihimo.rooms.jpki.store_status import VerifierRow
from kumihimo.rooms.jpki.store_verifying import ShownRow


@attrs.frozen
class _Signed:
    """A text with the certificate that signed it, and why it does not count, if so."""

    row: ShownRow
    refusal: Refusal | None


async def receiver_of(tx: Tx, tenant: str) -> ReceiverRow:
    """Return what a tenant is registered for; raises `NotAllowed`."""
    found = await store.receiver(tx, tenant)
    if found is None:
        raise NotAllowed("this verifier is not registered for the latest attributes")
    return found


async def give(jpki: Jpki, caller: VerifierRow, asked: forms.GiveConsent) -> forms.Consent:
    """Take a consent; the same one again changes nothing and is answered the same.

    Raises `BadInput`, `NotAllowed`, `InvalidCertificate`, `CertificateHeld` and its like,
    `SignatureWrong`, `ConsentOver` when she withdrew since, `Conflict`.
    """
    statement = Statement.parse(asked.statement)
    shown = _sign_certificate(caller, asked.certificate)
    async with jpki.database.transaction() as tx:
        tenant = await users.tenant_of(tx, caller, asked.provider)
        receiver = await receiver_of(tx, tenant)
        platform = caller.verifier if tenant != caller.verifier else NOBODY
        signed = await _signed(jpki, tx, caller, shown, asked)
        row = _row(caller, tenant, statement, signed.row, asked.statement)
        refusal = signed.refusal
        if await _known(tx, row):
            refusal = None
        elif refusal is None:
            statement.check(
                tenant=tenant, platform=platform, uses=receiver.uses, today=jpki.today()
            )
            refusal = await _take(tx, row, asked.signature)
        await jpki.journal(tx, "consent-given", caller.verifier, taken=int(refusal is None))
    if refusal is not None:
        raise refusal
    return forms.Consent(consent=statement.consent, ends_on=statement.ends_on)


def _row(
    caller: VerifierRow, tenant: str, statement: Statement, signer: ShownRow, text: str
) -> ConsentRow:
    return ConsentRow(
        consent=statement.consent,
        verifier=caller.verifier,
        tenant=tenant,
        holder=bytes(signer.holder),
        serial=signer.serial,
        items=statement.items,
        starts_on=statement.starts_on,
        ends_on=statement.ends_on,
        statement=text,
        withdrawn_on=None,
    )


async def _known(tx: Tx, row: ConsentRow) -> bool:
    """Say whether this very consent was taken before, whatever became of it since."""
    known = await store.consent(tx, row.consent)
    if known is None:
        return False
    same = (known.verifier, known.tenant, bytes(known.holder), known.statement)
    return same == (row.verifier, row.tenant, row.holder, row.statement)


async def _take(tx: Tx, row: ConsentRow, signature: bytes) -> Refusal | None:
    if await store.withdrew_after(tx, row.tenant, row.holder, row.starts_on):
        return ConsentOver()
    if not await store.add_consent(tx, row, signature):
        raise Conflict("this consent id stands for another consent")
    return None


async def withdraw(jpki: Jpki, caller: VerifierRow, asked: forms.WithdrawConsents) -> None:
    """Take back every consent that a holder gave to the verifier named in what she signed.

    Any verifier of signatures hands it in, and none learns whether there was a consent.
    """
    withdrawal = Withdrawal.parse(asked.statement)
    withdrawal.check(jpki.today())
    shown = _sign_certificate(caller, asked.certificate)
    async with jpki.database.transaction() as tx:
        signed = await _signed(jpki, tx, caller, shown, asked)
        holder = bytes(signed.row.holder)
        if signed.refusal is None and await store.add_withdrawal(
            tx,
            withdrawal=withdrawal.withdrawal,
            verifier=caller.verifier,
            tenant=withdrawal.verifier,
            holder=holder,
            on=withdrawal.on,
            statement=asked.statement,
            signature=asked.signature,
        ):
            await store.withdraw(
                tx,
                withdrawal.verifier,
                holder,
                upto=withdrawal.on,
                on=jpki.today(),
                by="holder",
            )
        await jpki.journal(
            tx, "consents-withdrawn", caller.verifier, taken=int(signed.refusal is None)
        )
    if signed.refusal is not None:
        raise signed.refusal


async def end(jpki: Jpki, caller: VerifierRow, asked: forms.ConsentNamed) -> None:
    """Give up a consent of one's own, as the holder may ask of a verifier without a signature."""
    async with jpki.database.transaction() as tx:
        row = await own(tx, caller, asked)
        await store.end(tx, row.consent, on=jpki.today())
        await jpki.journal(tx, "consent-ended", caller.verifier)


async def own(tx: Tx, caller: VerifierRow, asked: forms.ConsentNamed) -> ConsentRow:
    """Return a consent to the tenant for whom the caller acts; raises `NotFound`, `NotAllowed`."""
    tenant = await users.tenant_of(tx, caller, asked.provider)
    await receiver_of(tx, tenant)
    row = await store.consent(tx, asked.consent)
    if row is None or (row.verifier, row.tenant) != (caller.verifier, tenant):
        raise NotFound
    return row


def _sign_certificate(caller: VerifierRow, der: bytes) -> Presented:
    shown = presented(der)
    verifying.require_role(caller, "sign")
    if shown.ca != "sign":
        raise NotAllowed("only a sign certificate signs this")
    return shown


async def _signed(
    jpki: Jpki,
    tx: Tx,
    caller: VerifierRow,
    shown: Presented,
    asked: forms.GiveConsent | forms.WithdrawConsents,
) -> _Signed:
    """Check who signed a text, on record like every check; her certificates wait meanwhile."""
    row = await verifying.issued(tx, shown, asked.certificate)
    await lock_holder(tx, bytes(row.holder))
    row = await verifying.issued(tx, shown, asked.certificate)
    await verifying.status_of(jpki, tx, caller, row, "ocsp", "signature_verification")
    refusal = not_good(jpki, row)
    if refusal is None:
        try:
            check_signed(shown.key, asked.statement.encode(), asked.signature)
        except SignatureFalse:
            refusal = SignatureWrong()
    return _Signed(row, refusal)
