"""A client for registered verifiers: typed, synchronous, small.

    with VerifierClient("http://127.0.0.1:8406", token) as jpki:
        found = jpki.verify(forms.Verify(certificate=der, hash_algorithm="sha256",
                                         digest=digest, signature=signature, identify_user=True))

Every call raises `Refused` with jpki's problem detail, or `Unavailable`.
"""

import httpx2
import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kumihimo.kernel.keys import open_payload
from kumihimo.kernel.token_client import TIMEOUT_S, TokenClient
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.jpki import forms
from kumihimo.rooms.jpki.api import Ca
from kumihimo.rooms.jpki.domain.verifiers import Purpose


class VerifierClient(TokenClient):
    """One registered verifier."""

    def __init__(
        self,
        address: str,
        token: Withheld[str] | str,
        *,
        transport: httpx2.BaseTransport | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        super().__init__("jpki", address, token, transport=transport, timeout_s=timeout_s)

    def verify(self, asked: forms.Verify) -> forms.Verified:
        """Check a signature; the certificate's content is in this answer only."""
        return self._post("/v1/verifications", asked, forms.Verified)

    def verification(self, name: str) -> forms.Verification:
        """Return what came of a check."""
        answer = self._exchange("GET", f"/v1/verifications/{name}")
        return self._decode(answer, forms.Verification)

    def disclosure(self, verification: str) -> forms.Disclosure:
        """Get the ticket to the ledger of whose certificate was just checked; once."""
        asked = forms.AskDisclosure(verification=verification)
        return self._post("/v1/disclosures", asked, forms.Disclosure)

    def inquiries(self, handle: bytes) -> bytes:
        """Get who asked register about a holder by now, sealed to the portal."""
        asked = forms.ReadAgain(handle)
        return self._post("/v1/disclosures/again", asked, forms.InquiriesTold).inquiries

    def check(self, asked: forms.CheckCertificate) -> forms.CertificateStatus:
        """Tell the status of a certificate that was shown before."""
        return self._post("/v1/certificates/check", asked, forms.CertificateStatus)

    def pair(self, certificate: str) -> forms.Linked:
        """Find the other certificate of one issuance."""
        body = forms.CertificateNamed(certificate=certificate)
        return self._post("/v1/certificates/pair", body, forms.Linked)

    def newest(self, certificate: str) -> forms.Linked:
        """Follow replacements to the newest certificate."""
        body = forms.CertificateNamed(certificate=certificate)
        return self._post("/v1/certificates/newest", body, forms.Linked)

    def list_of_revoked(
        self,
        ca: Ca,
        generation: int,
        *,
        part: str = "",
        purpose: Purpose = "signature_verification",
    ) -> bytes:
        """Fetch a list of revoked certificates, DER."""
        params = {"ca": ca, "generation": str(generation), "part": part, "purpose": purpose}
        return self._exchange("GET", "/v1/lists", params=params)

    def user(self, user: str, *, provider: str = "") -> forms.User:
        """Return a user."""
        return self._post(
            "/v1/users/get", forms.UserNamed(user=user, provider=provider), forms.User
        )

    def user_status(self, user: str, *, provider: str = "") -> forms.UserStatus:
        """Tell how a user's newest certificates are."""
        body = forms.UserNamed(user=user, provider=provider)
        return self._post("/v1/users/status", body, forms.UserStatus)

    def delete_user(self, user: str, *, provider: str = "") -> None:
        """Forget a user."""
        body = forms.UserNamed(user=user, provider=provider)
        self._exchange("POST", "/v1/users/delete", msgspec.json.encode(body))

    def link(self, verification: str) -> forms.User:
        """Link a user by a check that was made just now."""
        body = forms.LinkUser(verification=verification)
        return self._post("/v1/users/link", body, forms.User)

    def confirm(self, asked: forms.ConfirmHolder) -> str:
        """Confirm a linked holder without a PIN; returns the user."""
        return self._post("/v1/holders/confirm", asked, forms.Confirmed).user

    def give_consent(self, asked: forms.GiveConsent) -> forms.Consent:
        """Hand in a consent that a holder signed."""
        return self._post("/v1/consents", asked, forms.Consent)

    def withdraw_consents(self, asked: forms.WithdrawConsents) -> None:
        """Hand in a withdrawal that a holder signed."""
        self._exchange("POST", "/v1/consents/withdraw", msgspec.json.encode(asked))

    def end_consent(self, consent: str, *, provider: str = "") -> None:
        """Give up a consent."""
        body = forms.ConsentNamed(consent=consent, provider=provider)
        self._exchange("POST", "/v1/consents/end", msgspec.json.encode(body))

    def latest(
        self, consent: str, *, key: X25519PrivateKey, provider: str = ""
    ) -> forms.LatestAttributes:
        """Return the attributes that a consent is about; `key` is the tenant's for payloads."""
        body = forms.ConsentNamed(consent=consent, provider=provider)
        sealed = self._post("/v1/attributes", body, forms.LatestSealed)
        opened = open_payload(sealed.payload, key=key, context=forms.latest_context(consent))
        return self._decode(opened, forms.LatestAttributes)
