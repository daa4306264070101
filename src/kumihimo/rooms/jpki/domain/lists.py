"""A list of revoked certificates, full or of one distribution point, before its signature.

A part names its distribution point just as the certificates do, in a critical extension: a list of
one municipality says nothing of another's certificates.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

import attrs
from cryptography import x509

from kumihimo.rooms.jpki.api import Ca, Reason
from kumihimo.rooms.jpki.domain.certificates import authority_name, hash_of, point_name, stand_in
from kumihimo.rooms.jpki.domain.keys import PublicKey, kind_of
from kumihimo.rooms.jpki.domain.places import place_of

EVERY: Final = timedelta(days=1)
VALID_FOR: Final = timedelta(days=2)  # a day to be late in

FLAGS: Final[dict[Reason, x509.ReasonFlags]] = {
    "unspecified": x509.ReasonFlags.unspecified,
    "keyCompromise": x509.ReasonFlags.key_compromise,
    "cACompromise": x509.ReasonFlags.ca_compromise,
    "affiliationChanged": x509.ReasonFlags.affiliation_changed,
    "superseded": x509.ReasonFlags.superseded,
    "cessationOfOperation": x509.ReasonFlags.cessation_of_operation,
    "certificateHold": x509.ReasonFlags.certificate_hold,
}


class Listed(Protocol):
    """A certificate on a list."""

    @property
    def serial(self) -> int:
        """Its serial number."""
        ...

    @property
    def reason(self) -> Reason:
        """Why it is here."""
        ...

    @property
    def status_at(self) -> datetime:
        """Since when."""
        ...


@attrs.frozen(kw_only=True)
class ListWanted:
    """What a list is made of. `part` is "" for the full one, else a municipality's code."""

    ca: Ca
    part: str
    number: int
    issuer_key: PublicKey
    this_update: datetime
    next_update: datetime


def unsigned_list(wanted: ListWanted, entries: Sequence[Listed]) -> x509.CertificateRevocationList:
    """Return a list whose signature is worthless: made with a throw-away key."""
    kind = kind_of(wanted.issuer_key)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority_name(wanted.ca))
        .last_update(wanted.this_update)
        .next_update(wanted.next_update)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(wanted.issuer_key), critical=False
        )
        .add_extension(x509.CRLNumber(wanted.number), critical=False)
    )
    if wanted.part:
        builder = builder.add_extension(_point(wanted), critical=True)
    for entry in entries:
        builder = builder.add_revoked_certificate(_revoked(entry))
    return builder.sign(stand_in(kind), hash_of(kind))


def _point(wanted: ListWanted) -> x509.IssuingDistributionPoint:
    place = place_of(wanted.part)
    name = point_name(wanted.ca, prefecture=place.prefecture, city=place.city)
    return x509.IssuingDistributionPoint(
        full_name=[x509.DirectoryName(name)],
        relative_name=None,
        only_contains_user_certs=False,
        only_contains_ca_certs=False,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )


def _revoked(entry: Listed) -> x509.RevokedCertificate:
    builder = (
        x509.RevokedCertificateBuilder()
        .serial_number(entry.serial)
        .revocation_date(entry.status_at.replace(microsecond=0))
    )
    if entry.reason != "unspecified":  # RFC 5280, 5.3.1: absent rather than unspecified
        builder = builder.add_extension(x509.CRLReason(FLAGS[entry.reason]), critical=False)
    return builder.build()
