"""`kumihimo serve` when it cannot serve: one line that says what is wrong, and nothing started."""

import socket
import subprocess
import sys

import pytest

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import new_master, save_master


def serve(*arguments, timeout=240):
    return subprocess.run(
        [sys.executable, "-m", "kumihimo", "serve", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.fixture
def config(tmp_path):
    save_master(tmp_path / "master.key", new_master(SystemEntropy()))
    (tmp_path / "dsn").write_text("host=127.0.0.1 port=1 dbname=none\n")
    (tmp_path / "dsn").chmod(0o600)
    path = tmp_path / "linkage.toml"

    def write(port=1, key="master.key"):
        path.write_text(
            f'listen = "127.0.0.1:{port}"\nkey = "{key}"\ndatabase = {{ file = "dsn" }}\n'
            f'oversight_key = "{"ab" * 32}"\n[peers]\noversight = "http://127.0.0.1:1"\n'
        )
        return path

    return write


def told(done, code, words):
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_told(config):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        path = config(port=taken.getsockname()[1])
        told(serve("linkage", "--config", str(path)), 2, "listen")


def test_a_database_that_does_not_answer_is_told(config):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    told(serve("linkage", "--config", str(config(port=port))), 1, "database does not answer")


def test_a_missing_key_a_missing_file_and_a_missing_room_are_told(config, tmp_path):
    told(serve("linkage", "--config", str(config(key="other.key"))), 2, "other.key")
    told(serve("linkage", "--config", str(tmp_path / "none.toml")), 2, "none.toml")
    told(serve("palace", "--config", str(config())), 2, "no such room")


COMPOSED = """
import sys
from pathlib import Path
from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.run.serving import compose
path, clock, entropy = Path(sys.argv[1]), SystemClock(), SystemEntropy()
assert compose("linkage", path, clock=clock, entropy=entropy, report=print).room == "linkage"
print(*sys.modules)
"""


def test_a_process_has_the_program_of_its_own_room_in_its_memory_and_of_no_other(config):
    said = subprocess.check_output([sys.executable, "-c", COMPOSED, config()], text=True)
    rooms = {name for name in said.split() if name.startswith("kumihimo.rooms.")}
    others = {name for name in rooms if name.count(".") > 2 and ".linkage." not in name}
    assert "kumihimo.rooms.linkage.service" in rooms
    told = {
        f"kumihimo.rooms.oversight.{name}" for name in ("api", "book", "client", "statistics_api")
    }
    assert others == told
    assert not any(name.startswith(("opentelemetry.sdk", "requests")) for name in said.split())


def test_a_gateway_starts_without_what_only_millions_of_rows_and_drawn_cards_need():
    asked = "import sys, kumihimo.run.services.gateway; print(*sys.modules)"
    read_in = set(subprocess.check_output([sys.executable, "-c", asked], text=True).split())
    assert "kumihimo.rooms.gateway.app" in read_in
    assert not read_in & {"numpy", "PIL", "polars"}
