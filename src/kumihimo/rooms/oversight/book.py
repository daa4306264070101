"""The latest directory of oversight that a room has verified, and how long it may speak from it."""

import hashlib
from datetime import datetime

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.grace import Grace, Silence
from kumihimo.kernel.refusal import NotAuthentic, Unavailable
from kumihimo.rooms.oversight.api import Directory, HeadBody, SignedDirectory


class DirectoryBook:
    """The latest verified directory, and the key book of every party in it.

    One that is told to `expire` speaks only as long as its grace goes after oversight last said
    that this directory is the latest.
    """

    def __init__(self, oversight_key: bytes) -> None:
        self.pinned = oversight_key
        self._directory: Directory | None = None
        self._body = b""
        self._clock: Clock | None = None
        self._silence: Silence | None = None
        self.confirmed_at: datetime | None = None

    def expire(self, grace: Grace, clock: Clock) -> Silence:
        """From now on refuse, as the grace says, to speak from a directory that is too old."""
        self._silence, self._clock = Silence(grace, self.confirmed_at), clock
        return self._silence

    def confirm(self, head: HeadBody) -> bool:
        """Take oversight's word that this directory was the latest; False when it names another."""
        if (head.version, head.digest) != (self.version, hashlib.sha256(self._body).digest()):
            return False
        # What a clock of oversight that is ahead says must not count for longer than it is true.
        at = min(head.at, self._clock.now()) if self._clock is not None else head.at
        self._confirmed(max(at, self.confirmed_at or at))
        return True

    def _confirmed(self, at: datetime) -> None:
        self.confirmed_at = at
        if self._silence is not None:
            self._silence.saw(at)

    def _require_fresh(self) -> None:
        if self._silence is not None and self._clock is not None:
            self._silence.require(self._clock.now())

    @property
    def version(self) -> int:
        """Return the version of the latest directory, 0 before the first one came."""
        return self._directory.version if self._directory else 0

    def check(self, signed: SignedDirectory) -> Directory:
        """Verify a directory that is not older than the latest.

        Raises `NotAuthentic` for one that is forged, older, or another of the same version.
        """
        directory = Directory.verify(signed, oversight=self.pinned, at_least=self.version)
        if directory.version == self.version and signed.body != self._body:
            raise NotAuthentic(f"there are two directories of version {self.version}")
        return directory

    def update(self, signed: SignedDirectory) -> bool:
        """Take a directory if it is newer; raises `NotAuthentic` as `check` does."""
        directory = self.check(signed)
        if directory.version == self.version:
            return False
        self._directory, self._body = directory, signed.body
        self._confirmed(directory.issued_at)
        return True

    def current(self) -> Directory:
        """Return the latest directory.

        Raises `Unavailable` before the first one came, `DirectoryTooOld` after its grace.
        """
        if self._directory is None:
            raise Unavailable("no verified directory of oversight has been received yet")
        self._require_fresh()
        return self._directory

    def signing_key(self, key_id: str) -> bytes | None:
        """Return a signing key of an active party, or None; raises `DirectoryTooOld`."""
        self._require_fresh()
        return self._directory.signing_key(key_id) if self._directory else None
