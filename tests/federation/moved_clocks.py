"""The clock of rooms that are processes of their own, moved by Debian's libfaketime.

What waits (time-outs, pauses) goes on as it does; only what the rooms call now is moved.
"""

from pathlib import Path

SEEN_WITHIN_S = 1


class MovedClock:
    """Moves the clock of every process that is started after `applies`."""

    def __init__(self, folder):
        self._file = folder / "moved-by"
        self.move_to(0)

    def applies(self, monkeypatch):
        libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        monkeypatch.setenv("LD_PRELOAD", str(libraries[0]))
        monkeypatch.setenv("FAKETIME_TIMESTAMP_FILE", str(self._file))
        monkeypatch.setenv("FAKETIME_CACHE_DURATION", str(SEEN_WITHIN_S))
        monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")

    def move_to(self, seconds):
        """Let it be this much later than it is; each process sees that within `SEEN_WITHIN_S`."""
        self._file.write_text(f"+{seconds}\n")
