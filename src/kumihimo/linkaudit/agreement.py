"""How far reviewers agree, from rows that several of them judged without seeing each other.

Cohen's kappa of two, and each reviewer's own errors where they can be told: with three or more
reviewers who err independently a latent class model has one answer, with two it has many, and
then none is given.
"""

import math
from itertools import combinations
from statistics import NormalDist
from typing import Final

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.quantiles import CONFIDENCE, BadStatistics, Interval

JUDGEMENTS: Final = {"record_id": pl.String, "reviewer": pl.String, "mislinked": pl.Boolean}
REVIEWERS_MIN: Final = 3  # below, the model has more unknowns than the judgements have facts
_COMMON_MIN: Final = 30  # rows that each two reviewers must both have judged: our choice
_ROUNDS: Final = 2_000
_STILL: Final = 1e-10


@attrs.frozen
class Errors:
    """A reviewer's errors: the share of mis-links passed and of right links called wrong."""

    reviewer: str
    missed: float
    false_alarms: float
    judged: int


def kappa(
    one: pl.Series,
    other: pl.Series,
    weights: pl.Series | None = None,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Return Cohen's kappa of two reviewers' judgements of the same rows, row by row.

    `weights` says how many rows each stands for, where some were drawn to be judged twice. The
    standard error is the linearised one; without weights it is Fleiss, Cohen and Everitt's (1969).
    Two who both say only one thing agree by chance alone: there is no kappa. Raises `BadStatistics`.
    """
    if len(one) != len(other) or not len(one):
        raise BadStatistics("two judgements of each row", pointer="judgements")
    w = np.ones(len(one)) if weights is None else weights.to_numpy().astype(np.float64)
    a, b = one.to_numpy().astype(np.int64), other.to_numpy().astype(np.int64)
    p = np.bincount(2 * a + b, weights=w, minlength=4).reshape(2, 2) / w.sum()
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    seen, chance = float(np.trace(p)), float(rows @ columns)
    if chance >= 1:
        raise BadStatistics("both reviewers said one thing of every row", pointer="judgements")
    value = (seen - chance) / (1 - chance)
    # How much one row more of its kind would move kappa.
    pull = ((a == b) - seen - (1 - value) * (columns[a] + rows[b] - 2 * chance)) / (1 - chance)
    error = math.sqrt(float(((w * pull) ** 2).sum())) / float(w.sum())
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    return Interval(max(value - z * error, -1.0), value, min(value + z * error, 1.0), confidence)


def pairs(judgements: pl.DataFrame) -> list[tuple[str, str, pl.DataFrame]]:
    """Return each two reviewers with the rows that both judged (`one`, `other`)."""
    names = judgements["reviewer"].unique().sort().to_list()
    found: list[tuple[str, str, pl.DataFrame]] = []
    for one, other in combinations(names, 2):
        mine = judgements.filter(pl.col("reviewer") == one).select("record_id", one="mislinked")
        theirs = judgements.filter(pl.col("reviewer") == other).select(
            "record_id", other="mislinked"
        )
        both = mine.join(theirs, on="record_id").sort("record_id")
        if len(both):
            found.append((one, other, both))
    return found


def errors(judgements: pl.DataFrame) -> tuple[Errors, ...] | None:
    """Return each reviewer's errors by a latent class model (Dawid and Skene 1979).

    None where the judgements do not identify them: fewer than three reviewers, two who have
    hardly a row in common, or only one answer ever. Assumes that reviewers err independently and
    are right more often than not.
    """
    names = judgements["reviewer"].unique().sort().to_list()
    common = [len(both) for _, _, both in pairs(judgements)]
    needed = len(names) * (len(names) - 1) // 2
    told = judgements["mislinked"].n_unique()
    enough = len(common) == needed and min(common, default=0) >= _COMMON_MIN
    if len(names) < REVIEWERS_MIN or not enough or told < 2:  # noqa: PLR2004 - both answers
        return None
    table = _table(judgements, names)
    miss, alarm = _latent(table)
    judged = (table >= 0).sum(axis=0)
    return tuple(
        Errors(name, float(miss[n]), float(alarm[n]), int(judged[n]))
        for n, name in enumerate(names)
    )


def _table(judgements: pl.DataFrame, names: list[str]) -> NDArray[np.int64]:
    """Return rows by reviewers: 1 mis-linked, 0 right, -1 not judged."""
    row, at = np.unique(judgements["record_id"].to_numpy(), return_inverse=True)
    table = np.full((len(row), len(names)), -1, dtype=np.int64)
    reviewer = judgements["reviewer"].replace_strict({n: i for i, n in enumerate(names)})
    table[at, reviewer.to_numpy()] = judgements["mislinked"].cast(pl.Int64).to_numpy()
    return table


def _latent(table: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return P(says right | mis-link) and P(says mis-link | right) of each reviewer, by EM."""
    said_wrong, said_right = table == 1, table == 0
    votes = said_wrong.sum(axis=1) / np.maximum((table >= 0).sum(axis=1), 1)
    wrong = np.clip(votes, 0.01, 0.99)
    miss = alarm = np.zeros(table.shape[1])
    for _ in range(_ROUNDS):
        before = np.concatenate([miss, alarm])
        # Half a judgement of each kind keeps a reviewer without an error off the edge.
        miss = (wrong @ said_right + 0.5) / (wrong @ (table >= 0) + 1)
        alarm = ((1 - wrong) @ said_wrong + 0.5) / ((1 - wrong) @ (table >= 0) + 1)
        share = float(np.clip(wrong.mean(), 1e-9, 1 - 1e-9))
        logs = said_wrong @ np.log((1 - miss) / alarm) + said_right @ np.log(miss / (1 - alarm))
        wrong = 1 / (1 + np.exp(-np.clip(logs + math.log(share / (1 - share)), -500, 500)))
        if np.abs(np.concatenate([miss, alarm]) - before).max() < _STILL:
            break
    return miss, alarm
