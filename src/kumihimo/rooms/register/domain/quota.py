"""How often an office may ask: a token bucket for the minute and a count for the day.

Strict inquiries, acquisitions and comparisons are counted apart. All tell whether a number is
somebody's, so none may be had without end.
"""

from datetime import date, datetime
from typing import Final, Literal

import attrs

_MINUTE_S: Final = 60.0

Counted = Literal["inquiries", "acquisitions", "comparisons"]


@attrs.frozen
class Limits:
    """Per office. Both are our choice: no figure is public."""

    per_minute: int
    per_day: int


@attrs.frozen(kw_only=True)
class Bucket:
    """What an office has left. `tokens` as of `at`; `used` on `day`."""

    tokens: float
    at: datetime
    day: date
    used: int


def full(limits: Limits, at: datetime, day: date) -> Bucket:
    """Return the bucket of an office that never asked."""
    return Bucket(tokens=float(limits.per_minute), at=at, day=day, used=0)


def draw(bucket: Bucket, count: int, limits: Limits, *, at: datetime, day: date) -> Bucket | None:
    """Take `count` inquiries from the bucket, or return None when there are not so many left.

    A clock that went back refills nothing and begins no new day.
    """
    passed = max((at - bucket.at).total_seconds(), 0.0)
    refill = passed / _MINUTE_S * limits.per_minute
    tokens = min(bucket.tokens + refill, float(limits.per_minute))
    used = bucket.used if day <= bucket.day else 0
    if tokens < count or used + count > limits.per_day:
        return None
    return Bucket(
        tokens=tokens - count,
        at=max(at, bucket.at),
        day=max(day, bucket.day),
        used=used + count,
    )
