"""How long anything lasts at the portal, and how often a place may try. All our choice."""

from datetime import datetime, timedelta
from typing import Final

import attrs

PROOF_FOR: Final = timedelta(seconds=180)  # to find the card, the reader and the PIN
IDLE_FOR: Final = timedelta(minutes=15)
SIGNED_IN_FOR: Final = timedelta(minutes=60)
SHARED_IDLE_FOR: Final = timedelta(seconds=60)
SHARED_FOR: Final = timedelta(minutes=15)
MOVED_FROM: Final = 1 / 15  # of how long a visit lasts on: a minute, at a shared terminal 4 seconds
LEASE_FOR: Final = timedelta(seconds=20)  # a terminal says four times that the card is there
ATTEMPTS_KEPT: Final = timedelta(minutes=10)
# From one place in one minute. A hall of shared terminals behind one address opens fewer.
OPENED_MAX: Final = 60
FAILED_MAX: Final = 20


@attrs.frozen
class Span:
    """When a visit ends: without a request, and in any case."""

    until: datetime
    ends_at: datetime
    lease_until: datetime | None


def begun(at: datetime, *, shared: bool) -> Span:
    """Return the span of a visit that begins now."""
    ends = at + (SHARED_FOR if shared else SIGNED_IN_FOR)
    return Span(at + _idle(shared=shared), ends, at + LEASE_FOR if shared else None)


def goes_on(span: Span, at: datetime) -> bool:
    """Say whether a visit is still somebody's."""
    leased = span.lease_until is None or at < span.lease_until
    return at < span.until and at < span.ends_at and leased


def after_request(span: Span, at: datetime) -> datetime:
    """Return until when a visit lasts after a request: as before, where that is hardly later.

    So not every page writes it down. A visit may be over by so much sooner, and never later.
    """
    idle = _idle(shared=span.lease_until is not None)
    until = min(at + idle, span.ends_at)
    return until if until - span.until > idle * MOVED_FROM else span.until


def _idle(*, shared: bool) -> timedelta:
    return SHARED_IDLE_FOR if shared else IDLE_FOR
