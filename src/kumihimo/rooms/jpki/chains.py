"""What belongs with a certificate: its pair (紐付け) and what took its place (新旧紐付け).

Only for verifiers that were registered for both kinds, or for the kind that is asked about; each
question is recorded. And how a user's newest certificates are.
"""

from kumihimo.kernel.refusal import NotAllowed
from kumihimo.rooms.jpki import forms, users, verifying
from kumihimo.rooms.jpki import store_verifying as store
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain.refusals import NoLinkage
from kumihimo.rooms.jpki.domain.verifiers import may_ask, may_link
from kumihimo.rooms.jpki.store_status import VerifierRow


async def pair(jpki: Jpki, caller: VerifierRow, asked: forms.CertificateNamed) -> forms.Linked:
    """Return the other certificate of one issuance; raises `NoLinkage`, `NotAllowed`."""
    if not may_link(caller.roles):
        raise NotAllowed("this verifier is not registered for certificates of both kinds")
    async with jpki.database.transaction() as tx:
        row = await verifying.named(tx, caller, asked.certificate)
        other = await store.pair_of(tx, row)
        linked = None
        if other is not None:
            certificate = await verifying.certificate_of(jpki, tx, caller, other)
            linked = forms.Linked(certificate=certificate, ca=other.ca)
        await store.add_lookup(
            tx,
            verifier=caller.verifier,
            tenant=caller.verifier,
            kind="pair",
            ca=row.ca,
            serial=row.serial,
            told="ok" if linked else NoLinkage.code,
            on=jpki.today(),
        )
        await jpki.journal(tx, "pair-told", caller.verifier, found=int(linked is not None))
    if linked is None:
        raise NoLinkage
    return linked


async def newest(jpki: Jpki, caller: VerifierRow, asked: forms.CertificateNamed) -> forms.Linked:
    """Return the certificate at the end of the replacements; its own where none replaced it."""
    async with jpki.database.transaction() as tx:
        row = await verifying.named(tx, caller, asked.certificate)
        end, steps = await store.newest_after(tx, row)
        certificate = await verifying.certificate_of(jpki, tx, caller, end)
        await store.add_lookup(
            tx,
            verifier=caller.verifier,
            tenant=caller.verifier,
            kind="succession",
            ca=row.ca,
            serial=row.serial,
            told="ok",
            on=jpki.today(),
        )
        await jpki.journal(tx, "succession-told", caller.verifier, steps=steps)
    return forms.Linked(certificate=certificate, ca=end.ca, steps=steps)


async def user_status(jpki: Jpki, caller: VerifierRow, asked: forms.UserNamed) -> forms.UserStatus:
    """Tell how a user's newest certificates are, of each kind that the caller may ask about."""
    async with jpki.database.transaction() as tx:
        holder = await users.holder_of(tx, caller, asked)
        rows = [r for r in await store.newest_of(tx, holder) if may_ask(caller.roles, r.ca)]
        told = [
            forms.UserCertificate(
                type=verifying.type_of(row),
                certificate_status=await verifying.status_of(
                    jpki, tx, caller, row, "ocsp", "liveness_check"
                ),
            )
            for row in rows
        ]
        await jpki.journal(tx, "status-told", caller.verifier, certificates=len(told), refused=0)
    return forms.UserStatus(user=asked.user, certificates=tuple(told))
