"""Who may read for whom, and until when: decided without disk, network or clock."""

from datetime import date, timedelta
from typing import Final

import attrs

from kumihimo.kernel.refusal import BadInput
from kumihimo.statute.delegated import DelegatedPurpose, delegated_purposes

OPEN_MAX: Final = 20  # our choice: that somebody has given, and that are not over


@attrs.frozen(kw_only=True)
class Span:
    """From when to when a delegation is good: days, both included; `ended_on` once it was ended."""

    given_on: date
    until: date
    ended_on: date | None = None


def purpose_of(name: str, *, until: date, today: date) -> DelegatedPurpose:
    """Return the purpose of a new delegation. Raises `BadInput` for none, and for a period too long."""
    purpose = delegated_purposes().get(name)
    if purpose is None:
        raise BadInput("no such purpose", pointer="purpose")
    if not today <= until <= today + timedelta(days=purpose.most_days):
        raise BadInput(f"from today to {purpose.most_days} days from now", pointer="until")
    return purpose


def is_good(span: Span, on: date) -> bool:
    """Say whether a delegation lets somebody read on a day."""
    return span.ended_on is None and span.given_on <= on <= span.until
