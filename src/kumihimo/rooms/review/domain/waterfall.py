"""What each attribute says for or against the link, as bars one after the other.

Splink's chart: weights are log2 of how much likelier a level is if the number is the person's own
than under the best other explanation; to the right speaks for the link.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

WIDE: Final = 100.0
_BITS_PER_DECADE: Final = math.log2(10.0)
_BITS_MIN: Final = 1e-9  # less is not drawn
_BITS_MAX: Final = 1000.0  # about what a double can tell from certainty


@attrs.frozen
class Bar:
    """One step: its name, its bits, and where it is drawn on a line of `WIDE` units."""

    name: str
    bits: float
    x: float
    width: float


@attrs.frozen
class Waterfall:
    """`zero` is where the line of no evidence stands."""

    bars: Sequence[Bar]
    zero: float


def waterfall(weights: Mapping[str, float | None], *, odds: float) -> Waterfall:
    """Return the bars of one record.

    `odds` is log10 of P(mis-link) against P(match) after everything; what the attributes do not
    explain of it (how rare mis-links are, tests with the register) is the bar `rest`.
    """
    known = {name: _bounded(bits) for name, bits in weights.items() if bits is not None}
    total = _bounded(-odds * _BITS_PER_DECADE)
    steps = [*known.items(), ("rest", total - sum(known.values()))]
    ends = [0.0]
    for _, bits in steps:
        ends.append(ends[-1] + bits)
    low, high = min(ends), max(ends)
    scale = WIDE / (high - low) if high - low > _BITS_MIN else 0.0
    bars = [
        Bar(name, bits, (min(at, at + bits) - low) * scale, abs(bits) * scale)
        for (name, bits), at in zip(steps, ends[:-1], strict=True)
    ]
    bars.append(Bar("total", total, (min(0.0, total) - low) * scale, abs(total) * scale))
    return Waterfall(bars, -low * scale)


def _bounded(bits: float) -> float:
    """Return bits that can be drawn; what is no number says nothing."""
    return max(-_BITS_MAX, min(_BITS_MAX, bits)) if not math.isnan(bits) else 0.0
