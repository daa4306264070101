"""How many mis-links there are, and how many remain, if those who looked may err.

`erring` draws what the sampled records are; each draw is estimated and bounded as `estimating` does it,
by one number drawn from the bound's own distribution, so that the interval holds both doubts: which
records were drawn, and what people missed or took for wrong (melded: Fay, Proschan and Brittain 2015).
"""

from typing import Final

import numpy as np
import polars as pl

from kumihimo.linkaudit.erring import (
    HIGH,
    LOW,
    Cells,
    Chance,
    Floats,
    Ints,
    drawn,
    gathered,
)
from kumihimo.linkaudit.estimating import EQUAL, SUM_OF_CLEARED
from kumihimo.linkaudit.looks import LOOKS, judged
from kumihimo.linkaudit.quantiles import CONFIDENCE

# One line for each of `estimating.ESTIMATED`. `left`: those that people did not find.
CORRECTED: Final = {
    "affair": pl.String,
    "verdict": pl.String,
    "corrected": pl.Float64,
    "corrected_low": pl.Float64,
    "corrected_high": pl.Float64,
    "left": pl.Float64,
    "left_low": pl.Float64,
    "left_high": pl.Float64,
}
_SEED: Final = 1
_TINY: Final = 1e-300


def corrected(
    sample: pl.DataFrame,
    looks: pl.DataFrame,
    sown: pl.DataFrame | None = None,
    confidence: float = CONFIDENCE,
) -> pl.DataFrame | None:
    """Return `CORRECTED` of a `sampling.SAMPLE` and the `LOOKS` at it; None where nothing tells of errors.

    That is where no two have looked at one record, and no reviewer at a sown mis-link (`sown`: `LOOKS`
    at records that are known to be wrong). The same looks give the same figures.
    """
    known = judged(sown if sown is not None else pl.DataFrame(schema=LOOKS))
    whole = gathered(sample, looks, SUM_OF_CLEARED)
    counts = known.filter(pl.col("reviewer").is_in(whole.reviewers))
    if not (judged(looks)["record_id"].is_duplicated().any() or len(counts)):
        return None
    seen = tuple(
        np.array([len(counts.filter(reviewer=one, wrong=caught)) for one in whole.reviewers])
        for caught in (False, True)
    )
    chance = np.random.Generator(np.random.PCG64(_SEED))
    low, high = (drawn(whole.cells, prior, (seen[0], seen[1]), chance) for prior in (LOW, HIGH))
    lines = [
        (
            affair,
            verdict,
            *_line(whole.cells.only(some), low[:, some], high[:, some], chance, confidence),
        )
        for affair, verdict, some in whole.lines
    ]
    return pl.DataFrame(lines, schema=CORRECTED, orient="row")


def _line(part: Cells, low: Ints, high: Ints, chance: Chance, confidence: float) -> list[float]:
    """Return all mis-links of some strata, then those not found: estimate, low end, high end."""
    rows = int(part.rows[np.unique(part.stratum, return_index=True)[1]].sum())
    # Who was not decided is taken to be as often wrong as who was; for the ends as right, as wrong.
    whole = float(part.records @ part.weight) / max(float(part.told @ part.weight), _TINY)
    high = high + part.records - part.told
    draws = [
        (low @ part.weight) * whole,
        _bound(part, low, rows, chance, upper=False),
        _bound(part, high, rows, chance, upper=True),
    ]
    counted = [one[:, part.counted].sum(axis=1) for one in (low, low, high)]
    tail = (1 - confidence) / 2
    found: list[float] = []
    for value, below, above in (draws, [a - b for a, b in zip(draws, counted, strict=True)]):
        told = value.mean(), np.quantile(below, tail), np.quantile(above, 1 - tail)
        found += [min(max(float(one), 0.0), float(rows)) for one in told]
    return found


def _bound(part: Cells, wrong: Ints, rows: int, chance: Chance, *, upper: bool) -> Floats:
    """Draw one number for each draw of `wrong` from the distribution of a bound."""
    sure = part.weight <= 1
    known = wrong[:, sure].sum(axis=1).astype(np.float64)
    if sure.all():
        return known
    weight, hits = part.weight[~sure], wrong[:, ~sure]
    heaviest = float(part.heaviest.max())
    if not sure.any() and max(heaviest, *weight) - min(weight) < EQUAL * heaviest:
        looked, one_more = int(part.records.sum()), int(upper)
        more: Ints = hits.sum(axis=1) + one_more
        less: Ints = looked + 1 - more
        share: Floats = chance.beta(np.maximum(more, 1), np.maximum(less, 1))
        return rows * np.where(more == 0, 0.0, np.where(less == 0, 1.0, share))
    total, variance = hits @ weight, hits @ (weight * (weight - 1))
    if upper:
        total, variance = total + heaviest, variance + heaviest**2
    none = (total <= 0) | (variance <= 0)
    shape = np.where(none, 1.0, total**2 / np.maximum(variance, _TINY))
    scale = np.where(none, 0.0, variance / np.maximum(total, _TINY))
    return known + chance.gamma(shape) * scale
