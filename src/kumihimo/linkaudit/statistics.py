"""Two numbers, always: the mis-links that were seen, and those that remain, each with an interval.

What remains is estimated twice over: by the audit's own odds, and by how many of the mis-links
that were sown it found (`seeding`). Intervals read the links of a file as one draw of the process
that made them, so that a rate has an interval even where every row was judged.
"""

from typing import Final

import polars as pl

from kumihimo.linkaudit.quantiles import (
    CONFIDENCE,
    Interval,
    share_interval,
    total_interval,
)
from kumihimo.linkaudit.sampling import suspicion
from kumihimo.linkaudit.schema import Verdict

# One line per affair and one for all of them (null). Rates are shares of rows.
TWO_NUMBERS: Final = {
    "affair": pl.String,
    "rows": pl.Int64,
    "observed": pl.Int64,
    "observed_rate": pl.Float64,
    "observed_low": pl.Float64,
    "observed_high": pl.Float64,
    "residual": pl.Float64,
    "residual_low": pl.Float64,
    "residual_high": pl.Float64,
}


def two_numbers(findings: pl.DataFrame, confidence: float = CONFIDENCE) -> pl.DataFrame:
    """Return `TWO_NUMBERS` of findings: suspected mis-links, and those expected in other rows."""
    judged = findings.select(
        "affair",
        observed=pl.col("verdict") == Verdict.MISLINK,
        expected=pl.Series(suspicion(findings)),
    )
    parts = [(None, judged)]
    parts += [
        (str(key[0]), part)
        for key, part in judged.drop_nulls("affair").group_by("affair", maintain_order=True)
    ]
    lines = [_line(affair, part, confidence) for affair, part in parts]
    return pl.DataFrame(lines, schema=TWO_NUMBERS, orient="row").sort("affair", nulls_last=False)


def remaining(observed: int, found: int, sown: int, confidence: float = CONFIDENCE) -> Interval:
    """Return how many mis-links of one mechanism were missed, if of those sown `found` were found.

    The sensitivity's bounds and the count's are taken together, each at half the risk, so the
    interval is rather too long than too short. Without any sown nothing bounds it above.
    """
    each = (1 + confidence) / 2
    share = share_interval(found, sown, each)
    counted = total_interval(observed, observed, 1.0, each)
    if share.value <= 0 or share.low <= 0:
        return Interval(0.0, float(observed), float("inf"), confidence)
    low = counted.low * (1 - share.high) / share.high
    high = counted.high * (1 - share.low) / share.low
    value = observed * (1 - share.value) / share.value
    bounds = total_interval(low, low, 1.0, each).low, total_interval(high, high, 1.0, each).high
    return Interval(bounds[0], value, bounds[1], confidence)


def _line(
    affair: str | None, part: pl.DataFrame, confidence: float
) -> tuple[str | None, int, int, float, float, float, float, float, float]:
    observed = int(part["observed"].sum())
    expected = float(part.filter(~pl.col("observed"))["expected"].sum())
    rate = share_interval(observed, len(part), confidence)
    rest = total_interval(expected, expected, 1.0, confidence)
    return (
        affair,
        len(part),
        observed,
        rate.value,
        rate.low,
        rate.high,
        rest.value,
        rest.low,
        rest.high,
    )
