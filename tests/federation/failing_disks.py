"""The disk under a federation fails: Debian's strace answers calls of its processes in the kernel's place.

No right is needed for it, nor a disk of its own. What a process did before is as it was; while the
block lasts each call that is named comes back with the error, in every process of the server, those
that it starts meanwhile too. The rooms' own logs lie on the same disk.
"""

import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import psycopg

from tests.federation.processes import until

WRITES = ("write", "pwrite64", "pwritev", "pwritev2", "fallocate", "ftruncate")
SYNCS = ("fsync", "fdatasync")
LOOKS = 10  # without anybody who recovers, until it is known to stand still
READS = ("pread64", "preadv", "preadv2")


class Tracer:
    """One strace, and the calls to which it gave an error."""

    def __init__(self, folder, pids, error, calls, paths=()):
        self.told = folder / f"{pids[0]}"
        named = ",".join(calls)
        command = ["strace", "-f", "-qqq", "-o", str(self.told), "-e", "signal=none"]
        command += ["-e", f"trace={named}", "-e", f"inject={named}:error={error}"]
        command += [word for path in paths for word in ("-P", str(path))]
        command += [word for pid in pids for word in ("-p", str(pid))]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        # It ends by itself with the last that it traces.
        until(lambda: self._process.poll() is not None or all(map(traced, pids)))

    def stop(self):
        self._process.terminate()
        _, words = self._process.communicate()
        assert "not permitted" not in words, words

    @property
    def errors(self):
        return self.told.read_text().count("(INJECTED)")


def traced(pid):
    """Say whether somebody traces a process, or it is gone."""
    with suppress(OSError):
        return "TracerPid:\t0\n" not in Path(f"/proc/{pid}/status").read_text()
    return True


class FailingDisk:
    """What fails while `failing` lasts."""

    def __init__(self, folder, rooms, server, error, calls):
        self._tracers = []
        self._server = server
        postmaster = server._server.pid
        # The postmaster first: what it starts from then on is traced from its first call.
        try:
            self._trace(folder, [postmaster], error, calls)
            if there := [one.pid for one in children(server) if not traced(one.pid)]:
                self._trace(folder, there, error, calls)
            for room in rooms.rooms.values():
                log = room.settings.with_suffix(".log")
                self._trace(folder, [room.process.pid], error, ("write",), [log])
        except BaseException:
            self.mend()
            raise

    def _trace(self, folder, pids, error, calls, paths=()):
        self._tracers.append(Tracer(folder, pids, error, calls, paths))

    @property
    def errors(self):
        """How many calls of the server have failed."""
        return sum(tracer.errors for tracer in self._tracers)

    def mend(self):
        for tracer in self._tracers:
            tracer.stop()


@contextmanager
def failing(rooms, server, error, calls):
    """Let the disk fail until the block ends; a server that does not come back is started again."""
    with TemporaryDirectory(prefix="kumihimo-test-") as folder:
        disk = FailingDisk(Path(folder), rooms, server, error, calls)
        try:
            yield disk
            assert disk.errors, "nothing failed"
        finally:
            disk.mend()
            if not comes_back(server):
                server.kill()
                server.restart()


def comes_back(server):
    """Wait until the server takes connections; False where it has ended, or stands still.

    PostgreSQL 18 stands still after a crash whose recovery crashed as well before it began: it
    refuses everybody ("in recovery mode"), and no process of it recovers anything.
    """
    still = 0
    while server._server.poll() is None and still < LOOKS:
        with suppress(psycopg.OperationalError):
            psycopg.connect(server.admin("postgres").reveal(), connect_timeout=2).close()
            return True
        still = 0 if recovers(server) else still + 1
        time.sleep(0.2)
    return False


def recovers(server):
    with suppress(psutil.NoSuchProcess):
        return any("startup" in " ".join(one.cmdline()) for one in children(server))
    return False


def children(server):
    """Return the server's processes but the first, which may have ended by now."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(server._server.pid).children()
    return []
