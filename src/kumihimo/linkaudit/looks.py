"""What people found: one line for each look at a record, from the review desk or typed by an office.

The first look at a record stands first. From a look that a second person repeats blindly, without
knowing of the first, reviewers' errors are read.
"""

from typing import Final

import attrs
import polars as pl

from kumihimo.linkaudit.agreement import Errors, errors, kappa
from kumihimo.linkaudit.quantiles import BadStatistics, Interval, share_interval

# `answer` is one of `ANSWERS`. Null may be: `affair`, where the file is of one; `decision`, what was
# decided in the end, where the looks alone tell; `weight`, how many looks a repeated one stands for.
LOOKS: Final = {
    "affair": pl.String,
    "record_id": pl.String,
    "reviewer": pl.String,
    "answer": pl.String,
    "decision": pl.String,
    "weight": pl.Float64,
}
ANSWERS: Final = ("own", "notation", "wrong", "unsure")


@attrs.frozen
class Overturned:
    """A reviewer's first answers that another looked at again, and those that did not stand."""

    reviewer: str
    looks: int
    right: int  # answers that the link is right, looked at again
    missed: Interval  # the share of them that was decided to be wrong
    wrong: int
    false_alarms: Interval


@attrs.frozen
class Agreement:
    """How far two people say the same of a record; `kappa` is None where that cannot be said."""

    pairs: int
    agreeing: int
    kappa: Interval | None
    reviewers: tuple[Overturned, ...]
    errors: tuple[Errors, ...] | None  # by a latent class model, where three or more meet


def of_sample(looks: pl.DataFrame, sample: pl.DataFrame) -> pl.DataFrame:
    """Return the `LOOKS` at records of a `SAMPLE`; a desk may have looks at other affairs' too."""
    drawn = sample.select("record_id", drawn_in="affair")
    both = looks.join(drawn, on="record_id", how="inner", maintain_order="left")
    alike = pl.col("affair").is_null() | (pl.col("affair") == pl.col("drawn_in"))
    return both.filter(alike).select(list(LOOKS))


def judged(looks: pl.DataFrame) -> pl.DataFrame:
    """Return `record_id`, `reviewer` and `wrong` of each of `LOOKS` that could tell."""
    said = looks.select("record_id", "reviewer", wrong=_wrong("answer"))
    return said.drop_nulls("wrong")


def found(looks: pl.DataFrame) -> pl.DataFrame:
    """Return `record_id` and `wrong` of each record of `LOOKS`; null where nobody could decide."""
    said = looks.with_columns(wrong=_wrong("answer"), decided=_wrong("decision"))
    told = said.group_by("record_id", maintain_order=True).agg(
        pl.col("wrong").mean(), decided=pl.col("decided").drop_nulls().last()
    )
    by_looks = pl.when(pl.col("wrong") != 0.5).then(pl.col("wrong") > 0.5)  # noqa: PLR2004 - more than half
    return told.select("record_id", wrong=pl.coalesce("decided", by_looks))


def agreement(looks: pl.DataFrame) -> Agreement:
    """Return how far first and second looks of `LOOKS` agree, and what did not stand of the first."""
    said = looks.with_columns(
        wrong=_wrong("answer"), place=pl.int_range(pl.len()).over("record_id")
    ).join(found(looks).rename({"wrong": "decided"}), on="record_id", maintain_order="left")
    first = said.filter(pl.col("place") == 0).select(
        "record_id", "reviewer", "decided", one="wrong"
    )
    second = said.filter(pl.col("place") == 1).select("record_id", "weight", other="wrong")
    # Only records that two looked at: a single look stands because nobody overruled it.
    both = first.join(second, on="record_id", how="inner", maintain_order="left")
    pairs = both.drop_nulls(["one", "other"])
    try:
        weights = pairs["weight"].fill_null(1.0)
        value = kappa(pairs["one"], pairs["other"], weights)
    except BadStatistics:
        value = None
    counts = said.group_by("reviewer").len().sort("reviewer")
    return Agreement(
        pairs=len(pairs),
        agreeing=int((pairs["one"] == pairs["other"]).sum()),
        kappa=value,
        reviewers=tuple(_overturned(name, n, both) for name, n in counts.iter_rows()),
        errors=errors(judged(looks).rename({"wrong": "mislinked"})),
    )


def _overturned(reviewer: str, looks: int, both: pl.DataFrame) -> Overturned:
    mine = both.filter(pl.col("reviewer") == reviewer).drop_nulls(["one", "decided"])
    right, wrong = mine.filter(~pl.col("one")), mine.filter("one")
    return Overturned(
        reviewer=reviewer,
        looks=looks,
        right=len(right),
        missed=share_interval(int(right["decided"].sum()), len(right)),
        wrong=len(wrong),
        false_alarms=share_interval(int((~wrong["decided"]).sum()), len(wrong)),
    )


def _wrong(column: str) -> pl.Expr:
    """Return whether an answer says that the link is wrong; null for "cannot tell" and for none."""
    answer = pl.col(column)
    return pl.when(answer == "wrong").then(True).when(answer.is_in(["own", "notation"])).then(False)  # noqa: FBT003
