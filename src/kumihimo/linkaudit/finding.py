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
from kumihimo.linkaudit.accounts import Accounts, look
from kumihimo.linkaudit.canonical import Hasher
from kumihimo.linkaudit.collisions import collide
from kumihimo.linkaudit.folder import Stage, keep, whole
from kumihimo.linkaudit.incremental import NO_PATTERN, State
from kumihimo.linkaudit.mixture import Mixture, fit
from kumihimo.linkaudit.nonmatches import Counts, measure
from kumihimo.linkaudit.pairing import Paired
from kumihimo.linkaudit.patterns import CASES_MAX, cases, patterns_of
from kumihimo.linkaudit.registering import Registered
from kumihimo.linkaudit.residual import OUTCOMES
from kumihimo.linkaudit.results import KINDS, KINDS_MARK, told_of_kinds
from kumihimo.linkaudit.schema import FINDINGS, PROPOSALS, Outcome, Verdict
from kumihimo.linkaudit.searching import Searched
from kumihimo.linkaudit.setting import Setting
from kumihimo.linkaudit.splicing import splice
from kumihimo.linkaudit.verdicts import Judgement
from kumihimo.linkaudit.workers import Team

_COUNTED_ROWS: Final = 4_000_000  # counted at a time
_GROUNDS: Final = {Outcome.HOUSEHOLD: "household", Outcome.TWIN: "household"}
# Of words a part of the findings holds codes: in Parquet they are a dictionary all the same.
_WORDS: Final = dict.fromkeys(("affair", "verdict", "mechanism", "reason"), pl.Categorical)
_WRITTEN: Final = {**FINDINGS, **_WORDS}
# What a chunk of findings is counted by.
COUNTED: Final = ("affair", "case", "verdict", "mechanism", "reason", "run")


@attrs.frozen
class _Chunk:
    setting: Setting
    stage: Path
    evidence: Path
    judgement: Judgement
    name: str
    first: int
    count: int


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
    team: Team,
) -> pl.DataFrame:
    """Leave findings, patterns, proposals, collisions, holders and estimates in the folder.

    Returns how many rows there are of each affair, verdict and mechanism.
    """
    sides = _Sides(setting, registered.stage, paired, searched)
    # What is of one part is done before another process would have begun.
    helpers = team if len(setting.chunks(setting.rows)) > 1 else Team.alone()
    nonmatches = helpers.beside(_nonmatches, sides)
    accounts = look(setting.folder, setting.rows, setting.sizes, team)
    collisions = helpers.beside(_collisions, (sides, accounts))
    proposals = helpers.beside(_proposals, sides)
    with ThreadPoolExecutor(1) as beside:
        kept = beside.submit(keep, setting.folder)
        told, tables = _judged(sides, nonmatches, team)
        kept.result()
    tables |= {"collisions": collisions(), "proposals": proposals()}
    accounts.put_holders(setting.folder / "holders.parquet")
    for name, table in tables.items():
        with whole(setting.folder / f"{name}.parquet") as half:
            table.write_parquet(half)
    return told.group_by("affair", "verdict", "mechanism").agg(pl.col("rows").sum())


def _judged(
    sides: _Sides, nonmatches: Callable[[], Counts], team: Team
) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Leave the findings in the folder; return counts by `COUNTED`, patterns and estimates."""
    setting, paired = sides.setting, sides.paired
    stage = Stage.at(setting.folder, "findings", "anew").folder
    counts, shifted = _write_state(paired.state.patterns, sides.searched, stage)
    mixture = fitting(counts, shifted, nonmatches())
    judgement = judging.judgement(mixture)
    chunks = setting.chunks(setting.rows)
    tasks = [
        _Chunk(setting, stage, paired.stage, judgement, f"part-{n:05}", *chunk)
        for n, chunk in enumerate(chunks)
    ]
    told = pl.concat(team.each("findings", _tell, tasks, [rows for _, rows in chunks]))
    told = told.group_by(COUNTED).agg(pl.col("rows").sum()).sort(COUNTED)
    put(
        stage / "parts",
        setting.folder / "findings.parquet",
        {KINDS_MARK: told_of_kinds(_kinds(told))},
    )
    shutil.rmtree(stage)
    return told, {
        "patterns": judging.pattern_table(counts, shifted, mixture, judgement),
        "estimates": rates(told, mixture),
    }


def fitting(counts: NDArray[np.int64], shifted: NDArray[np.int64], nonmatches: Counts) -> Mixture:
    """Fit the mixture to rows by case, those in runs (`shifted`) taken out."""
    seen = np.flatnonzero(counts).astype(np.int32)
    fitted = seen[judging.about_somebody(seen)]
    # Rows of a run are known for what they are, and would count as mis-links of other kinds.
    return fit(fitted, (counts - shifted)[fitted], nonmatches)


def rates(told: pl.DataFrame, mixture: Mixture) -> pl.DataFrame:
    """Return `ESTIMATES` over all and by affair, from rows by `COUNTED`."""
    return pl.concat(
        [judging.estimates(affair, *_of_affair(part), mixture) for affair, part in _affairs(told)]
    )


def _nonmatches(sides: _Sides) -> Counts:
    registered = Registered.opened(sides.registered)
    persons = registered.sampled()
    return measure(
        sides.paired.own(persons),
        persons,
        registered.doubles,
        _history_of(registered, persons["number"]),
        Hasher.load(sides.setting.key),
        sides.setting.holder,
    )


def _collisions(asked: tuple[_Sides, Accounts]) -> pl.DataFrame:
    sides, accounts = asked
    registered = Registered.opened(sides.registered)
    shared = accounts.shared()
    return collide(sides.setting, registered, sides.paired, sides.searched, shared)


def _history_of(registered: Registered, numbers: pl.Series) -> pl.DataFrame:
    wanted = numbers.implode()
    return pl.concat(
        [
            registered.history(n).filter(pl.col("number").is_in(wanted))
            for n in range(len(registered.partitions))
        ]
    )


def _write_state(
    patterns: NDArray[np.int32], searched: Searched, stage: Path
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Write outcome and run of each row as arrays by row, which every worker maps.

    Returns how many rows there are of each case, and how many of them in runs.
    """
    outcomes = np.full(len(patterns), OUTCOMES.index(Outcome.NONE), np.uint8)
    residual = searched.residual
    outcomes[residual["row"].to_numpy()] = residual["outcome"].to_numpy()
    runs = np.zeros(len(patterns), np.int32)
    in_runs = searched.runs["row"].to_numpy()
    runs[in_runs] = searched.runs["run"].to_numpy()
    for name, array in (("outcomes", outcomes), ("runs", runs)):
        np.save(stage / f"{name}.npy", array)
    counts = np.zeros(CASES_MAX, np.int64)
    for first in range(0, len(patterns), _COUNTED_ROWS):
        some = patterns[first : first + _COUNTED_ROWS]
        found = cases(some, outcomes[first : first + _COUNTED_ROWS])
        counts += _counted(found[some != NO_PATTERN])
    return counts, _counted(cases(patterns[in_runs], outcomes[in_runs]))


def _counted(found: NDArray[np.int32]) -> NDArray[np.int64]:
    return np.bincount(found, minlength=CASES_MAX).astype(np.int64)


def _tell(chunk: _Chunk) -> pl.DataFrame:
    rows = chunk.setting.rows.part(chunk.first, chunk.count, ("row", "record_id", "affair"))
    rows = rows.with_columns(pl.col("affair").cast(_WRITTEN["affair"]))
    at = rows["row"].to_numpy()
    outcomes, runs = (
        np.load(chunk.stage / f"{name}.npy", mmap_mode="r")[at] for name in ("outcomes", "runs")
    )
    patterns = State.opened(chunk.evidence).patterns[at]
    table, told = judged_by(chunk.judgement, rows, patterns, outcomes, runs, _WRITTEN)
    with whole(chunk.stage / "parts" / f"{chunk.name}.parquet") as half:
        table.write_parquet(half, compression="lz4")
    return told.with_columns(pl.col("affair").cast(pl.String))


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
    told = by_line.join(lines.rename({"in_run": "run"}).with_row_index("line"), on="line")
    return table, told.group_by(COUNTED).agg(pl.col("rows").sum())


def put(parts: Path, place: Path, says: Mapping[str, str] | None = None) -> None:
    """Put the parts, in their order, into one file; `says` is what it tells of itself."""
    with whole(place) as half:
        splice(sorted(parts.glob("*.parquet")), half, says)


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


def _proposals(sides: _Sides) -> pl.DataFrame:
    known = sides.searched.residual.drop_nulls("true_number")
    in_run = known.join(sides.searched.runs, on="row", how="left", maintain_order="left")
    named = sides.setting.rows.scan().select("row", "record_id").join(in_run.lazy(), on="row")
    return proposed(named.collect()).sort("row")


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
