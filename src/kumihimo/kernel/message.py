"""Signed messages between parties: RFC 9421 signatures over RFC 9530 digests, Ed25519.

A message is trusted for its signature, never for the socket it came through. The signature
covers method, path, content type, content digest and the recipient's name, so a message for one
party is worthless at another; the answer's signature covers the question's. What was signed is
kept as evidence: `Evidence` alone is enough for an offline check.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import attrs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import algorithms
from http_message_signatures.exceptions import HTTPMessageSignaturesException
from http_message_signatures.resolvers import HTTPSignatureKeyResolver
from http_message_signatures.signatures import HTTPMessageSigner, HTTPMessageVerifier
from typing_extensions import override

from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.ids import is_id, new_id
from kumihimo.kernel.keys import PartyKeys, verification_key
from kumihimo.kernel.refusal import NotAuthentic

TAG = "kumihimo"
_ED25519: Any = algorithms.ED25519  # pyright: ignore[reportPrivateImportUsage]
RECIPIENT = "kumihimo-recipient"
CONTENT_TYPE = "application/json"
PROBLEM_TYPE = "application/problem+json"
MAX_AGE = timedelta(minutes=5)
MAX_SKEW = timedelta(seconds=30)
_REQUEST_PARTS = ("@method", "@path", "content-type", "content-digest", RECIPIENT)
_ANSWER_PARTS = ("@status", "content-type", "content-digest", '"signature";req')


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


@attrs.frozen
class Verified:
    """A message whose signature held. `nonce` is unique per sender; replay is the caller's care."""

    sender: str
    nonce: str
    created: datetime
    evidence: Evidence


@attrs.define
class _Request:
    method: str
    url: str
    headers: dict[str, str]


@attrs.define
class _Answer:
    status_code: int
    headers: dict[str, str]
    request: _Request


def key_id_of(party: str, signing: bytes) -> str:
    """Name a signing key: the party and the start of the key's fingerprint."""
    return f"{party}#{hashlib.sha256(signing).hexdigest()[:16]}"


def party_of(key_id: str) -> str:
    """Return the party that a key id names."""
    return key_id.partition("#")[0]


class _Signing(HTTPSignatureKeyResolver):
    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @override
    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:
        return self._key

    @override
    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey:
        return self._key.public_key()


class _Verifier(HTTPMessageVerifier):
    """The library asks the system's clock; here the caller's clock judges (`_judge`)."""

    @override
    def validate_created_and_expires(self, sig_input: object, max_age: object = None) -> None:
        return None


class _Book(HTTPSignatureKeyResolver):
    def __init__(self, book: KeyBook) -> None:
        self._book = book

    @override
    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:
        raise HTTPMessageSignaturesException("a key book holds no private keys")

    @override
    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey:
        public = self._book.signing_key(key_id)
        if public is None:
            raise HTTPMessageSignaturesException("unknown key")
        return verification_key(public)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _url(path: str) -> str:
    # Only the path is signed; the authority is the transport's business (see RECIPIENT).
    return f"https://kumihimo.invalid{path}"


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
    request = _Request("POST", _url(path), {"content-type": CONTENT_TYPE, RECIPIENT: recipient})
    _sign(keys, request, _REQUEST_PARTS, body=body, at=at, nonce=new_id(entropy))
    return _lower(request.headers)


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
    request = _Request("POST", _url(path), _lower(to))
    answer = _Answer(status, {"content-type": content_type}, request)
    _sign(keys, answer, _ANSWER_PARTS, body=body, at=at, nonce=new_id(entropy))
    return _lower(answer.headers)


def _sign(
    keys: PartyKeys,
    message: _Request | _Answer,
    parts: tuple[str, ...],
    *,
    body: bytes,
    at: datetime,
    nonce: str,
) -> None:
    signer: Any = HTTPMessageSigner(
        signature_algorithm=_ED25519, key_resolver=_Signing(keys.signing)
    )
    signer.sign(
        message,
        key_id=key_id_of(keys.party, keys.public.signing),
        created=at,
        nonce=nonce,
        label=TAG,
        tag=TAG,
        include_alg=False,
        covered_component_ids=parts,
        body=body,
    )


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
    request = _Request("POST", _url(path), _lower(headers))
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
    request = _Request("POST", _url(path), _lower(question))
    answer = _Answer(status, _lower(headers), request)
    verified = _verify(answer, _ANSWER_PARTS, body=body, book=book, now=now)
    if verified.sender != sender:
        raise NotAuthentic
    return verified


def _verify(
    message: _Request | _Answer,
    parts: tuple[str, ...],
    *,
    body: bytes,
    book: KeyBook,
    now: datetime,
) -> Verified:
    verifier: Any = _Verifier(signature_algorithm=_ED25519, key_resolver=_Book(book))
    try:
        results: list[Any] = verifier.verify(message, max_age=None, expect_tag=TAG, body=body)
        [result] = results
    except (HTTPMessageSignaturesException, ValueError) as error:
        raise NotAuthentic from error
    return _judge(result, parts, message=message, body=body, now=now)


def _judge(
    result: Any,  # noqa: ANN401 - the library's result is untyped
    parts: tuple[str, ...],
    *,
    message: _Request | _Answer,
    body: bytes,
    now: datetime,
) -> Verified:
    covered = set(result.covered_components)
    wanted = {part if part.startswith('"') else f'"{part}"' for part in parts}
    params: dict[str, Any] = dict(result.parameters)
    nonce, created = params.get("nonce"), params.get("created")
    if not wanted <= covered or not isinstance(nonce, str) or not is_id(nonce):
        raise NotAuthentic
    if not isinstance(created, int):
        raise NotAuthentic
    at = datetime.fromtimestamp(created, UTC)
    if not now - MAX_AGE <= at <= now + MAX_SKEW:
        raise NotAuthentic
    key_id = str(params["keyid"])
    evidence = Evidence(
        key_id=key_id,
        base=_base_of(result),
        signature=message.headers["signature"].encode(),
        body=body,
    )
    return Verified(party_of(key_id), nonce, at, evidence)


def _base_of(result: Any) -> bytes:  # noqa: ANN401 - the library's result is untyped
    lines = [f"{name}: {value}" for name, value in result.covered_components.items()]
    return "\n".join(lines).encode()
