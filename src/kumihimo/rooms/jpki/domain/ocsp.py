"""Questions and answers about the status of certificates (RFC 6960, RFC 8954), as bytes.

The signature is made elsewhere: `response_data` is what is signed, `successful` puts it together.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

import attrs

from kumihimo.rooms.jpki.domain import asn1
from kumihimo.rooms.jpki.domain.asn1 import Cursor, NotDer
from kumihimo.rooms.jpki.domain.keys import KeyKind
from kumihimo.rooms.jpki.domain.lint import ALGORITHMS

HashName = Literal["sha1", "sha256"]

IDS_MAX: Final = 100  # our choice: certificates asked about in one question
NONCE_MAX: Final = 32  # RFC 8954, 2.1

_HASHES: Final[dict[bytes, tuple[HashName, int]]] = {
    bytes.fromhex("2b0e03021a"): ("sha1", 20),
    bytes.fromhex("608648016503040201"): ("sha256", 32),
}
_BASIC: Final = bytes.fromhex("2b0601050507300101")
_NONCE: Final = bytes.fromhex("2b0601050507300102")

Unsuccessful = Literal[
    "malformed-request", "internal-error", "try-later", "sig-required", "unauthorized"
]
_UNSUCCESSFUL: Final[dict[Unsuccessful, int]] = {
    "malformed-request": 1,
    "internal-error": 2,
    "try-later": 3,
    "sig-required": 5,
    "unauthorized": 6,
}

# RFC 5280, 5.3.1, under the names that revocations have here.
REASONS: Final = {
    "unspecified": 0,
    "keyCompromise": 1,
    "cACompromise": 2,
    "affiliationChanged": 3,
    "superseded": 4,
    "cessationOfOperation": 5,
    "certificateHold": 6,
}


class MalformedRequest(Exception):
    """The question is not one of RFC 6960."""


@attrs.frozen
class CertId:
    """Which certificate is asked about. `der` is given back as it came."""

    hash: HashName
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int
    der: bytes


@attrs.frozen
class Question:
    """One request; `nonce` is the extension's value as it came, or None."""

    ids: tuple[CertId, ...]
    nonce: bytes | None


@attrs.frozen
class Revoked:
    """Revoked or on hold since `at`, for one of `REASONS`."""

    at: datetime
    reason: str


CertStatus = Literal["good", "unknown"] | Revoked


def parse_question(request: bytes) -> Question:
    """Read a request; raises `MalformedRequest`. A signature on it is read over, not checked.

    Who asks is known by what the asker shows at the door.
    """
    try:
        return _question(request)
    except NotDer as error:
        raise MalformedRequest from error


def _question(request: bytes) -> Question:
    outer = Cursor(request)
    whole = Cursor(outer.take(asn1.SEQUENCE))
    outer.end()
    asked = Cursor(whole.take(asn1.SEQUENCE))
    whole.optional(0)
    whole.end()
    version = asked.optional(0)
    if version is not None and Cursor(version).integer() != 0:
        raise NotDer("only version 1 is known")
    asked.optional(1)
    listed = Cursor(asked.take(asn1.SEQUENCE))
    ids: list[CertId] = []
    while listed.peek() is not None:
        ids.append(_cert_id(listed))
        if len(ids) > IDS_MAX:
            raise NotDer("too many certificates in one question")
    if not ids:
        raise NotDer("no certificate is asked about")
    extensions = asked.optional(2)
    asked.end()
    return Question(tuple(ids), _nonce(extensions) if extensions is not None else None)


def _cert_id(listed: Cursor) -> CertId:
    one = Cursor(listed.take(asn1.SEQUENCE))
    raw = one.whole(asn1.SEQUENCE)
    one.optional(0)
    one.end()
    named = Cursor(Cursor(raw).take(asn1.SEQUENCE))
    algorithm = Cursor(named.take(asn1.SEQUENCE))
    known = _HASHES.get(algorithm.take(asn1.OID))
    if algorithm.peek() is not None and algorithm.take(asn1.NULL):
        raise NotDer("this hash has no parameters")
    algorithm.end()
    name_hash, key_hash = named.take(asn1.OCTET_STRING), named.take(asn1.OCTET_STRING)
    serial = named.integer()
    named.end()
    if known is None or {len(name_hash), len(key_hash)} != {known[1]}:
        raise NotDer("certificates are named by SHA-1 or SHA-256")
    return CertId(known[0], name_hash, key_hash, serial, raw)


def _nonce(extensions: bytes) -> bytes | None:
    wrapped = Cursor(extensions)
    listed = Cursor(wrapped.take(asn1.SEQUENCE))
    wrapped.end()
    nonce = None
    while listed.peek() is not None:
        one = Cursor(listed.take(asn1.SEQUENCE))
        name = one.name()
        if one.peek() == 0x01 and one.take(0x01) != b"\xff":  # a BOOLEAN: critical, or not there
            raise NotDer("an extension is critical or does not say so")
        value = one.take(asn1.OCTET_STRING)
        one.end()
        if name == _NONCE:
            if nonce is not None:
                raise NotDer("there is one nonce")
            # Some clients put the bytes there bare; RFC 8954 wraps them once more.
            if not 1 <= len(value) <= NONCE_MAX + 2:
                raise NotDer("a nonce has 1 to 32 bytes")
            nonce = value
    return nonce


def response_data(
    told: Sequence[tuple[CertId, CertStatus]],
    *,
    responder_key_id: bytes,
    produced_at: datetime,
    next_update: datetime,
    nonce: bytes | None,
) -> bytes:
    """Return the ResponseData that the responder signs. Times are told in whole seconds."""
    this_update = asn1.generalized_time(produced_at)
    until = asn1.context(0, asn1.generalized_time(next_update))
    singles = [
        asn1.sequence(cert_id.der, _status(status), this_update, until) for cert_id, status in told
    ]
    responder = asn1.context(2, asn1.tagged(asn1.OCTET_STRING, responder_key_id))
    parts = [responder, this_update, asn1.sequence(*singles)]
    if nonce is not None:
        extension = asn1.sequence(
            asn1.tagged(asn1.OID, _NONCE), asn1.tagged(asn1.OCTET_STRING, nonce)
        )
        parts.append(asn1.context(1, asn1.sequence(extension)))
    return asn1.sequence(*parts)


def _status(status: CertStatus) -> bytes:
    if status == "good":
        return asn1.context(0, b"", constructed=False)
    if status == "unknown":
        return asn1.context(2, b"", constructed=False)
    at = asn1.generalized_time(status.at)
    reason = asn1.tagged(asn1.ENUMERATED, bytes([REASONS[status.reason]]))
    return asn1.context(1, at + asn1.context(0, reason))


def successful(data: bytes, *, kind: KeyKind, signature: bytes, responder: bytes) -> bytes:
    """Return the whole answer; `responder` is the delegated certificate, DER."""
    basic = asn1.sequence(
        data,
        ALGORITHMS[kind],
        asn1.tagged(asn1.BIT_STRING, b"\0" + signature),
        asn1.context(0, asn1.sequence(responder)),
    )
    typed = asn1.sequence(asn1.tagged(asn1.OID, _BASIC), asn1.tagged(asn1.OCTET_STRING, basic))
    return asn1.sequence(asn1.tagged(asn1.ENUMERATED, b"\0"), asn1.context(0, typed))


def unsuccessful(why: Unsuccessful) -> bytes:
    """Return an answer that tells nothing but why there is none; it is not signed (RFC 6960)."""
    return asn1.sequence(asn1.tagged(asn1.ENUMERATED, bytes([_UNSUCCESSFUL[why]])))
