"""Whose card signed: asked of jpki, which alone can say. The portal checks no certificate itself."""

import asyncio
import hashlib
from typing import Final, Protocol

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.jpki import forms
from kumihimo.rooms.jpki.client import VerifierClient

CERTIFICATE_BYTES_MAX: Final = 8_192
SIGNATURE_BYTES_MAX: Final = 1_024


@attrs.frozen(kw_only=True, repr=False)
class Identified:
    """Who signed: jpki's id of her for this portal alone, its name of the certificate, the check."""

    user: str
    certificate: str
    verification: str


class Identity(Protocol):
    """Who can say whose signature it is."""

    async def identify(
        self, *, certificate: bytes, text: bytes, signature: bytes
    ) -> Identified | None:
        """Return who signed `text`; None for anything but a good auth certificate of a holder.

        Raises `Unavailable`.
        """
        ...

    async def disclosure(self, verification: str) -> forms.Disclosure | None:
        """Return the ticket to the ledger of whose certificate was just checked, once."""
        ...

    async def inquiries(self, handle: bytes) -> bytes | None:
        """Return who asked register about a holder by now, sealed; None once her time is over."""
        ...

    async def is_good(self, certificate: str) -> bool:
        """Say whether a certificate, by jpki's name of it, is neither stopped nor over. Raises `Unavailable`."""
        ...

    async def newest(self, certificate: str) -> str:
        """Return the name of the one that took its place, its own where none did. Raises `Unavailable`."""
        ...


@attrs.frozen
class JpkiIdentity:
    """jpki, by the portal's token there."""

    client: VerifierClient

    async def identify(
        self, *, certificate: bytes, text: bytes, signature: bytes
    ) -> Identified | None:
        """Have jpki check the signature and the certificate's status (OCSP)."""
        asked = _asked(certificate, text, signature)
        if asked is None:
            return None
        try:
            told = await asyncio.to_thread(self.client.verify, asked)
        except Refused:
            return None
        found = told.verification
        if (
            found.result != "ok"
            or found.user is None
            or not found.certificate.type.endswith("auth")
        ):
            return None
        return Identified(
            user=found.user, certificate=found.certificate.id, verification=found.verification
        )

    async def disclosure(self, verification: str) -> forms.Disclosure | None:
        """Ask jpki for her ticket; None where register knows nobody by her certificate."""
        try:
            return await asyncio.to_thread(self.client.disclosure, verification)
        except Refused:
            return None

    async def inquiries(self, handle: bytes) -> bytes | None:
        """Have register asked by its own handle of her."""
        try:
            return await asyncio.to_thread(self.client.inquiries, handle)
        except Refused:
            return None

    async def is_good(self, certificate: str) -> bool:
        """Ask jpki how a certificate is that was shown before (現況確認)."""
        asked = forms.CheckCertificate(certificate=certificate)
        try:
            told = await asyncio.to_thread(self.client.check, asked)
        except Refused as refused:
            raise Unavailable("jpki does not tell how a certificate is") from refused
        return told.status == "good"

    async def newest(self, certificate: str) -> str:
        """Follow replacements to the newest certificate."""
        try:
            return (await asyncio.to_thread(self.client.newest, certificate)).certificate.id
        except Refused as refused:
            raise Unavailable("jpki does not tell what took its place") from refused


def _asked(certificate: bytes, text: bytes, signature: bytes) -> forms.Verify | None:
    if not certificate or len(certificate) > CERTIFICATE_BYTES_MAX:
        return None
    if not signature or len(signature) > SIGNATURE_BYTES_MAX:
        return None
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except (ValueError, TypeError, x509.InvalidVersion):
        return None
    algorithm = "sha384" if isinstance(key, EllipticCurvePublicKey) else "sha256"
    return forms.Verify(
        certificate=certificate,
        hash_algorithm=algorithm,
        digest=hashlib.new(algorithm, text).digest(),
        signature=signature,
        identify_user=True,
    )
