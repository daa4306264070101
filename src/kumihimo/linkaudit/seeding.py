"""Mis-links sown on purpose into a copy of the institution's own rows, to see how many are found.

Numbers change places between rows of one file: inside households, between namesakes, between
twins, at random, and by runs that slip. The key of what was sown stands apart and holds no number.
"""

from typing import Final

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.quantiles import CONFIDENCE, BadStatistics, share_interval
from kumihimo.linkaudit.schema import Mechanism, Verdict

Rows = NDArray[np.int64]
KEY: Final = {"row": pl.Int64, "record_id": pl.String, "mechanism": pl.String}
SENSITIVITY: Final = {
    "mechanism": pl.String,
    "sown": pl.Int64,
    "found": pl.Int64,  # a suspected mis-link
    "held": pl.Int64,  # kept for a person to look at
    "cleared": pl.Int64,  # passed by machine
    "sensitivity": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}
SOWN_EACH: Final = 300  # rows of each mechanism: bounds a sensitivity of 1 from below at 0.988
RUN_ROWS: Final = 20  # length of a run that slips: our choice
_SHARE_MAX: Final = 0.1  # of the file, sown: more would teach the audit what is sown


@attrs.frozen(eq=False)
class Sown:
    """A copy of the rows with mis-links in it, and the key (`KEY`)."""

    rows: pl.DataFrame
    key: pl.DataFrame


def sow(
    rows: pl.DataFrame, seed: int, *, each: int = SOWN_EACH, cleared: pl.Series | None = None
) -> Sown:
    """Return rows (`schema.ROWS`) with `each` mis-links of every mechanism that the file allows.

    `cleared` says (Boolean) which rows an audit has cleared; only they are sown, for a number that is
    wrong already may come to its right place. Households are those that the file names, else rows with one address; namesakes have one
    reading (else name), birth date and sex as written. Raises `BadStatistics` for a file that is
    too small.
    """
    order = np.random.Generator(np.random.PCG64(seed))
    if each < 1 or 5 * each > _SHARE_MAX * len(rows):
        raise BadStatistics(
            f"each: at most a fiftieth of the rows ({int(len(rows) * _SHARE_MAX / 5):,})",
            pointer="each",
        )
    field = _Field.of(rows, order)
    if cleared is not None:
        field.usable &= cleared.to_numpy()
    field.slip(each)
    for mechanism, one, other in (
        (Mechanism.TWIN, *_together(rows, [_household(), _birth()], order)),
        (Mechanism.HOMONYM, *_together(rows, [_called(), _birth(), pl.col("sex")], order)),
        (Mechanism.HOUSEHOLD, *_together(rows, [_household()], order, apart=_birth())),
        (Mechanism.RANDOM, *np.split(order.permutation(len(rows) // 2 * 2), 2)),
    ):
        field.swap(mechanism, one, other, each)
    sown = np.flatnonzero(field.mechanism)
    words = pl.Series(("", *Mechanism)).gather(field.mechanism[sown])
    key = rows[sown.tolist()].select("row", "record_id", mechanism=words)
    return Sown(rows.with_columns(rows["number"].gather(field.source)), key)


def sensitivity(
    findings: pl.DataFrame, key: pl.DataFrame, confidence: float = CONFIDENCE
) -> pl.DataFrame:
    """Return `SENSITIVITY`, one line per mechanism sown: what the audit said of the sown rows.

    A row that the audit could not judge counts as cleared, for nobody would look at it.
    """
    held = key.join(findings.select("row", "verdict"), on="row", how="left")
    verdict = pl.col("verdict")
    counts = held.group_by("mechanism").agg(
        sown=pl.len().cast(pl.Int64),
        found=(verdict == Verdict.MISLINK).sum().cast(pl.Int64),
        held=(verdict == Verdict.PERSON).sum().cast(pl.Int64),
    )
    intervals = [
        share_interval(found, sown, confidence)
        for found, sown in counts.select("found", "sown").iter_rows()
    ]
    return counts.with_columns(
        cleared=pl.col("sown") - pl.col("found") - pl.col("held"),
        sensitivity=pl.Series([one.value for one in intervals], dtype=pl.Float64),
        low=pl.Series([one.low for one in intervals], dtype=pl.Float64),
        high=pl.Series([one.high for one in intervals], dtype=pl.Float64),
    ).select(*SENSITIVITY).sort("mechanism")  # fmt: skip


@attrs.define(eq=False)
class _Field:
    """Which row's number each row carries, while mis-links are sown; a row is used once."""

    source: Rows
    mechanism: Rows  # index into Mechanism plus one, 0 where the row is untouched
    usable: NDArray[np.bool_]
    numbers: NDArray[np.object_]
    order: np.random.Generator

    @classmethod
    def of(cls, rows: pl.DataFrame, order: np.random.Generator) -> "_Field":
        # A number that stands twice says already that something is wrong; leave it alone.
        once = rows["number"].is_unique() & rows["number"].is_not_null()
        return cls(
            source=np.arange(len(rows), dtype=np.int64),
            mechanism=np.zeros(len(rows), dtype=np.int64),
            usable=once.to_numpy().copy(),
            numbers=rows["number"].to_numpy(),
            order=order,
        )

    def swap(self, mechanism: Mechanism, one: Rows, other: Rows, each: int) -> None:
        """Let `each` rows, in pairs, have each other's numbers."""
        both = self.usable[one] & self.usable[other] & (one != other)
        one, other = one[both], other[both]
        _, first = np.unique(np.stack([one, other], axis=1).reshape(-1), return_index=True)
        fresh = np.zeros(2 * len(one), dtype=np.bool_)
        fresh[first] = True
        chosen = np.flatnonzero(fresh.reshape(-1, 2).all(axis=1))[: max(each // 2, 1)]
        one, other = one[chosen], other[chosen]
        self.source[one], self.source[other] = other, one
        self._mark(np.concatenate([one, other]), mechanism)

    def slip(self, each: int) -> None:
        """Let runs of rows carry the number of the row before; the first of a run the last's."""
        starts = self.order.permutation(len(self.source) // (2 * RUN_ROWS)) * 2 * RUN_ROWS
        left = each
        for start in starts.tolist():
            run = np.arange(start, start + min(RUN_ROWS, left), dtype=np.int64)
            if left < 2:  # noqa: PLR2004 - one row alone cannot slip
                return
            if not self.usable[run].all():
                continue
            self.source[run] = np.roll(run, 1)
            self._mark(run, Mechanism.SHIFT)
            left -= len(run)

    def _mark(self, rows: Rows, mechanism: Mechanism) -> None:
        self.usable[rows] = False
        self.mechanism[rows] = 1 + list(Mechanism).index(mechanism)


def _together(
    rows: pl.DataFrame,
    keys: list[pl.Expr],
    order: np.random.Generator,
    apart: pl.Expr | None = None,
) -> tuple[Rows, Rows]:
    """Return pairs of rows that agree in all keys (and differ in `apart`), in random order."""
    names = [f"key{n}" for n in range(len(keys))]
    frame = rows.select(
        index=pl.int_range(pl.len(), dtype=pl.Int64),
        mix=pl.Series(order.permutation(len(rows))),
        apart=pl.lit(None, dtype=pl.String) if apart is None else apart,
        **dict(zip(names, keys, strict=True)),
    ).drop_nulls(names)
    pairs = frame.sort(*names, "mix").with_columns(
        other=pl.col("index").shift(-1).over(names),
        differs=pl.lit(value=True)
        if apart is None
        else pl.col("apart") != pl.col("apart").shift(-1).over(names),
    )
    pairs = pairs.filter(pl.col("other").is_not_null() & pl.col("differs")).sort("mix")
    return pairs["index"].to_numpy(), pairs["other"].to_numpy()


def _household() -> pl.Expr:
    return pl.coalesce("household", "address")


def _birth() -> pl.Expr:
    return pl.col("birth")


def _called() -> pl.Expr:
    return pl.coalesce("kana", "name")
