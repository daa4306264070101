"""Public statistics: what the core counts of each institution, by month (Japanese calendar), in tens.

Nothing below ten is told: a small office's one question in a month could be known to be about somebody.
"""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from kumihimo.kernel.wire import whole

Month = Annotated[str, msgspec.Meta(pattern=whole(r"[0-9]{4}-(0[1-9]|1[0-2])"))]
Tens = Annotated[int, msgspec.Meta(ge=0, multiple_of=10)]
WAITS_S = (10.0, 60.0, 3_600.0, 86_400.0)  # an answer within ten seconds, a minute, an hour, a day


class SideCounted(msgspec.Struct, frozen=True, kw_only=True):
    """Inquiries of one institution on one side of them, and what became of them by outcome.

    `OPEN` was permitted, and it never said what became of it. `within` are those with a last word,
    whatever it was, that came within each of `WAITS_S` after the core was asked.
    """

    inquiries: Tens
    outcomes: Mapping[str, Tens]
    within: Annotated[tuple[Tens, ...], msgspec.Meta(min_length=4, max_length=4)]


class InstitutionCounted(msgspec.Struct, frozen=True, kw_only=True):
    """What one institution asked others, and what others asked of it."""

    institution: str
    asked: SideCounted
    was_asked: SideCounted


class MonthCounted(msgspec.Struct, frozen=True, kw_only=True):
    """A month. Whoever asked and was asked fewer than ten times is not named."""

    month: Month
    institutions: Annotated[tuple[InstitutionCounted, ...], msgspec.Meta(max_length=20_000)]


class Months(msgspec.Struct, frozen=True):
    """The months that are published, the latest first."""

    months: tuple[str, ...]
