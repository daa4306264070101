"""The counts of an audit, as they stand: what of them may be told is decided elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs
import polars as pl
from polars.lazyframe.group_by import LazyGroupBy

from kumihimo.linkaudit.quantiles import Interval, share_interval
from kumihimo.linkaudit.report.suppression import hidden, with_totals
from kumihimo.linkaudit.results import read_about, scan
from kumihimo.linkaudit.schema import Collision, Holder, Mechanism, Verdict
from kumihimo.linkaudit.statistics import two_numbers

WRONG: Final = tuple(one for one in Mechanism if one is not Mechanism.MATCH)


@attrs.frozen(eq=False)
class Counts:
    """What was counted. The matrices have their totals; `*_hidden` are their cells not to be told."""

    affairs: tuple[str, ...]
    verdicts: list[list[int]]  # affair and total, by verdict and total
    verdicts_hidden: set[tuple[int, int]]
    mechanisms: list[list[int]]  # one row and its total, by mechanism and total
    mechanisms_hidden: set[tuple[int, int]]
    runs: list[int]  # records in each run of shifted rows
    collisions: Mapping[Collision, int | None]  # groups of records; None: was not looked for
    holders: list[list[int]] | None  # by `Holder` and total; None: the file says no holder
    holders_hidden: set[tuple[int, int]]
    residual: Interval  # mis-links expected among what is not suspected

    def rate(self, affair: int) -> Interval | None:
        """Return an affair's rate of suspected mis-links (the last: of all); None if not to be told."""
        column = list(Verdict).index(Verdict.MISLINK)
        if {(affair, column), (affair, len(Verdict))} & self.verdicts_hidden:
            return None
        return share_interval(self.verdicts[affair][column], self.verdicts[affair][-1])


def counts_of(folder: Path) -> Counts:
    """Count a finished audit. Raises `NoAudit`."""
    found = scan(folder, "findings")
    by = _count(found.group_by(pl.col("affair").fill_null(""), "verdict"))
    affairs = tuple(sorted(by["affair"].unique().to_list()))
    cells = {(affair, verdict): int(n) for affair, verdict, n in by.iter_rows()}
    verdicts = with_totals([[cells.get((a, v), 0) for v in Verdict] for a in affairs])
    suspected = found.filter(pl.col("verdict") == Verdict.MISLINK)
    per = dict(_count(suspected.group_by("mechanism")).iter_rows())
    mechanisms = with_totals([[int(per.get(one, 0)) for one in WRONG]])
    hidden_verdicts, hidden_mechanisms = _hidden(verdicts, mechanisms)
    held = _held(folder)
    holders = _holders(folder) if "holder" in held else None
    runs = _count(found.filter(pl.col("run") > 0).group_by("run"))["len"]
    judged = found.select(pl.lit(None, pl.String).alias("affair"), "verdict", "odds").collect()
    rest = two_numbers(judged).filter(pl.col("affair").is_null())
    low, value, high = rest.select("residual_low", "residual", "residual_high").row(0)
    return Counts(
        affairs=affairs,
        verdicts=verdicts,
        verdicts_hidden=hidden_verdicts,
        mechanisms=mechanisms,
        mechanisms_hidden=hidden_mechanisms,
        runs=sorted(runs.to_list(), reverse=True),
        collisions=_collisions(folder, held),
        holders=holders,
        holders_hidden=hidden(holders) if holders else set(),
        residual=Interval(low, value, high),
    )


def _count(groups: LazyGroupBy) -> pl.DataFrame:
    return groups.agg(pl.len().alias("len")).collect(engine="streaming")


def _hidden(
    verdicts: list[list[int]], mechanisms: list[list[int]]
) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Hide in both tables; what is the sum of one and a cell of the other is hidden in both."""
    shared = (len(verdicts) - 1, list(Verdict).index(Verdict.MISLINK))
    ends = {(0, len(WRONG)), (1, len(WRONG))}
    first, second = hidden(verdicts), hidden(mechanisms)
    if shared in first or ends & second:
        first = hidden(verdicts, also={shared})
        second = hidden(mechanisms, also=ends)
    return first, second


def _held(folder: Path) -> set[str]:
    """Return the columns that the institution's file has."""
    taken = read_about(folder).taken
    return {column.column for one in taken if one.side == "rows" for column in one.quality}


def _collisions(folder: Path, held: set[str]) -> dict[Collision, int | None]:
    """Count the groups of each kind. What an audit had no file or column for, it did not look for."""
    groups = scan(folder, "collisions").group_by("collision").agg(pl.col("group").n_unique())
    found = dict(groups.collect().iter_rows())
    looked_for = {
        Collision.NUMBER: True,
        Collision.PERSON: any(one.side == "snapshot" for one in read_about(folder).taken),
        Collision.ACCOUNT: "account" in held,
        Collision.FAMILY_ACCOUNT: "account" in held,
    }
    return {one: int(found.get(one, 0)) if looked_for[one] else None for one in Collision}


def _holders(folder: Path) -> list[list[int]]:
    per = dict(_count(scan(folder, "holders").group_by("holder")).iter_rows())
    return with_totals([[int(per.get(one, 0)) for one in Holder]])
