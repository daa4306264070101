"""A PC/SC reader with two virtual slots that only programs of this machine can reach.

The PC/SC service runs in a network namespace of its own (`reader_inside`), so nobody on a network
can put a card into it. Programs reach it through a socket in the file system, as they reach the
machine's own service, when `PCSCLITE_CSOCK_NAME` names that socket; real readers stay with the
machine's own service. Everything ends with the block, and with this process.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import attrs

from kumihimo.kernel.refusal import Unavailable
from kumihimo.run import reader_inside
from kumihimo.run.system_packages import READER, ensure, ensure_driver

PORT: Final = 0x8C7B  # vpcd's own; the second slot is at the next
SLOTS: Final = 2  # as many as Debian's vpcd is built with
_CONF: Final = """FRIENDLYNAME "Kumihimo"
DEVICENAME   /dev/null:{port:#x}
LIBPATH      {driver}
CHANNELID    {port:#x}
"""
_ENDS_IN_S: Final = 5


@attrs.frozen
class ClosedReader:
    """A running reader. `variables` is what a client needs in its environment to find it."""

    _control: socket.socket
    _folder: Path

    @property
    def variables(self) -> dict[str, str]:
        """Return the environment variables by which a PC/SC client finds this reader."""
        return {"PCSCLITE_CSOCK_NAME": str(self._folder / "run" / "pcscd.comm")}

    def connect(self, slot: int) -> socket.socket:
        """Return a connection to a virtual slot; raises `Unavailable` when the service is gone."""
        assert 0 <= slot < SLOTS, "there is no such slot"
        try:
            self._control.send(bytes([slot]))
            _, handles, _, _ = socket.recv_fds(self._control, 1, 1)
        except OSError:
            handles = []
        if not handles:
            raise Unavailable(f"the PC/SC service did not start: {self._last_words()}")
        return socket.socket(fileno=handles[0])

    def _last_words(self) -> str:
        lines = [
            line
            for name in ("inside", "log")
            for line in (self._folder / name).read_text("utf-8", "replace").splitlines()
        ]
        return lines[-1] if lines else "it said nothing"


@contextmanager
def closed_reader() -> Generator[ClosedReader]:
    """Run a reader while the block runs; installs what it needs where that is allowed."""
    ensure(READER)
    driver = ensure_driver()
    with TemporaryDirectory(prefix="kumihimo-reader-") as name:
        folder = Path(name)
        for below in ("run", "conf", "no-drivers"):
            (folder / below).mkdir()
        (folder / "conf" / "slots").write_text(_CONF.format(port=PORT, driver=driver))
        ours, theirs = socket.socketpair()
        with ours, theirs:
            inside = _start(folder, theirs.fileno())
            theirs.close()
            try:
                yield ClosedReader(ours, folder)
            finally:
                ours.close()
                try:
                    inside.wait(_ENDS_IN_S)
                except subprocess.TimeoutExpired:
                    inside.kill()
                    inside.wait()


def _start(folder: Path, handle: int) -> subprocess.Popen[bytes]:
    namespaces = ["unshare", "--net", "--mount"]
    if os.geteuid() != 0:
        namespaces.append("--map-root-user")
    # No driver for real readers: those belong to the machine's own service.
    variables = ["env", f"PCSCLITE_HP_DROPDIR={folder / 'no-drivers'}"]
    python = [sys.executable, "-I", str(Path(reader_inside.__file__))]
    with (folder / "inside").open("wb") as log:
        (folder / "log").touch()
        return subprocess.Popen(  # noqa: S603 - the commands are this file's own
            [*variables, *namespaces, *python, str(handle), str(folder), str(PORT)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(handle,),
        )
