"""What people's findings in a sample say of all records: seen, and estimated, with an interval.

The estimate is Horvitz and Thompson's. Its variance is that of independent draws with the same
inclusions, which is never less than that of a sample of fixed size drawn as `sampling` does; its
interval is the gamma interval for rare events, exact where all inclusions are equal, and where
every record was looked at there is no doubt left. A record about which people could not decide counts as right
for the lower end and as wrong for the upper.
"""

from collections.abc import Sequence
from typing import Final

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.quantiles import (
    CONFIDENCE,
    BadStatistics,
    Interval,
    share_interval,
    total_interval,
)
from kumihimo.linkaudit.sampling import CLEARED, STRATUM

# One line for each stratum of the sample, then sums (affair null): of the cleared, and of all.
ESTIMATED: Final = {
    "affair": pl.String,
    "verdict": pl.String,  # of a sum `SUM_OF_CLEARED`, or null: of all
    "rows": pl.Int64,
    "looked": pl.Int64,
    "undecided": pl.Int64,
    "wrong": pl.Int64,
    "estimated": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}
SUM_OF_CLEARED: Final = "cleared"
EQUAL: Final = 1e-9


def estimates(
    sample: pl.DataFrame, wrong: pl.DataFrame, confidence: float = CONFIDENCE
) -> pl.DataFrame:
    """Return `ESTIMATED` of a `sampling.SAMPLE`; `wrong` is what people found of its records.

    `wrong` has `record_id` and `wrong` (null: they could not decide); a record that is not there was
    not looked at, and counts as one that nobody could decide. Raises `BadStatistics`.
    """
    told = sample.join(wrong, on="record_id", how="left", validate="1:1")
    if told["wrong"].null_count() == len(told):
        raise BadStatistics("nobody has decided about a record of the sample", pointer="looks")
    strata = told.partition_by(STRATUM, as_dict=True)
    parts = [_Part.of(strata[key]) for key in sorted(strata, key=str)]
    lines = [
        (str(affair), str(verdict), *part.line(confidence))
        for (affair, verdict), part in zip(sorted(strata, key=str), parts, strict=True)
    ]
    trusted = [
        one for (_, verdict, *_), one in zip(lines, parts, strict=True) if verdict in CLEARED
    ]
    sums = [(SUM_OF_CLEARED, trusted)] if trusted else []
    lines += [
        (None, verdict, *_Part.together(some).line(confidence))
        for verdict, some in (*sums, (None, parts))
    ]
    return pl.DataFrame(lines, schema=ESTIMATED, orient="row")


@attrs.frozen(eq=False)
class _Part:
    """What was drawn of some strata: inclusion of each record, and whether it is wrong (or unknown)."""

    rows: int
    inclusion: NDArray[np.float64]
    wrong: NDArray[np.bool_]
    unknown: NDArray[np.bool_]
    heaviest: float  # what one record of these strata can weigh

    @classmethod
    def of(cls, drawn: pl.DataFrame) -> "_Part":
        unknown = drawn["wrong"].is_null().to_numpy()
        return cls(
            rows=int(drawn["rows"][0]),
            inclusion=drawn["inclusion"].to_numpy(),
            wrong=drawn["wrong"].fill_null(value=False).to_numpy(),
            unknown=unknown,
            heaviest=1 / float(drawn["least"][0]),
        )

    @classmethod
    def together(cls, parts: Sequence["_Part"]) -> "_Part":
        return cls(
            rows=sum(one.rows for one in parts),
            inclusion=np.concatenate([one.inclusion for one in parts]),
            wrong=np.concatenate([one.wrong for one in parts]),
            unknown=np.concatenate([one.unknown for one in parts]),
            heaviest=max(one.heaviest for one in parts),
        )

    def line(self, confidence: float) -> tuple[int, int, int, int, float | None, float, float]:
        """Return rows, looked at, undecided, wrong, and the estimate with its ends."""
        seen, right = int(self.wrong.sum()), int((~self.wrong & ~self.unknown).sum())
        low = self._interval(self.wrong, confidence).low
        high = self._interval(self.wrong | self.unknown, confidence).high
        weight = 1 / self.inclusion
        decided = float(weight[~self.unknown].sum())
        # Who was not decided is taken to be as often wrong as who was.
        value = float(weight[self.wrong].sum() * weight.sum() / decided) if decided else None
        return (
            self.rows,
            len(self.wrong),
            int(self.unknown.sum()),
            seen,
            value,
            max(low, float(seen)),
            min(high, float(self.rows - right)),
        )

    def _interval(self, hit: NDArray[np.bool_], confidence: float) -> Interval:
        sure = self.inclusion >= 1
        known = float(hit[sure].sum())
        if sure.all():
            return Interval(known, known, known, confidence)
        least, most = float(self.inclusion.min()), float(self.inclusion.max())
        if most - least < EQUAL * most and abs(1 / least - self.heaviest) < EQUAL / least:
            share = share_interval(int(hit.sum()), len(hit), confidence)
            return share.times(self.rows)
        weight = hit[~sure] / self.inclusion[~sure]
        variance = float((weight**2 * (1 - self.inclusion[~sure])).sum())
        part = total_interval(float(weight.sum()), variance, self.heaviest, confidence)
        return Interval(known + part.low, known + part.value, known + part.high, confidence)
