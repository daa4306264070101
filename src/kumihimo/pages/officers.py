"""Staff who sign in by a passcode, and the file of who may: a line each, a salted scrypt, maybe a role.

The file is a secret all the same: a passcode is short, and whoever has it can try them all.
"""

import asyncio
import hashlib
import os
import re
import stat
from collections.abc import Mapping
from datetime import datetime, timedelta
from hmac import compare_digest
from pathlib import Path
from typing import Final, Protocol

import attrs

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.files import open_regular, write_new
from kumihimo.kernel.refusal import BadInput, NotAuthentic, TooMany
from kumihimo.kernel.settings import BadSettings
from kumihimo.kernel.withheld import Withheld
from kumihimo.pages.forms import Form, text
from kumihimo.pages.visits import Known, Visit

TRIES: Final = 5
# Our choice: at most 240 guesses a day at one officer, and nobody else can lock her out for good.
LOCKED_FOR: Final = timedelta(minutes=30)
SALT_BYTES: Final = 16
PASSCODE_CHARS_MIN: Final = 8  # our choice: five wrong ones lock an officer out for a while
_COST: Final = 2**14
FILE_BYTES_MAX: Final = 64 * 1024  # our choice: some hundred officers of one terminal
NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_LINE: Final = re.compile(
    r"(?P<name>\S+) (?P<salt>[0-9a-f]{32}) (?P<digest>[0-9a-f]{128})(?: (?P<role>[a-z]+))?"
)


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


@attrs.frozen
class Officers:
    """Who may sign in, and as what. `roles` has the officers of pages that tell roles apart."""

    passcodes: Mapping[str, Passcode]
    roles: Mapping[str, str] = attrs.field(factory=dict[str, str])

    def entry(self, officer: str) -> bytes:
        """Return what changes when an officer gets another passcode or role; b"" for nobody's."""
        kept = self.passcodes.get(officer)
        if kept is None:
            return b""
        role = self.roles.get(officer, "")
        return b"\0".join((officer.encode(), role.encode(), kept.salt + kept.digest))

    def compare(self, officer: str, passcode: str) -> None:
        """Raise `NotAuthentic` unless this is the officer's passcode. Takes some tens of ms."""
        kept = self.passcodes.get(officer) or Passcode(bytes(16), bytes(64))
        if not compare_digest(Passcode.of(passcode, kept.salt).digest, kept.digest):
            raise NotAuthentic


class Tries(Protocol):
    """Where wrong passcodes are counted."""

    async def spend(self, officer: str) -> None:
        """Count a try before it is compared, so that many at once are not more than `TRIES`.

        Raises `TooMany` from `TRIES` on, until `LOCKED_FOR` after the last that was counted.
        """
        ...

    async def forget(self, officer: str) -> None:
        """Begin anew: the passcode was right."""
        ...


@attrs.frozen
class MemoryTries:
    """Tries in the memory of one process."""

    clock: Clock
    _spent: dict[str, tuple[int, datetime]] = attrs.field(
        factory=dict[str, tuple[int, datetime]], init=False
    )

    async def spend(self, officer: str) -> None:
        """Count a try. Raises `TooMany`."""
        now = self.clock.now()
        count, last = self._spent.get(officer, (0, now))
        if last + LOCKED_FOR <= now:
            count = 0
        if count >= TRIES:
            raise TooMany
        self._spent[officer] = count + 1, now

    async def forget(self, officer: str) -> None:
        """Begin anew."""
        self._spent.pop(officer, None)


@attrs.frozen
class Porter:
    """Lets officers in. Five wrong passcodes in a row lock one out for half an hour."""

    officers: Officers
    tries: Tries

    async def check(self, officer: str, passcode: str) -> None:
        """Raise `NotAuthentic` or `TooMany` unless this is the officer's passcode."""
        known = officer in self.officers.passcodes  # others are not counted: they would fill it
        if known:
            await self.tries.spend(officer)
        await asyncio.to_thread(self.officers.compare, officer, passcode)
        if known:
            await self.tries.forget(officer)

    async def signed_in(self, _: Visit, form: Form) -> Known:
        """Return the officer whom a form of signing in shows; raises as `check` does."""
        officer = text(form, "officer")
        await self.check(officer, text(form, "passcode"))
        return Known(officer, self.officers.roles.get(officer, ""))


def load_officers(path: Path) -> Officers:
    """Read the file. Raises `BadSettings` when it is missing, malformed, or others can read it."""
    found = _read(path)
    return Officers(
        {name: passcode for name, (passcode, _) in found.items()},
        {name: role for name, (_, role) in found.items() if role},
    )


def save_officer(path: Path, name: str, passcode: Passcode, *, role: str = "") -> None:
    """Let an officer in, or give her another passcode and role.

    Raises `BadInput`, `BadSettings`.
    """
    if not NAME.fullmatch(name):
        raise BadInput("an officer's name is small letters, digits and dashes", pointer="name")
    found = {**(_read(path) if path.exists() else {}), name: (passcode, role)}
    lines = [
        f"{one} {kept.salt.hex()} {kept.digest.hex()} {role}".rstrip() + "\n"
        for one, (kept, role) in found.items()
    ]
    write_new(path, "".join(lines).encode("ascii"))


def _read(path: Path) -> Mapping[str, tuple[Passcode, str]]:
    try:
        with open_regular(path) as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise BadSettings(f"officers: {path}: {error.strerror}", pointer="officers") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadSettings(f"officers: {path}: others can read it; chmod 600", pointer="officers")
    found: dict[str, tuple[Passcode, str]] = {}
    for number, line in enumerate(content.decode("ascii", "replace").splitlines(), start=1):
        fits = _LINE.fullmatch(line)
        if fits is None or not NAME.fullmatch(fits["name"]) or len(content) > FILE_BYTES_MAX:
            raise BadSettings(f"officers: {path}: line {number} is no officer", pointer="officers")
        passcode = Passcode(bytes.fromhex(fits["salt"]), bytes.fromhex(fits["digest"]))
        found[fits["name"]] = passcode, fits["role"] or ""
    if not found:
        raise BadSettings(f"officers: {path}: nobody may sign in", pointer="officers")
    return found
