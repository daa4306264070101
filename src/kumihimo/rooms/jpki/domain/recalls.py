"""Which certificates a broken class of keys is in, and the order that replaces one of them."""

from datetime import date
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.refusal import BadInput
from kumihimo.rooms.jpki.api import Carrier, CertificateOrder, HolderAttributes
from kumihimo.rooms.jpki.domain import asn1
from kumihimo.rooms.jpki.domain.weak_keys import WEAKNESSES, weakness_of

_ARC: Final = "1.2.392.200149.8.5.5."
_NOT_PRINTED: Final = HolderAttributes(name="", birth="1900年不詳", sex="", address="")


class KeyClass(msgspec.Struct, frozen=True, kw_only=True):
    """What is broken: the keys of a carrier, those made in some days, those with a weakness.

    A generation of chips is a carrier and the days on which its certificates were issued.
    """

    carrier: Carrier | None = None
    issued_from: date | None = None
    issued_to: date | None = None
    weakness: str = ""

    def check(self) -> None:
        """Raise `BadInput` for a class that names nothing or a weakness that is none."""
        if self == KeyClass():
            raise BadInput("say what is broken: a carrier, days, or a weakness", pointer="class")
        if self.weakness and self.weakness not in WEAKNESSES:
            known = ", ".join(WEAKNESSES)
            raise BadInput(f"weaknesses are {known}", pointer="weakness")

    def has(self, certificate: x509.Certificate, carrier: Carrier) -> bool:
        """Say whether a certificate's key is of this class."""
        day = legal_day(certificate.not_valid_before_utc)
        if self.carrier not in {None, carrier}:
            return False
        if self.issued_from is not None and day < self.issued_from:
            return False
        if self.issued_to is not None and day > self.issued_to:
            return False
        if not self.weakness:
            return True
        key = certificate.public_key()
        return isinstance(key, RSAPublicKey) and (
            weakness_of(key.public_numbers().n) == self.weakness
        )


def printed_in(certificate: x509.Certificate) -> HolderAttributes:
    """Return the attributes that a sign certificate prints, as an order gives them."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    found: dict[str, str] = {}
    for name in names:
        assert isinstance(name, x509.OtherName), "a sign certificate has no other names"
        arc = name.type_id.dotted_string.removeprefix(_ARC)
        found[arc] = asn1.Cursor(name.value).take(asn1.UTF8_STRING).decode()
    birth = found["4"][1:]
    month, day = birth[4:6].replace("00", "不詳"), birth[6:].replace("00", "不詳")
    return HolderAttributes(
        name=found["1"],
        name_substitutes=found["2"],
        sex=found["3"],
        birth=f"{birth[:4]}年{month}月{day}日" if "不詳" not in month else f"{birth[:4]}年不詳",
        address=found["5"],
        address_substitutes=found["6"],
    )


def replacement(
    *,
    order: str,
    holder: bytes,
    version: int,
    carrier: Carrier,
    municipality: str,
    abroad: bool,
    sign: x509.Certificate | None,
    auth: x509.Certificate | None,
    sign_key: bytes,
    auth_key: bytes,
) -> CertificateOrder:
    """Return the order that puts new keys in the place of old ones: same words, same last day."""
    ends = [one.not_valid_after_utc for one in (sign, auth) if one is not None]
    return CertificateOrder(
        order=order,
        holder=holder,
        version=version,
        carrier=carrier,
        attributes=printed_in(sign) if sign is not None else _NOT_PRINTED,
        municipality=municipality,
        card_ends_on=legal_day(max(ends)),
        sign_key=sign_key if sign is not None else b"",
        auth_key=auth_key if auth is not None else b"",
        abroad=abroad,
        exceptional=True,
    )
