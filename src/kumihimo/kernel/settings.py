"""Settings from a TOML file into a room's `Settings` Struct; the only reader of the environment.

Strict: an unknown key, a wrong type or a missing key is refused by file, key and reason. No secret
stands in the file: it names another file, read once by `SecretFile.read()`. Nothing else than
`DEBUG` comes from the environment, so that a file tells how a room runs.
"""

import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from kumihimo.kernel.files import open_regular
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.withheld import Withheld

S = TypeVar("S", bound=msgspec.Struct)

FILE_BYTES_MAX: Final = 1024 * 1024  # our choice: a hundred times the largest file we can imagine
SECRET_BYTES_MAX: Final = 64 * 1024  # our choice: room for a chain of certificates
_READABLE_BY_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_AT: Final = re.compile(r" - at `\$(?P<key>[^`]*)`$")
_UNKNOWN: Final = re.compile(r"unknown field `(?P<name>[^`]*)`")
_MISSING: Final = re.compile(r"missing required field `(?P<name>[^`]*)`")
_INVALID_VALUE: Final = "the value is not one of those allowed"


class BadSettings(BadInput):
    """The file does not say how to run; `pointer` is the key, or the line for broken TOML."""

    code = "bad-settings"
    title = "The settings file cannot be used"


class SecretFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A secret, given as the path of the file that holds it: `{ file = "/run/secrets/key" }`."""

    file: str

    def read(self, *, beside: Path) -> Withheld[bytes]:
        """Return the file's bytes without a last line break; a relative path is beside `beside`.

        Raises `BadSettings` when the file is missing, empty, too large or readable by others.
        """
        path = beside.parent / self.file
        try:
            with open_regular(path) as handle:
                mode = os.fstat(handle.fileno()).st_mode
                content = handle.read(SECRET_BYTES_MAX + 1)
        except OSError as error:
            raise BadSettings(f"{path}: {error.strerror}") from None
        if mode & _READABLE_BY_OTHERS:
            raise BadSettings(f"{path}: others can read this secret; chmod 600 it")
        if len(content) > SECRET_BYTES_MAX:
            raise BadSettings(f"{path}: larger than {SECRET_BYTES_MAX} bytes")
        content = content.removesuffix(b"\n").removesuffix(b"\r")
        if not content:
            raise BadSettings(f"{path}: empty")
        return Withheld(content)


def load(path: Path, form: type[S]) -> S:
    """Read a TOML file into `form`; raises `BadSettings` that names file, key and reason.

    A value is never quoted in the refusal, since a secret may have been written there by mistake.
    """
    document = _parse(path)
    _refuse_unknown(path, document, form)
    try:
        return msgspec.convert(document, form)
    except msgspec.ValidationError as error:
        key, reason = _explain(str(error))
        raise BadSettings(f"{path}: {key or 'the file'}: {reason}", pointer=key) from None


def debugging() -> bool:
    """Tell whether `KUMIHIMO_DEBUG=1` asks for tracebacks on the terminal."""
    return os.environ.get("KUMIHIMO_DEBUG", "") not in {"", "0"}


def environment_with(**changes: str) -> dict[str, str]:
    """Return the environment for a tool started as a child, with some values set."""
    return {**os.environ, **changes}


def _parse(path: Path) -> dict[str, Any]:
    try:
        with open_regular(path) as handle:
            raw = handle.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise BadSettings(f"{path}: {error.strerror}") from None
    if len(raw) > FILE_BYTES_MAX:
        raise BadSettings(f"{path}: larger than {FILE_BYTES_MAX} bytes")
    try:
        return tomllib.loads(raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadSettings(f"{path}: byte {error.start} is not UTF-8") from None
    except RecursionError:
        raise BadSettings(f"{path}: nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"\(at (?P<place>[^)]*)\)$", str(error))
        place = where["place"] if where else "end of document"
        raise BadSettings(f"{path}: not valid TOML at {place}", pointer=place) from None
    except ValueError:  # a number of thousands of digits, which Python does not read
        raise BadSettings(f"{path}: not valid TOML: a number is too long") from None


def _refuse_unknown(path: Path, document: dict[str, Any], form: type[msgspec.Struct]) -> None:
    """Top-level keys are checked here, so that a `Settings` need not remember to be strict."""
    names = {field.encode_name for field in msgspec.structs.fields(form)}
    for key in document:
        if key not in names:
            known = ", ".join(sorted(names))
            raise BadSettings(f"{path}: {key}: unknown key; known are {known}", pointer=key)


def _explain(message: str) -> tuple[str, str]:
    at = _AT.search(message)
    key = at["key"].lstrip(".") if at else ""
    reason = _AT.sub("", message)
    for pattern, words in ((_UNKNOWN, "unknown key"), (_MISSING, "this key is missing")):
        named = pattern.search(reason)
        if named:
            return (f"{key}.{named['name']}" if key else named["name"]), words
    if reason.startswith(("Expected", "Object contains")):
        return key, reason
    return key, _INVALID_VALUE
