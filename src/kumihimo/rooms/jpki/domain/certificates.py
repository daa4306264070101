"""From a profile to the bytes that are signed: names, extensions in their order, DER.

The signature is not made here: what comes out is signed with a throw-away key of the right kind,
so that the algorithm stands inside, and `lint` takes the part that the authority will sign.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Final

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from kumihimo.rooms.jpki.api import Ca
from kumihimo.rooms.jpki.domain import asn1
from kumihimo.rooms.jpki.domain.keys import KeyKind, PrivateKey, PublicKey, new_key
from kumihimo.rooms.jpki.domain.profiles import ExtensionName, Profile, profiles

_ATTRIBUTE_ARC: Final = "1.2.392.200149.8.5.5"
# The order in a real certificate: name, birth, sex, address, then the flags of both texts.
_ATTRIBUTES: Final = (
    (1, "name"),
    (4, "birth"),
    (3, "sex"),
    (5, "address"),
    (2, "name_substitutes"),
    (6, "address_substitutes"),
)
ATTRIBUTE_NAMES: Final = {f"{_ATTRIBUTE_ARC}.{arc}": name for arc, name in _ATTRIBUTES}
_KEY_USAGES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@attrs.frozen(kw_only=True, repr=False)
class PrintedAttributes:
    """What a sign certificate says of its holder, each as it is printed."""

    name: str
    name_substitutes: str
    sex: str
    birth: str
    address: str
    address_substitutes: str


@attrs.frozen(kw_only=True, repr=False)
class Wanted:
    """Everything that goes into one certificate. Fields that a profile does not name stay empty."""

    ca: Ca
    serial: int
    not_before: datetime
    not_after: datetime
    key: PublicKey
    issuer_key: PublicKey
    id: str = ""
    prefecture: str = ""
    city: str = ""
    ocsp_url: str = ""
    attributes: PrintedAttributes | None = None


def authority_name(ca: Ca) -> x509.Name:
    """Return the name of an authority, shared by its generations."""
    table = profiles()
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, table.organization),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, table.units[ca]),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, table.operator),
        ]
    )


def point_name(ca: Ca, *, prefecture: str, city: str) -> x509.Name:
    """Return the name of a municipality's distribution point: the list that a certificate is on."""
    table = profiles()
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, table.organization),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, table.units[ca]),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, table.points),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, prefecture),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{city} CRLDP"),
        ]
    )


def _subject(profile: Profile, wanted: Wanted) -> x509.Name:
    if not profile.subject:
        return authority_name(wanted.ca)
    oids = {
        "prefecture": (NameOID.LOCALITY_NAME, wanted.prefecture),
        "city": (NameOID.LOCALITY_NAME, wanted.city),
        "id": (NameOID.COMMON_NAME, wanted.id),
    }
    parts = [x509.NameAttribute(*oids[part]) for part in profile.subject]
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"), *parts])


def _key_usage(profile: Profile, _: Wanted) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage in profile.key_usage for usage in _KEY_USAGES})


def _attributes(_: Profile, wanted: Wanted) -> x509.SubjectAlternativeName:
    assert wanted.attributes is not None, "a sign certificate names its holder"
    return x509.SubjectAlternativeName(
        [
            x509.OtherName(
                x509.ObjectIdentifier(f"{_ATTRIBUTE_ARC}.{arc}"),
                asn1.tagged(asn1.UTF8_STRING, getattr(wanted.attributes, name).encode()),
            )
            for arc, name in _ATTRIBUTES
        ]
    )


def _japanese_name(_: Profile, __: Wanted) -> x509.SubjectAlternativeName:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, profiles().japanese_name),
        ]
    )
    return x509.SubjectAlternativeName([x509.DirectoryName(name)])


def _point(name: x509.Name) -> x509.CRLDistributionPoints:
    point = x509.DistributionPoint([x509.DirectoryName(name)], None, None, None)
    return x509.CRLDistributionPoints([point])


def _municipal_point(_: Profile, wanted: Wanted) -> x509.CRLDistributionPoints:
    return _point(point_name(wanted.ca, prefecture=wanted.prefecture, city=wanted.city))


def _ocsp(_: Profile, wanted: Wanted) -> x509.AuthorityInformationAccess:
    where = x509.UniformResourceIdentifier(wanted.ocsp_url)
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, where)]
    )


_Make = Callable[[Profile, Wanted], x509.ExtensionType]


def _no_check(_: Profile, __: Wanted) -> x509.OCSPNoCheck:
    return x509.OCSPNoCheck()


def _basic_constraints(_: Profile, __: Wanted) -> x509.BasicConstraints:
    return x509.BasicConstraints(ca=True, path_length=None)


# Each extension, and whether it is critical.
_EXTENSIONS: Final[Mapping[ExtensionName, tuple[_Make, bool]]] = {
    "key-usage": (_key_usage, True),
    "extended-usage": (
        lambda profile, _: x509.ExtendedKeyUsage(
            [x509.ObjectIdentifier(usage) for usage in profile.extended_usage]
        ),
        False,
    ),
    "attributes": (_attributes, False),
    "policy": (
        lambda profile, _: x509.CertificatePolicies(
            [x509.PolicyInformation(x509.ObjectIdentifier(profile.policy), None)]
        ),
        False,
    ),
    "ocsp": (_ocsp, False),
    "municipal-point": (_municipal_point, False),
    "own-point": (lambda _, wanted: _point(authority_name(wanted.ca)), False),
    "authority-key": (
        lambda _, wanted: x509.AuthorityKeyIdentifier.from_issuer_public_key(wanted.issuer_key),
        False,
    ),
    "key": (lambda _, wanted: x509.SubjectKeyIdentifier.from_public_key(wanted.key), False),
    "japanese-name": (_japanese_name, False),
    "basic-constraints": (_basic_constraints, True),
    "no-check": (_no_check, False),
}


@cache
def stand_in(kind: KeyKind) -> PrivateKey:
    """Return a key that stands in for the authority's while the certificate is put together."""
    return new_key(kind)


def unsigned(profile: Profile, wanted: Wanted, *, signer: KeyKind) -> x509.Certificate:
    """Return the certificate whose to-be-signed part an authority with such a key may sign.

    Its signature is worthless: it was made with a throw-away key.
    """
    builder = (
        x509.CertificateBuilder()
        .subject_name(_subject(profile, wanted))
        .issuer_name(authority_name(wanted.ca))
        .public_key(wanted.key)
        .serial_number(wanted.serial)
        .not_valid_before(wanted.not_before)
        .not_valid_after(wanted.not_after)
    )
    for name in profile.extensions:
        make, critical = _EXTENSIONS[name]
        builder = builder.add_extension(make(profile, wanted), critical=critical)
    return builder.sign(stand_in(signer), hash_of(signer))


def hash_of(kind: KeyKind) -> SHA256 | SHA384:
    """Return the hash that goes with a kind of key."""
    return SHA256() if kind == "rsa-2048" else SHA384()


def key_id(key: PublicKey) -> bytes:
    """Return the 20 bytes that name a key in certificates and lists (RFC 5280, method 1)."""
    return x509.SubjectKeyIdentifier.from_public_key(key).digest


def spki_bits(certificate: x509.Certificate) -> bytes:
    """Return a certificate's key without its algorithm: what a key hash of OCSP is made over."""
    key = certificate.public_key()
    encoded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    info = asn1.Cursor(asn1.Cursor(encoded).take(asn1.SEQUENCE))
    info.take(asn1.SEQUENCE)
    return info.take(asn1.BIT_STRING)[1:]
