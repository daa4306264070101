"""Holding oversight's directory: verified against a pinned key, never rolled back."""

from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.oversight.api import Directory, SignedDirectory


class DirectoryBook:
    """The latest verified directory, and the key book of every party in it."""

    def __init__(self, oversight_key: bytes) -> None:
        self._pinned = oversight_key
        self._directory: Directory | None = None

    def update(self, signed: SignedDirectory) -> bool:
        """Take a directory if it is newer; raises `NotAuthentic` for a forged or older one."""
        known = self._directory.version if self._directory else 0
        directory = Directory.verify(signed, oversight=self._pinned, at_least=known)
        if self._directory is not None and directory.version == known:
            return False
        self._directory = directory
        return True

    def current(self) -> Directory:
        """Return the latest directory; raises `Unavailable` before the first one came."""
        if self._directory is None:
            raise Unavailable("no verified directory of oversight has been received yet")
        return self._directory

    def signing_key(self, key_id: str) -> bytes | None:
        """Return a signing key of an active party, or None."""
        return self._directory.signing_key(key_id) if self._directory else None
