"""The mixture of mechanisms: how likely each is behind a case, and how often each occurs.

A case is a pattern with what the search found. P(case) = Σ_j π_j f_j(case) over match, household,
twin, homonym and random. The f_j of the others are known (`nonmatches`); that of a match is a
product over the `FACTORS`, found together with the π_j by expectation and maximisation on the counts of cases (Dempster, Laird, Rubin 1977), which is exact
however many rows the counts stand for. Name and reading are one factor: a surname that changes
changes both. Without the outcome a twin could not be told from a person who changed given name.
"""

import math
from collections.abc import Mapping
from typing import Final, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from kumihimo.linkaudit.nonmatches import OTHERS
from kumihimo.linkaudit.patterns import PLACES, decode_cases
from kumihimo.linkaudit.schema import Mechanism, Outcome

Floats: TypeAlias = NDArray[np.float64]

COMPONENTS: Final = (Mechanism.MATCH, *OTHERS)
_SIZE: Final = {name: len(levels) for name, levels in PLACES} | {"outcome": len(Outcome)}
# What goes together in a match. Where the address differs and others have the name, the search
# finds them: taken apart, the three would make such a row look like a homonym's.
FACTORS: Final = {
    "names": ("name", "kana"),
    "birth": ("birth",),
    "sex": ("sex",),
    "places": ("address", "others", "outcome"),
}
_SIZES: Final = {
    factor: math.prod(_SIZE[name] for name in names) for factor, names in FACTORS.items()
}
_UNSEEN: Final = 5.0  # pairs' worth of a product of marginals, so that an unseen case is not 0
_FLOOR: Final = 1e-9  # no level is impossible in a match
_LEAST: Final = 1e-300  # a resample of a tiny file may have no row left
_STEPS_MAX: Final = 2000
_STILL: Final = 1e-12  # change of the log likelihood, per row
_FIRST: Final = 0.001  # the first guess of every mechanism's share
RESAMPLES: Final = 100  # for the intervals
_RESAMPLE_STEPS: Final = 50  # from the fitted shares: a resample lies near by
_INTERVAL: Final = (0.025, 0.975)


@attrs.frozen
class Mixture:
    """The fitted mixture over cases: row k of each table is `cases[k]`.

    `densities[k, j]` is P(case k | component j) and `posteriors[k, j]` is P(component j | case k).
    `shares` are the π_j with 95 % intervals by resampling cases and pairs. `weights` are log2 of
    match against the likeliest other, for each attribute; those of name and reading add up to the
    weight of both.
    """

    cases: NDArray[np.int32]
    densities: Floats
    posteriors: Floats
    shares: Floats
    low: Floats
    high: Floats
    weights: Mapping[str, Floats]


def fit(
    cases: NDArray[np.int32],
    counts: NDArray[np.int64],
    nonmatches: Mapping[Mechanism, NDArray[np.int64]],
    *,
    resamples: int = RESAMPLES,
) -> Mixture:
    """Fit the mixture to how often each case occurs; `nonmatches` by case (`nonmatches`)."""
    codes = _codes(cases)
    seen = [Sampled.of(nonmatches[mechanism]) for mechanism in OTHERS]
    others = np.stack([found.density(cases) for found in seen], axis=1)
    fitted = _maximise(codes, counts.astype(float), others, _start(codes, counts, others))
    low, high = _intervals(cases, codes, counts, seen, fitted, resamples)
    joint = fitted.shares * fitted.densities
    return Mixture(
        cases=cases,
        densities=fitted.densities,
        posteriors=joint / np.maximum(joint.sum(axis=1, keepdims=True), _LEAST),
        shares=fitted.shares,
        low=low,
        high=high,
        weights=_weights(codes, fitted, seen),
    )


def shares_of(
    mixture: Mixture, counts: NDArray[np.int64], *, resamples: int = RESAMPLES
) -> tuple[Floats, Floats, Floats]:
    """Return shares, and both ends of their intervals, of a part of the rows.

    `counts` is how often each of the mixture's cases occurs in the part; how a mechanism looks
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
        mine = joint * (counts / np.maximum(joint.sum(axis=1), _LEAST))[:, None]
        shares = mine.sum(axis=0) / max(float(counts.sum()), 1.0)
    return shares


@attrs.frozen
class _Fitted:
    shares: Floats
    match: Mapping[str, Floats]  # by factor, by level
    densities: Floats  # case by component


def _codes(cases: NDArray[np.int32]) -> dict[str, NDArray[np.int64]]:
    codes = decode_cases(cases)
    for factor, names in FACTORS.items():
        joint = np.zeros(len(cases), np.int64)
        for name in names:
            joint = joint * _SIZE[name] + codes[name]
        codes[factor] = joint
    return codes


@attrs.frozen
class Sampled:
    """How often cases occur among the sampled pairs of one mechanism; those that do."""

    cases: NDArray[np.int32]
    counts: Floats

    @classmethod
    def of(cls, counts: NDArray[np.int64]) -> "Sampled":
        """Read counts by case."""
        cases = np.flatnonzero(counts)
        return cls(cases.astype(np.int32), counts[cases].astype(float))

    def again(self, chance: np.random.Generator) -> "Sampled":
        """Draw pairs as many and as unlike each other as these."""
        return Sampled(self.cases, chance.poisson(self.counts).astype(float))

    def marginal(self, factor: str) -> Floats:
        """Return the density of one factor's levels."""
        levels = _codes(self.cases)[factor]
        found = np.bincount(levels, weights=self.counts, minlength=_SIZES[factor])
        return (found + 1 / _SIZES[factor]) / (self.counts.sum() + 1)

    def density(self, cases: NDArray[np.int32]) -> Floats:
        """Return the density of cases, a little for those not sampled; 0 if there are no pairs."""
        total = float(self.counts.sum())
        if not total:
            return np.zeros(len(cases))
        asked = _codes(cases)
        product = np.ones(len(cases))
        for factor in FACTORS:
            product *= self.marginal(factor)[asked[factor]]
        place = np.searchsorted(self.cases, cases).clip(max=len(self.cases) - 1)
        found = np.where(self.cases[place] == cases, self.counts[place], 0.0)
        return (found + _UNSEEN * product) / (total + _UNSEEN)


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
        total = np.maximum(joint.sum(axis=1), _LEAST)
        likelihood = float(counts @ np.log(total)) / rows
        if likelihood - before < _STILL:
            break
        before = likelihood
        mine = joint * (counts / total)[:, None]
        match = _levels(codes, mine[:, 0])
        fitted = _Fitted(mine.sum(axis=0) / rows, match, _densities(codes, match, others))
    return fitted


def _intervals(
    cases: NDArray[np.int32],
    codes: Mapping[str, NDArray[np.int64]],
    counts: NDArray[np.int64],
    seen: list[Sampled],
    fitted: _Fitted,
    resamples: int,
) -> tuple[Floats, Floats]:
    """Return the ends of the shares' intervals, by resampling cases and sampled pairs."""
    if not resamples or not counts.sum():
        return fitted.shares, fitted.shares
    chance = np.random.Generator(np.random.PCG64(0))  # the same data give the same interval
    drawn: list[Floats] = []
    for _ in range(resamples):
        again = chance.poisson(counts).astype(float)
        others = np.stack([found.again(chance).density(cases) for found in seen], axis=1)
        start = _Fitted(fitted.shares, fitted.match, _densities(codes, fitted.match, others))
        drawn.append(_maximise(codes, again, others, start, _RESAMPLE_STEPS).shares)
    low, high = np.quantile(np.stack(drawn), _INTERVAL, axis=0)
    return low, high


def _weights(
    codes: Mapping[str, NDArray[np.int64]], fitted: _Fitted, seen: list[Sampled]
) -> dict[str, Floats]:
    """Return log2 of match against the likeliest other mechanism, attribute by attribute."""
    best = np.argmax((fitted.shares * fitted.densities)[:, 1:], axis=1)
    weights: dict[str, Floats] = {}
    for factor, names in FACTORS.items():
        first = names[0]
        ours = fitted.match[factor].reshape(_SIZE[first], -1)
        theirs = np.stack([found.marginal(factor).reshape(ours.shape) for found in seen])
        ratio = ours.sum(axis=1)[codes[first]] / theirs.sum(axis=2)[best, codes[first]]
        weights[first] = np.log2(ratio)
    names_alike = fitted.match["names"][codes["names"]]
    apart = np.stack([found.marginal("names") for found in seen])[best, codes["names"]]
    weights["kana"] = np.log2(names_alike / apart) - weights["name"]
    return weights
