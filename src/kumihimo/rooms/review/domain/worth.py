"""Which item is worth looking at first: expected mis-links per minute of review."""

from typing import Final

MINUTES_MIN: Final = 0.1  # our choice: no look takes less than six seconds
_ODDS_MAX: Final = 300.0  # log10 beyond which a double has no room


def probability(odds: float) -> float:
    """Return P(mis-link) from its log10 odds against P(match)."""
    bounded = max(-_ODDS_MAX, min(_ODDS_MAX, odds))
    against: float = 10.0 ** (-bounded)
    return 1.0 / (1.0 + against)


def worth(odds: float, minutes: float) -> float:
    """Return the expected mis-links found per minute of looking."""
    return probability(odds) / max(minutes, MINUTES_MIN)
