"""Checking a signature for a registered verifier, and the status of a certificate it was shown.

(1) the certificate is compared with the one that is stored;
(2) its status is told by the method that the verifier chose;
(3) what belongs with it is looked up: as whom the verifier knows the holder;
(4) only then is the signature checked. What cannot be looked up ends the whole, with nothing told.
All of it is one transaction, and the record of it is in there.
"""

import asyncio
import hmac

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import NotAllowed, NotFound, Unavailable
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.jpki import forms, store_lists, store_status, users
from kumihimo.rooms.jpki import store_verifying as store
from kumihimo.rooms.jpki.api import Ca
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain.listed import entry_of
from kumihimo.rooms.jpki.domain.presented import Presented, presented, printed
from kumihimo.rooms.jpki.domain.refusals import InvalidCertificate
from kumihimo.rooms.jpki.domain.signatures import SignatureFalse, check_signature
from kumihimo.rooms.jpki.domain.verifiers import Purpose, may_ask
from kumihimo.rooms.jpki.store_status import CheckRow, Method, Told, VerifierRow
from kumihimo.rooms.jpki.store_verifying import ShownRow, VerificationRow


def require_role(caller: VerifierRow, ca: Ca) -> None:
    """Raise `NotAllowed` unless the caller may learn of an authority's certificates."""
    if not may_ask(caller.roles, ca):
        raise NotAllowed("this verifier is not registered for certificates of this kind")


async def issued(tx: Tx, shown: Presented, der: bytes) -> ShownRow:
    """Return the certificate that was shown; raises `InvalidCertificate` unless it is ours."""
    row = await store.shown(tx, shown.ca, shown.serial)
    if row is None or not hmac.compare_digest(bytes(row.der), der):
        raise InvalidCertificate
    return row


async def status_of(
    jpki: Jpki, tx: Tx, caller: VerifierRow, row: ShownRow, method: Method, purpose: Purpose
) -> forms.CertificateStatus:
    """Tell the status of a certificate, and record that it was told."""
    now = jpki.clock.now()
    updated = now
    status, reason, at = row.status, row.reason, row.status_at
    if method == "crl":
        listed = await store_lists.latest(tx, row.ca, row.generation, row.municipality)
        if listed is None or listed.next_update <= now:
            raise Unavailable("no list of revoked certificates is in force here")
        updated = listed.this_update
        entry = await asyncio.to_thread(entry_of, bytes(listed.der), row.serial)
        status, reason = "good", None
        if entry is not None:
            status = "held" if entry.reason == "certificateHold" else "revoked"
            reason, at = entry.reason, entry.at
    told: Told = status
    check = CheckRow(
        verifier=caller.verifier,
        ca=row.ca,
        serial=row.serial,
        purpose=purpose,
        method=method,
        told=told,
    )
    await store_status.add_checks(tx, [check], jpki.today())
    return forms.CertificateStatus(
        status="expired" if row.not_after < now else status,
        check_method=method,
        check_purpose=purpose,
        source_updated_at=updated,
        revoked_at=None if status == "good" else at,
        revocation_reason=reason,
    )


def type_of(row: ShownRow) -> forms.CertificateType:
    """Return a certificate's type: its carrier and its kind."""
    if row.carrier == "card":
        return "card-sign" if row.ca == "sign" else "card-auth"
    return "mobile-sign" if row.ca == "sign" else "mobile-auth"


async def certificate_of(
    jpki: Jpki, tx: Tx, caller: VerifierRow, row: ShownRow
) -> forms.Certificate:
    """Return a certificate under the caller's own name for it."""
    name = await store.name_certificate(tx, caller.verifier, row, otherwise=new_id(jpki.entropy))
    return forms.Certificate(id=name, type=type_of(row), serial=str(row.serial), latest=row.latest)


async def verify(jpki: Jpki, caller: VerifierRow, asked: forms.Verify) -> forms.Verified:
    """Check a signature. Raises `InvalidCertificate`, `NotAllowed`, `Unavailable`, `BadInput`.

    A certificate that is not good, or a signature that is not its key's, is a result by name.
    """
    shown = presented(asked.certificate)
    require_role(caller, shown.ca)
    async with jpki.database.transaction() as tx:
        tenant = await users.tenant_of(tx, caller, asked.provider)
        row = await issued(tx, shown, asked.certificate)
        status = await status_of(jpki, tx, caller, row, asked.check_method, asked.purpose)
        user = await store.user_of(tx, tenant, bytes(row.holder))
        result = _result(status, shown, asked)
        certificate = await certificate_of(jpki, tx, caller, row)
        new = result == "ok" and asked.identify_user and user is None
        if new:
            user = await users.make(jpki, tx, tenant, bytes(row.holder))
        made = VerificationRow(
            verification=new_id(jpki.entropy),
            verifier=caller.verifier,
            tenant=tenant,
            certificate=certificate.id,
            result=result,
            digest=asked.digest,
            method=asked.check_method,
            purpose=asked.purpose,
            verified_at=jpki.clock.now(),
            linked=False,
        )
        await store.add_verification(tx, made)
        await jpki.journal(tx, "signature-checked", caller.verifier, result=result)
    return forms.Verified(
        verification=_told(made, certificate, user.user_id if user else None),
        certificate_status=status,
        certificate_content=_content(bytes(row.der)) if result == "ok" else None,
        is_new_user=new,
    )


def _result(status: forms.CertificateStatus, shown: Presented, asked: forms.Verify) -> forms.Result:
    match status.status:
        case "expired":
            return "certificate-expired"
        case "revoked":
            return "certificate-revoked"
        case "held":
            return "certificate-held"
        case "good":
            pass
    try:
        check_signature(shown.key, asked.hash_algorithm, asked.digest, asked.signature)
    except SignatureFalse:
        return "signature-wrong"
    return "ok"


def _told(
    row: VerificationRow, certificate: forms.Certificate, user: str | None
) -> forms.Verification:
    """Return a check as it is told. Without a good signature nobody learns whose card it was."""
    return forms.Verification(
        verification=row.verification,
        result=row.result,
        digest=bytes(row.digest),
        check_method=row.method,
        purpose=row.purpose,
        verified_at=row.verified_at,
        certificate=certificate,
        user=user if row.result == "ok" else None,
    )


def _content(der: bytes) -> forms.CertificateContent:
    found = printed(der)
    return forms.CertificateContent(
        subject=found.subject,
        not_before=found.not_before,
        not_after=found.not_after,
        crl_distribution_point=found.distribution_point,
        **found.attributes,
    )


async def verification(jpki: Jpki, caller: VerifierRow, name: str) -> forms.Verification:
    """Return what came of a check, with the user that the holder is by now; never content."""
    async with jpki.database.transaction() as tx:
        found = await store.verification(tx, caller.verifier, name)
        if found is None:
            raise NotFound
        row = await store.named(tx, caller.verifier, found.certificate)
        assert row is not None, "a check names a certificate"
        user = await store.user_of(tx, found.tenant, bytes(row.holder))
        certificate = await certificate_of(jpki, tx, caller, row)
    return _told(found, certificate, user.user_id if user else None)


async def check(
    jpki: Jpki, caller: VerifierRow, asked: forms.CheckCertificate
) -> forms.CertificateStatus:
    """Tell the status of a certificate that the caller was shown before (現況確認)."""
    async with jpki.database.transaction() as tx:
        row = await named(tx, caller, asked.certificate)
        status = await status_of(jpki, tx, caller, row, asked.check_method, asked.purpose)
        await jpki.journal(tx, "status-told", caller.verifier, certificates=1, refused=0)
    return status


async def named(tx: Tx, caller: VerifierRow, certificate: str) -> ShownRow:
    """Return a certificate by the caller's name for it; raises `NotFound`, `NotAllowed`."""
    row = await store.named(tx, caller.verifier, certificate)
    if row is None:
        raise NotFound
    require_role(caller, row.ca)
    return row
