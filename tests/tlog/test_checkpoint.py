"""Checkpoints and proofs are written and read as c2sp.org has them, and in no other way."""

import pytest

from kumihimo.kernel.tlog.checkpoint import Checkpoint
from kumihimo.kernel.tlog.note import BadNote, Note
from kumihimo.kernel.tlog.proof import InclusionProof
from kumihimo.kernel.tlog.tree import leaf_hash, verify_inclusion
from tests.tlog import naive
from tests.tlog.keys import signed

# The example of c2sp.org/tlog-checkpoint and c2sp.org/tlog-cosignature.
EXAMPLE = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""
ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="


def test_the_example_of_the_specification_is_read():
    note = Note.parse(EXAMPLE.encode())
    checkpoint = Checkpoint.parse(note.text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert checkpoint.root.hex().startswith("0ac5186a")
    assert checkpoint.text() == note.text
    stamp = note.signatures[1].value[:8]
    assert int.from_bytes(stamp, "big") == 1_679_315_147  # as the specification's text has it
    assert note.encode().decode() == EXAMPLE


def test_lines_that_a_log_adds_are_kept():
    text = f"a log\n7\n{ROOT}\nmore\nand more\n"
    checkpoint = Checkpoint.parse(text)
    assert checkpoint.extensions == ("more", "and more")
    assert checkpoint.text() == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a log\n",
        "a log\n7\n",
        f"a log\n7\n{ROOT}",
        f"\n7\n{ROOT}\n",
        f"a log\n\n{ROOT}\n",
        f"a log\n07\n{ROOT}\n",
        f"a log\n-7\n{ROOT}\n",
        f"a log\n+7\n{ROOT}\n",
        f"a log\n7 \n{ROOT}\n",
        f"a log\n7_0\n{ROOT}\n",
        f"a log\n\uff17\n{ROOT}\n",
        f"a log\n{1 << 63}\n{ROOT}\n",
        f"a log\n7\n{ROOT[:-4]}\n",
        f"a log\n7\n{ROOT.replace('I=', 'J=')}\n",
        f"a log\n7\n {ROOT}\n",
        f"a log\n7\n{ROOT}\n\nmore\n",
        f"{'a' * 256}\n7\n{ROOT}\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(BadNote):
        Checkpoint.parse(text)


def a_proof():
    entries = naive.entries(11)
    note = signed(11, naive.root(entries))
    return InclusionProof(6, tuple(naive.path(6, entries)), note), entries


def test_a_proof_is_read_as_it_was_written_and_holds_without_the_log():
    proof, entries = a_proof()
    read = InclusionProof.parse(proof.encode())
    assert read == proof
    checkpoint = Checkpoint.parse(read.checkpoint.text)
    verify_inclusion(
        read.index, checkpoint.size, leaf_hash(entries[6]), checkpoint.root, read.hashes
    )


def test_what_a_proof_carries_beside_is_passed_over():
    proof, _ = a_proof()
    first, rest = proof.encode().split(b"\n", 1)
    assert InclusionProof.parse(first + b"\nextra YWdl\n" + rest) == proof


def test_the_proof_of_the_only_entry_needs_no_hashes():
    [entry] = naive.entries(1)
    proof = InclusionProof(0, (), signed(1, naive.root([entry])))
    assert InclusionProof.parse(proof.encode()) == proof


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"@v1\n", b"@v2\n"),
        (b"index 6", b"index 06"),
        (b"index 6", b"index"),
        (b"index 6\n", b""),
        (b"\n\n", b"\n"),
        (b"=\n\n", b"\n\n"),
        (b"c2sp", b"\xff"),
        (b"index 6\n", b"index 6\n" + b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n" * 60),
        (b"index 6\n", b"index 6\n" + b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n" * 9_000),
    ],
)
def test_what_is_no_proof_is_refused(old, new):
    data = a_proof()[0].encode()
    assert old in data
    with pytest.raises(BadNote):
        InclusionProof.parse(data.replace(old, new, 1))
