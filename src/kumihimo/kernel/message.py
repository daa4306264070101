"""Signed messages between parties: RFC 9421 signatures over RFC 9530 digests, Ed25519.

A message is trusted for its signature, never for the socket it came through. The signature
covers method, path, content type, content digest and the recipient's name, so a message for one
party is worthless at another; the answer's signature covers the question's. What was signed is
kept as evidence: `Evidence` alone is enough for an offline check.
"""

import hashlib
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

import attrs

from kumihimo.kernel import signature
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.ids import is_id, new_id
from kumihimo.kernel.keys import PartyKeys, verification_key
from kumihimo.kernel.refusal import NotAuthentic
from kumihimo.kernel.signature import BadSignature, Message

TAG = "kumihimo"
RECIPIENT = "kumihimo-recipient"
CONTENT_TYPE = "application/json"
PROBLEM_TYPE = "application/problem+json"
MAX_AGE = timedelta(minutes=5)
MAX_SKEW = timedelta(seconds=30)
_REQUEST_PARTS = ('"@method"', '"@path"', '"content-type"', '"content-digest"', f'"{RECIPIENT}"')
_ANSWER_PARTS = ('"@status"', '"content-type"', '"content-digest"', '"signature";req')


class KeyBook(Protocol):
    """Knows the signing keys of parties; the directory of oversight is one."""

    def signing_key(self, key_id: str) -> bytes | None:
        """Return the 32 bytes of the Ed25519 key of that id, or None when unknown or revoked."""
        ...


@attrs.frozen
class Evidence:
    """What one party signed: enough to prove it to a third with the directory alone."""

    key_id: str
    base: bytes
    signature: bytes
    body: bytes


def pack(body: bytes) -> bytes:
    """Deflate a signed body to be kept: a batch in JSON and base64 shrinks to less than half."""
    return zlib.compress(body, level=1)


def unpack(kept: bytes) -> bytes:
    """Return a signed body as it was signed."""
    return zlib.decompress(kept)


@attrs.frozen
class Verified:
    """A message whose signature held. `nonce` is unique per sender; replay is the caller's care."""

    sender: str
    nonce: str
    created: datetime
    evidence: Evidence


def key_id_of(party: str, signing: bytes) -> str:
    """Name a signing key: the party and the start of the key's fingerprint."""
    return f"{party}#{hashlib.sha256(signing).hexdigest()[:16]}"


def party_of(key_id: str) -> str:
    """Return the party that a key id names."""
    return key_id.partition("#")[0]


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def sign_request(
    keys: PartyKeys,
    *,
    path: str,
    recipient: str,
    body: bytes,
    at: datetime,
    entropy: Entropy,
) -> dict[str, str]:
    """Return the headers of a signed POST of `body` to `path` at `recipient`."""
    headers = {
        "content-type": CONTENT_TYPE,
        RECIPIENT: recipient,
        signature.DIGEST: signature.content_digest(body),
    }
    message = Message(method="POST", path=path, headers=headers)
    return headers | _sign(keys, message, _REQUEST_PARTS, at, entropy)


def sign_answer(
    keys: PartyKeys,
    *,
    status: int,
    content_type: str,
    body: bytes,
    to: Mapping[str, str],
    path: str,
    at: datetime,
    entropy: Entropy,
) -> dict[str, str]:
    """Return the headers of a signed answer to the request whose headers are `to`."""
    headers = {"content-type": content_type, signature.DIGEST: signature.content_digest(body)}
    request = Message(method="POST", path=path, headers=_lower(to))
    message = Message(status=status, headers=headers, request=request)
    return headers | _sign(keys, message, _ANSWER_PARTS, at, entropy)


def _sign(
    keys: PartyKeys, message: Message, parts: tuple[str, ...], at: datetime, entropy: Entropy
) -> dict[str, str]:
    parameters: dict[str, int | str] = {
        "created": int(at.timestamp()),
        "keyid": key_id_of(keys.party, keys.public.signing),
        "nonce": new_id(entropy),
        "tag": TAG,
    }
    return signature.sign(message, parts, parameters, key=keys.signing, label=TAG)


def verify_request(
    *,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    recipient: str,
    book: KeyBook,
    now: datetime,
) -> Verified:
    """Check a request's signature, digest, recipient and age.

    Raises `NotAuthentic`, in the same words whatever is wrong, so that a forger learns nothing.
    """
    request = Message(method="POST", path=path, headers=_lower(headers))
    if request.headers.get(RECIPIENT) != recipient:
        raise NotAuthentic
    return _verify(request, _REQUEST_PARTS, body=body, book=book, now=now)


def verify_answer(
    *,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    question: Mapping[str, str],
    path: str,
    sender: str,
    book: KeyBook,
    now: datetime,
) -> Verified:
    """Check that `sender` signed this answer to exactly the question asked; `NotAuthentic`."""
    request = Message(method="POST", path=path, headers=_lower(question))
    answer = Message(status=status, headers=_lower(headers), request=request)
    verified = _verify(answer, _ANSWER_PARTS, body=body, book=book, now=now)
    if verified.sender != sender:
        raise NotAuthentic
    return verified


def _verify(
    message: Message,
    parts: tuple[str, ...],
    *,
    body: bytes,
    book: KeyBook,
    now: datetime,
) -> Verified:
    try:
        _, _, parameters, _ = signature.parse(message.headers)
        key_id = parameters.get("keyid")
        public = book.signing_key(key_id) if isinstance(key_id, str) else None
        if public is None or not isinstance(key_id, str):
            raise NotAuthentic
        signed = signature.verify(message, body=body, key=verification_key(public))
    except BadSignature as error:
        raise NotAuthentic from error
    nonce, created = signed.parameters.get("nonce"), signed.parameters.get("created")
    covered = signed.covered >= set(parts)
    if not covered or signed.parameters.get("tag") != TAG or not isinstance(created, int):
        raise NotAuthentic
    if not isinstance(nonce, str) or not is_id(nonce):
        raise NotAuthentic
    at = _instant(created)
    if not now - MAX_AGE <= at <= now + MAX_SKEW:
        raise NotAuthentic
    evidence = Evidence(
        key_id=key_id,
        base=signed.base,
        signature=message.headers[signature.SIGNATURE].encode(),
        body=body,
    )
    return Verified(party_of(key_id), nonce, at, evidence)


def check_evidence(evidence: Evidence, *, signing: bytes) -> None:
    """Check, years later and without the sender, that a party signed just this body.

    `signing` is the key's 32 bytes, from the directory of that time: `key_id` names it. Raises
    `NotAuthentic`. What was signed says when, for whom and where to: see `Evidence.base`.
    """
    signed = evidence.base.rpartition(b'"@signature-params": ')[2]
    named = f';keyid="{evidence.key_id}"'.encode() in signed
    if not named or key_id_of(party_of(evidence.key_id), signing) != evidence.key_id:
        raise NotAuthentic
    try:
        signature.verify_base(
            evidence.base, evidence.signature.decode(), evidence.body, verification_key(signing)
        )
    except (BadSignature, UnicodeDecodeError) as error:
        raise NotAuthentic from error


def _instant(created: int) -> datetime:
    try:
        return datetime.fromtimestamp(created, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise NotAuthentic from error
