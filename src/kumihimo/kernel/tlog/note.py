"""Signed notes (c2sp.org/signed-note): text that one or more keys signed, and who they are.

Two kinds of signature, both Ed25519: over the text alone, and cosignatures of checkpoints, which
say when (c2sp.org/tlog-cosignature, `cosignature/v1`).
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from enum import IntEnum
from typing import Final, Self

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

NOTE_BYTES_MAX: Final = 128 * 1024  # sixteen signatures of the longest kind are to be accepted
SIGNATURES_MAX: Final = 100
_KEY_ID_BYTES: Final = 4
_KEY_BYTES: Final = 32
_TIME_BYTES: Final = 8
_TIME_MAX: Final = 2**63 - 1
_DASH: Final = "\u2014 "
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_KEY_ID: Final = re.compile(r"[0-9a-f]{8}")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")


class BadNote(ValueError):
    """A note, a key or a signature is not of its form, or a known key did not make it."""


class Kind(IntEnum):
    """What a key signs: the note's text, or a checkpoint together with a time."""

    TEXT = 1
    COSIGNATURE = 4


def unbase64(text: str) -> bytes:
    """Return what base64 encodes; raises `BadNote` unless it is written as everyone writes it."""
    if not _BASE64.fullmatch(text):
        raise BadNote("not base64")
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise BadNote("not base64") from error
    if base64.b64encode(data).decode() != text:
        raise BadNote("base64 that is written otherwise than everyone writes it")
    return data


def check_name(name: str) -> str:
    """Return a key's name; raises `BadNote` for one that a note has no place for."""
    if not name or "+" in name or any(letter.isspace() for letter in name) or _CONTROL.search(name):
        raise BadNote("a key's name has no spaces and no plus")
    return name


@attrs.frozen
class Signature:
    """One line of a note: who signed, with which key, and the signature itself."""

    name: str
    key_id: bytes
    value: bytes

    def line(self) -> str:
        """Return the line, with its end."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.value).decode()}\n"

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a line without its end; raises `BadNote`."""
        name, space, encoded = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not space:
            raise BadNote("not the line of a signature")
        data = unbase64(encoded)
        if len(data) <= _KEY_ID_BYTES:
            raise BadNote("a signature is cut off")
        return cls(check_name(name), data[:_KEY_ID_BYTES], data[_KEY_ID_BYTES:])


@attrs.frozen
class NoteKey:
    """A public key that signs notes, under a name; raises `BadNote` for a name that is none."""

    name: str = attrs.field(converter=check_name)
    kind: Kind
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a key (`vkey`); raises `BadNote` also where its id is not its own."""
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        if not _KEY_ID.fullmatch(key_id):
            raise BadNote("not a key: name, id and key stand with a plus between them")
        data = unbase64(encoded)
        if len(data) != 1 + _KEY_BYTES or data[0] not in tuple(Kind):
            raise BadNote("not a key of a kind that is known")
        found = cls(name, Kind(data[0]), data[1:])
        if found.key_id.hex() != key_id:
            raise BadNote("the key's id is another key's")
        return found

    @property
    def key_id(self) -> bytes:
        """Return the four bytes by which a signature names its key."""
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(named).digest()[:_KEY_ID_BYTES]

    def vkey(self) -> str:
        """Return the key as others are given it, and as `parse` reads it."""
        encoded = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    def made(self, signature: Signature) -> bool:
        """Say whether a signature claims to be by this key."""
        return (signature.name, signature.key_id) == (self.name, self.key_id)

    def check(self, text: str, signature: Signature) -> int | None:
        """Check a signature over a note's text; returns when it was made, where its kind says that.

        Raises `BadNote`.
        """
        at, value = None, signature.value
        if self.kind is Kind.COSIGNATURE:
            at, value = int.from_bytes(value[:_TIME_BYTES], "big"), value[_TIME_BYTES:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(value, _signed(text, at))
        except (InvalidSignature, ValueError) as error:
            raise BadNote(f"the signature of {self.name} does not hold") from error
        return at


def _signed(text: str, at: int | None) -> bytes:
    if at is None:
        return text.encode()
    if not 0 <= at <= _TIME_MAX:
        raise BadNote("a time that is none")
    return f"cosignature/v1\ntime {at}\n{text}".encode()


@attrs.frozen
class NoteSigner:
    """A key of one's own, under a name."""

    name: str
    kind: Kind
    private: Ed25519PrivateKey = attrs.field(repr=False)

    @property
    def key(self) -> NoteKey:
        """Return the public half."""
        return NoteKey(self.name, self.kind, self.private.public_key().public_bytes_raw())

    def sign(self, text: str, *, at: int | None = None) -> Signature:
        """Sign a note's text; `at` are POSIX seconds, for a cosignature and for nothing else."""
        assert (at is not None) == (self.kind is Kind.COSIGNATURE), "a cosignature says when"
        value = self.private.sign(_signed(text, at))
        stamp = b"" if at is None else at.to_bytes(_TIME_BYTES, "big")
        return Signature(self.name, self.key.key_id, stamp + value)


@attrs.frozen
class Held:
    """A signature that was checked: whose it is, and when it was made, where its kind says that."""

    key: NoteKey
    at: int | None


@attrs.frozen
class Note:
    """Text that ends in a newline, and signatures that nobody has checked yet."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a note; raises `BadNote`."""
        if len(data) > NOTE_BYTES_MAX:
            raise BadNote("a note is too long")
        try:
            whole = data.decode()
        except UnicodeDecodeError as error:
            raise BadNote("a note is UTF-8") from error
        text, gap, rest = whole.rpartition("\n\n")
        if not gap or not rest.endswith("\n") or _CONTROL.search(whole):
            raise BadNote("not a note: text, an empty line, and lines of signatures")
        lines = rest.removesuffix("\n").split("\n")
        if len(lines) > SIGNATURES_MAX:
            raise BadNote("a note has too many signatures")
        return cls(text + "\n", tuple(Signature.parse(line) for line in lines))

    def encode(self) -> bytes:
        """Return the note as `parse` reads it."""
        return (self.text + "\n" + "".join(one.line() for one in self.signatures)).encode()

    def check(self, keys: Iterable[NoteKey]) -> list[Held]:
        """Check what these keys signed; others' signatures say nothing. Each key counts once.

        Raises `BadNote` where a signature in the name of a known key does not hold, and where none
        of these keys signed.
        """
        found: dict[NoteKey, Held] = {}
        for key in keys:
            for signature in self.signatures:
                if key.made(signature):
                    found.setdefault(key, Held(key, key.check(self.text, signature)))
        if not found:
            raise BadNote("no key that is known here signed this")
        return list(found.values())
