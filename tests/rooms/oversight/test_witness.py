"""Oversight signs what continues what it saw of the log, from its own state, and tells of the rest."""

import hashlib

import attrs
import pytest

from kumihimo.kernel.net import Refused
from kumihimo.kernel.tlog.checkpoint import Checkpoint
from kumihimo.kernel.tlog.note import Kind, Note, NoteSigner, Signature
from kumihimo.kernel.tlog.witnessing import AddCheckpoint, Seen
from kumihimo.rooms.oversight.api import (
    LOG_ORIGIN,
    WITNESS_PATH,
    CheckpointShown,
    Witnessed,
    witness_key,
)
from kumihimo.rooms.oversight.service import alarms
from kumihimo.rooms.oversight.store_witness import move, witnessed
from tests.rooms.oversight.test_directory import at_oversight, entry_of
from tests.tlog import naive

__all__ = ("at_oversight",)

ENTRIES = [hashlib.sha256(b"%d" % at).digest() for at in range(12)]
FORGED = [*ENTRIES[:3], bytes(32), *ENTRIES[4:]]


def asked(scene, old, new, *, entries=ENTRIES, by="ledger", origin=LOG_ORIGIN):
    text = Checkpoint(origin, new, naive.root(entries[:new])).text()
    signer = NoteSigner(origin, Kind.TEXT, scene.keys[by].signing)
    proof = tuple(naive.proof(old, entries[:new])) if 0 < old <= new else ()
    return AddCheckpoint(old, proof, Note(text, (signer.sign(text),)))


async def show(scene, request, *, sender="ledger"):
    body = request if isinstance(request, bytes) else request.encode()
    answer, _ = await scene.caller(sender).call(
        "oversight", WITNESS_PATH, CheckpointShown(body), Witnessed
    )
    return answer


async def enrolled(scene):
    await scene.enrol(entry_of(scene.keys["ledger"], "ledger"))
    await scene.enrol(entry_of(scene.keys["lg-131032"]))


def test_what_continues_is_signed_with_the_key_that_everybody_pins(at_oversight):
    async def story(scene):
        await enrolled(scene)
        for old, new in ((0, 5), (5, 5), (5, 12)):
            request = asked(scene, old, new)
            answer = await show(scene, request)
            assert answer.size == new
            signature = Signature.parse(answer.cosignature.removesuffix("\n"))
            at = witness_key(scene.oversight.book.pinned).check(request.note.text, signature)
            assert at == int(scene.oversight.clock.now().timestamp())
        assert await alarms(scene.oversight) == []

    at_oversight(story)


def test_whoever_starts_elsewhere_is_told_where_oversight_stands(at_oversight):
    async def story(scene):
        await enrolled(scene)
        await show(scene, asked(scene, 0, 5))
        for old in (0, 4):
            assert await show(scene, asked(scene, old, 12)) == Witnessed(cosignature="", size=5)
        assert (await show(scene, asked(scene, 5, 12))).cosignature

    at_oversight(story)


@attrs.frozen
class Shown:
    seen: str
    shown: str


def test_of_two_checkpoints_at_once_the_second_does_not_take_the_firsts_place(at_oversight):
    forked = [*ENTRIES[:5], *(bytes([at] * 32) for at in range(7))]

    async def story(scene):
        oversight, now = scene.oversight, scene.oversight.clock.now()
        for seen, new in ((None, 5), (Seen(5, naive.root(ENTRIES[:5])), 12)):
            notes = [asked(scene, 0, new, entries=one).note for one in (ENTRIES, forked)]
            both = [(Checkpoint.parse(note.text), note) for note in notes]
            moved = [await move(oversight.database, *one, seen, now) for one in both]
            assert moved == [True, False]
            async with oversight.database.transaction() as tx:
                kept = await witnessed(tx, LOG_ORIGIN)
            assert kept
            assert kept.seen() == Seen(new, naive.root(ENTRIES[:new]))

    at_oversight(story)


def test_two_histories_are_kept_told_once_and_not_signed(at_oversight):
    async def story(scene):
        await enrolled(scene)
        first = asked(scene, 0, 5)
        await show(scene, first)
        rewritten = [
            asked(scene, 5, 12, entries=FORGED),
            asked(scene, 5, 5, entries=FORGED),
            AddCheckpoint(5, (), asked(scene, 0, 4).note),
        ]
        for request in (*rewritten, *rewritten):
            with pytest.raises(Refused) as refusal:
                await show(scene, request)
            assert refusal.value.reason == "conflict"
        assert [one.kind for one in await alarms(scene.oversight)] == ["two-histories"] * 3
        async with scene.oversight.database.transaction() as tx:
            kept = await tx.rows("SELECT seen, shown FROM two_histories", {}, Shown)
        assert {one.seen for one in kept} == {first.note.encode().decode()}
        assert {one.shown for one in kept} == {one.note.encode().decode() for one in rewritten}
        assert (await show(scene, asked(scene, 5, 12))).cosignature

    at_oversight(story)


def test_what_is_not_the_logs_is_not_looked_at(at_oversight):
    async def story(scene):
        await enrolled(scene)
        good = asked(scene, 0, 5)
        for request, sender, reason in (
            (good, "lg-131032", "not-allowed"),
            (b"", "ledger", "bad-input"),
            (good.encode()[:-1], "ledger", "bad-input"),
            (asked(scene, 0, 5, by="lg-131032"), "ledger", "bad-input"),
            (asked(scene, 0, 5, origin="kumihimo/other"), "ledger", "bad-input"),
            (asked(scene, 6, 5), "ledger", "bad-input"),
            (AddCheckpoint(0, (bytes(32),), good.note), "ledger", "bad-input"),
        ):
            with pytest.raises(Refused) as refusal:
                await show(scene, request, sender=sender)
            assert refusal.value.reason == reason
        assert await alarms(scene.oversight) == []
        assert (await show(scene, good)).cosignature

    at_oversight(story)
