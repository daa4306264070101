"""Another reader of C2SP logs (tlog-scales) checks our notes, cosignatures, tiles and proofs."""

import pytest
from tlog_scales import backend, reader, signing, tlog

from kumihimo.kernel.tlog.checkpoint import Checkpoint
from kumihimo.kernel.tlog.note import Note, NoteKey
from kumihimo.kernel.tlog.policy import Policy
from kumihimo.kernel.tlog.tiles import Tile, write_bundle
from kumihimo.kernel.tlog.tree import leaf_hash, verify_consistency, verify_inclusion
from tests.tlog import naive
from tests.tlog.keys import LOG, ORIGIN, WITNESSES, signed

SIZE = 70_000
ENTRIES = naive.entries(SIZE)
STORED = naive.tiles(ENTRIES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a log of ours in files, as a web server would give them out."""
    root = tmp_path_factory.mktemp("log")
    files = {Tile(level, at, len(d) // 32).path(): d for (level, at), d in STORED.items()}
    for start in range(0, SIZE, 256):
        entries = ENTRIES[start : start + 256]
        files[Tile(-1, start // 256, len(entries)).path()] = write_bundle(entries)
    for name, data in files.items():
        path = root / "tile" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    note = signed(SIZE, naive.root(ENTRIES), by=(LOG, *WITNESSES))
    (root / "checkpoint").write_bytes(note.encode())
    return root


@pytest.fixture
def reading(folder):
    return reader.TilesReader(backend.LocalBackend(folder))


def test_it_reads_our_checkpoint_and_counts_our_signatures(reading):
    checkpoint = reading.get_checkpoint()
    keys = [signing.Vkey.from_string(one.key.vkey()) for one in (LOG, *WITNESSES)]
    assert len(signing.VkeySet(*keys).verify(checkpoint.signatures, checkpoint)) == 4
    for key in keys:
        checkpoint.verify(key)
    assert reading.calculate_root_hash() == checkpoint.root_hash


def test_a_cosignature_over_another_size_does_not_hold_for_it(reading):
    checkpoint = reading.get_checkpoint()
    other = tlog.Checkpoint(ORIGIN, SIZE + 1, checkpoint.root_hash, checkpoint.signatures)
    keys = [signing.Vkey.from_string(one.key.vkey()) for one in (LOG, *WITNESSES)]
    assert signing.VkeySet(*keys).verify(other.signatures, other) == set()


@pytest.mark.parametrize("index", [0, 255, 256, 65_535, 65_536, 69_999])
def test_its_proofs_out_of_our_tiles_hold_for_us_and_for_it(reading, index):
    checkpoint = reading.get_checkpoint()
    entry = reading.get_entry(index)
    assert entry == ENTRIES[index]
    proof = reading.get_inclusion_proof(index, SIZE)
    proof.check(leaf_hash(entry), checkpoint.root_hash)
    hashes = proof.node_hashes
    verify_inclusion(index, SIZE, leaf_hash(entry), checkpoint.root_hash, hashes)
    history = reading.get_consistency_proof(index + 1, SIZE)
    old = reading.mth(0, index + 1)
    verify_consistency(index + 1, SIZE, old, checkpoint.root_hash, history.node_hashes)
    history.check(old, checkpoint.root_hash)


def test_we_open_what_it_signs():
    signer = signing.PlainEd25519Signer(ORIGIN, bytes(range(32)))
    made = tlog.Checkpoint.make_signed(ORIGIN, SIZE, naive.root(ENTRIES), [signer])
    note = Note.parse(made.serialize().encode())
    note.check([NoteKey.parse(signer.vkey.serialize())])
    believed = Policy.parse(f"log {signer.vkey.serialize()}\nquorum none\n").believe(note)
    assert believed.checkpoint == Checkpoint(ORIGIN, SIZE, made.root_hash)
