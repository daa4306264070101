"""The mixture of mechanisms: how likely each is behind a pattern, and how often each occurs.

P(pattern) = Σ_j π_j f_j(pattern) over match, household, twin, homonym and random. The f_j of the
others are known (`nonmatches`); that of a match is a product over names, birth, sex, address and
others, found together with the π_j by expectation and maximisation on the counts of patterns
(Dempster, Laird, Rubin 1977), which is exact however many rows the counts stand for. Name and
reading are one factor: a surname that changes changes both.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from kumihimo.linkaudit.nonmatches import OTHERS
from kumihimo.linkaudit.patterns import PLACES, decode
from kumihimo.linkaudit.schema import Mechanism, NameLevel

Floats: TypeAlias = NDArray[np.float64]

COMPONENTS: Final = (Mechanism.MATCH, *OTHERS)
FACTORS: Final = ("names", *(name for name, _ in PLACES if name not in {"name", "kana"}))
_SIZES: Final = {name: len(levels) for name, levels in PLACES} | {"names": len(NameLevel) ** 2}
_UNSEEN: Final = 5.0  # pairs' worth of a product of marginals, so that an unseen pattern is not 0
_FLOOR: Final = 1e-9  # no level is impossible in a match
_STEPS_MAX: Final = 2000
_STILL: Final = 1e-12  # change of the log likelihood, per row
_FIRST: Final = 0.001  # the first guess of every mechanism's share
RESAMPLES: Final = 100  # for the intervals
_RESAMPLE_STEPS: Final = 50  # from the fitted shares: a resample lies near by
_INTERVAL: Final = (0.025, 0.975)


@attrs.frozen
class Mixture:
    """The fitted mixture over patterns: row k of each table is `patterns[k]`.

    `densities[k, j]` is P(pattern k | component j) and `posteriors[k, j]` is P(component j | pattern k). `shares` are the π_j with 95 % intervals by
    resampling patterns and pairs. `weights` are log2 of match against the likeliest other, for
    each attribute; those of name and reading add up to the weight of both.
    """

    patterns: NDArray[np.int32]
    densities: Floats
    posteriors: Floats
    shares: Floats
    low: Floats
    high: Floats
    weights: Mapping[str, Floats]


def fit(
    patterns: NDArray[np.int32],
    counts: NDArray[np.int64],
    nonmatches: Mapping[Mechanism, NDArray[np.int64]],
    *,
    resamples: int = RESAMPLES,
) -> Mixture:
    """Fit the mixture to how often each pattern occurs; `nonmatches` by pattern (`nonmatches`)."""
    codes = _codes(patterns)
    seen = [nonmatches[mechanism] for mechanism in OTHERS]
    others = np.stack([_smoothed(patterns, found) for found in seen], axis=1)
    fitted = _maximise(codes, counts.astype(float), others, _start(codes, counts, others))
    low, high = _intervals(patterns, codes, counts, seen, fitted, resamples)
    joint = fitted.shares * fitted.densities
    return Mixture(
        patterns=patterns,
        densities=fitted.densities,
        posteriors=joint / joint.sum(axis=1, keepdims=True),
        shares=fitted.shares,
        low=low,
        high=high,
        weights=_weights(codes, patterns, fitted, seen),
    )


def shares_of(
    mixture: Mixture, counts: NDArray[np.int64], *, resamples: int = RESAMPLES
) -> tuple[Floats, Floats, Floats]:
    """Return shares, and both ends of their intervals, of a part of the rows.

    `counts` is how often each of the mixture's patterns occurs in the part; how a mechanism looks
    is taken from the whole.
    """
    chance = np.random.Generator(np.random.PCG64(0))
    found = _shares(mixture, counts.astype(float))
    drawn = [_shares(mixture, chance.poisson(counts).astype(float)) for _ in range(resamples)]
    if not drawn or not counts.sum():
        return found, found, found
    low, high = np.quantile(np.stack(drawn), _INTERVAL, axis=0)
    return found, low, high


def _shares(mixture: Mixture, counts: Floats) -> Floats:
    shares = mixture.shares
    for _ in range(_RESAMPLE_STEPS):
        joint = shares * mixture.densities
        mine = joint * (counts / joint.sum(axis=1))[:, None]
        shares = mine.sum(axis=0) / max(float(counts.sum()), 1.0)
    return shares


@attrs.frozen
class _Fitted:
    shares: Floats
    match: Mapping[str, Floats]  # by factor, by level
    densities: Floats  # pattern by component


def _codes(patterns: NDArray[np.int32]) -> dict[str, NDArray[np.int64]]:
    codes = decode(patterns)
    return codes | {"names": codes["name"] * len(NameLevel) + codes["kana"]}


def _smoothed(patterns: NDArray[np.int32], found: NDArray[np.int64] | Floats) -> Floats:
    """Return the density of patterns among sampled pairs; all 0 where there were none."""
    total = found.sum()
    if not total:
        return np.zeros(len(patterns))
    where = np.flatnonzero(found)
    sampled, asked = _codes(where.astype(np.int32)), _codes(patterns)
    product = np.ones(len(patterns))
    for factor in FACTORS:
        marginal = np.bincount(sampled[factor], weights=found[where], minlength=_SIZES[factor])
        product *= ((marginal + 1 / _SIZES[factor]) / (total + 1))[asked[factor]]
    return (found[patterns] + _UNSEEN * product) / (total + _UNSEEN)


def _start(
    codes: Mapping[str, NDArray[np.int64]], counts: NDArray[np.int64], others: Floats
) -> _Fitted:
    shares = np.where(np.append(True, others.any(axis=0)), _FIRST, 0.0)
    shares[0] = 1 - shares[1:].sum()
    match = _levels(codes, counts.astype(float))
    return _Fitted(shares, match, _densities(codes, match, others))


def _levels(codes: Mapping[str, NDArray[np.int64]], weight: Floats) -> dict[str, Floats]:
    total = max(float(weight.sum()), 1.0)
    return {
        factor: np.bincount(codes[factor], weights=weight, minlength=_SIZES[factor]) / total
        + _FLOOR
        for factor in FACTORS
    }


def _densities(
    codes: Mapping[str, NDArray[np.int64]], match: Mapping[str, Floats], others: Floats
) -> Floats:
    product = np.ones(len(others))
    for factor in FACTORS:
        product *= match[factor][codes[factor]]
    return np.column_stack([product, others])


def _maximise(
    codes: Mapping[str, NDArray[np.int64]],
    counts: Floats,
    others: Floats,
    start: _Fitted,
    steps: int = _STEPS_MAX,
) -> _Fitted:
    fitted, before = start, -np.inf
    rows = max(counts.sum(), 1.0)
    for _ in range(steps):
        joint = fitted.shares * fitted.densities
        total = joint.sum(axis=1)
        likelihood = float(counts @ np.log(total)) / rows
        if likelihood - before < _STILL:
            break
        before = likelihood
        mine = joint * (counts / total)[:, None]
        match = _levels(codes, mine[:, 0])
        fitted = _Fitted(mine.sum(axis=0) / rows, match, _densities(codes, match, others))
    return fitted


def _intervals(
    patterns: NDArray[np.int32],
    codes: Mapping[str, NDArray[np.int64]],
    counts: NDArray[np.int64],
    seen: list[NDArray[np.int64]],
    fitted: _Fitted,
    resamples: int,
) -> tuple[Floats, Floats]:
    """Return the ends of the shares' intervals, by resampling patterns and sampled pairs."""
    if not resamples or not counts.sum():
        return fitted.shares, fitted.shares
    chance = np.random.Generator(np.random.PCG64(0))  # the same data give the same interval
    drawn: list[Floats] = []
    for _ in range(resamples):
        again = chance.poisson(counts).astype(float)
        others = np.stack([_smoothed(patterns, chance.poisson(x)) for x in seen], axis=1)
        start = _Fitted(fitted.shares, fitted.match, _densities(codes, fitted.match, others))
        drawn.append(_maximise(codes, again, others, start, _RESAMPLE_STEPS).shares)
    low, high = np.quantile(np.stack(drawn), _INTERVAL, axis=0)
    return low, high


def _weights(
    codes: Mapping[str, NDArray[np.int64]],
    patterns: NDArray[np.int32],
    fitted: _Fitted,
    seen: list[NDArray[np.int64]],
) -> dict[str, Floats]:
    """Return log2 of match against the likeliest other mechanism, attribute by attribute."""
    best = np.argmax((fitted.shares * fitted.densities)[:, 1:], axis=1)
    asked = np.arange(len(patterns))
    weights: dict[str, Floats] = {}
    for factor in FACTORS:
        marginals = np.stack([_marginal(found, factor) for found in seen])
        ratio = fitted.match[factor][codes[factor]] / marginals[best, codes[factor]]
        weights[factor] = np.log2(ratio)[asked]
    names = fitted.match["names"].reshape(len(NameLevel), -1).sum(axis=1)
    of_names = [_marginal(found, "names").reshape(len(NameLevel), -1).sum(axis=1) for found in seen]
    weights["name"] = np.log2(names[codes["name"]] / np.stack(of_names)[best, codes["name"]])
    weights["kana"] = weights.pop("names") - weights["name"]
    return weights


def _marginal(found: NDArray[np.int64], factor: str) -> Floats:
    where = np.flatnonzero(found)
    sampled = _codes(where.astype(np.int32))[factor]
    marginal = np.bincount(sampled, weights=found[where], minlength=_SIZES[factor])
    return (marginal + 1 / _SIZES[factor]) / (found.sum() + 1)
