"""From the mixture to what is known of each pattern, and the tables that people read."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.evidence import NAMES_AGREE, among
from kumihimo.linkaudit.mixture import COMPONENTS, Mixture, shares_of
from kumihimo.linkaudit.patterns import PATTERNS_MAX, decode, level_names
from kumihimo.linkaudit.reasons import SENTENCES
from kumihimo.linkaudit.residual import OUTCOMES, Outcome
from kumihimo.linkaudit.schema import (
    ATTRIBUTES,
    ESTIMATES,
    FINDINGS,
    PATTERNS,
    BirthLevel,
    Mechanism,
    Others,
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

_LEAST: Final = 1e-6  # no share measured on fewer than millions of rows is told as smaller

_WORDS: Final = tuple(
    pl.Series([str(word) for word in words], dtype=pl.String)
    for words in (VERDICTS, MECHANISMS, REASONS)
)


def has_person(patterns: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Say which patterns are of rows whose number is somebody's; the mixture is about those."""
    return ~among(decode(patterns)["others"], Others.NO_PERSON)


def judgement(counts: NDArray[np.int64], mixture: Mixture) -> Judgement:
    """Return what is known of each pattern, from how often each occurs and from the mixture."""
    match = np.zeros(PATTERNS_MAX)
    match[mixture.patterns] = mixture.posteriors[:, 0]
    codes = np.array([MECHANISMS.index(mechanism) for mechanism in COMPONENTS], np.uint8)
    likeliest = np.full(PATTERNS_MAX, MECHANISMS.index(Mechanism.RANDOM), np.uint8)
    likeliest[mixture.patterns] = codes[1 + np.argmax(mixture.posteriors[:, 1:], axis=1)]
    found, missed = _search_weights(counts)
    return Judgement(settle(), match, likeliest, found, missed)


def _search_weights(counts: NDArray[np.int64]) -> tuple[float, float]:
    """Return log10 of how telling it is that another person fits, and that nobody does.

    Somebody who has nothing to do with the row fits it as often as persons have namesakes; the true
    person is found as often as rows fit their persons by name or reading and birth date.
    """
    codes = decode(np.arange(PATTERNS_MAX, dtype=np.int32))
    somebody = ~among(codes["others"], Others.NO_PERSON)
    names = among(codes["name"], *NAMES_AGREE) | among(codes["kana"], *NAMES_AGREE)
    total = max(1, int(counts[somebody].sum()))
    namesakes = counts[somebody & ~among(codes["others"], Others.NOBODY)].sum() / total
    fits = counts[somebody & names & among(codes["birth"], BirthLevel.EQUAL)].sum() / total
    by_chance = float(np.clip(namesakes, _LEAST, 1 - _LEAST))
    by_truth = float(np.clip(fits, _LEAST, 1 - _LEAST))
    return float(np.log10(by_truth / by_chance)), float(np.log10((1 - by_truth) / (1 - by_chance)))


def pattern_table(
    counts: NDArray[np.int64],
    shifted: NDArray[np.int64],
    mixture: Mixture,
    known: Judgement,
) -> pl.DataFrame:
    """Return `PATTERNS`: every pattern that occurs, the commonest first.

    `shifted` counts the rows of each pattern in runs of shifted rows. Verdict and reason are those
    of a row for which the search found nobody.
    """
    seen = np.flatnonzero(counts).astype(np.int32)
    none = np.full(len(seen), OUTCOMES.index(Outcome.NONE), np.uint8)
    ruling = rule(seen, none, np.zeros(len(seen), np.int32), known)
    at = np.full(PATTERNS_MAX, -1)
    at[mixture.patterns] = np.arange(len(mixture.patterns))
    fitted = at[seen]
    share = shifted[seen] / counts[seen]
    posteriors = np.where((fitted >= 0)[:, None], mixture.posteriors[fitted], 0.0)
    by_name = {m: posteriors[:, j] * (1 - share) for j, m in enumerate(COMPONENTS)}
    by_name[Mechanism.SHIFT] = share
    verdicts, mechanisms, _ = words(ruling)
    sentences = [SENTENCES[REASONS[code]] for code in ruling.reasons]
    table = level_names(seen).with_columns(
        pattern=pl.Series(seen),
        rows=pl.Series(counts[seen]),
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


def findings(rows: pl.DataFrame, ruling: Ruling, runs: NDArray[np.int32]) -> pl.DataFrame:
    """Return `FINDINGS` for rows with row, record_id, affair and pattern."""
    verdicts, mechanisms, reasons = words(ruling)
    return rows.with_columns(
        verdict=verdicts,
        mechanism=mechanisms,
        odds=pl.Series(ruling.odds),
        reason=reasons,
        run=pl.Series(np.where(runs > 0, runs, 0)).replace({0: None}),
        minutes=pl.Series(ruling.minutes),
    ).select(pl.col(name).cast(kind) for name, kind in FINDINGS.items())


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

    `counts` is rows by pattern, `unshifted` those in no run, `observed` mis-links by mechanism. A
    shift looks like a random number or, where families stand together, like a member's: what tells
    it is its run, so its rows are counted and not estimated.
    """
    shares, low, high = shares_of(mixture, unshifted[mixture.patterns])
    if affair is None:
        shares, low, high = mixture.shares, mixture.low, mixture.high
    rows = int(counts.sum())
    lines = {
        str(mechanism): (float(shares[j]), float(low[j]), float(high[j]))
        for j, mechanism in enumerate(COMPONENTS)
        if mechanism is not Mechanism.MATCH
    }
    shift = observed.get(Mechanism.SHIFT, 0) / max(rows, 1)
    lines[Mechanism.SHIFT] = (shift, shift, shift)
    return pl.DataFrame(
        [(affair, name, rows, observed.get(name, 0), *rate) for name, rate in lines.items()],
        schema=ESTIMATES,
        orient="row",
    )
