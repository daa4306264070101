"""The operators' log: one JSON line for an event, on stderr, and never anything about a person.

What is not provably harmless is not written. An event is a literal of the program; a field is one
of `FIELDS`, and its value must have the form of that field, which has no place for a number, a
name, an id of 128 bits or a digest. Anything else is replaced by `<refused>` and counted, so that
logging never breaks a use case; with `strict`, as tests run it, it raises `LogRefused`.

The journal (`kernel.journal`) is the legal record; this is not. There is no access log: a room's
framework logs nothing (`logging_config=None`), and a server is to be started with its own access
log off. What other libraries say through `logging` is let through as the library's name and place
only: see `LibraryHandler`.
"""

import logging
import math
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import PurePath
from traceback import walk_tb
from types import TracebackType
from typing import Any, Final, LiteralString, TextIO

import structlog
from typing_extensions import override

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.door import Reporter
from kumihimo.kernel.refusal import Refusal

REFUSED: Final = "<refused>"

# Below 10^7: a birthday as eight digits, a resident code or a number does not fit.
WHOLE_MAX: Final = 9_999_999
# At most 21 characters: 128 bits in base64 are 22, and hex of the same is longer.
_SHORT_MAX: Final = 21
_LONG_MAX: Final = 48
_DIGITS_MAX: Final = 6

_EVENT: Final = re.compile(r"[a-z]{1,15}(?:-[a-z]{1,15})*")
_WORDS: Final = re.compile(r"[a-z]{1,15}(?:[-_][a-z]{1,15})*")
_PARTY: Final = re.compile(r"[a-z]{1,15}(?:-[a-z]{1,15}|-[0-9]{1,6})*")
_OUTCOME: Final = re.compile(r"[A-Z]{1,15}(?:_[A-Z]{1,15}){0,3}")
_VERSION: Final = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,3}){0,2}")
_CLASS: Final = re.compile(r"_{0,2}[A-Z][A-Za-z]{0,47}")
_PLACE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,40}\.py:[0-9]{1,5}")
_OWN_PACKAGE: Final = "kumihimo"


class LogRefused(ValueError):
    """A strict log was given something that it may not write; names the field, never the value."""


def _few_digits(text: str) -> bool:
    return sum(c.isdigit() for c in text) <= _DIGITS_MAX


def _form(pattern: re.Pattern[str], longest: int) -> Callable[[object], object]:
    def check(value: object) -> object:
        # Not `isinstance`: a subclass could print something else than it compares as.
        fits = (
            type(value) is str
            and len(value) <= longest
            and pattern.fullmatch(value) is not None
            and _few_digits(value)
        )
        return value if fits else REFUSED

    return check


def _whole(value: object) -> object:
    return value if type(value) is int and -WHOLE_MAX <= value <= WHOLE_MAX else REFUSED


def _seconds(value: object) -> object:
    """Round to a thousandth: a float could carry sixteen digits of something else."""
    if type(value) is int:
        return _whole(value)
    if type(value) is not float or not math.isfinite(value) or abs(value) > WHOLE_MAX:
        return REFUSED
    return round(value, 3)


def _flag(value: object) -> object:
    return value if type(value) is bool else REFUSED


def _error(value: object) -> object:
    """Take an exception, never its name as text: a class comes from the program's source."""
    if not isinstance(value, BaseException):
        return REFUSED
    name = type(value).__name__
    return name if _CLASS.fullmatch(name) else REFUSED


def _refusal(value: object) -> object:
    return _form(_WORDS, _LONG_MAX)(value.code) if isinstance(value, Refusal) else REFUSED


def _where(value: object) -> object:
    """Take a traceback and tell the innermost place of our own, else the innermost."""
    if not isinstance(value, TracebackType):
        return REFUSED
    frames = [(frame.f_globals.get("__name__"), frame, line) for frame, line in walk_tb(value)]
    own = [found for found in frames if str(found[0]).partition(".")[0] == _OWN_PACKAGE]
    _, frame, line = (own or frames)[-1]
    place = f"{PurePath(frame.f_code.co_filename).name}:{line}"
    return place if _PLACE.fullmatch(place) else REFUSED


_event = _form(_EVENT, _LONG_MAX)
_name = _form(_WORDS, _LONG_MAX)
_numbered_party = _form(_PARTY, _SHORT_MAX)
_text_version = _form(_VERSION, _SHORT_MAX)


def _party(value: object) -> object:
    """Take `lg-131032` or a longer id of words only."""
    numbered = _numbered_party(value)
    return _name(value) if numbered is REFUSED else numbered


def _version(value: object) -> object:
    return _whole(value) if type(value) is int else _text_version(value)


FIELDS: Final[Mapping[str, Callable[[object], object]]] = {
    "task": _name,
    "library": _name,
    "party": _party,
    "peer": _party,
    "outcome": _form(_OUTCOME, _LONG_MAX),
    "refusal": _refusal,
    "error": _error,
    "where": _where,
    "version": _version,
    "status": _whole,
    "port": _whole,
    "processes": _whole,
    "count": _whole,
    "new": _whole,
    "waiting": _whole,
    "dead": _whole,
    "attempt": _whole,
    "duration_s": _seconds,
    "pause_s": _seconds,
    "oldest_waiting_s": _seconds,
    "ready": _flag,
    "durable": _flag,
}


class Log:
    """One room's log; `room` and `clock` stamp the lines.

    `stream` is stderr, as it is when the line is written, unless given. `refused` counts what was
    kept out since the start, `lost` the lines that the stream did not take (a full disk, a closed
    pipe): no use case fails because nobody listens.
    """

    def __init__(
        self, room: str, clock: Clock, *, stream: TextIO | None = None, strict: bool = False
    ) -> None:
        assert _name(room) is not REFUSED, "a room's name is a word"
        self.refused = 0
        self.lost = 0
        self._room = room
        self._clock = clock
        self._stream = stream
        self._strict = strict
        self._render = structlog.processors.JSONRenderer(ensure_ascii=True)

    def info(self, event: LiteralString, **fields: object) -> None:
        """Say that something happened as it should."""
        self._write("info", event, fields)

    def warning(self, event: LiteralString, **fields: object) -> None:
        """Say that something needs attention if it goes on."""
        self._write("warning", event, fields)

    def error(self, event: LiteralString, **fields: object) -> None:
        """Say that something failed that should not."""
        self._write("error", event, fields)

    def reporter(self) -> Reporter:
        """Return what a room reports its bugs to: task, class and place, never the message."""

        def report(task: str, error: Exception) -> None:
            if error.__traceback__ is None:
                self.error("bug", task=task, error=error)
            else:
                self.error("bug", task=task, error=error, where=error.__traceback__)

        return report

    def take_over_libraries(self) -> None:
        """Let libraries' own messages (`logging`) come out only as `LibraryHandler` tells them."""
        logging.basicConfig(handlers=[LibraryHandler(self)], level=logging.WARNING, force=True)
        # A handler's own failure must not print the record that it failed on.
        logging.raiseExceptions = False

    def _write(self, level: str, event: str, fields: Mapping[str, object]) -> None:
        before = self.refused
        line: dict[str, Any] = {
            "at": self._clock.now().isoformat(timespec="milliseconds"),
            "level": level,
            "event": self._checked("event", _event, event),
            "room": self._room,
        }
        for name, value in fields.items():
            check = FIELDS.get(name)
            if check is None:
                self._refuse("a field that is not in FIELDS")
            else:
                line[name] = self._checked(name, check, value)
        if self.refused > before:
            line["log_refused"] = self.refused - before
        rendered = self._render(None, level, line)
        text = rendered if isinstance(rendered, str) else rendered.decode()
        try:
            structlog.PrintLogger(self._stream or sys.stderr).msg(text)
        except (OSError, ValueError):
            self.lost += 1

    def _checked(self, name: str, check: Callable[[object], object], value: object) -> object:
        checked = check(value)
        if checked is REFUSED:
            self._refuse(f"the value of `{name}`")
        return checked

    def _refuse(self, what: str) -> None:
        self.refused += 1
        if self._strict:
            raise LogRefused(f"the log does not take {what}")


class LibraryHandler(logging.Handler):
    """Tells that a library logged, and an exception's class and place; never the text.

    A driver's warning quotes the values of a statement, and a client's the address it called.
    """

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    @override
    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, object] = {"library": record.name.partition(".")[0].strip("_").lower()}
        raised = record.exc_info[1] if record.exc_info else None
        if raised is not None:
            fields["error"] = raised
            if raised.__traceback__ is not None:
                fields["where"] = raised.__traceback__
        self._log.warning("library-message", **fields)
