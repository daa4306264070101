"""A line of a long journal that is changed is told within a minute, wherever the slow round is."""

import pytest
from tests.kernel.test_anchoring import in_room

from kumihimo.kernel.refusal import Unavailable

__all__ = ("in_room",)


@pytest.mark.parametrize("seq", [3, 17, 38, 52])
def test_a_line_that_was_there_before_is_told_within_a_minute_wherever_the_round_is(in_room, seq):
    async def story(room):
        await room.write(52)
        room.begin(lines_at_once=2)  # a round of 26 looks, more than four minutes
        assert await room.look(2) == set()
        room.superuser(f"UPDATE journal SET actor = 'ledger' WHERE seq = {seq}")
        assert ("line-changed", seq) in await room.look(6)

    in_room(story)


def test_a_line_rewritten_with_all_that_follows_it_is_told_by_its_mark(in_room):
    async def story(room):
        await room.write(52)
        room.log.silent = True  # nothing was anchored
        room.begin(lines_at_once=2)
        for _ in range(2):
            with pytest.raises(Unavailable):
                await room.look()
        room.forge(17, act="'forged'")
        for _ in range(6):
            with pytest.raises(Unavailable):
                await room.look()
        found = {(wrong.what, wrong.seq) for wrong in room.anchoring.found}
        assert {what for what, _ in found} == {"lines-touched", "line-changed"}
        assert min(seq for what, seq in found if what == "line-changed") in {17, 18}

    in_room(story)


def test_a_journal_that_grows_by_parts_and_tails_is_what_it_was(in_room):
    async def story(room):
        room.begin(lines_at_once=4)
        for _ in range(12):
            await room.write(3)
            assert await room.look() == set()

    in_room(story)


def test_a_column_that_a_release_adds_while_this_program_serves_is_no_change(in_room):
    async def story(room):
        await room.write(12)
        room.begin(lines_at_once=4)
        assert await room.look(2) == set()
        room.superuser("ALTER TABLE journal ADD COLUMN note text")
        assert await room.look(6) == set()
        room.superuser("UPDATE journal SET actor = 'ledger' WHERE seq = 3")
        assert ("line-changed", 3) in await room.look(6)

    in_room(story)
