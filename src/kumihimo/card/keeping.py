"""A card as a file that a person can keep: a chip's memory, encrypted under a passphrase.

AES-256-GCM under a key that scrypt makes from the passphrase; the header is bound. Every write
makes a whole new file beside the old one and takes its place, file and folder synced, before it
returns: a killed process leaves the old state or the new one, and a full disk the old one. While it
is open the file is locked. Out of reach: whoever puts an older copy back has its tries again.
"""

import errno
import fcntl
import os
import struct
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar, Final, Self

import attrs
import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from kumihimo.card.memory import MemoryFailed
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.files import open_regular
from kumihimo.kernel.refusal import BadInput, Conflict
from kumihimo.kernel.withheld import Withheld

MAGIC: Final = b"KUMIHIMO CARD 1\n"
FILE_BYTES_MAX: Final = 1024 * 1024  # our choice: ten times a card with its photo
_COST: Final = 15  # scrypt's log2 N: 32 MiB and about 0.1 s for each guess
_COST_MAX: Final = 17  # a foreign file must not ask for more than 128 MiB
_SCRYPT_R: Final = 8
_SCRYPT_P: Final = 1
_KEY_BYTES: Final = 32
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
# magic, cost, salt, nonce, length of what follows
_HEADER: Final = struct.Struct(f">{len(MAGIC)}sB{_SALT_BYTES}s{_NONCE_BYTES}sI")
_TAG_BYTES: Final = 16


class BadCardFile(BadInput):
    """The file holds no card, not all of one, or does not open with this passphrase."""

    code: ClassVar[str] = "bad-card-file"
    title: ClassVar[str] = "The card file cannot be used"


class CardInUse(Conflict):
    """Another process has the card in a reader."""

    code: ClassVar[str] = "card-in-use"
    title: ClassVar[str] = "Another process is using this card"


@attrs.frozen
class _Lock:
    """What a file is encrypted with: the key, and how it was made from the passphrase."""

    cost: int
    salt: bytes
    key: Withheld[bytes]

    @classmethod
    def of(cls, passphrase: Withheld[bytes], cost: int, salt: bytes) -> Self:
        scrypt = Scrypt(salt=salt, length=_KEY_BYTES, n=1 << cost, r=_SCRYPT_R, p=_SCRYPT_P)
        return cls(cost, salt, Withheld(scrypt.derive(passphrase.reveal())))

    def lock(self, contents: Mapping[str, bytes], entropy: Entropy) -> bytes:
        plain = msgspec.msgpack.encode(dict(contents))
        nonce = entropy.bytes(_NONCE_BYTES)
        header = _HEADER.pack(MAGIC, self.cost, self.salt, nonce, len(plain) + _TAG_BYTES)
        return header + AESGCM(self.key.reveal()).encrypt(nonce, plain, header)


class Kept:
    """The memory of a card that is kept in a file. Made by `opened`."""

    def __init__(
        self, path: Path, handle: int, contents: dict[str, bytes], lock: _Lock, entropy: Entropy
    ) -> None:
        self._path = path
        self._handle = handle
        self._contents = contents
        self._lock = lock
        self._entropy = entropy

    def read(self, slot: str) -> bytes | None:
        """Return a slot's value, or None."""
        return self._contents.get(slot)

    def write(self, changes: Mapping[str, bytes | None]) -> None:
        """Change slots, on the disk when this returns. Raises `MemoryFailed`."""
        new = {**self._contents, **changes}
        contents = {slot: value for slot, value in new.items() if value is not None}
        content = self._lock.lock(contents, self._entropy)
        if len(content) > FILE_BYTES_MAX:
            raise MemoryFailed
        try:
            handle = _beside(self._path, content)
            os.replace(_new(self._path), self._path)  # noqa: PTH105 - as the other calls here
            before, self._handle = self._handle, handle
            os.close(before)
            self._contents = contents  # what the file says now, whatever follows
            _sync_folder(self._path)
        except OSError:
            raise MemoryFailed from None

    def close(self) -> None:
        """Let others use the card."""
        os.close(self._handle)


def create(
    path: Path,
    contents: Mapping[str, bytes],
    passphrase: Withheld[bytes],
    *,
    entropy: Entropy,
    cost: int = _COST,
) -> None:
    """Keep a new card at `path`; raises `FileExistsError`, `OSError`, and leaves nothing half."""
    lock = _Lock.of(passphrase, cost, entropy.bytes(_SALT_BYTES))
    content = lock.lock(contents, entropy)
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    os.close(_beside(path, content))
    try:
        os.link(_new(path), path)  # unlike a rename, never over a file that has come since
    finally:
        _new(path).unlink()
    _sync_folder(path)


@contextmanager
def opened(path: Path, passphrase: Withheld[bytes], *, entropy: Entropy) -> Generator[Kept]:
    """Open a card for one process; raises `BadCardFile` and `CardInUse`, both with the path."""
    shown, path = path, Path(os.path.realpath(path))
    handle = _locked(path, shown)
    try:
        contents, lock = _unlocked(_content(handle, shown), passphrase, shown)
        _new(path).unlink(missing_ok=True)  # of a process that was killed
    except BaseException:
        os.close(handle)
        raise
    kept = Kept(path, handle, contents, lock, entropy)
    try:
        yield kept
    finally:
        kept.close()


def check(path: Path) -> None:
    """Raise `BadCardFile` unless this is a whole card file; needs no passphrase."""
    handle = _open(path, path)
    try:
        _parted(_content(handle, path), path)
    finally:
        os.close(handle)


def _open(path: Path, shown: Path) -> int:
    try:
        with open_regular(path) as file:
            return os.dup(file.fileno())
    except OSError as error:
        raise BadCardFile(f"{shown}: {error.strerror}") from None


def _locked(path: Path, shown: Path) -> int:
    """Open and lock the file that the path names, also when it is replaced at the same moment."""
    while True:
        handle = _open(path, shown)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found, named = os.fstat(handle), path.stat()
        except BlockingIOError:
            os.close(handle)
            raise CardInUse(f"{shown}") from None
        except OSError:
            os.close(handle)
            continue  # gone at that moment: opening it says why
        if (found.st_dev, found.st_ino) == (named.st_dev, named.st_ino):
            return handle
        os.close(handle)


def _content(handle: int, shown: Path) -> bytes:
    try:
        return os.pread(handle, FILE_BYTES_MAX + 1, 0)
    except OSError as error:
        raise BadCardFile(f"{shown}: {error.strerror}") from None


def _parted(content: bytes, shown: Path) -> tuple[bytes, int, bytes, bytes, bytes]:
    """Split a file into header, cost, salt, nonce and what is locked."""
    if len(content) < _HEADER.size or not content.startswith(MAGIC):
        raise BadCardFile(f"{shown}: this is no card of Kumihimo")
    header, locked = content[: _HEADER.size], content[_HEADER.size :]
    _, cost, salt, nonce, length = _HEADER.unpack(header)
    if not 1 <= cost <= _COST_MAX or len(content) > FILE_BYTES_MAX:
        raise BadCardFile(f"{shown}: this is no card of Kumihimo")
    if len(locked) != length:
        raise BadCardFile(f"{shown}: {len(locked)} bytes where there were {length}; not all of it")
    return header, cost, salt, nonce, locked


def _unlocked(
    content: bytes, passphrase: Withheld[bytes], shown: Path
) -> tuple[dict[str, bytes], _Lock]:
    header, cost, salt, nonce, locked = _parted(content, shown)
    lock = _Lock.of(passphrase, cost, salt)
    try:
        plain = AESGCM(lock.key.reveal()).decrypt(nonce, locked, header)
        return msgspec.msgpack.decode(plain, type=dict[str, bytes]), lock
    except InvalidTag:
        raise BadCardFile(f"{shown}: not this passphrase, or the file was altered") from None


def _new(path: Path) -> Path:
    """Return where the next state of a file is made; only the holder of its lock goes there."""
    return path.with_name(f".{path.name}.new")


def _beside(path: Path, content: bytes) -> int:
    """Write the next state of a file, locked and synced; returns its handle, leaves nothing half."""
    new = _new(path)
    new.unlink(missing_ok=True)
    handle = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        view = memoryview(content)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    except BaseException:
        os.close(handle)
        with suppress(OSError):
            new.unlink()
        raise
    return handle


def _sync_folder(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
