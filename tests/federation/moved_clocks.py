"""The clock of rooms that are processes of their own, moved by Debian's libfaketime.

What waits (time-outs, pauses) goes on as it does; only what the rooms call now is moved.
"""

import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from kumihimo.kernel.message import MAX_SKEW

SEEN_WITHIN_S = 1


class MovedClock:
    """Moves the clock of every process that is started after `applies`."""

    def __init__(self, folder, monkeypatch):
        self._file = folder / "moved-by"
        self._patch = monkeypatch
        self._later = 0
        self.move_to(0)

    def applies(self):
        libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        self._patch.setenv("LD_PRELOAD", str(libraries[0]))
        self._patch.setenv("FAKETIME_TIMESTAMP_FILE", str(self._file))
        self._patch.setenv("FAKETIME_CACHE_DURATION", str(SEEN_WITHIN_S))
        self._patch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")

    def move_to(self, seconds):
        """Let it be this much later than it is; each process sees that within `SEEN_WITHIN_S`."""
        self._later = seconds
        self._file.write_text(f"+{seconds}\n")

    def pass_by(self, seconds):
        """Let time pass under a load: in steps, so that no room takes another's message for old."""
        until, step = self._later + seconds, int(MAX_SKEW.total_seconds()) - 5
        while self._later < until:
            self.move_to(min(self._later + step, until))
            time.sleep(1.5 * SEEN_WITHIN_S)


@contextmanager
def moved_clock():
    """Give a clock whose traces are gone when the block ends."""
    with (
        pytest.MonkeyPatch.context() as patch,
        TemporaryDirectory(prefix="kumihimo-test-") as folder,
    ):
        yield MovedClock(Path(folder), patch)
