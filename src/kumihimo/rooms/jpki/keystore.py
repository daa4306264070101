"""Where the authorities' private keys are: behind one interface, never in the database.

A file store for trials and the demo; a PKCS#11 token in production. A key is named by a label and
never leaves its store.
"""

import os
import re
from pathlib import Path
from typing import ClassVar, Protocol

import attrs
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_der_private_key,
)

from kumihimo.kernel.keys import KeyFileUnsafe
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.jpki.domain.keys import KeyKind, PrivateKey, PublicKey, new_key, sign_with

_LABEL = re.compile(r"[a-z][a-z0-9-]{0,62}")


class KeyStore(Protocol):
    """Holds private keys by label. `waits`: it signs elsewhere, and nothing is done here meanwhile."""

    waits: ClassVar[bool]

    def generate(self, label: str, kind: KeyKind) -> PublicKey:
        """Make a key under a label that has none; returns its public half."""
        ...

    def public(self, label: str) -> PublicKey:
        """Return the public half; raises `KeyFileUnsafe` when the store has no such key."""
        ...

    def sign(self, label: str, message: bytes) -> bytes:
        """Sign as the key's kind does: RSA PKCS#1 v1.5 with SHA-256, or ECDSA with SHA-384."""
        ...


@attrs.define
class MemoryKeys:
    """Keys that end with the process."""

    waits: ClassVar[bool] = False
    _keys: dict[str, PrivateKey] = attrs.field(factory=dict[str, PrivateKey], repr=False)

    def generate(self, label: str, kind: KeyKind) -> PublicKey:
        """Make a key."""
        assert label not in self._keys, "a key is never made twice under one label"
        self._keys[label] = new_key(kind)
        return self.public(label)

    def public(self, label: str) -> PublicKey:
        """Return the public half."""
        return self._key(label).public_key()

    def sign(self, label: str, message: bytes) -> bytes:
        """Sign."""
        return sign_with(self._key(label), message)

    def _key(self, label: str) -> PrivateKey:
        try:
            return self._keys[label]
        except KeyError:
            raise KeyFileUnsafe(f"there is no key {label} in the store") from None


@attrs.define
class FileKeys:
    """A folder with one encrypted PKCS#8 file for each key; only the process may read it."""

    waits: ClassVar[bool] = False
    folder: Path
    _passphrase: Withheld[bytes]
    _loaded: dict[str, PrivateKey] = attrs.field(factory=dict[str, PrivateKey], repr=False)

    def generate(self, label: str, kind: KeyKind) -> PublicKey:
        """Make a key and write it; raises `FileExistsError` when the label has one."""
        key = new_key(kind)
        encryption = BestAvailableEncryption(self._passphrase.reveal())
        content = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, encryption)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(label)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)  # half a key is none
            raise
        self._loaded[label] = key
        return key.public_key()

    def public(self, label: str) -> PublicKey:
        """Return the public half."""
        return self._key(label).public_key()

    def sign(self, label: str, message: bytes) -> bytes:
        """Sign."""
        return sign_with(self._key(label), message)

    def _path(self, label: str) -> Path:
        assert _LABEL.fullmatch(label), "a label is a word"
        return self.folder / f"{label}.key"

    def _key(self, label: str) -> PrivateKey:
        found = self._loaded.get(label)
        if found is None:
            found = self._loaded[label] = self._load(self._path(label))
        return found

    def _load(self, path: Path) -> PrivateKey:
        try:
            content = path.read_bytes()
            key = load_der_private_key(content, self._passphrase.reveal())
        except OSError as error:
            raise KeyFileUnsafe(f"key {path}: {error.strerror}") from error
        except ValueError as error:
            raise KeyFileUnsafe(f"key {path}: does not open with this room's key") from error
        if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
            raise KeyFileUnsafe(f"key {path}: neither RSA nor of an elliptic curve")
        return key
