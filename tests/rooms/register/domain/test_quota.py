from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kumihimo.rooms.register.domain.quota import Limits, draw, full

NOON = datetime(2026, 6, 1, 3, tzinfo=UTC)
TODAY = date(2026, 6, 1)
LIMITS = Limits(per_minute=10, per_day=25)


def test_an_office_may_ask_what_it_has_left_and_not_one_more():
    bucket = draw(full(LIMITS, NOON, TODAY), 10, LIMITS, at=NOON, day=TODAY)
    assert bucket is not None
    assert draw(bucket, 1, LIMITS, at=NOON, day=TODAY) is None
    assert draw(bucket, 5, LIMITS, at=NOON + timedelta(seconds=30), day=TODAY) is not None
    assert draw(bucket, 6, LIMITS, at=NOON + timedelta(seconds=30), day=TODAY) is None


def test_the_day_ends_what_the_minute_would_allow():
    bucket = full(LIMITS, NOON, TODAY)
    for minute in range(2):
        at = NOON + timedelta(minutes=minute)
        bucket = draw(bucket, 10, LIMITS, at=at, day=TODAY)
        assert bucket is not None
    at = NOON + timedelta(minutes=5)
    assert draw(bucket, 6, LIMITS, at=at, day=TODAY) is None
    assert draw(bucket, 6, LIMITS, at=at, day=TODAY + timedelta(days=1)) is not None


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(-300, 300)), max_size=40))
def test_no_clock_that_goes_back_gives_an_office_more(steps):
    at, passed, bucket, drawn = NOON, 0.0, full(LIMITS, NOON, TODAY), 0
    latest = NOON
    for count, seconds in steps:
        at += timedelta(seconds=seconds)
        passed += max((at - latest).total_seconds(), 0.0)
        latest = max(latest, at)
        left = draw(bucket, count, LIMITS, at=at, day=TODAY)
        if left is not None:
            bucket, drawn = left, drawn + count
    assert drawn <= LIMITS.per_day
    assert drawn <= LIMITS.per_minute * (1 + passed / 60) + 1e-6
