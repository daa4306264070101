"""Exact quantiles of the beta and gamma distributions, and the intervals that rest on them.

Two short series instead of a library of a hundred megabytes; tests hold them against sums of
exact fractions.
"""

import math
from collections.abc import Callable
from typing import Final

import attrs

from kumihimo.kernel.refusal import BadInput

CONFIDENCE: Final = 0.95
_TERMS_MAX: Final = 100_000
_TINY: Final = 1e-300
_EXACT: Final = 1e-15
_HALVINGS: Final = 200


class BadStatistics(BadInput):
    """A statistic was asked of figures that cannot be."""

    code = "bad-statistics"
    title = "These figures cannot be"


@attrs.frozen
class Interval:
    """An estimate with the bounds that cover the truth as often as `confidence` says."""

    low: float
    value: float
    high: float
    confidence: float = CONFIDENCE

    def times(self, factor: float) -> "Interval":
        """Return the interval of a multiple: a share's of a count, or the other way."""
        scaled = (self.low * factor, self.value * factor, self.high * factor)
        return Interval(*scaled, self.confidence)


def share_interval(hits: int, trials: int, confidence: float = CONFIDENCE) -> Interval:
    """Return the Clopper-Pearson interval of a share: exact, and never too short.

    With nothing tried it is 0 to 1. Raises `BadStatistics`.
    """
    if not 0 <= hits <= trials:
        raise BadStatistics("hits: from 0 to the number of trials", pointer="hits")
    tail = _tail(confidence)
    if trials == 0:
        return Interval(0.0, 0.0, 1.0, confidence)
    low = beta_quantile(tail, hits, trials - hits + 1) if hits else 0.0
    high = beta_quantile(1 - tail, hits + 1, trials - hits) if hits < trials else 1.0
    return Interval(low, hits / trials, high, confidence)


def total_interval(
    total: float, variance: float, heaviest: float, confidence: float = CONFIDENCE
) -> Interval:
    """Return the gamma interval of a sum of weighted rare events (Fay and Feuer 1997).

    `variance` is the sum of squared weights or what stands for it, `heaviest` the greatest weight
    one event could have. With weights of 1 this is the exact Poisson interval; with no event at
    all the upper bound is what one heaviest event allows. Raises `BadStatistics`.
    """
    if min(total, variance) < 0 or heaviest <= 0:
        raise BadStatistics("a total, its variance and weights are not negative", pointer="total")
    tail = _tail(confidence)
    low = 0.0
    if total > 0 and variance > 0:
        low = gamma_quantile(tail, total**2 / variance) * variance / total
    above, spread = total + heaviest, variance + heaviest**2
    high = gamma_quantile(1 - tail, above**2 / spread) * spread / above
    return Interval(low, total, high, confidence)


def beta_quantile(probability: float, a: float, b: float) -> float:
    """Return x with I_x(a, b) = probability."""
    return _solved(lambda x: beta_below(x, a, b), probability, 0.0, 1.0)


def gamma_quantile(probability: float, shape: float) -> float:
    """Return x with P(shape, x) = probability, for scale 1."""
    high = shape + 1.0
    while gamma_below(high, shape) < probability:
        high *= 2
    return _solved(lambda x: gamma_below(x, shape), probability, 0.0, high)


def beta_below(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b), by its continued fraction."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_below(1 - x, b, a)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front += a * math.log(x) + b * math.log1p(-x)

    def step(m: int) -> float:
        half = m // 2
        if m % 2:
            return -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        return half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))

    return math.exp(front) / (a * _fraction(step))


def gamma_below(x: float, shape: float) -> float:
    """Return the regularised lower incomplete gamma function P(shape, x), by series or fraction."""
    if x <= 0:
        return 0.0
    front = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        term = total = 1 / shape
        for n in range(1, _TERMS_MAX):
            term *= x / (shape + n)
            total += term
            if term < total * _EXACT:
                return min(front * total, 1.0)
        raise AssertionError("the series converges: x is below shape + 1")

    # Lentz's method on 1/(x+1-a- 1(1-a)/(x+3-a- ...
    b = x + 1 - shape
    c, d = 1 / _TINY, 1 / b
    value = d
    for n in range(1, _TERMS_MAX):
        factor = -n * (n - shape)
        b += 2
        d = 1 / _apart(factor * d + b)
        c = _apart(b + factor / c)
        value *= c * d
        if abs(c * d - 1) < _EXACT:
            break
    return max(1 - front * value, 0.0)


def _fraction(step: Callable[[int], float]) -> float:
    """Return 1 + step(1)/(1 + step(2)/(1 + ...)), by Lentz's method."""
    c, d, value = 1.0, 0.0, 1.0
    for m in range(1, _TERMS_MAX):
        factor = step(m)
        d = 1 / _apart(1 + factor * d)
        c = _apart(1 + factor / c)
        value *= c * d
        if abs(c * d - 1) < _EXACT:
            break
    return value


def _apart(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _solved(below: Callable[[float], float], probability: float, low: float, high: float) -> float:
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if below(middle) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _tail(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise BadStatistics("confidence: between 0 and 1", pointer="confidence")
    return (1 - confidence) / 2
