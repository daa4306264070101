"""What a published list says of one certificate."""

from datetime import datetime
from typing import Final

import attrs
from cryptography import x509

from kumihimo.rooms.jpki.api import Reason
from kumihimo.rooms.jpki.domain.lists import FLAGS

_REASONS: Final[dict[x509.ReasonFlags, Reason]] = {flag: reason for reason, flag in FLAGS.items()}


@attrs.frozen
class Entry:
    """That a certificate is on a list: why, and since when."""

    reason: Reason
    at: datetime


def entry_of(der: bytes, serial: int) -> Entry | None:
    """Return a certificate's entry on a list of ours, or None where it is good."""
    found = x509.load_der_x509_crl(der).get_revoked_certificate_by_serial_number(serial)
    if found is None:
        return None
    try:
        flag = found.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        flag = x509.ReasonFlags.unspecified
    return Entry(_REASONS[flag], found.revocation_date_utc)
