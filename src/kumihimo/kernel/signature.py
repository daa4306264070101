"""HTTP Message Signatures (RFC 9421) over digests (RFC 9530), Ed25519, one signature a message.

The profile that our messages use: named header fields, `@method`, `@path`, `@status`, and fields of
the request that an answer answers (`;req`). Every message between parties is built and checked
here, so it reads strictly and quickly; the tests hold it against a library that knows all of the
RFC, in both directions.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Final

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

DIGEST: Final = "content-digest"
INPUT: Final = "signature-input"
SIGNATURE: Final = "signature"
_HEADER_CHARS_MAX: Final = 4_096

# Structured fields (RFC 9651) as far as a signature needs them: one member of a dictionary.
_LABEL: Final = r"[a-z*][a-z0-9_.*-]{0,63}"
_ITEM: Final = r'"(@?[a-z][a-z0-9-]*)"(;req)?'
_PARAMETER: Final = r';(created|expires|keyid|nonce|alg|tag)=(\d{1,15}|"[ !#-\[\]-~]*")'
_INPUT: Final = re.compile(rf"({_LABEL})=(\(((?:{_ITEM})(?: (?:{_ITEM}))*)\)((?:{_PARAMETER})*))")
_ITEMS: Final = re.compile(_ITEM)
_PARAMETERS: Final = re.compile(_PARAMETER)
_SIGNATURE: Final = re.compile(rf"({_LABEL})=:([A-Za-z0-9+/]+={{0,2}}):")
_DIGESTS: Final = re.compile(r"(sha-256|sha-512)=:([A-Za-z0-9+/]+={0,2}):")
_BASE_DIGEST: Final = re.compile(rb'^"content-digest": (.*)$', re.MULTILINE)
_HASHES: Final = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}


class BadSignature(ValueError):
    """The message is not signed, not as the profile asks, or not by this key."""


@attrs.frozen(kw_only=True)
class Message:
    """What a signature may cover. `headers` in lower case; `request` is what an answer answers."""

    method: str = ""
    path: str = ""
    status: int = 0
    headers: Mapping[str, str]
    request: "Message | None" = None

    def value(self, name: str) -> str:
        """Return a component's value; raises `BadSignature` when the message has none."""
        match name:
            case "@method" if self.method:
                return self.method
            case "@path" if self.path:
                return self.path
            case "@status" if self.status:
                return str(self.status)
            case _ if not name.startswith("@") and name in self.headers:
                return self.headers[name].strip()
            case _:
                raise BadSignature("a covered component is not in the message")


@attrs.frozen
class Signed:
    """A signature that held: what it covers, its parameters, the bytes that were signed."""

    covered: frozenset[str]
    parameters: Mapping[str, int | str]
    base: bytes


def content_digest(body: bytes) -> str:
    """Return the value of `Content-Digest` (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def sign(
    message: Message,
    covered: Sequence[str],
    parameters: Mapping[str, int | str],
    *,
    key: Ed25519PrivateKey,
    label: str,
) -> dict[str, str]:
    """Return `Signature-Input` and `Signature`. `covered` are serialised, such as `"@path"`."""
    written = "".join(
        f";{name}={value}" if isinstance(value, int) else f';{name}="{value}"'
        for name, value in parameters.items()
    )
    inside = f"({' '.join(covered)}){written}"
    signature = base64.b64encode(key.sign(_base(message, covered, inside))).decode()
    return {INPUT: f"{label}={inside}", SIGNATURE: f"{label}=:{signature}:"}


def _base(message: Message, covered: Sequence[str], inside: str) -> bytes:
    """Return the signature base of RFC 9421 section 2.5."""
    lines: list[str] = []
    for component in covered:
        name, _, request = component.removeprefix('"').partition('"')
        source = message.request if request else message
        if source is None:
            raise BadSignature("this message answers no request")
        lines.append(f"{component}: {source.value(name)}")
    lines.append(f'"@signature-params": {inside}')
    return "\n".join(lines).encode("latin-1", "replace")


def parse(headers: Mapping[str, str]) -> tuple[str, list[str], dict[str, int | str], bytes]:
    """Read a message's one signature: (inside, covered, parameters, signature).

    Raises `BadSignature` for none, several, or one that is not as the profile has it.
    """
    wanted, signature = headers.get(INPUT, ""), headers.get(SIGNATURE, "")
    if len(wanted) > _HEADER_CHARS_MAX or len(signature) > _HEADER_CHARS_MAX:
        raise BadSignature("too long")
    found, given = _INPUT.fullmatch(wanted.strip()), _SIGNATURE.fullmatch(signature.strip())
    if found is None or given is None or found[1] != given[1]:
        raise BadSignature("not one signature with its input")
    covered = [f'"{name}"{request}' for name, request in _ITEMS.findall(found[3])]
    named = _PARAMETERS.findall(found[2][found[2].index(")") :])
    parameters: dict[str, int | str] = {
        name: value.strip('"') if value.startswith('"') else int(value) for name, value in named
    }
    if len(set(covered)) != len(covered) or len(parameters) != len(named):
        raise BadSignature("a component or a parameter stands twice")
    try:
        return found[2], covered, parameters, base64.b64decode(given[2], validate=True)
    except ValueError as error:
        raise BadSignature("the signature is not base64") from error


def verify(message: Message, *, body: bytes, key: Ed25519PublicKey) -> Signed:
    """Check the signature and the digest of the body; raises `BadSignature`."""
    inside, covered, parameters, signature = parse(message.headers)
    base = _base(message, covered, inside)
    try:
        key.verify(signature, base)
    except InvalidSignature as error:
        raise BadSignature("the signature does not hold") from error
    _check_digest(message.headers.get(DIGEST, ""), body)
    return Signed(frozenset(covered), parameters, base)


def verify_base(base: bytes, signature: str, body: bytes, key: Ed25519PublicKey) -> None:
    """Check kept bytes alone: the signature over the base, the digest in the base over the body."""
    given = _SIGNATURE.fullmatch(signature.strip())
    digests = _BASE_DIGEST.findall(base)
    if given is None or len(digests) != 1:
        raise BadSignature("not one signature over one digest")
    try:
        key.verify(base64.b64decode(given[2], validate=True), base)
    except (InvalidSignature, ValueError) as error:
        raise BadSignature("the signature does not hold") from error
    _check_digest(digests[0].decode("latin-1"), body)


def _check_digest(header: str, body: bytes) -> None:
    members = [member.strip() for member in header[:_HEADER_CHARS_MAX].split(",")]
    known = [found for member in members if (found := _DIGESTS.fullmatch(member))]
    if not known:
        raise BadSignature("no digest of a kind that is known")
    for found in known:
        digest = base64.b64encode(_HASHES[found[1]](body).digest()).decode()
        if digest != found[2]:
            raise BadSignature("the digest is of another body")
