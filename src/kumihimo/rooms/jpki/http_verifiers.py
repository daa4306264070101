"""The doors for registered verifiers (`/v1`): translation only.

A user's id is a person's, so it never stands in an address.
"""

from typing import Annotated, Any, Final

from litestar import Request, Response, Router
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from kumihimo.kernel.door import BearerDoor, bearer_of, behind, lawful
from kumihimo.kernel.net import Caller
from kumihimo.kernel.routes import get, post
from kumihimo.rooms.jpki import (
    chains,
    confirming,
    consents,
    disclosing,
    fetching,
    forms,
    latest,
    users,
    verifiers,
    verifying,
)
from kumihimo.rooms.jpki.api import Ca
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain.verifiers import Purpose
from kumihimo.rooms.jpki.store_status import VerifierRow

Asked = Request[Any, Any, Any]

CALLERS: Final = ("registered verifier",)
LIST_TYPE: Final = "application/pkix-crl"  # RFC 5280, 4.2.1.13
# The paragraph that the service rests on was not read.
_LATEST_LAW: Final = lawful(authority="JPKI Act art. 18", callers=CALLERS)
_LAW: Final = lawful(authority="JPKI Act art. 18(1), 37(1)", callers=CALLERS)
_DISCLOSURE_LAW: Final = lawful(
    authority="Number Act suppl. art. 6(3); JPKI Act art. 37(1)", callers=CALLERS
)


def _name(verifier: VerifierRow) -> str:
    return verifier.verifier


def router(jpki: Jpki, register: Caller) -> Router:
    """Return every `/v1` route behind the bearer door."""

    async def authenticate(authorization: str) -> VerifierRow:
        return await verifiers.authenticate(jpki, authorization)

    door = BearerDoor(authenticate, consumer_of=_name)
    return behind(
        door,
        "/v1",
        [
            *_checks(jpki),
            *_linkage(jpki),
            *_users(jpki),
            *_holders(jpki),
            *_consents(jpki),
            *_latest(jpki, register),
        ],
    )


def _caller(request: Asked) -> VerifierRow:
    return bearer_of(request, VerifierRow)


def _checks(jpki: Jpki) -> list[HTTPRouteHandler]:
    @post("/verifications", status_code=200, opt=_LAW, tags=["verifications"])
    async def verify(request: Asked, data: JSONBody[forms.Verify]) -> forms.Verified:
        """Check a signature: certificate first, then what belongs with it, then the signature."""
        return await verifying.verify(jpki, _caller(request), data)

    @get("/verifications/{verification:str}", opt=_LAW, tags=["verifications"])
    async def get_verification(request: Asked, verification: FromPath[str]) -> forms.Verification:
        """Return what came of a check; a certificate's content is told once, not here."""
        return await verifying.verification(jpki, _caller(request), verification)

    @post("/certificates/check", status_code=200, opt=_LAW, tags=["certificates"])
    async def check(
        request: Asked, data: JSONBody[forms.CheckCertificate]
    ) -> forms.CertificateStatus:
        """Tell the status of a certificate that was shown before (現況確認)."""
        return await verifying.check(jpki, _caller(request), data)

    @get("/lists", opt=_LAW, tags=["certificates"])
    async def fetch_list(
        request: Asked,
        *,
        ca: Annotated[Ca, QueryParameter(description="Whose list.")],
        generation: Annotated[
            int, QueryParameter(description="Of which of its keys; 1 is the oldest.")
        ],
        part: Annotated[
            str, QueryParameter(description="A municipality's code; left out, the full list.")
        ] = "",
        purpose: Annotated[
            Purpose, QueryParameter(description="Why; it is on record.")
        ] = "signature_verification",
    ) -> Response[bytes]:
        """Fetch a list of revoked certificates, DER: full, or one municipality's."""
        wanted = fetching.Wanted(ca=ca, generation=generation, part=part, purpose=purpose)
        der = await fetching.fetch(jpki, _caller(request), wanted)
        return Response(der, media_type=LIST_TYPE, headers={"cache-control": "no-store"})

    return [verify, get_verification, check, fetch_list]


def _linkage(jpki: Jpki) -> list[HTTPRouteHandler]:
    @post("/certificates/pair", status_code=200, opt=_LAW, tags=["certificates"])
    async def pair(request: Asked, data: JSONBody[forms.CertificateNamed]) -> forms.Linked:
        """Find the other certificate of one issuance (証明書紐付け情報)."""
        return await chains.pair(jpki, _caller(request), data)

    @post("/certificates/newest", status_code=200, opt=_LAW, tags=["certificates"])
    async def newest(request: Asked, data: JSONBody[forms.CertificateNamed]) -> forms.Linked:
        """Follow replacements to the newest certificate (証明書新旧紐付け情報)."""
        return await chains.newest(jpki, _caller(request), data)

    return [pair, newest]


def _users(jpki: Jpki) -> list[HTTPRouteHandler]:
    @post("/users/get", status_code=200, opt=_LAW, tags=["users"])
    async def get_user(request: Asked, data: JSONBody[forms.UserNamed]) -> forms.User:
        """Return a user."""
        return await users.get(jpki, _caller(request), data)

    @post("/users/status", status_code=200, opt=_LAW, tags=["users"])
    async def user_status(request: Asked, data: JSONBody[forms.UserNamed]) -> forms.UserStatus:
        """Tell how a user's newest certificates are."""
        return await chains.user_status(jpki, _caller(request), data)

    @post("/users/delete", status_code=204, opt=_LAW, tags=["users"])
    async def delete_user(request: Asked, data: JSONBody[forms.UserNamed]) -> None:
        """Forget a user; she comes back under another id."""
        await users.delete(jpki, _caller(request), data)

    return [get_user, user_status, delete_user]


def _holders(jpki: Jpki) -> list[HTTPRouteHandler]:
    @post("/users/link", status_code=200, opt=_LAW, tags=["confirmation without a PIN"])
    async def link(request: Asked, data: JSONBody[forms.LinkUser]) -> forms.User:
        """Link a user by a check of her auth certificate's signature, made just now."""
        return await confirming.link(jpki, _caller(request), data)

    @post("/holders/confirm", status_code=200, opt=_LAW, tags=["confirmation without a PIN"])
    async def confirm(request: Asked, data: JSONBody[forms.ConfirmHolder]) -> forms.Confirmed:
        """Confirm a linked holder by what a terminal read without a PIN (利用者の確認)."""
        return await confirming.confirm(jpki, _caller(request), data)

    return [link, confirm]


def _consents(jpki: Jpki) -> list[HTTPRouteHandler]:
    @post("/consents", status_code=200, opt=_LATEST_LAW, tags=["latest attributes"])
    async def give(request: Asked, data: JSONBody[forms.GiveConsent]) -> forms.Consent:
        """Hand in a holder's signed consent to her latest attributes (最新の利用者情報)."""
        return await consents.give(jpki, _caller(request), data)

    @post("/consents/withdraw", status_code=204, opt=_LATEST_LAW, tags=["latest attributes"])
    async def withdraw(request: Asked, data: JSONBody[forms.WithdrawConsents]) -> None:
        """Hand in a holder's signed withdrawal, from whichever verifier it names."""
        await consents.withdraw(jpki, _caller(request), data)

    @post("/consents/end", status_code=204, opt=_LATEST_LAW, tags=["latest attributes"])
    async def end(request: Asked, data: JSONBody[forms.ConsentNamed]) -> None:
        """Give up a consent that was given to the caller."""
        await consents.end(jpki, _caller(request), data)

    return [give, withdraw, end]


def _latest(jpki: Jpki, register: Caller) -> list[HTTPRouteHandler]:
    @post("/attributes", status_code=200, opt=_LATEST_LAW, tags=["latest attributes"])
    async def attributes(request: Asked, data: JSONBody[forms.ConsentNamed]) -> forms.LatestSealed:
        """Tell the attributes that a consent is about as they are now, sealed to the verifier."""
        return await latest.latest(jpki, register, _caller(request), data)

    @post("/disclosures", status_code=200, opt=_DISCLOSURE_LAW, tags=["disclosure"])
    async def disclose(request: Asked, data: JSONBody[forms.AskDisclosure]) -> forms.Disclosure:
        """Give a holder at the portal her ticket to the ledger, by a check made just now."""
        return await disclosing.disclose(jpki, register, _caller(request), data)

    @post("/disclosures/again", status_code=200, opt=_DISCLOSURE_LAW, tags=["disclosure"])
    async def read_again(request: Asked, data: JSONBody[forms.ReadAgain]) -> forms.InquiriesTold:
        """Tell the portal who asked register about a holder by now, by its handle."""
        return await disclosing.read_again(jpki, register, _caller(request), data)

    return [attributes, disclose, read_again]
