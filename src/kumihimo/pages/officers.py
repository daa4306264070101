"""Staff who sign in by a passcode, and the file of who may: a line each, a salted scrypt, maybe a role.

The file is a secret all the same: a passcode is short, and whoever has it can try them all.
"""

import hashlib
import os
import re
import stat
from collections.abc import Mapping
from hmac import compare_digest
from pathlib import Path
from typing import Final

import attrs

from kumihimo.kernel.files import open_regular, write_new
from kumihimo.kernel.refusal import BadInput, NotAuthentic, TooMany
from kumihimo.kernel.settings import BadSettings
from kumihimo.kernel.withheld import Withheld
from kumihimo.pages.forms import Form, text
from kumihimo.pages.visits import Known, Visit

TRIES: Final = 5
SALT_BYTES: Final = 16
PASSCODE_CHARS_MIN: Final = 8  # our choice: five wrong ones lock an officer out
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

    async def signed_in(self, _: Visit, form: Form) -> Known:
        """Return the officer whom a form of signing in shows; raises as `check` does."""
        officer = text(form, "officer")
        self.check(officer, text(form, "passcode"))
        return Known(officer, self.roles.get(officer, ""))


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
