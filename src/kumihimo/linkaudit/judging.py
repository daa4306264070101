"""From the mixture to what is known of each pattern, and the tables that people read."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.evidence import among
from kumihimo.linkaudit.mixture import COMPONENTS, Mixture, shares_of
from kumihimo.linkaudit.patterns import (
    CASES_MAX,
    PATTERNS_MAX,
    cases,
    decode_cases,
    level_names,
    outcomes_of,
    patterns_of,
)
from kumihimo.linkaudit.quantiles import total_interval
from kumihimo.linkaudit.reasons import SENTENCES
from kumihimo.linkaudit.residual import OUTCOMES
from kumihimo.linkaudit.schema import (
    ATTRIBUTES,
    ESTIMATES,
    FINDINGS,
    PATTERNS,
    Mechanism,
    Others,
    Outcome,
)
from kumihimo.linkaudit.verdicts import (
    MECHANISMS,
    REASONS,
    VERDICTS,
    Judgement,
    Ruling,
    rule,
    settle,
)

_INTERVAL: Final = (0.025, 0.975)
_WORDS: Final = tuple(
    pl.Series([str(word) for word in words], dtype=pl.String)
    for words in (VERDICTS, MECHANISMS, REASONS)
)


def about_somebody(found: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Say which cases are of rows whose number is somebody's; the mixture is about those."""
    return ~among(decode_cases(found)["others"], Others.NO_PERSON)


def judgement(mixture: Mixture) -> Judgement:
    """Return what is known of each case; one that the mixture does not have is nobody's number."""
    match = np.zeros(CASES_MAX)
    match[mixture.cases] = mixture.posteriors[:, 0]
    codes = np.array([MECHANISMS.index(mechanism) for mechanism in COMPONENTS], np.uint8)
    likeliest = np.full(CASES_MAX, MECHANISMS.index(Mechanism.RANDOM), np.uint8)
    likeliest[mixture.cases] = codes[1 + np.argmax(mixture.posteriors[:, 1:], axis=1)]
    return Judgement(settle(), match, likeliest)


def pattern_table(
    counts: NDArray[np.int64],
    shifted: NDArray[np.int64],
    mixture: Mixture,
    known: Judgement,
) -> pl.DataFrame:
    """Return `PATTERNS`: every pattern that occurs, the commonest first.

    `counts` is how many rows each case has and `shifted` how many of them stand in runs. Posteriors
    are means over the rows of a pattern; verdict and reason are those of a row for which the search
    found nobody.
    """
    rows = counts.reshape(PATTERNS_MAX, -1).sum(axis=1)
    seen = np.flatnonzero(rows).astype(np.int32)
    in_runs = shifted.reshape(PATTERNS_MAX, -1).sum(axis=1)[seen]
    mean = _means(mixture, counts - shifted)[seen] / rows[seen, None]
    by_name = {m: mean[:, j] for j, m in enumerate(COMPONENTS)}
    by_name[Mechanism.SHIFT] = in_runs / rows[seen]
    none = np.full(len(seen), OUTCOMES.index(Outcome.NONE), np.uint8)
    ruling = rule(seen, none, np.zeros(len(seen), np.int32), known)
    verdicts, mechanisms, _ = words(ruling)
    sentences = [SENTENCES[REASONS[code]] for code in ruling.reasons]
    first = np.full(PATTERNS_MAX, -1)
    first[patterns_of(mixture.cases)] = np.arange(len(mixture.cases))
    fitted = first[seen]
    table = level_names(seen).with_columns(
        pattern=pl.Series(seen),
        rows=pl.Series(rows[seen]),
        verdict=verdicts,
        mechanism=mechanisms,
        reason_ja=pl.Series([s.ja for s in sentences], dtype=pl.String),
        reason_en=pl.Series([s.en for s in sentences], dtype=pl.String),
        **{f"p_{m}": pl.Series(by_name[m]) for m in Mechanism},
        **{
            f"w_{a}": pl.Series(np.where(fitted >= 0, mixture.weights[a][fitted], 0.0))
            for a in ATTRIBUTES
        },
    )
    ordered = table.sort("rows", "pattern", descending=[True, False])
    return ordered.select(pl.col(name).cast(kind) for name, kind in PATTERNS.items())


def _means(mixture: Mixture, counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the sums of the posteriors over the rows of each pattern, by component."""
    sums = np.zeros((PATTERNS_MAX, len(COMPONENTS)))
    np.add.at(
        sums,
        patterns_of(mixture.cases),
        mixture.posteriors * counts[mixture.cases][:, None],
    )
    return sums


def ruled(
    patterns: NDArray[np.int32],
    outcomes: NDArray[np.uint8],
    runs: NDArray[np.int32],
    judgement: Judgement,
) -> tuple[pl.DataFrame, pl.Series]:
    """Return what is said of rows as lines, and the line of each row (UInt32).

    A ruling hangs on the case and on whether the row stands in a run, and of a million rows there
    are some thousand cases. The lines are those of `lines`.
    """
    state = cases(patterns, outcomes).astype(np.int64) * 2 + (runs > 0)
    places = np.zeros(2 * CASES_MAX, np.uint32)
    places[state] = 1
    seen = np.flatnonzero(places)
    places[seen] = np.arange(len(seen))
    found, in_run = (seen // 2).astype(np.int32), (seen % 2).astype(np.int32)
    return lines(found, in_run, judgement), pl.Series("line", places[state])


def lines(
    found: NDArray[np.int32], in_run: NDArray[np.int32], judgement: Judgement
) -> pl.DataFrame:
    """Return what is said of rows of some cases, which stand in a run (1) or do not (0).

    A line has `case`, `run` (whether in one), and what `FINDINGS` says of a row but its run.
    """
    ruling = rule(patterns_of(found), outcomes_of(found), in_run, judgement)
    verdicts, mechanisms, reasons = words(ruling)
    return pl.DataFrame(
        {
            "case": found,
            "run": in_run == 1,
            "pattern": patterns_of(found),
            "verdict": verdicts,
            "mechanism": mechanisms,
            "odds": ruling.odds,
            "reason": reasons,
            "minutes": ruling.minutes,
        }
    )


def findings(
    rows: pl.DataFrame,
    told: pl.DataFrame,
    line: pl.Series,
    runs: NDArray[np.int32],
    kinds: Mapping[str, type[pl.DataType]] = FINDINGS,
) -> pl.DataFrame:
    """Return `FINDINGS` for rows with row, record_id and affair, from `ruled`; `kinds` are its types."""
    said = [n for n in kinds if n in told.columns and n != "run"]
    told = told.select(pl.col(name).cast(kinds[name]) for name in said)
    run = pl.Series("run", runs)
    whole = rows.select("row", "record_id", "affair").hstack(
        [*told.select(pl.all().gather(line)).get_columns(), run.set(run <= 0, None)]
    )
    return whole.select(pl.col(name).cast(kind) for name, kind in kinds.items())


def words(ruling: Ruling) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Return verdicts, mechanisms and reasons as the words of `schema` and `reasons`."""
    codes = (ruling.verdicts, ruling.mechanisms, ruling.reasons)
    verdicts, mechanisms, reasons = (
        names.gather(pl.Series(column)) for names, column in zip(_WORDS, codes, strict=True)
    )
    return verdicts, mechanisms, reasons


def estimates(
    affair: str | None,
    counts: NDArray[np.int64],
    unshifted: NDArray[np.int64],
    observed: Mapping[str, int],
    mixture: Mixture,
) -> pl.DataFrame:
    """Return `ESTIMATES` of one affair, or of all.

    `counts` is rows by case, `unshifted` those in no run, `observed` mis-links by mechanism. A
    shift looks like a random number or, where families stand together, like a member's: what tells
    it is its run, so its rows are counted and not estimated; their interval is that of a count. A
    number that is nobody's is a random one, and known: it is counted too.
    """
    shares, drawn = mixture.shares, mixture.drawn
    if affair is not None:
        shares, drawn = shares_of(mixture, unshifted[mixture.cases])
    rows, fitted = max(int(counts.sum()), 1), int(unshifted[mixture.cases].sum())
    nobodys = int(unshifted.sum()) - fitted
    also = np.random.Generator(np.random.PCG64(1)).poisson(nobodys, len(drawn))
    # The mixture is about the rows whose number is somebody's; a rate is of all rows.
    lines: dict[str, tuple[float, float, float]] = {}
    for j, mechanism in enumerate(COMPONENTS):
        if mechanism is not Mechanism.MATCH:
            known = mechanism is Mechanism.RANDOM
            counted = float(shares[j]) * fitted + nobodys * known
            low, high = np.quantile(drawn[:, j] * fitted + also * known, _INTERVAL)
            lines[mechanism] = (counted / rows, float(low) / rows, float(high) / rows)
    shifted = observed.get(Mechanism.SHIFT, 0)
    shift = total_interval(shifted, shifted, 1.0).times(1 / max(rows, 1))
    lines[Mechanism.SHIFT] = (shift.value, shift.low, shift.high)
    return pl.DataFrame(
        [(affair, name, rows, observed.get(name, 0), *rate) for name, rate in lines.items()],
        schema=ESTIMATES,
        orient="row",
    )
