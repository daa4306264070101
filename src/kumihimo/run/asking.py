"""Secrets that a person types at the terminal, or keeps in a file that only she can read."""

import os
import stat
import sys
from getpass import getpass
from pathlib import Path
from typing import Final

from kumihimo.kernel.files import open_regular
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.withheld import Withheld

SECRET_BYTES_MAX: Final = 1024


def passphrase_of(file: Path | None, *, twice: bool = False) -> Withheld[bytes]:
    """Return what a card is locked with, from a file or from the terminal; never empty."""
    question = "合言葉 Passphrase of the card: "
    return secret_of(file, question, option="passphrase-file", twice=twice)


def secret_of(file: Path | None, question: str, *, option: str, twice: bool) -> Withheld[bytes]:
    """Return a secret from a file of one line, or typed. Raises `BadInput` that names `option`."""
    if file is not None:
        return _in_file(file, option)
    found = asked(question, option=option)
    if twice and asked("もう一度 Once more: ", option=option).reveal() != found.reveal():
        raise BadInput("what was typed the second time is not the same", pointer=option)
    return found


def asked(question: str, *, option: str = "passphrase-file", of: str = "") -> Withheld[bytes]:
    """Return what a person types, not shown. Raises `BadInput` where nobody is at the terminal."""
    if not sys.stdin.isatty():
        raise BadInput(f"{of}nobody is at the terminal; give --{option}", pointer=option)
    answer = getpass(question).encode("utf-8", "surrogateescape")
    if not answer:
        raise BadInput("nothing was typed")
    return Withheld(answer)


def _in_file(file: Path, option: str) -> Withheld[bytes]:
    try:
        with open_regular(file) as handle:
            mode = os.fstat(handle.fileno()).st_mode
            content = handle.read(SECRET_BYTES_MAX + 1)
    except OSError as error:
        raise BadInput(f"{file}: {error.strerror}", pointer=option) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadInput(f"{file}: others can read it; chmod 600 it", pointer=option)
    content = content.removesuffix(b"\n").removesuffix(b"\r")
    if not 0 < len(content) <= SECRET_BYTES_MAX or b"\n" in content:
        raise BadInput(f"{file}: not one line with a secret", pointer=option)
    return Withheld(content)
