"""A part of the cluster: a program of somebody else's as a process of ours, with its log."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import attrs
import psutil
from typing_extensions import override

from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.settings import environment_with
from kumihimo.run.system_packages import Program

STOP_LIMIT_S: Final = 30.0
_WORDS_SHOWN: Final = 300


@attrs.define
class Part:
    """A program in a folder of the cluster; `user` is the account that it runs under.

    `stops` is the signal that asks it to end.
    """

    name: str
    program: Program
    arguments: Sequence[str]
    folder: Path
    user: str | None
    stops: int = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """Return the file with what it says."""
        return self.folder / f"{self.name}.log"

    def start(self) -> None:
        """Start it, once again after it ended."""
        self.close()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - Debian's or Patroni's program
                [str(self.program.path), *self.arguments],
                cwd=self.folder,
                env=environment_with(LD_LIBRARY_PATH=self.program.libraries),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self.user,
                start_new_session=True,  # Ctrl-C is for us, who end everything in order
            )

    def alive(self) -> bool:
        """Say whether it runs."""
        return self.process is not None and self.process.poll() is None

    def require(self) -> None:
        """Raise `Unavailable` with its last words if it ended."""
        if not self.alive():
            words = self.log.read_text("utf-8", "replace")[-_WORDS_SHOWN:].strip()
            raise Unavailable(f"{self.name} ended; {self.log} says: {words}")

    def processes(self) -> list[psutil.Process]:
        """Return its processes, its children among them."""
        if self.process is None or not self.alive():
            return []
        with suppress(psutil.NoSuchProcess):
            first = psutil.Process(self.process.pid)
            return [first, *first.children(recursive=True)]
        return []

    def stop(self) -> None:
        """Ask it to end, and see that it does."""
        if self.process is None or not self.alive():
            return
        self.process.send_signal(self.stops)
        try:
            self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            end(self.processes())
        self.close()

    def kill(self) -> None:
        """End it and its children at once."""
        end(self.processes())
        self.close()

    def close(self) -> None:
        """Let go of a process that ended."""
        if self.process is not None:
            self.process.wait()
            self.process = None


@attrs.define
class Node(Part):
    """A server of PostgreSQL under its Patroni. What happens to a machine happens to both."""

    data: Path = attrs.field(kw_only=True)
    port: int = attrs.field(kw_only=True)
    rest: int = attrs.field(kw_only=True)

    def patroni(self) -> list[psutil.Process]:
        """Return the processes of its Patroni alone."""
        return Part.processes(self)

    def postgres(self) -> list[psutil.Process]:
        """Return the processes of its PostgreSQL: Patroni lets it go, so that it outlives Patroni."""
        try:
            first = psutil.Process(int((self.data / "postmaster.pid").read_text().split()[0]))
            if first.name() != "postgres":
                return []
            return [first, *first.children(recursive=True)]
        except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
            return []

    @override
    def processes(self) -> list[psutil.Process]:
        """Return all of it."""
        return [*self.patroni(), *self.postgres()]

    def freeze(self) -> None:
        """Let the machine stand still: nothing ends and nobody answers."""
        _signal(self.processes(), signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on as if nothing had been."""
        _signal(self.processes(), signal.SIGCONT)

    def clear(self) -> None:
        """End a PostgreSQL that outlived its Patroni."""
        end(self.postgres())


def end(processes: Iterable[psutil.Process]) -> None:
    """End processes at once, as a power cut would, and wait until they are gone."""
    ended = list(processes)
    _signal(ended, signal.SIGKILL)
    psutil.wait_procs(ended, timeout=STOP_LIMIT_S)


def _signal(processes: Iterable[psutil.Process], number: int) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def own(path: Path, user: str | None) -> None:
    """Hand a file or folder to the account that a part runs under."""
    if user is not None and os.geteuid() == 0:
        shutil.chown(path, user)
