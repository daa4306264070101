"""What records are, if those who looked at them may err: drawn again and again as their looks allow.

Each reviewer passes a mis-link with one probability and calls a right link wrong with another,
independently of the others. Records that several looked at tell them, and strata in which links are
wrong more and less often (Hui and Walter 1980); sown mis-links tell the first by themselves. Drawn by
Gibbs sampling, over records that are alike together.
"""

from typing import Any, Final

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.looks import found, judged
from kumihimo.linkaudit.sampling import CLEARED, STRATUM

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Chance = np.random.Generator

# What a reviewer does before anything is known of her, as looks at which she erred and did not: our
# choice. One mis-link in five missed, one right link in twenty called wrong.
MISSED: Final = (1.0, 4.0)
FALSE_ALARMS: Final = (1.0, 19.0)
# The same of a stratum's links, wrong and right: each bound begins from its own side, almost as Clopper's
# and Pearson's do. With nothing on the far side no draw would ever come back from "none is wrong".
LOW: Final = (0.1, 1.0)
HIGH: Final = (1.0, 0.1)
_CHAINS: Final = 40
_BURNT: Final = 200  # our choice: with 60 an interval's upper end was still falling
_KEPT: Final = 100
_EDGE: Final = 1e-9
_HALF: Final = 0.5


@attrs.frozen(eq=False, kw_only=True)
class Cells:
    """Sampled records of which all is alike: stratum, weight, who answered what. Arrays by cell.

    `wrong` and `right` say by reviewer who answered so. `known` is 1 or 0 where the truth is, else -1;
    `undecided` where nobody could tell; `counted` where people found the record wrong. Of those with one
    number in `alike`, links are wrong equally often.
    """

    stratum: Ints
    rows: Ints
    weight: Floats
    heaviest: Floats
    records: Ints
    wrong: Floats
    right: Floats
    known: Ints
    undecided: Flags
    counted: Flags
    alike: Ints

    @property
    def told(self) -> Ints:
        """Return how many records of each cell somebody could decide about."""
        return np.where(self.undecided, 0, self.records)

    def only(self, some: Flags) -> "Cells":
        """Return some of the cells."""
        held: dict[str, Any] = attrs.asdict(self, recurse=False)
        return Cells(**{name: values[some] for name, values in held.items()})


@attrs.frozen(eq=False)
class Sample:
    """A sample's cells, and which of them each line of an estimate is of, by affair and verdict."""

    cells: Cells
    reviewers: list[str]
    lines: list[tuple[str | None, str | None, Flags]]


def gathered(sample: pl.DataFrame, looks: pl.DataFrame, cleared: str) -> Sample:
    """Gather the records of a `sampling.SAMPLE` by the `LOOKS` at them; `cleared` names a line."""
    said = judged(looks)
    reviewers = said["reviewer"].unique().sort().to_list()
    whole = sample.join(found(looks), on="record_id", how="left")
    by = [f"by{n}" for n in range(len(reviewers))]
    for column, name in zip(by, reviewers, strict=True):
        hers = said.filter(reviewer=name).select("record_id", pl.col("wrong").alias(column))
        whole = whole.join(hers, on="record_id", how="left")
    strata = whole.select(STRATUM).unique().sort(STRATUM).with_row_index("stratum")
    alike = ["stratum", "rows", "least", "inclusion", "wrong", *by]
    table = whole.join(strata, on=STRATUM).group_by(alike).agg(records=pl.len()).sort(alike)
    cells = _cells(table, by)
    of = list(strata.select(STRATUM).iter_rows())
    lines = [(affair, verdict, cells.stratum == n) for n, (affair, verdict) in enumerate(of)]
    trusted = [n for n, (_, verdict) in enumerate(of) if verdict in CLEARED]
    if trusted:
        lines.append((None, cleared, np.isin(cells.stratum, trusted)))
    return Sample(cells, reviewers, [*lines, (None, None, np.ones(len(table), np.bool_))])


def _cells(table: pl.DataFrame, by: list[str]) -> Cells:
    answers = table.select(pl.col(by).cast(pl.Float64)).to_numpy()
    silent = np.asarray(np.isnan(answers).all(axis=1))
    share = np.nanmean(np.where(silent[:, None], _HALF, answers), axis=1)
    final = table["wrong"].cast(pl.Int64).fill_null(-1).to_numpy()
    weight = 1 / table["inclusion"].to_numpy()
    stratum = table["stratum"].cast(pl.Int64).to_numpy()
    near = np.stack([stratum, np.floor(np.log2(weight)).astype(np.int64)])
    # What was decided though the answers do not say so was settled by something better than looks.
    settled = (final >= 0) & ((share == _HALF) | (final != (share > _HALF)))
    return Cells(
        stratum=stratum,
        rows=table["rows"].to_numpy(),
        weight=weight,
        heaviest=1 / table["least"].to_numpy(),
        records=table["records"].cast(pl.Int64).to_numpy(),
        wrong=(answers == 1).astype(np.float64),
        right=(answers == 0).astype(np.float64),
        known=np.where(settled, final, -1),
        undecided=silent & ~settled,
        counted=final == 1,
        alike=np.unique(near, axis=1, return_inverse=True)[1].ravel(),
    )


def drawn(
    cells: Cells, prior: tuple[float, float], sown: tuple[Ints, Ints], chance: Chance
) -> Ints:
    """Draw how many records of each cell are wrong: draws by cells.

    `prior` is `LOW` or `HIGH`; `sown` are each reviewer's looks at sown mis-links: missed, and caught.
    """
    groups = np.eye(int(cells.alike.max()) + 1)[cells.alike]
    of = np.zeros(groups.shape[1], np.int64)
    of[cells.alike] = cells.stratum
    # A stratum's own, however many groups its weights make.
    hits, others = (one / np.bincount(of)[of] for one in prior)
    n, reviewers = cells.told, cells.wrong.shape[1]
    share = chance.beta(1.0, 1.0, (_CHAINS, groups.shape[1]))
    missed, alarms = (chance.beta(*one, (_CHAINS, reviewers)) for one in (MISSED, FALSE_ALARMS))
    kept: list[Ints] = []
    for sweep in range(_BURNT + _KEPT):
        share, missed, alarms = (np.clip(one, _EDGE, 1 - _EDGE) for one in (share, missed, alarms))
        missed, alarms = _better_than_guessing(missed, alarms)
        logs = np.log((1 - missed) / alarms) @ cells.wrong.T
        logs += np.log(missed / (1 - alarms)) @ cells.right.T
        logs += np.log(share / (1 - share))[:, cells.alike]
        p = 1 / (1 + np.exp(-np.clip(logs, -500, 500)))
        wrong = chance.binomial(n, np.where(cells.known >= 0, cells.known, p))
        right = n - wrong
        share = chance.beta(hits + wrong @ groups, others + right @ groups)
        missed = chance.beta(
            MISSED[0] + sown[0] + wrong @ cells.right, MISSED[1] + sown[1] + wrong @ cells.wrong
        )
        alarms = chance.beta(
            FALSE_ALARMS[0] + right @ cells.wrong, FALSE_ALARMS[1] + right @ cells.right
        )
        if sweep >= _BURNT:
            kept.append(wrong)
    return np.concatenate(kept)


def _better_than_guessing(missed: Floats, alarms: Floats) -> tuple[Floats, Floats]:
    """Return errors of people whose "wrong" speaks for a mis-link: else words change their meaning."""
    much = np.maximum(missed + alarms, 1.0) * (1 + _EDGE)
    return np.where(much > 1 + _EDGE, missed / much, missed), np.where(
        much > 1 + _EDGE, alarms / much, alarms
    )
