"""A witness signs what continues what it saw, and nothing else."""

import pytest

from kumihimo.kernel.tlog.checkpoint import Checkpoint, write_hash
from kumihimo.kernel.tlog.note import BadNote, Note, Signature
from kumihimo.kernel.tlog.tree import EMPTY_ROOT
from kumihimo.kernel.tlog.witnessing import (
    AddCheckpoint,
    AnotherSize,
    NotByTheLog,
    NotConsistent,
    NotWitnessed,
    Seen,
    UnknownLog,
    follow,
)
from tests.tlog import naive
from tests.tlog.keys import LOG, STRANGER, WITNESSES, signed

ENTRIES = naive.entries(12)
FORGED = [*ENTRIES[:3], b"forged", *ENTRIES[4:]]
KEYS = [LOG.key]


def asked(old, new, *, entries=ENTRIES, **how):
    note = signed(new, naive.root(entries[:new]), **how)
    return AddCheckpoint(old, tuple(naive.proof(old, entries[:new])) if old else (), note)


def seen(size, entries=ENTRIES):
    return Seen(size, naive.root(entries[:size]))


def test_the_first_checkpoint_is_believed_and_each_that_follows():
    assert follow(asked(0, 5), keys=KEYS, seen=None).size == 5
    assert follow(asked(5, 5), keys=KEYS, seen=seen(5)).size == 5
    assert follow(asked(5, 12), keys=KEYS, seen=seen(5)).root == naive.root(ENTRIES)
    assert follow(asked(0, 0), keys=KEYS, seen=None).size == 0
    assert follow(asked(0, 4), keys=KEYS, seen=Seen(0, EMPTY_ROOT)).size == 4


def test_a_history_that_was_rewritten_is_not_signed():
    for request in (
        asked(5, 12, entries=FORGED),
        asked(5, 5, entries=FORGED),
        AddCheckpoint(5, (), asked(5, 12).note),
        AddCheckpoint(5, asked(4, 12).proof, asked(5, 12).note),
    ):
        with pytest.raises(NotConsistent) as found:
            follow(request, keys=KEYS, seen=seen(5))
        assert found.value.status == 422
    with pytest.raises(NotConsistent):
        follow(AddCheckpoint(0, (EMPTY_ROOT,), asked(0, 5).note), keys=KEYS, seen=None)
    with pytest.raises(NotConsistent):
        follow(AddCheckpoint(0, (), signed(0, bytes(32))), keys=KEYS, seen=None)


def test_whoever_starts_elsewhere_is_told_where_the_witness_stands():
    for request, before in ((asked(4, 12), seen(5)), (asked(0, 12), seen(5)), (asked(5, 12), None)):
        with pytest.raises(AnotherSize) as found:
            follow(request, keys=KEYS, seen=before)
        assert found.value.status == 409
        assert found.value.size == (5 if before else 0)


def test_a_log_that_shrinks_is_not_signed():
    with pytest.raises(NotWitnessed, match="above") as found:
        follow(AddCheckpoint(5, (), signed(4, naive.root(ENTRIES[:4]))), keys=KEYS, seen=seen(5))
    assert found.value.status == 400
    with pytest.raises(AnotherSize):
        follow(asked(3, 4), keys=KEYS, seen=seen(5))


def test_strangers_and_forgeries_are_told_apart():
    with pytest.raises(UnknownLog) as found:
        follow(asked(0, 5), keys=[STRANGER.key], seen=None)
    assert found.value.status == 404
    with pytest.raises(NotByTheLog) as found:
        follow(asked(0, 5, by=(WITNESSES[0],)), keys=KEYS, seen=None)
    assert found.value.status == 403
    good = asked(0, 5).note
    false = Signature(LOG.name, LOG.key.key_id, bytes(64))
    with pytest.raises(NotByTheLog):
        follow(
            AddCheckpoint(0, (), Note(good.text, (*good.signatures, false))), keys=KEYS, seen=None
        )
    with pytest.raises(NotWitnessed, match="checkpoint"):
        follow(AddCheckpoint(0, (), Note("text\n", (LOG.sign("text\n"),))), keys=KEYS, seen=None)


def test_a_request_is_written_as_the_specification_has_it():
    request = asked(5, 12)
    lines = request.encode().decode().split("\n")
    assert lines[0] == "old 5"
    assert lines[1 : 1 + len(request.proof)] == [write_hash(h) for h in request.proof]
    assert lines[1 + len(request.proof)] == ""
    assert AddCheckpoint.parse(request.encode()) == request
    first = asked(0, 5)
    assert AddCheckpoint.parse(first.encode()) == first
    assert Checkpoint.parse(first.note.text).size == 5


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"old 5", b"old 05"),
        (b"old 5", b"old"),
        (b"old 5", b"new 5"),
        (b"old 5", b"old -1"),
        (b"old 5\n", b"old 5\n" + b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n" * 64),
        (b"old 5\n", b"old 5\nCsUY\n"),
        (b"old", b"\xff"),
        (b"\n\n", b"\n"),
    ],
)
def test_what_is_no_request_is_refused(old, new):
    data = asked(5, 12).encode()
    assert old in data
    with pytest.raises(BadNote):
        AddCheckpoint.parse(data.replace(old, new, 1))
