"""The mixture of mechanisms: how likely each is behind a case, and how often each occurs.

A case is a pattern with what the search found. P(case) = Σ_j π_j f_j(case) over match, household,
twin, homonym and random. The f_j of the others are known (`nonmatches`); that of a match is a
product over the `FACTORS`, found together with the π_j by expectation and maximisation on the counts
of cases (Dempster, Laird, Rubin 1977), which is exact however many rows the counts stand for. Name
and reading are one factor: a surname that changes changes both. What the search found is taken given
the address, whom else the register holds, and whether there was a search: agreement that settles a
row has nothing searched, so a namesake elsewhere is found where a character was lost and
not where none was. Without the outcome a twin could not be told from a person who changed given name.
"""

import math
from collections.abc import Mapping
from typing import Final, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from kumihimo.linkaudit.evidence import unsettled_patterns
from kumihimo.linkaudit.nonmatches import OTHERS
from kumihimo.linkaudit.patterns import PLACES, decode_cases, patterns_of
from kumihimo.linkaudit.schema import Mechanism, Outcome

Floats: TypeAlias = NDArray[np.float64]

COMPONENTS: Final = (Mechanism.MATCH, *OTHERS)
_SIZE: Final = {name: len(levels) for name, levels in PLACES} | {
    "searched": 2,
    "outcome": len(Outcome),
}
# What goes together in a match. The last is the outcome's share among cases that are alike in the
# rest of it.
_GIVEN: Final = ("address", "others", "searched")
FACTORS: Final = {
    "names": ("name", "kana"),
    "birth": ("birth",),
    "sex": ("sex",),
    "places": ("address", "others"),
    "found": (*_GIVEN, "outcome"),
}
_SIZES: Final = {
    factor: math.prod(_SIZE[name] for name in names) for factor, names in FACTORS.items()
}
_SEARCHED: Final = unsettled_patterns().astype(np.int64)
_UNSEEN: Final = 5.0  # pairs' worth of a product of marginals, so that an unseen case is not 0
_FLOOR: Final = 1e-9  # of all rows: no level is impossible in a match
_LEAST: Final = 1e-300  # a resample of a tiny file may have no row left
_STEPS_MAX: Final = 2000
_STILL: Final = 1e-12  # change of the log likelihood, per row
_FIRST: Final = 0.001  # the first guess of every mechanism's share
RESAMPLES: Final = 100  # for the intervals
_RESAMPLE_STEPS: Final = 50  # from the fitted shares: a resample lies near by


@attrs.frozen
class Mixture:
    """The fitted mixture over cases: row k of each table is `cases[k]`.

    `densities[k, j]` is P(case k | component j) and `posteriors[k, j]` is P(component j | case k).
    `shares` are the π_j, and `drawn` (resample by component) what they would be for other rows and
    other sampled pairs. `weights` are log2 of match against the likeliest other, for each attribute;
    those of name and reading add up to the weight of both.
    """

    cases: NDArray[np.int32]
    densities: Floats
    posteriors: Floats
    shares: Floats
    drawn: Floats
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
    joint = fitted.shares * fitted.densities
    return Mixture(
        cases=cases,
        densities=fitted.densities,
        posteriors=joint / np.maximum(joint.sum(axis=1, keepdims=True), _LEAST),
        shares=fitted.shares,
        drawn=_drawn(cases, codes, counts, seen, fitted, resamples),
        weights=_weights(codes, fitted, seen),
    )


def shares_of(
    mixture: Mixture, counts: NDArray[np.int64], *, resamples: int = RESAMPLES
) -> tuple[Floats, Floats]:
    """Return the shares of a part of the rows, and what they would be for other rows (by resample).

    `counts` is how often each of the mixture's cases occurs in the part; how a mechanism looks
    is taken from the whole.
    """
    chance = np.random.Generator(np.random.PCG64(0))
    again = [chance.poisson(counts) for _ in range(resamples)]
    found = _shares(mixture, np.stack([counts, *again]).astype(float))
    return found[0], found[1:] if resamples else found


def _shares(mixture: Mixture, counts: Floats) -> Floats:
    """Return the shares of some parts (part by component), given part by case."""
    shares = np.tile(mixture.shares, (len(counts), 1))
    rows = np.maximum(counts.sum(axis=1), 1.0)[:, None]
    for _ in range(_RESAMPLE_STEPS):
        weighed = counts / np.maximum(shares @ mixture.densities.T, _LEAST)
        shares = shares * (weighed @ mixture.densities) / rows
    return shares


@attrs.frozen
class _Fitted:
    shares: Floats
    match: Mapping[str, Floats]  # by factor, by level
    densities: Floats  # case by component


def _codes(cases: NDArray[np.int32]) -> dict[str, NDArray[np.int64]]:
    codes = decode_cases(cases)
    codes["searched"] = _SEARCHED[patterns_of(cases)]
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
        found = np.bincount(levels, weights=self.counts, minlength=_SIZES[factor]).astype(float)
        return _shared(factor, found + 1 / _SIZES[factor])

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
    floor = _FLOOR * max(float(weight.sum()), 1.0)
    found = {
        factor: np.bincount(codes[factor], weights=weight, minlength=size).astype(float)
        for factor, size in _SIZES.items()
    }
    return {factor: _shared(factor, counts + floor) for factor, counts in found.items()}


def _shared(factor: str, counts: Floats) -> Floats:
    """Return the shares of a factor's levels; of what the search found, among cases alike in the rest."""
    if factor != "found":
        return counts / counts.sum()
    alike = counts.reshape(-1, _SIZE["outcome"])
    return (alike / alike.sum(axis=1, keepdims=True)).ravel()


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


def _drawn(
    cases: NDArray[np.int32],
    codes: Mapping[str, NDArray[np.int64]],
    counts: NDArray[np.int64],
    seen: list[Sampled],
    fitted: _Fitted,
    resamples: int,
) -> Floats:
    """Return the shares for resampled cases and sampled pairs, one line a resample."""
    if not resamples or not counts.sum():
        return fitted.shares[None, :]
    chance = np.random.Generator(np.random.PCG64(0))  # the same data give the same
    drawn: list[Floats] = []
    for _ in range(resamples):
        again = chance.poisson(counts).astype(float)
        others = np.stack([found.again(chance).density(cases) for found in seen], axis=1)
        start = _Fitted(fitted.shares, fitted.match, _densities(codes, fitted.match, others))
        drawn.append(_maximise(codes, again, others, start, _RESAMPLE_STEPS).shares)
    return np.stack(drawn)


def _weights(
    codes: Mapping[str, NDArray[np.int64]], fitted: _Fitted, seen: list[Sampled]
) -> dict[str, Floats]:
    """Return log2 of match against the likeliest other mechanism, attribute by attribute."""
    best = np.argmax((fitted.shares * fitted.densities)[:, 1:], axis=1)
    weights: dict[str, Floats] = {}
    for factor, (first, *_) in FACTORS.items():
        if factor == "found":
            continue  # it is no attribute
        ours = fitted.match[factor].reshape(_SIZE[first], -1)
        theirs = np.stack([found.marginal(factor).reshape(ours.shape) for found in seen])
        ratio = ours.sum(axis=1)[codes[first]] / theirs.sum(axis=2)[best, codes[first]]
        weights[first] = np.log2(ratio)
    names_alike = fitted.match["names"][codes["names"]]
    apart = np.stack([found.marginal("names") for found in seen])[best, codes["names"]]
    weights["kana"] = np.log2(names_alike / apart) - weights["name"]
    return weights
