"""Time is handed in. Instants are UTC; legal days are Japanese."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

JST = timezone(timedelta(hours=9), "JST")


class Clock(Protocol):
    """Tells the time to whoever was given it."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        return datetime.now(UTC)


class HandClock:
    """A clock that stands still until somebody moves it; a simulation's clock."""

    def __init__(self, at: datetime) -> None:
        assert at.tzinfo is not None, "a HandClock needs an aware instant"
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """Return the instant the hands show."""
        return self._at

    def advance(self, by: timedelta) -> None:
        """Move the hands, forwards or (for a fault) backwards."""
        self._at += by


def legal_day(at: datetime) -> date:
    """Return the Japanese calendar day on which an instant falls."""
    assert at.tzinfo is not None, "an instant without a zone names no day"
    return at.astimezone(JST).date()
