"""Time, ids and randomness are handed in: a seed replays, and an id tells nothing."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kumihimo.kernel.clock import JST, HandClock, SystemClock, legal_day
from kumihimo.kernel.entropy import SeededEntropy, SystemEntropy, below
from kumihimo.kernel.ids import ID_LENGTH, is_id, new_id

AT = datetime(2026, 3, 31, 15, 0, tzinfo=UTC)


class Scripted:
    """Gives just these bytes, one after the other."""

    def __init__(self, *drawn):
        self._drawn = list(drawn)

    def bytes(self, size):
        found = self._drawn.pop(0)
        assert len(found) == size
        return found


def test_the_systems_clock_is_of_this_moment_and_in_utc():
    before, now = SystemClock().now(), SystemClock().now()
    assert before <= now < before + timedelta(minutes=1)
    assert now.tzinfo is UTC


def test_a_hand_clock_stands_still_until_it_is_moved_also_backwards():
    clock = HandClock(AT.astimezone(JST))
    assert (clock.now(), clock.now().tzinfo) == (AT, UTC)
    clock.advance(timedelta(hours=2))
    clock.advance(timedelta(hours=-3))
    assert clock.now() == AT - timedelta(hours=1)


@given(st.datetimes(timezones=st.just(UTC)).filter(lambda at: 1 < at.year < 9999))
@example(AT)
def test_a_legal_day_begins_at_midnight_in_japan_whatever_zone_the_instant_is_told_in(at):
    assert legal_day(at) == legal_day(at.astimezone(JST)) == (at + timedelta(hours=9)).date()


def test_a_moment_before_midnight_in_japan_is_the_day_before():
    assert legal_day(AT) == date(2026, 4, 1)
    assert legal_day(AT - timedelta(microseconds=1)) == date(2026, 3, 31)


@pytest.mark.parametrize("use", [legal_day, HandClock])
def test_an_instant_without_a_zone_names_no_day(use):
    with pytest.raises(AssertionError):
        use(datetime(2026, 4, 1))  # noqa: DTZ001 - the fault itself


def test_an_id_holds_128_random_bits_and_nothing_else():
    assert new_id(Scripted(bytes(16))) == "A" * ID_LENGTH
    assert new_id(Scripted(b"\xff" * 16)) == "_" * 21 + "w"
    made = {new_id(SystemEntropy()) for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(is_id(one) for one in made)


def test_ids_made_one_after_the_other_are_in_no_order():
    made = [new_id(SystemEntropy()) for _ in range(200)]
    rising = sum(a < b for a, b in itertools.pairwise(made))
    assert 60 < rising < 140


@pytest.mark.parametrize(
    "text", ["", "A" * 21, "A" * 23, "A" * 21 + "=", "A" * 21 + "\n", "A" * 22 + "\n", "あ" * 22]
)
def test_what_has_not_the_form_of_an_id_is_none(text):
    assert not is_id(text)


def test_a_seed_replays_and_another_does_not():
    one, same, other = (SeededEntropy(seed) for seed in (7, 7, 8))
    drawn = [one.bytes(16) for _ in range(4)]
    assert drawn == [same.bytes(16) for _ in range(4)]
    assert len({*drawn, *(other.bytes(16) for _ in range(4))}) == 8


def test_forks_do_not_disturb_each_other_or_what_they_came_from():
    alone, parent = SeededEntropy(7), SeededEntropy(7)
    left, right = parent.fork("left"), parent.fork("right")
    first = left.bytes(16)
    assert first != right.bytes(16)
    assert parent.bytes(16) == alone.bytes(16)
    assert SeededEntropy(7).fork("left").bytes(16) == first


@given(st.integers(1, 2**64), st.integers(0, 2**32))
@example(1, 0)
@example(2**64, 0)
def test_a_number_below_a_bound_is_below_it(bound, seed):
    assert 0 <= below(SeededEntropy(seed), bound) < bound


def test_a_draw_that_would_favour_small_numbers_is_thrown_away():
    # 2**64 leaves 1 over by 3: the last draw of all would make 0 more likely.
    assert below(Scripted(b"\xff" * 8, (5).to_bytes(8, "big")), 3) == 2
    assert below(Scripted((2**64 - 2).to_bytes(8, "big")), 3) == 2


@pytest.mark.parametrize("bound", [0, -1, 2**64 + 1])
def test_there_is_nothing_below_a_bound_that_is_none(bound):
    with pytest.raises(AssertionError):
        below(SystemEntropy(), bound)
