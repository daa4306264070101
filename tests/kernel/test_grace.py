from datetime import UTC, datetime, timedelta

import pytest

from kumihimo.kernel.grace import SHOWN_AFTER, Grace, Silence
from kumihimo.kernel.refusal import QueueFull, Unavailable

NOON = datetime(2026, 6, 1, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)
INSTANT = timedelta(microseconds=1)


class Silent(Unavailable):
    code = "silent"


def silence(period=HOUR, then: type[Unavailable] | None = Silent, most: int | None = None):
    return Silence(
        Grace(
            room="here",
            missing="there",
            goes_on="",
            stops="",
            period=period,
            then=then,
            test="",
            most=most,
        )
    )


def test_a_room_goes_on_until_its_grace_is_over_and_not_an_instant_longer():
    one = silence()
    one.saw(NOON)
    one.require(NOON + HOUR - INSTANT)
    with pytest.raises(Silent):
        one.require(NOON + HOUR)


def test_once_the_other_speaks_again_all_is_well():
    one = silence()
    one.saw(NOON)
    one.saw(NOON + HOUR)
    one.require(NOON + HOUR)
    one.saw(None)
    one.require(NOON + 9 * HOUR)
    assert one.running(NOON + 9 * HOUR) is None


def test_a_grace_that_runs_says_for_whom_and_how_much_is_left():
    one = silence()
    one.saw(NOON)
    assert one.running(NOON + SHOWN_AFTER) is None, "what is on its way is no silence"
    running = one.running(NOON + timedelta(minutes=2))
    assert running is not None
    assert (running.missing, running.silent_s, running.left_s) == ("there", 120, 3480)
    assert running.then == "silent"
    last = one.running(NOON + HOUR - INSTANT)
    assert last is not None
    assert last.left_s == 1, "0 is said when it is over, and not before"
    over = one.running(NOON + 2 * HOUR)
    assert over is not None
    assert over.left_s == 0


def test_without_a_grace_a_room_refuses_at_once():
    one = silence(period=timedelta())
    one.saw(NOON)
    with pytest.raises(Silent):
        one.require(NOON + INSTANT)


@pytest.mark.parametrize("then", [Silent, None])
def test_what_goes_on_for_ever_never_refuses(then):
    one = Silence(Grace(room="", missing="", goes_on="", stops="", period=None, then=then, test=""))
    one.saw(NOON)
    one.require(NOON + 1_000_000 * HOUR)


def test_a_clock_that_is_behind_ends_no_grace():
    one = silence()
    one.saw(NOON + HOUR)
    one.require(NOON)
    assert one.running(NOON) is None


def test_no_more_waits_than_was_told_beforehand_however_short_the_silence():
    one = silence(most=3)
    one.saw(NOON, 1)
    for _ in range(2):
        one.require(NOON)
    with pytest.raises(QueueFull) as refusal:
        one.require(NOON)
    assert refusal.value.problem().retry_after_s > 0
    with pytest.raises(QueueFull):
        one.require_room()
    one.saw(NOON, 2)
    one.require_room()


def test_what_waits_is_counted_however_long_the_silence_where_nothing_else_ends():
    one = silence(most=1)
    one.saw(NOON - 9 * HOUR)
    one.require_room()
    with pytest.raises(QueueFull):
        one.require_room()


def test_where_nothing_can_pile_up_nobody_is_refused_for_it():
    one = silence()
    one.saw(NOON, 10**9)
    one.require(NOON)
