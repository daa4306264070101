"""Which records people look at, and how likely each was to be chosen.

A budget is divided between the records that need a look anyway and those that the audit cleared,
then between the strata (an affair's verdict), half by how many mis-links are expected there and half
by size; within a stratum in the same way between the records. So the more suspect is the likelier
to be looked at, and no record is beyond it: a model that trusts a record too much must not make
one mis-link among the trusted weigh a million.
"""

import math
from collections.abc import Iterator
from statistics import NormalDist
from typing import Final

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.quantiles import BadStatistics
from kumihimo.linkaudit.schema import Verdict

# A line for each record drawn. `rows` is how many its stratum has, `least` the smallest inclusion
# there, `repeat` says that a second person is to look at it blindly.
SAMPLE: Final = {
    "record_id": pl.String,
    "affair": pl.String,
    "verdict": pl.String,
    "rows": pl.Int64,
    "least": pl.Float64,
    "inclusion": pl.Float64,
    "repeat": pl.Boolean,
}
STRATUM: Final = ("affair", "verdict")
CLEARED: Final = (Verdict.CONFIRMED, Verdict.NOTATIONAL)
CLEARED_SHARE: Final = 0.3  # of a budget goes to records that were cleared: our choice
REPEATS: Final = 0.05  # of the records drawn: as at the review desk
CHUNK: Final = 1_000_000  # findings read at a time
_KEY: Final = (*STRATUM, "odds")
_DIGITS: Final = 9  # of sums of inclusions: what is behind is the machine's

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def needed(rate: float, precision: float, confidence: float = 0.95) -> int:
    """Return how many rows must be looked at to know a rate to within `precision` of itself.

    2,572 rows for a rate of 3.6 % to within 20 %; 384,050 for 0.025 %, which nobody looks at: such
    rates are left to the model and to mis-links sown. Raises `BadStatistics`.
    """
    if not (0 < rate < 1 and 0 < precision < 1):
        raise BadStatistics("rate and precision: between 0 and 1", pointer="rate")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    return math.ceil(z**2 * (1 - rate) / (precision**2 * rate))


def suspicion(findings: pl.DataFrame) -> Floats:
    """Return P(mis-link) of each finding, from its odds."""
    odds = findings["odds"].fill_null(0.0).to_numpy()
    return 1 / (1 + np.power(10.0, -np.clip(odds, -300, 300)))


@attrs.frozen(eq=False)
class Plan:
    """Groups of findings that are equally suspect: affair, verdict, odds, rows, inclusion."""

    groups: pl.DataFrame

    @property
    def strata(self) -> pl.DataFrame:
        """Return affair, verdict, rows and how many of them are drawn."""
        return (
            self.groups.group_by(STRATUM, maintain_order=True)
            .agg(
                pl.col("rows").sum(),
                drawn=(pl.col("rows") * pl.col("inclusion")).sum().round().cast(pl.Int64),
            )
            .sort(STRATUM)
        )


def plan(findings: pl.LazyFrame, budget: int, cleared: float = CLEARED_SHARE) -> Plan:
    """Return how likely each finding is to be drawn, so that `budget` of them are.

    `cleared` is the share of the budget for those that the audit cleared. Each stratum has one
    record at least. Raises `BadStatistics`.
    """
    groups = _keyed(findings).group_by(_KEY).agg(rows=pl.len().cast(pl.Int64))
    groups = groups.collect(engine="streaming").sort(_KEY)
    strata = groups.select(STRATUM).n_unique()
    if not strata <= budget:
        raise BadStatistics(
            f"budget: at least {strata}, one for each affair's verdict", pointer="budget"
        )
    if not 0 < cleared < 1:
        raise BadStatistics("cleared: a share between 0 and 1", pointer="cleared")
    groups = groups.with_columns(p=pl.Series(suspicion(groups)))
    sizes = _sizes(groups, budget, cleared)
    parts = [
        part.with_columns(
            inclusion=pl.Series(_shared(part["p"].to_numpy(), part["rows"].to_numpy(), sizes[key]))
        )
        for key, part in groups.partition_by(STRATUM, as_dict=True).items()
    ]
    return Plan(pl.concat(parts).sort(_KEY))


def draw(
    findings: pl.LazyFrame, drawn: Plan, seed: int, repeats: float = REPEATS, *, chunk: int = CHUNK
) -> pl.DataFrame:
    """Return `SAMPLE` in random order. The same findings, plan and seed give the same.

    Within a group all records are alike, and as many are taken as its inclusions sum up to, or one
    more: the sample is as large as the plan says.
    """
    chance = np.random.Generator(np.random.PCG64(seed))
    places = _chosen(drawn.groups, chance)
    starts = drawn.groups.with_columns(start=pl.col("rows").cum_sum() - pl.col("rows"))
    starts = starts.with_row_index("group").select("group", *_KEY, "start", "inclusion")
    told = drawn.groups.group_by(STRATUM).agg(pl.col("rows").sum(), least=pl.col("inclusion").min())
    seen = np.zeros(len(starts), np.int64)
    found: list[pl.DataFrame] = []
    for part in _parts(_keyed(findings), chunk):
        at = part.join(starts, on=_KEY, how="left", maintain_order="left").with_columns(
            rank=pl.int_range(pl.len()).over("group")
        )
        group = at["group"].to_numpy()
        place = at["start"].to_numpy() + at["rank"].to_numpy() + seen[group]
        seen += np.bincount(group, minlength=len(seen))
        found.append(at.filter(pl.Series(_among(place, places))))
    whole = pl.concat(found).join(told, on=STRATUM, how="left")
    whole = whole[chance.permutation(len(whole)).tolist()]
    again = np.arange(len(whole)) < math.ceil(repeats * len(whole))
    marked = whole.with_columns(repeat=pl.Series(chance.permutation(again)))
    return marked.select(pl.col(name).cast(kind) for name, kind in SAMPLE.items())


def _keyed(findings: pl.LazyFrame) -> pl.LazyFrame:
    return findings.select(
        "record_id", pl.col("affair").fill_null(""), "verdict", pl.col("odds").fill_null(0.0)
    )


def _parts(findings: pl.LazyFrame, chunk: int) -> Iterator[pl.DataFrame]:
    first = 0
    while len(part := findings.slice(first, chunk).collect()):
        yield part
        first += len(part)


def _sizes(groups: pl.DataFrame, budget: int, cleared: float) -> dict[tuple[object, ...], int]:
    """Return how many records each stratum has in the sample."""
    strata = groups.group_by(STRATUM).agg(
        pl.col("rows").sum(), expected=(pl.col("rows") * pl.col("p")).sum()
    )
    strata = strata.sort(STRATUM)
    rows, expected = strata["rows"].to_numpy(), strata["expected"].to_numpy()
    trusted = strata["verdict"].is_in(CLEARED).to_numpy()
    budget = min(budget, int(rows.sum()))
    sides = np.array([budget * (1 - cleared), budget * cleared])
    totals = np.array([rows[~trusted].sum(), rows[trusted].sum()])
    # What one side has no records for goes to the other.
    over = np.maximum(sides - totals, 0)
    sides = sides - over + over[::-1]
    size = np.zeros(len(rows))
    for side, here in zip(sides, (~trusted, trusted), strict=True):
        size[here] = rows[here] * _shared(expected[here] / rows[here], rows[here], side)
    whole = _rounded(size, rows, budget)
    return dict(zip(strata.select(STRATUM).rows(), whole.tolist(), strict=True))


def _shared(p: Floats, rows: Ints, size: float) -> Floats:
    """Return inclusions that share `size` records, half by suspicion and half evenly; none above 1."""
    out = np.zeros(len(p))
    free = np.ones(len(p), dtype=np.bool_)
    while free.any():
        left = size - rows[~free].sum()
        here, expected = rows[free], p[free] * rows[free]
        weight = p[free] / max(expected.sum(), np.finfo(float).tiny) + 1 / here.sum()
        out[free] = left * weight / (weight * here).sum()
        over = free & (out > 1)
        if not over.any():
            break
        out[over] = 1.0
        free &= ~over
    return np.clip(out, 0.0, 1.0)


def _rounded(size: Floats, rows: Ints, budget: int) -> Ints:
    """Return whole numbers that sum up to the budget: at least 1, at most all, near `size`."""
    whole = np.clip(np.floor(size).astype(np.int64), 1, rows)
    while (missing := budget - int(whole.sum())) != 0:
        step = 1 if missing > 0 else -1
        able = (whole < rows) if step > 0 else (whole > 1)
        wish = np.where(able, step * (size - whole), -np.inf)
        # Never more than a round over all of them, so that the greatest wish is met first.
        for at in np.argsort(-wish, kind="stable")[: min(abs(missing), int(able.sum()))]:
            whole[at] += step
    return whole


def _chosen(groups: pl.DataFrame, chance: np.random.Generator) -> Ints:
    """Return the places drawn, in order; a group's places follow those of the group before."""
    rows = groups["rows"].to_numpy()
    wanted = rows * groups["inclusion"].to_numpy()
    counts = np.zeros(len(rows), np.int64)
    strata = groups.select(STRATUM).with_row_index().group_by(STRATUM, maintain_order=True)
    for part in strata.agg(pl.col("index"))["index"]:
        at = chance.permutation(part.to_numpy())
        sums = np.round(np.cumsum(wanted[at]), _DIGITS)
        # Systematic rounding: each group gives what it should or one more, all together the size.
        counts[at] = np.diff(
            np.floor(np.minimum(sums, round(sums[-1])) + chance.random()), prepend=0
        )
    starts = np.cumsum(rows) - rows
    picked = [
        start + chance.choice(n, min(count, n), replace=False, shuffle=False)
        for start, n, count in zip(starts.tolist(), rows.tolist(), counts.tolist(), strict=True)
        if count
    ]
    return np.sort(np.concatenate(picked)) if picked else np.zeros(0, np.int64)


def _among(places: Ints, chosen: Ints) -> NDArray[np.bool_]:
    at = np.searchsorted(chosen, places).clip(max=max(len(chosen) - 1, 0))
    return chosen[at] == places if len(chosen) else np.zeros(len(places), np.bool_)
