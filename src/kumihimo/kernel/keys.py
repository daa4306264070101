"""A party's own keys: signing (Ed25519), payload (HPKE over X25519), receiving (ristretto255).

Secrets never print and are never in a database: they live in a key file that only the process
may read. Production replaces the file by a key store behind the same class.
"""

import hmac
import os
import stat
from base64 import b64decode, b64encode
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Self

import attrs
import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.files import open_regular
from kumihimo.kernel.group import Point, Scalar, base, derive_scalar, parse_point
from kumihimo.kernel.withheld import Withheld

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
_MASTER_BYTES = 32
_NONCE_BYTES = 12
_CONTENT_KEY_BYTES = 16
_CONTENT_KEY_CONTEXT = b"kumihimo-content-key-v1"
_SEALED_KEY_BYTES = 32 + _CONTENT_KEY_BYTES + 16  # what HPKE encapsulates, the key and its tag
_FILE_BYTES_MAX = 1024  # our choice: a key in base64 takes 45


class KeyFileUnsafe(ValueError):
    """The key file is missing, malformed or readable by others."""


class PublicKeys(msgspec.Struct, frozen=True):
    """What a party publishes in the directory. 32 bytes each."""

    signing: bytes
    payload: bytes
    receiving: bytes

    def receiving_point(self) -> Point:
        """Return the receiving key as a point; raises `NotInGroup`."""
        return _point_of(self.receiving)


@lru_cache(maxsize=4_096)  # our choice: every institution, of which each inquiry needs some
def _point_of(public: bytes) -> Point:
    return parse_point(public)


@attrs.frozen(slots=False)
class PartyKeys:
    """Everything secret that one party holds, derived from one master secret of 32 bytes.

    `party` is bound into each derivation, so one master for two parties gives unrelated keys.
    """

    party: str
    master: Withheld[bytes]

    def _derive(self, label: str, size: int = 32) -> bytes:
        info = f"kumihimo/{self.party}/{label}".encode()
        return HKDF(SHA256(), size, salt=None, info=info).derive(self.master.reveal())

    @cached_property
    def signing(self) -> Ed25519PrivateKey:
        """The key that signs this party's messages."""
        return Ed25519PrivateKey.from_private_bytes(self._derive("signing"))

    @cached_property
    def payload(self) -> X25519PrivateKey:
        """The key that payloads to this party are sealed to."""
        return X25519PrivateKey.from_private_bytes(self._derive("payload"))

    @cached_property
    def receiving(self) -> Scalar:
        """The scalar y that opens persons sealed to this party."""
        return derive_scalar(self._derive("receiving"), self.party.encode())

    @cached_property
    def public(self) -> PublicKeys:
        """What the directory publishes."""
        return PublicKeys(
            signing=self.signing.public_key().public_bytes_raw(),
            payload=self.payload.public_key().public_bytes_raw(),
            receiving=base(self.receiving),
        )

    def secret(self, label: str) -> Withheld[bytes]:
        """Return a further 32-byte secret for one named use inside the party's room."""
        return Withheld(self._derive(f"secret/{label}"))


def save_master(path: Path, master: Withheld[bytes]) -> None:
    """Write a master secret to a new file that only the owner may read."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(b64encode(master.reveal()) + b"\n")
    except BaseException:
        path.unlink(missing_ok=True)  # half a key is none, and would stand in the way of the next
        raise


def load_master(path: Path) -> Withheld[bytes]:
    """Read a master secret; raises `KeyFileUnsafe` when missing, malformed or open to others."""
    try:
        with open_regular(path) as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(_FILE_BYTES_MAX)
    except OSError as error:
        raise KeyFileUnsafe(f"key file {path}: {error.strerror}") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileUnsafe(f"key file {path}: others may read it; run chmod 600 on it")
    try:
        master = b64decode(text.strip(), validate=True)
    except ValueError as error:
        raise KeyFileUnsafe(f"key file {path}: not base64") from error
    if len(master) != _MASTER_BYTES:
        raise KeyFileUnsafe(f"key file {path}: {_MASTER_BYTES} bytes are expected")
    return Withheld(master)


def new_master(entropy: Entropy) -> Withheld[bytes]:
    """Draw a master secret."""
    return Withheld(entropy.bytes(_MASTER_BYTES))


class NotSealedForUs(ValueError):
    """A payload does not open: another key, another context, or altered bytes."""


def seal_payload(payload: bytes, *, to: bytes, context: bytes) -> bytes:
    """HPKE base mode, one shot (RFC 9180): X25519, HKDF-SHA256, AES-128-GCM.

    `context` is bound as `info`: opening with another context fails.
    """
    return _SUITE.encrypt(payload, X25519PublicKey.from_public_bytes(to), context)


def open_payload(sealed: bytes, *, key: X25519PrivateKey, context: bytes) -> bytes:
    """Open what `seal_payload` sealed; raises `NotSealedForUs`."""
    try:
        return _SUITE.decrypt(sealed, key, context)
    except InvalidTag as error:
        raise NotSealedForUs("the payload does not open with this key and context") from error


@attrs.frozen
class Sealing:
    """Seals many payloads to one receiver: HPKE seals a fresh key once, and that key each payload.

    `sealed` is in front of every payload, so that each can rest, travel and be opened by itself.
    Per payload AES-128-GCM with a random nonce; the context is bound as additional data.
    """

    sealed: bytes
    _cipher: AESGCM
    _entropy: Entropy

    @classmethod
    def to(cls, public: bytes, entropy: Entropy) -> Self:
        """Draw a key and seal it to the receiver's 32 bytes."""
        key = entropy.bytes(_CONTENT_KEY_BYTES)
        sealed = seal_payload(key, to=public, context=_CONTENT_KEY_CONTEXT)
        return cls(sealed, AESGCM(key), entropy)

    def seal(self, payload: bytes, *, context: bytes) -> bytes:
        """Return 64 bytes of the sealed key, 12 of a nonce, then the payload with its tag."""
        nonce = self._entropy.bytes(_NONCE_BYTES)
        return self.sealed + nonce + self._cipher.encrypt(nonce, payload, context)


@attrs.frozen
class Opening:
    """Opens what a `Sealing` sealed to one receiver; each sealed key is opened once."""

    _key: X25519PrivateKey
    _ciphers: dict[bytes, AESGCM] = attrs.field(init=False, factory=dict[bytes, AESGCM])

    def open(self, sealed: bytes, *, context: bytes) -> bytes:
        """Return the payload; raises `NotSealedForUs` for another receiver, context or bytes."""
        wrapped, rest = sealed[:_SEALED_KEY_BYTES], sealed[_SEALED_KEY_BYTES:]
        try:
            return self._cipher(wrapped).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as error:  # a nonce that was cut off is a ValueError
            raise NotSealedForUs("the payload does not open with this key and context") from error

    def _cipher(self, wrapped: bytes) -> AESGCM:
        found = self._ciphers.get(wrapped)
        if found is None:
            key = open_payload(wrapped, key=self._key, context=_CONTENT_KEY_CONTEXT)
            found = self._ciphers[wrapped] = AESGCM(key)
        return found


def verification_key(public: bytes) -> Ed25519PublicKey:
    """Return an Ed25519 public key from its 32 bytes."""
    return Ed25519PublicKey.from_public_bytes(public)


@attrs.frozen
class Locker:
    """Encrypts a room's own columns under a key that is not in its database.

    AES-256-GCM with a random nonce in front; `label` is bound, so a value moved to another row or
    column does not open. A value may be filled up to whole blocks, so that its length does not tell
    whose it is. `tag` gives a keyed fingerprint for equality look-ups (never an unkeyed
    hash: the space of numbers is searched in hours).
    """

    _cipher: AESGCM
    _tag_key: Withheld[bytes]
    _entropy: Entropy

    @classmethod
    def of(cls, secret: Withheld[bytes], entropy: Entropy) -> Self:
        """Build a locker from one 32-byte secret."""
        expand = HKDF(SHA256(), 64, salt=None, info=b"kumihimo/locker").derive(secret.reveal())
        return cls(AESGCM(expand[:32]), Withheld(expand[32:]), entropy)

    def lock(self, value: bytes, *, label: bytes, block: int = 1) -> bytes:
        """Encrypt a value, with one byte of 0x80 and then zeros up to a multiple of `block`."""
        nonce = self._entropy.bytes(_NONCE_BYTES)
        padded = value + b"\x80"
        padded += bytes(-len(padded) % block)
        return nonce + self._cipher.encrypt(nonce, padded, label)

    def unlock(self, locked: bytes, *, label: bytes) -> bytes:
        """Decrypt; raises `cryptography.exceptions.InvalidTag` (a bug or tampering)."""
        padded = self._cipher.decrypt(locked[:_NONCE_BYTES], locked[_NONCE_BYTES:], label)
        return padded.rstrip(b"\0")[:-1]

    def tag(self, value: bytes, *, label: bytes) -> bytes:
        """Return 32 bytes that equal values share under this key and label only."""
        message = len(label).to_bytes(2, "big") + label + value
        return hmac.digest(self._tag_key.reveal(), message, "sha256")
