"""Runs inside a network namespace of its own: the PC/SC service, and the way to its virtual slots.

vpcd listens on every interface of the network it stands in; here that is a loopback and nothing
else. Standard library only. For each byte that it reads from the socket it was given, it answers
with a connection to that slot. At the end of that socket, the service ends.

Arguments: the socket's file descriptor, the folder of the reader, the port of slot 0.
"""

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

LOOPBACK = "127.0.0.1"
TRIES = 500
PAUSE_S = 0.02


def main() -> None:
    """Start the service and hand out connections until the other side is gone."""
    control = socket.socket(fileno=int(sys.argv[1]))
    folder, port = Path(sys.argv[2]), int(sys.argv[3])
    _own_folder(folder / "run")
    _run("ip", "link", "set", "lo", "up")
    with (folder / "log").open("wb") as log:
        # setpriv: should this process be killed, its service goes with it.
        command = ["setpriv", "--pdeathsig", "KILL", "pcscd", "-f", "-c", str(folder / "conf")]
        service = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # noqa: S603
    try:
        while asked := control.recv(1):
            with contextlib.closing(_connected(service, port + asked[0])) as connection:
                socket.send_fds(control, [asked], [connection.fileno()])
    finally:
        service.kill()
        service.wait()


def _own_folder(folder: Path) -> None:
    """Let the service's own place in the file system be `folder`, for this process alone."""
    place = Path("/run/pcscd")
    held = os.open(folder, os.O_PATH)  # whatever is mounted over it
    if not place.is_dir():
        _run("mount", "-t", "tmpfs", "tmpfs", "/run")
        place.mkdir()
    _run("mount", "--bind", f"/proc/self/fd/{held}", str(place), keep=held)
    os.close(held)


def _connected(service: subprocess.Popen[bytes], port: int) -> socket.socket:
    for _ in range(TRIES):
        with contextlib.suppress(ConnectionRefusedError):
            return socket.create_connection((LOOPBACK, port))
        if service.poll() is not None:
            break
        time.sleep(PAUSE_S)
    raise SystemExit("the PC/SC service did not open its virtual slot")


def _run(*command: str, keep: int | None = None) -> None:
    subprocess.run(command, check=True, pass_fds=() if keep is None else (keep,))  # noqa: S603


if __name__ == "__main__":
    main()
