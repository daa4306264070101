"""An audit is a folder: each stage reads tables, writes one, and is not done twice.

1. register: the snapshot in canonical columns; whom it holds twice by name and birth date
2. evidence: each row beside its person, as a pattern; clues of what agreement does not settle
3. residual: who fits better than the linked person
4. runs: rows that have shifted
5. mixture: the mechanisms behind the patterns, and their rates
6. findings
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import attrs
import numpy as np
import polars as pl

from kumihimo.linkaudit import judging
from kumihimo.linkaudit.canonical import INDEX, Hasher, also_named, register_columns
from kumihimo.linkaudit.evidence import History, judge
from kumihimo.linkaudit.homonyms import find_doubles
from kumihimo.linkaudit.mixture import fit
from kumihimo.linkaudit.nonmatches import Shares, measure, own_rows, sampled
from kumihimo.linkaudit.patterns import count
from kumihimo.linkaudit.residual import OUTCOMES, Outcome, candidates, resolve, wanted
from kumihimo.linkaudit.schema import HISTORY, PROPOSALS, Verdict
from kumihimo.linkaudit.shifts import find_runs, run_of
from kumihimo.linkaudit.verdicts import VERDICTS, rule

# Stage, rows done, rows in all.
Progress: TypeAlias = Callable[[str, int, int], None]


@attrs.frozen
class Summary:
    """What an audit found, in counts."""

    rows: int
    verdicts: dict[Verdict, int]
    patterns: int


def quiet(stage: str, done: int, total: int) -> None:
    """Report no progress."""


def run(
    folder: Path,
    *,
    rows: Path,
    snapshot: Path,
    key: Path,
    history: Path | None = None,
    progress: Progress = quiet,
) -> Summary:
    """Audit `ROWS` against a `SNAPSHOT` (Parquet); leave the tables of `schema` in the folder.

    `key` is a key file (`canonical.make_key`) and lies outside the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    hasher = Hasher.load(key)
    theirs = pl.read_parquet(rows).with_columns(pl.col("number").cast(pl.Int64))
    register = register_columns(pl.read_parquet(snapshot), hasher)
    before = pl.read_parquet(history) if history else pl.DataFrame(schema=HISTORY)
    known = History.read(before, hasher)
    index = register.select(list(INDEX))
    doubles = find_doubles(index, also_named(register, hasher))
    judged = judge(theirs, register, doubles, known, hasher)
    patterns = judged.evidence["pattern"].to_numpy()
    progress("evidence", len(theirs), len(theirs))
    residual = resolve(judged.clues, candidates(index, wanted(judged.clues)))
    runs = find_runs(residual.select("row", "true_number"), judged.evidence)
    counts = count(patterns)
    persons = sampled(register, doubles, Shares.of(len(register), doubles))
    nonmatches = measure(
        own_rows(theirs, judged.evidence, persons), persons, doubles, known, hasher
    )
    seen = np.flatnonzero(counts).astype(np.int32)
    fitted = seen[judging.has_person(seen)]
    mixture = fit(fitted, counts[fitted], nonmatches)
    judgement = judging.judgement(counts, mixture)
    told = judged.evidence.select("row").join(residual, on="row", how="left", maintain_order="left")
    outcomes = told["outcome"].fill_null(OUTCOMES.index(Outcome.NONE)).to_numpy()
    in_run = run_of(judged.evidence["row"].to_numpy(), runs)
    ruling = rule(patterns, outcomes, in_run, judgement)
    table = judging.pattern_table(counts, count(patterns[in_run > 0]), mixture, judgement)
    found = judging.findings(
        theirs.select("row", "record_id", "affair").with_columns(pattern=pl.Series(patterns)),
        ruling,
        in_run,
    )
    table.write_parquet(folder / "patterns.parquet")
    found.write_parquet(folder / "findings.parquet")
    _proposals(residual, runs, theirs).write_parquet(folder / "proposals.parquet")
    judging.estimates(None, len(theirs), judging.observed(ruling), mixture).write_parquet(
        folder / "estimates.parquet"
    )
    totals = np.bincount(ruling.verdicts, minlength=len(VERDICTS))
    verdicts = {verdict: int(n) for verdict, n in zip(VERDICTS, totals, strict=True)}
    return Summary(len(theirs), verdicts, len(table))


def _proposals(residual: pl.DataFrame, runs: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    grounds = {Outcome.HOUSEHOLD: "household", Outcome.TWIN: "household"}
    words = pl.Series([grounds.get(outcome, "search") for outcome in OUTCOMES])
    known = residual.drop_nulls("true_number")
    told = known.join(runs, on="row", how="left", maintain_order="left").with_columns(
        ground=words.gather(known["outcome"])
    )
    return (
        told.join(rows.select("row", "record_id"), on="row")
        .sort("row")
        .select(
            "row",
            "record_id",
            number=pl.col("true_number").cast(pl.String).str.zfill(12),
            ground=pl.when(pl.col("run").is_not_null())
            .then(pl.lit("neighbour"))
            .otherwise("ground"),
        )
        .select(list(PROPOSALS))
    )
