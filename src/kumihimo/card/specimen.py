"""A specimen: a whole card of an invented holder, issued by authorities made on the spot.

For tests, benchmarks and readers under development. Its certificates are of no authority that
anybody trusts (`O=JPKI-TEST`), and its number has the check digit that the official rule refuses.
"""

from datetime import UTC, date, datetime
from typing import Final, Self

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from kumihimo.card.carriers import CHILD, ORDINARY, PINLESS
from kumihimo.card.files import Card, KeyType
from kumihimo.card.hierarchy import Hierarchy, Issuer
from kumihimo.card.holding import (
    Holder,
    HolderCertificates,
    HolderKeys,
    HolderPins,
    Printed,
    draw_key,
)
from kumihimo.card.personalise import Order, personalise
from kumihimo.card.portraits import portrait
from kumihimo.card.running import PrivateKey
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.withheld import Withheld

_FROM: Final = datetime(2026, 4, 1, tzinfo=UTC)
_TO: Final = datetime(2036, 3, 31, 14, 59, 59, tzinfo=UTC)
_UNIT: Final = "JPKI for {}"
HOLDER: Final = Holder(
    name=Withheld("見本　花子"),
    address=Withheld("東京都千代田区霞が関二丁目１番２号"),
    birth=Withheld(date(1990, 4, 1)),
    sex=Withheld("2"),
    number=Withheld("987654321013"),
    resident_code=Withheld("98765432108"),
)
PRINTED: Final = Printed(
    serial="900000000000001",
    municipality="13101",
    expires=date(2036, 4, 1),
    security_code=Withheld("1234"),
)
PINS: Final = HolderPins(
    auth=Withheld(b"1234"),
    sign=Withheld(b"ABC123"),
    text=Withheld(b"1234"),
    card=Withheld(b"1234"),
)


@attrs.frozen
class Authority:
    """A throwaway authority: its name, key and self-signed certificate."""

    name: x509.Name
    key: PrivateKey = attrs.field(repr=False)
    certificate: bytes

    @classmethod
    def draw(cls, use: str, key_type: KeyType) -> Self:
        """Make one for `digital signature` or `user authentication`."""
        key = draw_key(key_type)
        name = _name(
            (NameOID.COUNTRY_NAME, "JP"),
            (NameOID.ORGANIZATION_NAME, "JPKI-TEST"),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, _UNIT.format(use)),
        )
        ca = x509.BasicConstraints(ca=True, path_length=None)
        certificate = _certificate(name, name, 1, key, key, ca)
        return cls(name, key, certificate)

    def issue(self, subject: x509.Name, key: PrivateKey, serial: int) -> bytes:
        """Issue a certificate for a holder's key."""
        end = x509.BasicConstraints(ca=False, path_length=None)
        return _certificate(subject, self.name, serial, key, self.key, end)


def certificates(keys: HolderKeys, key_type: KeyType) -> HolderCertificates:
    """Issue both certificates, each by an authority of its own."""
    auth = Authority.draw("user authentication", key_type)
    sign = Authority.draw("digital signature", key_type)
    subject = _name((NameOID.COUNTRY_NAME, "JP"), (NameOID.COMMON_NAME, "SPECIMEN0000000013101A"))
    return HolderCertificates(
        auth=auth.issue(subject, keys.auth, 2),
        auth_ca=auth.certificate,
        sign=sign.issue(subject, keys.sign, 3) if keys.sign else None,
        sign_ca=sign.certificate,
    )


def pins_of(card: Card) -> HolderPins:
    """Return the PINs that a specimen of a carrier has."""
    return {
        PINLESS.name: HolderPins(),
        CHILD.name: attrs.evolve(PINS, sign=None),
    }.get(card.name, PINS)


def specimen_order(
    card: Card = ORDINARY,
    *,
    entropy: Entropy,
    keys: HolderKeys | None = None,
    issuer: Issuer | None = None,
) -> Order:
    """Return what a specimen is made from, with new keys where none are given."""
    keys = keys or HolderKeys.draw(card.key_type)
    if card.name in {PINLESS.name, CHILD.name}:
        keys = attrs.evolve(keys, sign=None)
    return Order(
        card=card,
        holder=HOLDER,
        printed=PRINTED,
        keys=keys,
        certificates=certificates(keys, card.key_type),
        pins=pins_of(card),
        issuer=issuer or Hierarchy.draw().issuer(PRINTED.municipality),
        photo=portrait(entropy),
    )


def specimen(card: Card = ORDINARY, *, entropy: Entropy) -> dict[str, bytes]:
    """Return the contents of a specimen's memory."""
    return personalise(specimen_order(card, entropy=entropy), entropy=entropy)


def _name(*parts: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    serial: int,
    key: PrivateKey,
    signed_by: PrivateKey,
    constraints: x509.BasicConstraints,
) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(serial)
        .public_key(key.public_key())
        .not_valid_before(_FROM)
        .not_valid_after(_TO)
        .add_extension(constraints, critical=True)
    )
    algorithm = SHA256() if isinstance(signed_by, RSAPrivateKey) else SHA384()
    return builder.sign(signed_by, algorithm).public_bytes(Encoding.DER)
