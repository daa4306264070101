"""Stage findings: what is known of each row, in the order of the institution's file."""

import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit import judging
from kumihimo.linkaudit.accounts import Accounts, look, take_over
from kumihimo.linkaudit.canonical import Hasher
from kumihimo.linkaudit.collisions import collide, named, numbered
from kumihimo.linkaudit.folder import Stage, keep, whole
from kumihimo.linkaudit.mixture import RESAMPLES, Mixture, fit
from kumihimo.linkaudit.nonmatches import Counts, measure
from kumihimo.linkaudit.pairing import Paired
from kumihimo.linkaudit.patterns import CASES_MAX, patterns_of
from kumihimo.linkaudit.registering import Registered
from kumihimo.linkaudit.residual import OUTCOMES
from kumihimo.linkaudit.results import KINDS, KINDS_MARK, told_of_kinds
from kumihimo.linkaudit.schema import FINDINGS, PROPOSALS, Outcome, Verdict
from kumihimo.linkaudit.searching import Searched
from kumihimo.linkaudit.setting import Setting
from kumihimo.linkaudit.splicing import splice
from kumihimo.linkaudit.telling import COUNTED, Telling, seen_lines
from kumihimo.linkaudit.verdicts import Judgement
from kumihimo.linkaudit.workers import Team

_GROUNDS: Final = {Outcome.HOUSEHOLD: "household", Outcome.TWIN: "household"}


@attrs.frozen
class _Sides:
    setting: Setting
    registered: Path
    paired: Paired
    searched: Searched


def find(
    setting: Setting,
    registered: Registered,
    paired: Paired,
    searched: Searched,
    nonmatches: Callable[[], Counts],
    team: Team,
) -> pl.DataFrame:
    """Leave findings, patterns, proposals, collisions, holders and estimates in the folder.

    `nonmatches` waits for what `measuring` began. Returns how many rows there are of each affair, verdict
    and mechanism.
    """
    sides = _Sides(setting, registered.stage, paired, searched)
    helpers = _helpers(setting, team)
    accounts = look(setting.folder, setting.rows, setting.sizes, team)
    beside = helpers.beside(_beside, (sides, accounts))
    with ThreadPoolExecutor(1) as thread:
        kept = thread.submit(keep, setting.folder)
        told, tables = _judged(sides, nonmatches, team)
        kept.result()
    tables |= beside()
    accounts.put_holders(setting.folder / "holders.parquet")
    for name, table in tables.items():
        with whole(setting.folder / f"{name}.parquet") as half:
            table.write_parquet(half)
    return told.group_by("affair", "verdict", "mechanism").agg(pl.col("rows").sum())


def measuring(
    setting: Setting, registered: Registered, paired: Paired, team: Team
) -> Callable[[], Counts]:
    """Begin to measure how mis-links look, beside what is done meanwhile."""
    return _helpers(setting, team).beside(_nonmatches, (setting, registered.stage, paired))


def looking(setting: Setting, team: Team) -> Callable[[], None]:
    """Begin to take over what is known of accounts, beside what is done meanwhile."""
    return _helpers(setting, team).beside(take_over, (setting.folder, setting.rows))


def _helpers(setting: Setting, team: Team) -> Team:
    """Return who does what is of one part: done here before another process would have begun."""
    return team if len(setting.chunks(setting.rows)) > 1 else Team.alone()


def _judged(
    sides: _Sides, nonmatches: Callable[[], Counts], team: Team
) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Leave the findings in the folder; return counts by `COUNTED`, patterns and estimates."""
    setting = sides.setting
    stage = Stage.at(setting.folder, "findings", "anew").folder
    telling = Telling.of(sides.paired.stage, sides.searched)
    counts, shifted = telling.counts()
    looks = nonmatches()
    mixture = fitting(counts, shifted, looks, resamples=0)
    # Verdicts do not wait for the intervals.
    drawn = _helpers(setting, team).beside(_drawn, (counts, shifted, looks))
    judgement = judging.judgement(mixture)
    lines = seen_lines(counts, shifted, judgement)
    told = telling.tell(setting, lines, stage, team, _says)
    shutil.rmtree(stage)
    return told, {
        "patterns": judging.pattern_table(counts, shifted, mixture, judgement),
        "estimates": rates(told, drawn()),
    }


def _says(told: pl.DataFrame) -> dict[str, str]:
    return {KINDS_MARK: told_of_kinds(_kinds(told))}


def fitting(
    counts: NDArray[np.int64],
    shifted: NDArray[np.int64],
    nonmatches: Counts,
    *,
    resamples: int = RESAMPLES,
) -> Mixture:
    """Fit the mixture to rows by case, those in runs (`shifted`) taken out."""
    seen = np.flatnonzero(counts).astype(np.int32)
    fitted = seen[judging.about_somebody(seen)]
    # Rows of a run are known for what they are, and would count as mis-links of other kinds.
    return fit(fitted, (counts - shifted)[fitted], nonmatches, resamples=resamples)


def _drawn(asked: tuple[NDArray[np.int64], NDArray[np.int64], Counts]) -> Mixture:
    return fitting(*asked)


def rates(told: pl.DataFrame, mixture: Mixture) -> pl.DataFrame:
    """Return `ESTIMATES` over all and by affair, from rows by `COUNTED`."""
    return pl.concat(
        [judging.estimates(affair, *_of_affair(part), mixture) for affair, part in _affairs(told)]
    )


def _nonmatches(asked: tuple[Setting, Path, Paired]) -> Counts:
    setting, stage, paired = asked
    registered = Registered.opened(stage)
    persons = registered.sampled()
    return measure(
        paired.own(persons),
        persons,
        registered.doubles,
        registered.sampled_history(),
        Hasher.load(setting.key),
        setting.holder,
    )


def _beside(asked: tuple[_Sides, Accounts]) -> dict[str, pl.DataFrame]:
    """Return collisions and proposals. What is found of rows is called by what the file calls them."""
    sides, accounts = asked
    registered = Registered.opened(sides.registered)
    found = collide(registered, sides.paired, sides.searched, accounts.shared())
    known = sides.searched.residual.drop_nulls("true_number")
    in_run = known.join(sides.searched.runs, on="row", how="left", maintain_order="left")
    called = named(sides.setting.rows, pl.concat([found["row"], in_run["row"]]))
    return {
        "collisions": numbered(called.join(found, on="row")),
        "proposals": proposed(called.join(in_run, on="row")).sort("row"),
    }


def judged_by(
    judgement: Judgement,
    rows: pl.DataFrame,
    patterns: NDArray[np.int32],
    outcomes: NDArray[np.uint8],
    runs: NDArray[np.int32],
    kinds: Mapping[str, type[pl.DataType]] = FINDINGS,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return `FINDINGS` of some rows (`row`, `record_id`, `affair`), and counts by `COUNTED`.

    `kinds` are the types in which the findings are.
    """
    lines, line = judging.ruled(patterns, outcomes, runs, judgement)
    table = judging.findings(rows, lines, line, runs, kinds)
    by_line = rows.select("affair").with_columns(line).group_by("affair", "line").agg(rows=pl.len())
    told = by_line.join(lines.with_row_index("line"), on="line")
    return table, told.group_by(COUNTED).agg(pl.col("rows").sum())


def put(parts: Path, place: Path) -> None:
    """Put the parts, in their order, into one file."""
    with whole(place) as half:
        splice(sorted(parts.glob("*.parquet")), half)


def _kinds(told: pl.DataFrame) -> pl.DataFrame:
    """Return `KINDS` from rows by `COUNTED`."""
    patterns = pl.Series("pattern", patterns_of(told["case"].to_numpy()))
    by = told.with_columns(patterns).group_by(name for name in KINDS if name != "rows")
    return by.agg(pl.col("rows").sum()).select(list(KINDS))


def _by_case(told: pl.DataFrame) -> NDArray[np.int64]:
    found = np.zeros(CASES_MAX, np.int64)
    np.add.at(found, told["case"].to_numpy(), told["rows"].to_numpy())
    return found


def _of_affair(told: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64], dict[str, int]]:
    """Return rows by case, those of them that are in no run, and mis-links by mechanism."""
    return _by_case(told), _by_case(told.filter(~pl.col("run"))), _observed(told)


def _observed(told: pl.DataFrame) -> dict[str, int]:
    suspected = told.filter(pl.col("verdict") == Verdict.MISLINK)
    counted = suspected.group_by("mechanism").agg(pl.col("rows").sum())
    return dict(zip(counted["mechanism"].to_list(), counted["rows"].to_list(), strict=True))


def _affairs(told: pl.DataFrame) -> list[tuple[str | None, pl.DataFrame]]:
    affairs = told["affair"].drop_nulls().unique().sort().to_list()
    return [(None, told), *((one, told.filter(pl.col("affair") == one)) for one in affairs)]


def proposed(known: pl.DataFrame) -> pl.DataFrame:
    """Return `PROPOSALS` for rows with record_id, outcome, true_number and run (null: in none)."""
    words = pl.Series([_GROUNDS.get(outcome, "search") for outcome in OUTCOMES])
    told = known.with_columns(ground=words.gather(known["outcome"]))
    neighbour = pl.when(pl.col("run").is_not_null()).then(pl.lit("neighbour"))
    return told.select(
        "row",
        "record_id",
        number=pl.col("true_number").cast(pl.String).str.zfill(12),
        ground=neighbour.otherwise("ground"),
    ).select(list(PROPOSALS))
