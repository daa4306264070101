"""Nothing is signed that was not looked at by pkilint first: `Linted` comes from here only.

What is linted is the whole certificate or list with a stand-in signature; what is signed later is
its to-be-signed part, byte for byte. Costs about 5 ms for a certificate (docs/reference/jpki.md).
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pkilint import loader, pkix
from pkilint.pkix import certificate, crl, extension, name
from pkilint.validation import ValidationFindingSeverity

from kumihimo.rooms.jpki.domain import asn1
from kumihimo.rooms.jpki.domain.keys import KeyKind

_loader: Any = loader  # it has no types
_pkix: Any = pkix
_certificate: Any = certificate
_crl: Any = crl
_extension: Any = extension
_name: Any = name
_GRAVE: Final = frozenset({ValidationFindingSeverity.ERROR, ValidationFindingSeverity.FATAL})
_OF_A_ROOT: Final = "pkix.authority_key_identifier_extension_absent"
_RSA_SHA256: Final = bytes.fromhex("300d06092a864886f70d01010b0500")
_ECDSA_SHA384: Final = bytes.fromhex("300a06082a8648ce3d040303")
ALGORITHMS: Final[dict[KeyKind, bytes]] = {"rsa-2048": _RSA_SHA256, "p-384": _ECDSA_SHA384}


class NotLinted(Exception):
    """pkilint finds an error; a bug of a profile or of our code, never of the caller."""

    def __init__(self, findings: tuple[str, ...]) -> None:
        super().__init__(", ".join(findings))
        self.findings = findings


_BY_LINT: Final = object()


@attrs.frozen(repr=False)
class Linted:
    """A to-be-signed part that pkilint has no error to tell of. `lint` and `lint_list` make it."""

    tbs: bytes
    signer: KeyKind
    _made_by: object

    def __attrs_post_init__(self) -> None:
        """Refuse one that was made elsewhere."""
        assert self._made_by is _BY_LINT, "only lint makes a linted thing"


@attrs.frozen(repr=False)
class LintedCertificate(Linted):
    """A certificate that may be signed and stored."""


@attrs.frozen(repr=False)
class LintedList(Linted):
    """A list of revoked certificates that may be signed and stored."""


@cache
def _certificate_rules() -> Any:  # noqa: ANN401 - pkilint has no types
    return _certificate.create_pkix_certificate_validator_container(
        _certificate.create_decoding_validators(
            _name.ATTRIBUTE_TYPE_MAPPINGS, _extension.EXTENSION_MAPPINGS
        ),
        [
            _certificate.create_issuer_validator_container([]),
            _certificate.create_validity_validator_container(),
            _certificate.create_subject_validator_container([]),
            _certificate.create_extensions_validator_container([]),
            _certificate.create_spki_validator_container([]),
        ],
    )


@cache
def _list_rules() -> Any:  # noqa: ANN401 - pkilint has no types
    return _crl.create_pkix_crl_validator_container(
        [
            _pkix.create_attribute_decoder(_name.ATTRIBUTE_TYPE_MAPPINGS),
            _pkix.create_extension_decoder(_extension.EXTENSION_MAPPINGS),
        ],
        [
            _crl.create_issuer_validator_container([]),
            _crl.create_validity_validator_container([]),
            _crl.create_extensions_validator_container([]),
        ],
    )


def _findings(document: Any, rules: Any) -> tuple[str, ...]:  # noqa: ANN401 - as above
    return tuple(
        str(found.finding.code)
        for result in rules.validate(document.root)
        for found in result.finding_descriptions
        if found.finding.severity in _GRAVE
    )


def errors_of(der: bytes) -> tuple[str, ...]:
    """Return pkilint's errors about a certificate, by code; none when it is clean."""
    load = _loader.RFC5280CertificateDocumentLoader().load_der_document
    return _findings(load(der, "certificate"), _certificate_rules())


def errors_of_list(der: bytes) -> tuple[str, ...]:
    """Return pkilint's errors about a list of revoked certificates."""
    load = _loader.RFC5280CertificateListDocumentLoader().load_der_document
    return _findings(load(der, "crl"), _list_rules())


def lint(tbs: bytes, *, signer: KeyKind, root: bool = False) -> LintedCertificate:
    """Look at what is about to be signed; raises `NotLinted`.

    A root may leave out the authority's key id, which the linter knows by its signature only: that
    one finding waits until the root is signed (`errors_of`), before it is stored.
    """
    found = set(errors_of(assemble(tbs, signer, b"")))
    if root:
        found.discard(_OF_A_ROOT)
    if found:
        raise NotLinted(tuple(sorted(found)))
    return LintedCertificate(tbs, signer, _BY_LINT)


def lint_list(
    unsigned: x509.CertificateRevocationList,
    *,
    sample: x509.CertificateRevocationList,
    signer: KeyKind,
) -> LintedList:
    """Look at a list before it is signed; raises `NotLinted`.

    `sample` is the list itself, or, of a long one, the same with some of its entries.
    """
    found = errors_of_list(sample.public_bytes(Encoding.DER))
    if found:
        raise NotLinted(found)
    return LintedList(unsigned.tbs_certlist_bytes, signer, _BY_LINT)


def sign(linted: Linted, signing: Callable[[bytes], bytes]) -> bytes:
    """Sign what was linted; returns the certificate or list, DER."""
    return assemble(linted.tbs, linted.signer, signing(linted.tbs))


def assemble(tbs: bytes, signer: KeyKind, signature: bytes) -> bytes:
    """Return DER of SEQUENCE { tbs, algorithm, BIT STRING }."""
    bits = asn1.tagged(asn1.BIT_STRING, b"\0" + signature)
    return asn1.sequence(tbs, ALGORITHMS[signer], bits)
