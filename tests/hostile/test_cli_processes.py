"""`kumihimo` as a process: what reaches the terminal, what signals and a full disk leave behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest

from kumihimo.kernel.settings import environment_with
from tests.hostile.terminal import BUG, typed

KUMIHIMO = (sys.executable, "-m", "kumihimo")
PATIENCE_S = 240  # a bound for a machine that is busy, not a wait
# A disk of one megabyte in a namespace of its own, which is gone with the process.
SMALL_DISK = (
    'mount -t tmpfs -o size=1m none "$0" && "$@"; code=$?; echo "left: $(ls -A "$0")"; exit $code'
)
SMALL_FILES = 'ulimit -f 20; "$@"; code=$?; echo "left: $(ls -A "$0")"; exit $code'


def kumihimo(*words, stdout=subprocess.PIPE, cwd=None, env=None):
    return subprocess.run(
        [*KUMIHIMO, *words],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env=env,
        timeout=PATIENCE_S,
        check=False,
    )


def one_line(done):
    """Return the one line of a process that was refused."""
    told = done.stderr.decode()
    assert not any(words in told for words in BUG), told
    assert len(told.splitlines()) == 1, told
    assert told.startswith("kumihimo: "), told
    return told


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        [b"\xff\xfe"],
        ["world", "--residents", "x", "--out", "w"],
        ["check-config", b"missing-\xff\x1b[2J", "--room", "linkage"],
        ["statute", "check", "pipe"],
    ],
    ids=["command", "not-utf8", "number", "steering", "pipe"],
)
def test_a_line_that_cannot_be_done_is_one_line_on_the_terminal_and_no_traceback(tmp_path, words):
    os.mkfifo(tmp_path / "pipe")
    done = kumihimo(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == b""
    assert one_line(done).rstrip("\n").isprintable()
    assert [one.name for one in tmp_path.iterdir()] == ["pipe"]


READ_IN = """
import sys
from kumihimo.run import cli
for word in ("adit", "--help", "statute"):
    code = cli.run(cli.build(), [word])
    read_in = [one.module for one in cli.COMMANDS if one.module in sys.modules]
    print("read in:", code, *read_in, file=sys.stderr)
"""


def test_a_mistyped_command_and_the_list_of_all_are_answered_before_any_command_is_read_in():
    done = subprocess.run(
        [sys.executable, "-c", READ_IN], capture_output=True, timeout=PATIENCE_S, check=True
    )
    told = done.stderr.decode().splitlines()
    assert 'Unknown command "adit". Did you mean "audit"? Commands: demo, ' in told[0]
    assert told[1:] == ["read in: 2", "read in: 0", "read in: 0 kumihimo.run.statute_cli"]


@pytest.mark.parametrize("words", [["--version"], ["statute", "affairs"]], ids=["short", "long"])
def test_an_output_that_is_full_is_told_as_that_and_not_as_a_bug(words):
    with Path("/dev/full").open("wb") as full:
        done = kumihimo(*words, stdout=full.fileno())
    assert done.returncode == 1
    assert "No space left" in one_line(done)


def test_an_output_that_somebody_closed_is_no_fault():
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = kumihimo("statute", "affairs", stdout=closed.fileno())
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("encoding", ["ascii", "cp932"])
def test_a_terminal_in_another_encoding_gets_all_lines(encoding):
    done = kumihimo("statute", "affairs", env=environment_with(PYTHONIOENCODING=encoding))
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(done.stdout.splitlines()) == len(typed("statute", "affairs").out.splitlines())


def interrupted(folder, out, number, *options, times=1):
    """Send a signal to `kumihimo world` while it writes; returns how it ended."""
    words = ("world", "--residents", "2000000", "--out", str(out), *options)
    with subprocess.Popen(
        [*KUMIHIMO, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as world:
        try:
            deadline = monotonic() + PATIENCE_S
            while not list(folder.rglob(".w.*/world/residents")):
                assert monotonic() < deadline, "nothing was written"
                assert world.poll() is None, "it ended before it was stopped"
                sleep(0.01)
            for _ in range(times):
                world.send_signal(number)
            told = world.communicate(timeout=PATIENCE_S)
        finally:
            world.kill()  # where it did not end: `with` waits for it, and two millions take long
    return world.returncode, told[0].decode(), told[1].decode()


def contents(folder):
    return {
        path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_world_that_is_stopped_leaves_no_folder_behind_nor_those_above(tmp_path, number):
    code, out, err = interrupted(tmp_path, tmp_path / "a" / "b" / "w", number)
    assert (code, out) == (128 + number, "")
    assert "Stopped" in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_a_world_that_was_to_be_replaced_stays_however_often_ctrl_c_is_pressed(tmp_path):
    assert typed("world", "--residents", "5", "--out", str(tmp_path / "w")).code == 0
    before = contents(tmp_path)
    code, _, _ = interrupted(tmp_path, tmp_path / "w", signal.SIGINT, "--force", times=3)
    assert code == 128 + signal.SIGINT
    assert before
    assert contents(tmp_path) == before
    assert [one.name for one in tmp_path.iterdir()] == ["w"]


@pytest.mark.parametrize("options", [(), ("--force",)], ids=["plain", "force"])
def test_files_of_somebody_else_stay_and_the_folder_is_named(tmp_path, options):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"mine")
    told = typed("world", "--residents", "5", "--out", str(tmp_path / "photos"), *options)
    assert told.code == 1
    assert str(tmp_path / "photos") in told.err
    assert [one.name for one in tmp_path.rglob("*")] == ["photos", "cat.jpg"]


def test_the_folder_that_one_stands_in_is_not_moved_away(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for out in (".", "", str(tmp_path)):
        assert "the folder you are in" in typed("world", "--residents", "5", "--out", out).err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("taken", ["file", "dangling", "pipe", "below-a-file"])
def test_what_is_no_folder_is_not_replaced_by_one(tmp_path, taken):
    (tmp_path / "file").write_bytes(b"mine")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.iterdir())
    out = tmp_path / ("file/w" if taken == "below-a-file" else taken)
    for force in ((), ("--force",)):
        told = typed("world", "--residents", "5", "--out", str(out), *force)
        assert (told.code, len(told.err.splitlines())) == (1, 1)
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "file").read_bytes() == b"mine"


def in_a_shell(script, folder, *command, apart=False):
    words = ["unshare", "-rm"] if apart else []
    return subprocess.run(
        [*words, "sh", "-c", script, str(folder), *command],
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )


def room_of_one_megabyte(folder):
    """Return how a disk is made small here: a real one where the kernel lets us, else by limit."""
    probe = in_a_shell(SMALL_DISK, folder, "true", apart=True)
    return (SMALL_DISK, True) if probe.returncode == 0 else (SMALL_FILES, False)


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_disk_that_fills_up_while_a_world_is_written_is_told_and_nothing_is_left(tmp_path, form):
    script, apart = room_of_one_megabyte(tmp_path)
    words = ("world", "--residents", "60000", "--out", str(tmp_path / "w"), "--format", form)
    done = in_a_shell(script, tmp_path, *KUMIHIMO, *words, "--json", apart=apart)
    assert done.returncode == 1
    assert "could not be written" in one_line(done)
    assert done.stdout.decode() == "left: \n"


def test_a_key_that_does_not_fit_on_the_disk_leaves_no_half_of_it(tmp_path):
    program = (
        "import resource, sys; from pathlib import Path\n"
        "from kumihimo.kernel.entropy import SystemEntropy\n"
        "from kumihimo.kernel.keys import new_master, save_master\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))\n"
        "save_master(Path(sys.argv[1]), new_master(SystemEntropy()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "key")], capture_output=True, check=False
    )
    assert done.returncode == 1
    assert b"File too large" in done.stderr
    assert list(tmp_path.iterdir()) == []
