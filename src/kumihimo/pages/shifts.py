"""Who sits at a terminal or a desk: officers by passcode, and one session of a browser each.

Kept in memory: a program that was ended has nobody signed in.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Final

import attrs

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import BadInput, NotAuthentic, TooMany
from kumihimo.kernel.withheld import Withheld
from kumihimo.pages.engine import Language

SHIFT_FOR: Final = timedelta(minutes=15)  # our choice: without a request, the officer has left
TRIES: Final = 5
SHIFTS_MAX: Final = 16
SALT_BYTES: Final = 16
PASSCODE_CHARS_MIN: Final = 8  # our choice: five wrong ones lock an officer out
_COST: Final = 2**14


@attrs.frozen(repr=False)
class Passcode:
    """A salted scrypt of a passcode."""

    salt: bytes
    digest: bytes

    @classmethod
    def of(cls, text: str, salt: bytes) -> "Passcode":
        """Make one to be kept."""
        return cls(salt, hashlib.scrypt(text.encode(), salt=salt, n=_COST, r=8, p=1))

    @classmethod
    def parse(cls, typed: Withheld[bytes], salt: bytes) -> "Passcode":
        """Make one of what an officer typed for herself; raises `BadInput`."""
        try:
            text = typed.reveal().decode()
        except UnicodeDecodeError:
            raise BadInput("the passcode is no text", pointer="passcode-file") from None
        if len(text) < PASSCODE_CHARS_MIN:
            raise BadInput(
                f"a passcode has {PASSCODE_CHARS_MIN} signs or more", pointer="passcode-file"
            )
        return cls.of(text, salt)


@attrs.define
class Officers:
    """Who may sign in, and as what. Five wrong passcodes in a row lock an officer out.

    `roles` has the officers of pages that tell roles apart.
    """

    passcodes: Mapping[str, Passcode]
    roles: Mapping[str, str] = attrs.field(factory=dict[str, str])
    _wrong: dict[str, int] = attrs.field(factory=dict[str, int])

    def check(self, officer: str, passcode: str) -> None:
        """Raise `NotAuthentic` or `TooMany` unless this is the officer's passcode."""
        kept = self.passcodes.get(officer) or Passcode(bytes(16), bytes(64))
        if self._wrong.get(officer, 0) >= TRIES:
            raise TooMany
        if not compare_digest(Passcode.of(passcode, kept.salt).digest, kept.digest):
            if officer in self.passcodes:
                self._wrong[officer] = self._wrong.get(officer, 0) + 1
            raise NotAuthentic
        self._wrong.pop(officer, None)


@attrs.define
class Shift:
    """One browser. `kept` is what its pages remember of the work that was begun."""

    token: str
    form_token: str
    until: datetime
    officer: str = ""
    language: Language = "ja"
    role: str = ""
    kept: dict[str, str] = attrs.field(factory=dict[str, str])
    done: tuple[str, str] | None = None


@attrs.define
class Shifts:
    """The shifts that are open."""

    clock: Clock
    entropy: Entropy
    _open: dict[str, Shift] = attrs.field(factory=dict[str, Shift])

    def find(self, token: str) -> Shift:
        """Return a browser's shift, or a new one in which nobody is signed in."""
        now = self.clock.now()
        self._open = {key: shift for key, shift in self._open.items() if shift.until > now}
        shift = self._open.get(token) or self.begin()
        shift.until = now + SHIFT_FOR
        return shift

    def begin(self, language: Language = "ja") -> Shift:
        """Begin a shift under a new token; the oldest goes when there are too many."""
        if len(self._open) >= SHIFTS_MAX:
            oldest = min(self._open.values(), key=lambda shift: shift.until)
            self.end(oldest)
        shift = Shift(
            new_id(self.entropy) + new_id(self.entropy),
            new_id(self.entropy),
            self.clock.now() + SHIFT_FOR,
            language=language,
        )
        self._open[shift.token] = shift
        return shift

    def end(self, shift: Shift) -> None:
        """End a shift."""
        self._open.pop(shift.token, None)

    def end_of(self, officer: str) -> None:
        """End every shift of an officer."""
        for shift in [one for one in self._open.values() if one.officer == officer]:
            self.end(shift)
