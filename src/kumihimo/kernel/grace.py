"""Declared grace: how long a room goes on while another is silent, and by what name it then refuses.

Evidence stands above availability: a room that can no longer leave its evidence where it belongs, or
no longer knows whom it may believe, stops at a time that was told beforehand.
"""

import math
from datetime import datetime, timedelta
from typing import Final

import attrs
import msgspec

from kumihimo.kernel.refusal import Unavailable

SHOWN_AFTER: Final = timedelta(minutes=1)  # what waits for less is on its way, and no silence


@attrs.frozen(kw_only=True)
class Grace:
    """One promise. `room` goes on for `period` without `missing`, then refuses as `then` says.

    `period` zero: it refuses at once. `period` None: it goes on for ever, and nothing is lost.
    `goes_on` and `stops` say in a few words what it still does, and what ends; `test` holds it.
    """

    room: str
    missing: str
    goes_on: str
    stops: str
    period: timedelta | None
    then: type[Unavailable] | None
    test: str


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A grace that runs: who is missing, for how long, how much is left (0: over), what then."""

    missing: str
    silent_s: int
    left_s: int
    then: str


@attrs.define
class Silence:
    """Since when another is silent, as a room saw it last; its grace says for how long that goes."""

    grace: Grace
    since: datetime | None = None

    def saw(self, since: datetime | None) -> None:
        """Take note of how old the oldest thing is that waits for the other; None: nothing waits."""
        self.since = since

    def require(self, at: datetime) -> None:
        """Raise the refusal of the grace when its time is over."""
        running = self.running(at)
        if running is not None and not running.left_s and self.grace.then is not None:
            raise self.grace.then

    def running(self, at: datetime) -> Running | None:
        """Return how the grace stands; None while nobody is silent, or nothing ends."""
        if self.since is None or self.grace.period is None or self.grace.then is None:
            return None
        silent = at - self.since
        if silent <= min(SHOWN_AFTER, self.grace.period):
            return None
        left = max(self.grace.period - silent, timedelta())
        return Running(
            missing=self.grace.missing,
            silent_s=int(silent.total_seconds()),
            left_s=math.ceil(left.total_seconds()),
            then=self.grace.then.code,
        )
