"""Anybody runs a witness from the command line, and has the proof in hand when the log lies."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import PartyKeys, load_master, new_master, save_master
from kumihimo.kernel.tlog.checkpoint import Checkpoint
from kumihimo.kernel.tlog.edge import Edge
from kumihimo.kernel.tlog.note import Kind, Note, NoteKey
from kumihimo.kernel.tlog.policy import NotBelieved, Policy
from kumihimo.kernel.tlog.tiles import Tile
from kumihimo.kernel.tlog.tree import fold, leaf_hash
from kumihimo.run import cli
from tests.hostile.terminal import typed
from tests.tlog.keys import LOG, ORIGIN, STRANGER, signed

NAME = "example.org/witness"


def entries(count, *, but=None):
    found = [hashlib.sha256(b"%d" % at).digest() for at in range(count)]
    if but is not None:
        found[but] = bytes(32)
    return found


class Served:
    """A log that anyone reads over HTTP; what it says is changed between looks."""

    def __init__(self):
        self.entries, self.by = [], LOG
        served = self

        class Door(BaseHTTPRequestHandler):
            def do_GET(self):
                body = served.answer(self.path.removeprefix("/log/"))
                self.send_response(200 if body is not None else 404)
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, format, *args):  # noqa: A002 - the library names it so
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def answer(self, path):
        if path == "checkpoint":
            edge, _ = Edge.empty().grown(self.entries)
            return signed(edge.size, edge.root(), by=(self.by,)).encode()
        tile = Tile.parse(path.removeprefix("tile/"))
        hashes = [leaf_hash(entry) for entry in self.entries]
        for _ in range(tile.level):
            hashes = [fold(hashes[at : at + 256]) for at in range(0, len(hashes) // 256 * 256, 256)]
        found = hashes[tile.start : tile.start + tile.width]
        return b"".join(found) if len(found) == tile.width else None

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def log():
    served = Served()
    yield served
    served.close()


@pytest.fixture
def look(log, tmp_path):
    save_master(tmp_path / "a.key", new_master(SystemEntropy()))

    def run(**given):
        line = {
            "log-key": LOG.key.vkey(),
            "name": NAME,
            "key": tmp_path / "a.key",
            "out": tmp_path / "seen",
        } | {name.replace("_", "-"): value for name, value in given.items()}
        return typed("witness", log.address, *(f"--{name}={value}" for name, value in line.items()))

    return run


def believed(path, key, log=LOG):
    keys = PartyKeys(NAME, load_master(key))
    witness = NoteKey(NAME, Kind.COSIGNATURE, keys.public.signing)
    policy = Policy.parse(f"log {log.key.vkey()}\nwitness w {witness.vkey()}\nquorum w\n")
    return policy.believe(Note.parse(path.read_bytes()))


def test_what_continues_is_cosigned_and_kept(log, look, tmp_path):
    for count in (3, 3, 300, 70_000):
        log.entries = entries(count)
        told = look()
        assert told.code == cli.DONE, told
        assert f"{count} entries" in told.out
        assert believed(tmp_path / "seen", tmp_path / "a.key").checkpoint.size == count
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.key", "seen"]


@pytest.mark.parametrize("after", [entries(400, but=3), entries(300, but=3), entries(299)])
def test_a_log_with_two_histories_is_reported_and_both_are_kept(log, look, tmp_path, after):
    log.entries = entries(300)
    assert look().code == cli.DONE
    before = (tmp_path / "seen").read_bytes()
    log.entries = after
    told = look()
    assert told.code == cli.FAILED
    assert "another history" in told.err
    assert (tmp_path / "seen").read_bytes() == before
    proof = (tmp_path / "seen.two-histories").read_bytes()
    first, second = proof.removeprefix(before + b"\n"), before
    sizes = [Checkpoint.parse(Note.parse(one).text).size for one in (second, first)]
    assert sizes == [300, len(after)]
    log.entries = entries(301)
    assert look().code == cli.DONE


def test_whoever_is_not_the_log_is_not_believed(log, look, tmp_path):
    log.entries = entries(3)
    log.by = STRANGER
    told = look()
    assert told.code == cli.BAD_INPUT
    assert not (tmp_path / "seen").exists()
    log.by = LOG
    assert look(log_key=STRANGER.key.vkey()).code == cli.BAD_INPUT
    assert look().code == cli.DONE
    with pytest.raises(NotBelieved):
        believed(tmp_path / "seen", tmp_path / "a.key", log=STRANGER)


@pytest.mark.parametrize(
    "given",
    [
        {"log_key": "x"},
        {"log_key": f"{ORIGIN}+00000000+AAAA"},
        {"name": "two words"},
        {"name": ""},
        {"name": "a+b"},
        {"key": "nowhere"},
        {"every": "0"},
        {"every": "86401"},
        {"every": "x"},
    ],
)
def test_what_no_witness_can_be_made_of_is_refused_before_anything_is_asked(log, look, given):
    log.entries = entries(3)
    told = look(**given)
    assert told.code == cli.BAD_INPUT, told
    assert len(told.err.splitlines()) == 1


@pytest.mark.parametrize(
    "content", [b"", b"x", b"\xff", signed(3, bytes(32), by=(STRANGER,)).encode()]
)
def test_a_state_that_is_none_is_not_overwritten(log, look, tmp_path, content):
    log.entries = entries(3)
    (tmp_path / "seen").write_bytes(content)
    assert look().code == cli.BAD_INPUT
    assert (tmp_path / "seen").read_bytes() == content


def test_a_log_that_does_not_answer_is_said_to_be_silent(log, look):
    told = look()
    assert told.code == cli.DONE  # an empty log is one, too
    log.entries = entries(3)
    log.answer = lambda _: None
    assert look().code == cli.FAILED
