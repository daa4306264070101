"""The file of who may sign in: a line for each officer, with a salted scrypt, and maybe a role.

It is a secret all the same: a passcode is short, and whoever has the file can try them all.
"""

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from kumihimo.kernel.files import open_regular, write_new
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.settings import BadSettings
from kumihimo.pages.shifts import Officers, Passcode

FILE_BYTES_MAX: Final = 64 * 1024  # our choice: some hundred officers of one terminal
NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_LINE: Final = re.compile(
    r"(?P<name>\S+) (?P<salt>[0-9a-f]{32}) (?P<digest>[0-9a-f]{128})(?: (?P<role>[a-z]+))?"
)


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
