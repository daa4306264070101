"""What can be typed at a terminal: every command of the table with its parameters, and one try."""

import io
import signal
import sys
from contextlib import contextmanager
from functools import cache
from typing import Literal, get_args, get_origin

import attrs

from kumihimo.run import cli

SECONDS = 60  # a bound for a machine that is busy, not a wait
BUG = ("Traceback", "予期しない誤り", "This is a bug")


class StillRunning(BaseException):
    """A command did not end in time; most likely it waits for something that never comes."""


@attrs.frozen
class Parameter:
    """One parameter of a command: how it is typed and of what type its value is."""

    name: str
    kind: type | object
    required: bool
    many: bool

    @property
    def writes(self) -> bool:
        """Say whether the path is one that the command makes: by the name, in every command."""
        return self.name.startswith(("--out", "--transcript"))

    def typed(self, value):
        """Return the words for a value, however hostile the value looks."""
        return [value] if self.many else [f"{self.name}={value}"]


@attrs.frozen
class Leaf:
    """One command that does something; `words` is what stands before its parameters."""

    words: tuple[str, ...]
    parameters: tuple[Parameter, ...]

    def __str__(self):
        return " ".join(self.words)


@attrs.frozen
class Told:
    """What one line did."""

    code: int | str | None
    out: str
    err: str


@cache
def _commands():
    """Return the command line, built once for thousands of lines: it keeps nothing of any."""
    return cli.build()


def leaves():
    """Return every command of the table that does something, sub-commands included."""
    app = _commands()
    return [leaf for command in cli.COMMANDS for leaf in _below(app[command.name], command.name)]


def _below(app, *words):
    if app.default_command is not None:
        arguments = [one for one in app.assemble_argument_collection() if not one.children]
        yield Leaf(words, tuple(_parameter(one) for one in arguments))
    for name in app:
        if not name.startswith("-"):
            yield from _below(app[name], *words, name)


def _parameter(argument):
    hint = argument.hint
    if type(None) in get_args(hint):  # what may be left out
        [hint] = [one for one in get_args(hint) if one is not type(None)]
    many = get_origin(hint) is tuple
    kinds = [one for one in get_args(hint) if one is not ...]
    literal = get_origin(hint) is Literal or not kinds
    kind = hint if literal else kinds[0]
    kind = Literal if get_origin(kind) is Literal else kind
    return Parameter(argument.names[0], kind, argument.required, many)


def typed(*words):
    """Run one line as `kumihimo` does, in this process; raises `StillRunning`."""
    # As `main` sets its streams; the processes of test_cli_processes.py go through it.
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace") for _ in range(2))
    with _instead(out, err), _at_most(SECONDS):
        try:
            code = cli.run(_commands(), words)
        except SystemExit as stop:
            code = stop.code
    for stream in (out, err):
        stream.flush()
    return Told(code, out.buffer.getvalue().decode(), err.buffer.getvalue().decode())


@contextmanager
def _instead(out, err):
    was = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        yield
    finally:
        sys.stdout, sys.stderr = was


@contextmanager
def _at_most(seconds):
    def late(*_):
        raise StillRunning

    was = signal.signal(signal.SIGALRM, late)
    bound = signal.setitimer(signal.ITIMER_REAL, seconds)  # the test's own, which goes on after
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, was)
        signal.setitimer(signal.ITIMER_REAL, *bound)
