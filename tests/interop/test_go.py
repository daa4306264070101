"""Go's own log (golang.org/x/mod/sumdb) checks ours, and ours checks Go's."""

import base64
import json
import os
import subprocess
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kumihimo.kernel.tlog.checkpoint import Checkpoint
from kumihimo.kernel.tlog.note import Kind, Note, NoteKey, NoteSigner
from kumihimo.kernel.tlog.tiles import Hashes, Tile, in_log, tiles_of
from kumihimo.kernel.tlog.tree import (
    consistency_path,
    inclusion_path,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from tests.tlog import naive

SOURCE = Path(__file__).parent / "go" / "main.go"
SIZE = 600  # two full tiles and a part of a third
LOG = NoteSigner(
    "log.example/42", Kind.TEXT, Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
)


@pytest.fixture(scope="module")
def peer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("go")
    # Debian's packages of Go lie in its GOPATH; nothing is fetched.
    told = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(folder / "cache")}
    path = {"PATH": os.defpath, "HOME": str(folder)}
    program = folder / "peer"
    build = ["go", "build", "-o", str(program), str(SOURCE)]
    subprocess.run(build, env=told | path, check=True, timeout=120)
    return program


def run(peer, *words, given=b""):
    return subprocess.run([peer, *words], input=given, capture_output=True, timeout=60, check=False)


def text(data):
    return base64.b64encode(data).decode()


@cache
def written():
    """Return a log of ours as the peer reads it, every proof out of the tiles that are served."""
    entries = naive.entries(SIZE)
    stored = naive.tiles(entries)
    tiles = {Tile(level, at, len(data) // 32): data for (level, at), data in stored.items()}
    hashes = Hashes.of(tiles)
    root = hashes.over((0, SIZE))
    body = Checkpoint(LOG.name, SIZE, root).text()
    given = {
        "Note": Note(body, (LOG.sign(body),)).encode().decode(),
        "Keys": [LOG.key.vkey()],
        "Size": SIZE,
        "Root": text(root),
        "Entries": [text(entry) for entry in entries],
        "Tiles": {tile.path(): text(data) for tile, data in tiles.items()},
        "Inclusion": {
            at: [text(h) for h in hashes.proof(inclusion_path(at, SIZE))] for at in range(SIZE)
        },
        "Consistency": {
            old: [text(h) for h in hashes.proof(consistency_path(old, SIZE))]
            for old in range(1, SIZE + 1)
        },
        "OldRoots": {old: text(hashes.over((0, old))) for old in range(1, SIZE + 1)},
    }
    return json.dumps(given).encode()


def test_go_opens_our_note_reads_our_tiles_and_checks_our_proofs(peer):
    told = run(peer, "check", given=written())
    assert told.returncode == 0, told.stderr
    assert told.stdout.decode() == "1 signed, 600 entries, 600 proofs, 600 histories\n"


@pytest.mark.parametrize("what", ["Note", "Root", "Entries", "Tiles", "Inclusion", "Consistency"])
def test_go_finds_what_is_changed(peer, what):
    given = json.loads(written())
    match what:
        case "Note":
            given[what] = given[what].replace(f"\n{SIZE}\n", f"\n{SIZE + 1}\n", 1)
        case "Root":
            given[what] = text(bytes(32))
        case "Entries":
            given[what][7] = text(b"another")
        case "Tiles":
            given[what]["0/001"] = text(bytes(32 * 256))
        case _:
            given[what]["300"][0] = text(bytes(32))
    assert run(peer, "check", given=json.dumps(given).encode()).returncode == 1


def test_we_open_gos_note_read_its_tiles_and_check_its_proofs(peer):
    told = run(peer, "make", str(SIZE))
    assert told.returncode == 0, told.stderr
    given = json.loads(told.stdout)
    unbase64 = base64.b64decode
    [held] = (note := Note.parse(given["Note"].encode())).check(
        [NoteKey.parse(key) for key in given["Keys"]]
    )
    assert held.key.name == "go.example/log"
    checkpoint = Checkpoint.parse(note.text)
    assert (checkpoint.size, checkpoint.root) == (SIZE, unbase64(given["Root"]))
    served = {Tile.parse(path): unbase64(data) for path, data in given["Tiles"].items()}
    assert all(in_log(tile, SIZE) for tile in served)
    needed = {tile: served[tile] for tile in tiles_of([(0, SIZE)], SIZE)}
    assert Hashes.of(needed).over((0, SIZE)) == checkpoint.root
    for index, entry in enumerate(given["Entries"]):
        proof = [unbase64(h) for h in given["Inclusion"][str(index)]]
        verify_inclusion(index, SIZE, leaf_hash(unbase64(entry)), checkpoint.root, proof)
    for old, proof in given["Consistency"].items():
        root = unbase64(given["OldRoots"][old])
        hashes = [unbase64(h) for h in proof]
        verify_consistency(int(old), SIZE, root, checkpoint.root, hashes)
