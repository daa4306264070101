"""A card reader that only this machine's programs reach, and that leaves nothing behind."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from kumihimo.card.vpcd import NoReader, connect
from kumihimo.kernel.refusal import Unavailable
from kumihimo.run.closed_reader import PORT, SLOTS, closed_reader
from kumihimo.run.system_packages import ensure_driver
from tests.card.reader import JPKI
from tests.interop.desk import IN_TIME_S

HOLDS = """
import sys
from kumihimo.run.closed_reader import closed_reader
with closed_reader() as reader:
    reader.connect(0)
    print(reader.variables["PCSCLITE_CSOCK_NAME"], flush=True)
    sys.stdin.read()
"""


def services(folder):
    """Return the processes that name a reader's folder in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue  # ended meanwhile
    return found


@contextmanager
def all_end(found):
    """Hold processes while the block runs, and wait for their ends after it."""
    handles = [os.pidfd_open(pid) for pid in found]
    yield
    for handle in handles:
        # Readable once the process has ended.
        assert select.select([handle], [], [], IN_TIME_S)[0]
        os.close(handle)


def listening():
    """Return the ports that somebody listens on in the machine's own network."""
    lines = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/self/net/{name}").read_text().splitlines()[1:]
    ]
    return {int(line[1].rpartition(":")[2], 16) for line in lines if line[3] == "0A"}


def test_no_port_of_a_reader_is_open_on_this_machine(reader):
    with reader.connect(1):
        assert not {PORT + slot for slot in range(SLOTS)} & listening()
        with pytest.raises(NoReader):
            connect(1)


def test_a_port_that_is_open_would_be_seen():
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert server.getsockname()[1] in listening()


def test_a_reader_ends_with_its_block():
    with closed_reader() as reader:
        reader.connect(0).close()
        folder = Path(reader.variables["PCSCLITE_CSOCK_NAME"]).parents[1]
        assert services(folder)
    assert not folder.exists()
    assert services(folder) == []


def test_a_reader_ends_when_its_owner_is_killed():
    command = [sys.executable, "-c", HOLDS]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout
        folder = Path(owner.stdout.readline().strip()).parents[1]
        found = services(folder)
        assert found
        with all_end(found):
            owner.send_signal(signal.SIGKILL)


def test_a_service_that_has_died_is_told_and_not_waited_for():
    with closed_reader() as reader:
        reader.connect(0).close()
        folder = Path(reader.variables["PCSCLITE_CSOCK_NAME"]).parents[1]
        found = services(folder / "conf")
        # Its port is open until it has ended, which a signal does not wait for.
        with all_end(found):
            for pid in found:
                os.kill(pid, signal.SIGKILL)
        with pytest.raises(Unavailable, match="PC/SC service"):
            reader.connect(0)


def test_the_driver_is_unpacked_once_and_nothing_of_it_is_installed():
    driver = ensure_driver()
    assert driver.is_file()
    assert ensure_driver() == driver


@pytest.mark.usefixtures("card")
def test_pcsc_scan_names_the_readers(desk):
    told = desk.done("pcsc_scan", "-r")
    assert re.search(r"0: Kumihimo 00 00\s+1: Kumihimo 00 01", told)


@pytest.mark.usefixtures("card")
def test_scriptor_sends_what_a_script_says(desk):
    commands = (f"00A4040C0A{JPKI}", "00A4020C020006", "00B0000020")
    script = "".join(f"{bytes.fromhex(one).hex(' ')}\n" for one in commands)
    told = desk.done("scriptor", text=script)
    assert told.count("90 00") == 3
    assert "4A 50 4B 49 41 50 49 43 43 54 4F 4B 45 4E 32" in " ".join(told.split())
