"""The counts of an audit, as they stand: what of them may be told is decided elsewhere."""

from pathlib import Path
from typing import Final

import attrs
import polars as pl
from polars.lazyframe.group_by import LazyGroupBy

from kumihimo.linkaudit.quantiles import Interval, share_interval
from kumihimo.linkaudit.report.suppression import hidden, with_totals
from kumihimo.linkaudit.results import NoAudit, scan
from kumihimo.linkaudit.schema import Mechanism, Verdict
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
    shared_numbers: int  # numbers that stand in more than one record
    shared_accounts: int  # accounts that stand under more than one number
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
        shared_numbers=_shared(folder, "number", "record_id"),
        shared_accounts=_shared(folder, "account", "number"),
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


def _shared(folder: Path, what: str, by: str) -> int:
    """Count the values of a column that stand with more than one value of another."""
    parts = sorted((folder / "rows").glob("*.parquet"))
    if not parts:
        raise NoAudit(f"{folder / 'rows'}: the rows are missing")
    more = (
        pl.scan_parquet(parts)
        .select(what, by)
        .drop_nulls()
        .group_by(what)
        .agg(pl.col(by).n_unique().alias("n"))
        .filter(pl.col("n") > 1)
        .select(pl.len())
    )
    return int(more.collect(engine="streaming").item())
