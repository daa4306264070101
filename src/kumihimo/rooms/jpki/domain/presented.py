"""What a certificate that somebody shows says: which one it claims to be, and what stands in it.

A claim only: whether jpki issued it is decided by comparing it with what is stored.
"""

from datetime import datetime
from typing import Final

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from kumihimo.rooms.jpki.api import Ca
from kumihimo.rooms.jpki.domain.asn1 import UTF8_STRING, Cursor
from kumihimo.rooms.jpki.domain.certificates import ATTRIBUTE_NAMES, authority_name
from kumihimo.rooms.jpki.domain.keys import PublicKey
from kumihimo.rooms.jpki.domain.refusals import InvalidCertificate

CERTIFICATE_BYTES_MAX: Final = 8_192  # a sign certificate with the longest address is under 4 KB
SERIAL_MAX: Final = (1 << 63) - 1  # nothing larger was ever issued
_CAS: Final[tuple[Ca, ...]] = ("sign", "auth")


@attrs.frozen(repr=False)
class Presented:
    """A certificate as it was shown."""

    ca: Ca
    serial: int
    key: PublicKey


@attrs.frozen(kw_only=True, repr=False)
class Printed:
    """What stands in a certificate. `attributes` are empty in an auth one."""

    subject: str
    not_before: datetime
    not_after: datetime
    distribution_point: str
    attributes: dict[str, str]


def ca_of(issuer: bytes) -> Ca | None:
    """Return whose name, DER, this is; generations share it."""
    return next((ca for ca in _CAS if authority_name(ca).public_bytes() == issuer), None)


def presented(der: bytes) -> Presented:
    """Read what was shown; raises `InvalidCertificate` for what can be none of ours."""
    if len(der) > CERTIFICATE_BYTES_MAX:
        raise InvalidCertificate
    try:
        certificate = x509.load_der_x509_certificate(der)
        ca = ca_of(certificate.issuer.public_bytes())
        serial, key = certificate.serial_number, certificate.public_key()
    except (ValueError, TypeError, x509.InvalidVersion):
        raise InvalidCertificate from None
    if ca is None or not 0 < serial <= SERIAL_MAX:
        raise InvalidCertificate
    if not isinstance(key, RSAPublicKey | EllipticCurvePublicKey):
        raise InvalidCertificate
    return Presented(ca, serial, key)


def printed(der: bytes) -> Printed:
    """Return what stands in a certificate of ours."""
    certificate = x509.load_der_x509_certificate(der)
    find = certificate.extensions.get_extension_for_class
    [point] = find(x509.CRLDistributionPoints).value
    assert point.full_name is not None, "our points have a full name"
    [name] = point.full_name
    assert isinstance(name, x509.DirectoryName), "our points are names of a directory"
    return Printed(
        subject=certificate.subject.rfc4514_string(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        distribution_point=name.value.rfc4514_string(),
        attributes=_attributes(certificate),
    )


def _attributes(certificate: x509.Certificate) -> dict[str, str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return {}
    return {
        ATTRIBUTE_NAMES[name.type_id.dotted_string]: Cursor(name.value).take(UTF8_STRING).decode()
        for name in names
        if isinstance(name, x509.OtherName)
    }
