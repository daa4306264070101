"""What registered verifiers send to `/v1/` and get back.

Certificates, digests and signatures are bytes (base64 in JSON), serial numbers are decimal text.
`provider` names the service provider for whom a platform operator acts; left out, it acts for
itself. Who it acts for is the tenant: a user has another id at each.
"""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from kumihimo.kernel.wire import whole
from kumihimo.rooms.jpki.api import Ca, Reason
from kumihimo.rooms.jpki.domain.consents import STATEMENT_CHARS_MAX
from kumihimo.rooms.jpki.domain.signatures import HashAlgorithm
from kumihimo.rooms.jpki.domain.verifiers import Purpose
from kumihimo.rooms.jpki.store_status import Method

Id = Annotated[str, msgspec.Meta(pattern=whole(r"[A-Za-z0-9_-]{22}"))]
Name = Annotated[str, msgspec.Meta(max_length=64)]
Bytes = Annotated[bytes, msgspec.Meta(max_length=8_192)]
Serial = Annotated[str, msgspec.Meta(pattern=whole(r"[1-9][0-9]{0,18}"))]
Text = Annotated[str, msgspec.Meta(max_length=STATEMENT_CHARS_MAX)]
Terminal = Annotated[str, msgspec.Meta(pattern=whole(r"[A-Za-z0-9_-]{1,64}"))]

CertificateType = Literal["card-sign", "card-auth", "mobile-sign", "mobile-auth"]
Status = Literal["good", "held", "revoked", "expired"]
Result = Literal[
    "ok", "signature-wrong", "certificate-expired", "certificate-held", "certificate-revoked"
]


class Verify(msgspec.Struct, frozen=True, kw_only=True):
    """A signature to be checked. `digest` is what was hashed with `hash_algorithm`."""

    certificate: Bytes
    hash_algorithm: HashAlgorithm
    digest: Bytes
    signature: Bytes
    check_method: Method = "ocsp"
    purpose: Purpose = "signature_verification"
    identify_user: bool = False
    provider: Name = ""


class CertificateStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The status of a certificate, as told by one method, and how old what was looked at is."""

    status: Status
    check_method: Method
    check_purpose: Purpose
    source_updated_at: datetime
    revoked_at: datetime | None = None
    revocation_reason: Reason | None = None


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """The caller's own name for a certificate. `latest`: none has taken its place."""

    id: str
    type: CertificateType
    serial: str
    latest: bool


class CertificateContent(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in a certificate: told once, with the verification that found it good.

    The attributes are as they are printed and stand in sign certificates only.
    """

    subject: str
    not_before: datetime
    not_after: datetime
    crl_distribution_point: str
    name: str = ""
    name_substitutes: str = ""
    sex: str = ""
    birth: str = ""
    address: str = ""
    address_substitutes: str = ""


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a check. `user` is there when the holder is one of the tenant's users."""

    verification: str
    result: Result
    digest: bytes
    check_method: Method
    purpose: Purpose
    verified_at: datetime
    certificate: Certificate
    user: str | None = None


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """The first answer about a verification; its content is in no later one."""

    verification: Verification
    certificate_status: CertificateStatus
    certificate_content: CertificateContent | None = None
    is_new_user: bool = False


class CheckCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate, under the caller's name for it, whose status is asked again (現況確認)."""

    certificate: Id
    check_method: Method = "ocsp"
    purpose: Purpose = "liveness_check"


class CertificateNamed(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate, under the caller's name for it."""

    certificate: Id


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate that belongs with another, or took its place after `steps` replacements."""

    certificate: Certificate
    ca: Ca
    steps: int = 0


class UserNamed(msgspec.Struct, frozen=True, kw_only=True):
    """A user of the tenant."""

    user: Id
    provider: Name = ""


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A user: since when, and since when linked for confirmation without a PIN."""

    user: str
    since: date
    linked_on: date | None = None


class UserStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How the newest certificates of a user are, each kind that the caller may ask about."""

    user: str
    certificates: tuple["UserCertificate", ...]


class UserCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """One of them."""

    type: CertificateType
    certificate_status: CertificateStatus


class LinkUser(msgspec.Struct, frozen=True, kw_only=True):
    """A verification of the user's auth certificate, made just now, that shall make the link."""

    verification: Id


class AskDisclosure(msgspec.Struct, frozen=True, kw_only=True):
    """A check of a user's auth certificate, made just now: she is at the portal that asks."""

    verification: Id


class Disclosure(msgspec.Struct, frozen=True, kw_only=True):
    """Her ticket to the ledger (as `ledger.api.OpenSession`), and who asked register about her.

    `inquiries` is JSON of `register.api.AboutMe`, HPKE-sealed to the portal's payload key with
    `register.api.DISCLOSE_PATH` as its context; jpki can open neither.
    """

    acquisition: str
    sealed: bytes
    inquiries: bytes


class ReadAgain(msgspec.Struct, frozen=True):
    """By its handle (`register.api.AboutMe`), who asked about the same holder by now."""

    handle: Bytes


class InquiriesTold(msgspec.Struct, frozen=True):
    """As `Disclosure.inquiries`, with `register.api.READ_AGAIN_PATH` as its context."""

    inquiries: bytes


class ConfirmHolder(msgspec.Struct, frozen=True, kw_only=True):
    """What a terminal read from a card without a PIN: the auth certificate's issuer and serial.

    `issuer` is the issuer's name as it stands in the certificate, DER.
    """

    issuer: Bytes
    serial: Serial
    terminal: Terminal


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """That the card is that of a user whom the service has linked."""

    user: str


class GiveConsent(msgspec.Struct, frozen=True, kw_only=True):
    """What a holder signed with her sign certificate: `domain.consents.Statement`, as its text."""

    certificate: Bytes
    statement: Text
    signature: Bytes
    provider: Name = ""


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """A consent that was taken, and its last day."""

    consent: str
    ends_on: date


class WithdrawConsents(msgspec.Struct, frozen=True, kw_only=True):
    """What a holder signed to withdraw: `domain.consents.Withdrawal`, as its text."""

    certificate: Bytes
    statement: Text
    signature: Bytes


class ConsentNamed(msgspec.Struct, frozen=True, kw_only=True):
    """A consent that was given to the tenant."""

    consent: Id
    provider: Name = ""


class LatestSealed(msgspec.Struct, frozen=True):
    """JSON of `LatestAttributes`, HPKE-sealed to the tenant's key; context: `latest_context`."""

    payload: bytes


class LatestAttributes(msgspec.Struct, frozen=True, kw_only=True):
    """Attributes as the register holds them on a day; what was not consented to is ""."""

    consent: str
    as_of: date
    name: str = ""
    birth: str = ""
    sex: str = ""
    address: str = ""


def latest_context(consent: str) -> bytes:
    """Return what the answer for a consent is bound to."""
    return f"/v1/attributes\n{consent}".encode()
