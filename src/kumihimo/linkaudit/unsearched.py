"""Findings from the register's answers alone: agreement judges, and nothing is estimated.

How mis-links look is read off a register; there is none here, and no other country's or made-up
people's would be true of this file. So every odds is 0, no mechanism has a rate, and nobody is
searched for: a row that does not agree needs a person, and is suspected only if its number is nobody's.
"""

import shutil
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit import judging
from kumihimo.linkaudit.accounts import look
from kumihimo.linkaudit.answers import UNASKED, Answers, load
from kumihimo.linkaudit.audit import MEMORY_GIB
from kumihimo.linkaudit.collisions import PERSONS, grouped, numbers, sharing
from kumihimo.linkaudit.finding import put
from kumihimo.linkaudit.folder import Stage, whole
from kumihimo.linkaudit.mixture import COMPONENTS, Mixture
from kumihimo.linkaudit.patterns import PATTERNS_MAX, cases
from kumihimo.linkaudit.reasons import SENTENCES, Reason
from kumihimo.linkaudit.residual import OUTCOMES
from kumihimo.linkaudit.schema import (
    ATTRIBUTES,
    ESTIMATES,
    PROPOSALS,
    Mechanism,
    Outcome,
    Verdict,
)
from kumihimo.linkaudit.setting import Sizes, Table
from kumihimo.linkaudit.verdicts import Judgement, settle
from kumihimo.linkaudit.workers import Progress, Team

STAGE: Final = "findings"
_CHUNK: Final = 1_000_000  # rows judged at a time
_EVEN: Final = 0.5  # odds of 0: nothing is said


def find(folder: Path, rows: Table, answers: Answers, progress: Progress) -> None:
    """Leave findings, patterns, proposals, collisions, holders and estimates in the folder."""
    accounts = look(folder, rows, Sizes.of(MEMORY_GIB), Team(None, progress))
    accounts.put_holders(folder / "holders.parquet")
    stage = Stage.at(folder, "findings", "answered").folder
    known = answers.known().select("question", "pattern").unique("question")
    cases_max = PATTERNS_MAX * len(Outcome)
    judgement = Judgement(settle(), np.full(cases_max, _EVEN), np.zeros(cases_max, np.uint8))
    counts = np.zeros(cases_max, np.int64)
    evidence: list[pl.DataFrame] = []
    told: list[pl.DataFrame] = []
    total = rows.rows()
    for n, first in enumerate(range(0, total, _CHUNK)):
        part = load(rows, first, _CHUNK)
        part = part.with_columns(question=answers.questions(part))
        part = part.join(known, on="question", how="left", maintain_order="left")
        part = part.with_columns(pl.col("pattern").fill_null(UNASKED))
        table, found = _judged(part, judgement)
        counts += np.bincount(found, minlength=cases_max)
        evidence.append(part.select("row", pl.col("number").cast(pl.Int64)))
        told.append(table.group_by("affair", "verdict", "mechanism").agg(rows=pl.len()))
        with whole(stage / "parts" / f"part-{n:05}.parquet") as half:
            table.write_parquet(half, compression="lz4")
        progress(STAGE, first + len(part), total)
    # No household is known here but the institution's own.
    homes = accounts.shared().join(pl.DataFrame(schema=PERSONS), on="number", how="left")
    doubled = pl.concat(evidence).filter(pl.len().over("number") > 1)
    found = [numbers(rows, doubled), sharing(homes)]
    with whole(folder / "collisions.parquet") as half:
        grouped(rows, pl.concat(found)).write_parquet(half)
    _write(folder, counts, judgement, pl.concat(told))
    put(stage / "parts", folder / "findings.parquet")
    shutil.rmtree(stage)


def _judged(part: pl.DataFrame, judgement: Judgement) -> tuple[pl.DataFrame, NDArray[np.int32]]:
    """Return `FINDINGS` of some rows, and their cases."""
    patterns = part["pattern"].cast(pl.Int32).to_numpy()
    outcomes = np.full(len(part), OUTCOMES.index(Outcome.NONE), np.uint8)
    runs = np.zeros(len(part), np.int32)
    table = judging.findings(part, *judging.ruled(patterns, outcomes, runs, judgement), runs)
    nameless = pl.Series(part["name"].fill_null("").str.strip_chars() == "")
    unasked = (pl.col("pattern") == UNASKED) & ~pl.lit(nameless)
    told = table.with_columns(
        reason=pl.when(unasked)
        .then(pl.lit(str(Reason.BIRTH_MISSING)))
        .otherwise(pl.col("reason").replace(Reason.NAMESAKE_HERE, Reason.NAMESAKE_UNTOLD))
    )
    return told, cases(patterns, outcomes)


def _write(
    folder: Path, counts: NDArray[np.int64], judgement: Judgement, told: pl.DataFrame
) -> None:
    untold = SENTENCES[Reason.NAMESAKE_UNTOLD]
    here = SENTENCES[Reason.NAMESAKE_HERE]
    patterns = judging.pattern_table(counts, np.zeros_like(counts), _nothing(counts), judgement)
    tables = {
        "patterns": patterns.with_columns(
            pl.col("reason_ja").replace(here.ja, untold.ja),
            pl.col("reason_en").replace(here.en, untold.en),
        ),
        "proposals": pl.DataFrame(schema=PROPOSALS),
        "estimates": pl.concat(_counted(told)),
    }
    for name, table in tables.items():
        with whole(folder / f"{name}.parquet") as half:
            table.write_parquet(half)


def _nothing(counts: NDArray[np.int64]) -> Mixture:
    """Return a mixture that says nothing of the cases that occur."""
    seen = np.flatnonzero(counts).astype(np.int32)
    none, shares = np.zeros((len(seen), len(COMPONENTS))), np.zeros(len(COMPONENTS))
    weights = {one: np.zeros(len(seen)) for one in ATTRIBUTES}
    return Mixture(seen, none, none, shares, shares[None, :], weights)


def _counted(told: pl.DataFrame) -> list[pl.DataFrame]:
    """Return `ESTIMATES` over all and by affair: what was observed, and no rate."""
    affairs = told["affair"].drop_nulls().unique().sort().to_list()
    found: list[pl.DataFrame] = []
    for affair in (None, *affairs):
        mine = told if affair is None else told.filter(pl.col("affair") == affair)
        suspected = mine.filter(pl.col("verdict") == Verdict.MISLINK)
        total = int(mine["rows"].sum())
        lines = [
            (affair, str(one), total, _rows(suspected, one), None, None, None)
            for one in Mechanism
            if one is not Mechanism.MATCH
        ]
        found.append(pl.DataFrame(lines, schema=ESTIMATES, orient="row"))
    return found


def _rows(told: pl.DataFrame, mechanism: Mechanism) -> int:
    return int(told.filter(pl.col("mechanism") == mechanism)["rows"].sum())
