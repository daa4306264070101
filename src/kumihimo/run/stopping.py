"""How a command ends when somebody asks it to: by a signal, which comes at any moment."""

import sys
from time import monotonic
from types import FrameType
from typing import Final, NoReturn

import attrs

CLEARING_S: Final = 1.0


class Stopped(KeyboardInterrupt):
    """Somebody asks to end: what was begun is cleared away, whichever signal it was."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.code = 128 + number  # as shells count


@attrs.define
class Stopper:
    """A signal handler that raises `Stopped`, and then lets the clearing away go on for a while.

    Who presses Ctrl-C twice at once, or stops a whole process group, sends more than one signal.
    Where a loop runs it is raised between two steps of the loop: in the middle of one it would come
    between the leaving of an `async with` and the wait for it, and what was begun would stay. Whoever
    asks again, when a second has passed and the step has not, does not wait for its end.
    """

    last: float = -CLEARING_S
    waits: bool = False

    def __call__(self, number: int, _: FrameType | None) -> None:
        """Raise `Stopped`, or let the loop do so, unless that was done a moment ago."""
        now = monotonic()
        if now - self.last < CLEARING_S:
            return
        self.last = now
        if self.waits or not self._in_loop(number):
            self._stop(number)

    def _in_loop(self, number: int) -> bool:
        """Let the loop that runs here, if one does, raise `Stopped` at its next step."""
        if "asyncio" not in sys.modules:
            return False
        import asyncio  # noqa: PLC0415 - small commands start without it, an eighth of a second sooner

        try:
            asyncio.get_running_loop().call_soon_threadsafe(self._step, number)
        except RuntimeError:
            return False  # none runs
        self.waits = True
        return True

    def _step(self, number: int) -> None:
        if self.waits:
            self._stop(number)

    def _stop(self, number: int) -> NoReturn:
        self.waits = False
        raise Stopped(number)
