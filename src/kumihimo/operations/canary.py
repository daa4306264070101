"""A canary: one inquiry through the whole system, again and again, and what operators are told of it.

It is asked like any other, under the law as it stands, and is recorded like any other. Whom it is
about is the business of who sets it up: a synthetic resident, whom no office works with.
"""

import re
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

import attrs
from prometheus_client import Counter, Histogram

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.health import Age, Health, Overdue
from kumihimo.kernel.metrics import SECONDS, Meter
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Refusal, codes

NAME: Final = "canary"
SLOW: Final = "canary-slow"
GOOD: Final = "OK"
WAITS: Final = "WAITS"
OTHER: Final = "OTHER"
MISSED_MAX: Final = 3  # our choice: rounds without a good answer before it is an alarm
_OUTCOME: Final = re.compile(r"[A-Z][A-Z_]{1,39}")


@attrs.define(kw_only=True)
class Canary:
    """Asks by `ask`, which returns the outcome that a clerk is told, "" while it is on its way.

    One round begins `every` after the end of the last; a good answer that took `slow` is an alarm.
    """

    ask: Callable[[], Awaitable[str]]
    clock: Clock
    meter: Meter
    every: timedelta
    slow: timedelta
    _since: datetime = attrs.field(init=False)
    _good_at: datetime | None = attrs.field(init=False, default=None)
    _took: timedelta = attrs.field(init=False, default=timedelta())
    _outcomes: Counter = attrs.field(init=False)
    _seconds: Histogram = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Begin to wait for the first good answer, and to count."""
        self._since = self.clock.now()
        self._outcomes = Counter(
            "kumihimo_canary_answers_total",
            "Canary inquiries, by the outcome that a clerk is told or a refusal's code.",
            ("outcome",),
            registry=self.meter.registry,
        )
        self._seconds = Histogram(
            "kumihimo_canary_seconds",
            "Seconds that a canary inquiry with a good answer took.",
            buckets=SECONDS,
            registry=self.meter.registry,
        )

    async def sing(self) -> int:
        """Ask once and note what came of it; a refusal is an outcome like any other."""
        begun = self.clock.now()
        outcome = await self._outcome()
        self._outcomes.labels(outcome).inc()
        if outcome == GOOD:
            self._good_at = self.clock.now()
            self._took = self._good_at - begun
            self._seconds.observe(self._took.total_seconds())
        return 0

    async def _outcome(self) -> str:
        try:
            outcome = await self.ask()
        except Refused as refusal:
            return refusal.reason if refusal.reason in codes() else OTHER
        except Refusal as refusal:
            return refusal.code
        if not outcome:
            return WAITS
        return outcome if _OUTCOME.fullmatch(outcome) else OTHER

    def health(self) -> Health:
        """Tell how it does, in the form in which a room does: `ok`, or `alarm`."""
        now = self.clock.now()
        alarms = tuple(self._alarms(now))
        age_s = None if self._good_at is None else int((now - self._good_at).total_seconds())
        return Health(
            room=NAME,
            at=now,
            state="alarm" if alarms else "ok",
            queues=(),
            ages=(Age(what=NAME, age_s=age_s),),
            graces=(),
            alarms=alarms,
        )

    def _alarms(self, now: datetime) -> Iterator[Overdue]:
        missed, limit = now - (self._good_at or self._since), MISSED_MAX * self.every
        for of, age, most in ((NAME, missed, limit), (SLOW, self._took, self.slow)):
            if age >= most:
                age_s, limit_s = int(age.total_seconds()), int(most.total_seconds())
                yield Overdue(of=of, party="", age_s=age_s, limit_s=limit_s)
