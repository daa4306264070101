"""Declared grace: how long a room goes on while another is silent, and by what name it then refuses.

Evidence stands above availability: a room that can no longer leave its evidence where it belongs, or
no longer knows whom it may believe, stops at a time that was told beforehand, or when so much waits
as was told beforehand.
"""

import math
from datetime import datetime, timedelta
from typing import Final

import attrs
import msgspec

from kumihimo.kernel.refusal import QueueFull, Unavailable

SHOWN_AFTER: Final = timedelta(minutes=1)  # what waits for less is on its way, and no silence


@attrs.frozen(kw_only=True)
class Grace:
    """One promise. `room` goes on for `period` without `missing`, then refuses as `then` says.

    `period` zero: it refuses at once. `period` None: it goes on for ever, and nothing is lost.
    `most`: so much may wait for `missing` meanwhile, in number; None where nothing can pile up.
    `goes_on` and `stops` say in a few words what it still does, and what ends; `test` holds it.
    """

    room: str
    missing: str
    goes_on: str
    stops: str
    period: timedelta | None
    then: type[Unavailable] | None
    test: str
    most: int | None = None


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A grace that runs: who is missing, for how long, how much is left (0: over), what then."""

    missing: str
    silent_s: int
    left_s: int
    then: str


@attrs.define
class Silence:
    """Since when another is silent, as a room saw it last; its grace says for how long that goes.

    `waiting`: how much waits for it: what was seen, and what was taken since.
    """

    grace: Grace
    since: datetime | None = None
    waiting: int = 0

    def saw(self, since: datetime | None, waiting: int = 0) -> None:
        """Take note of what waits for the other: since when the oldest, and how much; None: nothing."""
        self.since = since
        self.waiting = waiting

    def require(self, at: datetime) -> None:
        """Let one more wait. Raises the refusal of the grace when its time is over, `QueueFull`."""
        running = self.running(at)
        if running is not None and not running.left_s and self.grace.then is not None:
            raise self.grace.then
        self.require_room()

    def require_room(self) -> None:
        """Let one more wait, however long the other has been silent. Raises `QueueFull`."""
        if self.grace.most is not None and self.waiting >= self.grace.most:
            raise QueueFull
        self.waiting += 1

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
