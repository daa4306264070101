"""What speaks for and against: the pattern table in words, and weights as waterfalls."""

import math
from pathlib import Path
from typing import Any, Final

import polars as pl

from kumihimo.linkaudit.approvals import KEYS, approvals, lines_of
from kumihimo.linkaudit.report.figures import Figure, Step, waterfall
from kumihimo.linkaudit.report.parts import Section, teller
from kumihimo.linkaudit.report.suppression import SMALL
from kumihimo.linkaudit.report.words import COLUMNS, MECHANISMS, VERDICTS, Language, level, say
from kumihimo.linkaudit.results import NoAudit, scan
from kumihimo.linkaudit.schema import ATTRIBUTES, Mechanism, Verdict

LINES_SHOWN: Final = 60  # our choice: what people read; patterns.csv holds every line
_LEAST: Final = 1e-18


def pattern_section(folder: Path, language: Language) -> Section:
    """Return the pattern table: levels, about how many rows, verdict, mechanism, P(match)."""
    t = teller(language)
    lines = lines_of(folder).sort("rows", descending=True)
    known = approvals(folder).select(*KEYS, "approved_on", given="verdict")
    lines = lines.join(known, on=KEYS, how="left", nulls_equal=True, maintain_order="left")
    rows = [_line(row, language) for row in lines.head(LINES_SHOWN).rows(named=True)]
    said = t(
        "どの項目がどこまで一致したかの組み合わせ（パターン）ごとの判定です。件数は十の位までの概数で、"
        "10 件未満は「<10」です。",
        "The verdict for each pattern: how far each attribute agrees. Counts are rounded to tens;"
        " those below ten are told as <10.",
    )
    more = len(lines) - len(rows)
    rest = t(
        f"ほかに {more:,} 行があります。全行は patterns.csv にあります。",
        f"{more:,} more lines are in patterns.csv.",
    )
    head = [say(COLUMNS[one], language) for one in KEYS]
    return Section(
        id="patterns",
        title=t("判定表", "Pattern table"),
        paragraphs=[said, *([rest] if more else [])],
        head=[*head, t("判定", "verdict"), t("承認", "approved"), t("件数", "rows"), "P"],
        rows=rows,
        words=len(KEYS) + 2,
    )


def weight_figures(folder: Path, language: Language, record: str | None) -> Section:
    """Return waterfalls: of the commonest pattern suspected and to be looked at, and of a record."""
    t = teller(language)
    lines = lines_of(folder).sort("rows", descending=True)
    pictures: list[Figure] = []
    for verdict in (Verdict.MISLINK, Verdict.PERSON):
        for row in lines.filter(pl.col("verdict") == verdict).head(1).rows(named=True):
            levels = "・".join(
                f"{say(COLUMNS[one], language)} {level(row[one], language)}" for one in ATTRIBUTES
            )
            name = f"{say(VERDICTS[verdict], language)}：{levels}"
            pictures.append(_of_pattern(row, name, language))
    if record is not None:
        pictures.append(_of_record(folder, lines, record, language))
    return Section(
        id="weights",
        title=t("証拠の重み", "Weights of evidence"),
        paragraphs=[
            t(
                "各項目の一致・不一致が「本人である」ことをどれだけ支持するかを、2 を底とする対数（ビット）"
                "で示します。正は本人、負は別人を支持します。",
                "How much each attribute speaks for the person's own number, in bits (logarithms to"
                " base 2): positive for the same person, negative for another.",
            )
        ],
        pictures=pictures,
    )


def _line(row: dict[str, Any], language: Language) -> list[str]:
    verdict = Verdict(row["given"] or row["verdict"])
    count = row["rows"]
    about = f"<{SMALL}" if count < SMALL else f"{round(count, -1):,}"
    return [
        *(level(row[one], language) for one in KEYS),
        say(VERDICTS[verdict], language),
        row["approved_on"].isoformat() if row["approved_on"] else "",
        about,
        _probability(row["p_match"]),
    ]


def _probability(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if value > 0.0001 else "<0.0001"  # noqa: PLR2004


def _of_pattern(row: dict[str, Any], name: str, language: Language) -> Figure:
    total = _logit(row["p_match"] or 0.0)
    return _waterfall(row, total, [], name, language)


def _of_record(folder: Path, lines: pl.DataFrame, record: str, language: Language) -> Figure:
    t = teller(language)
    found = scan(folder, "findings").filter(pl.col("record_id") == record).collect()
    if not len(found):
        raise NoAudit(f"{folder}: no record has this id (--record)", pointer="record")
    finding = found.row(0, named=True)
    row = lines.filter(pl.col("pattern") == finding["pattern"]).row(0, named=True)
    total = -float(finding["odds"] or 0.0) * math.log2(10)
    own = Step(t("この記録の証拠", "this record"), total - _logit(row["p_match"] or 0.0))
    mechanism = say(MECHANISMS[Mechanism(finding["mechanism"])], language)
    name = f"{t('記録', 'record')} {record}：{mechanism}"
    return _waterfall(row, total, [own], name, language)


def _waterfall(
    row: dict[str, Any], total: float, more: list[Step], name: str, language: Language
) -> Figure:
    t = teller(language)
    steps = [
        Step(f"{say(COLUMNS[one], language)} {level(row[one], language)}", row[f"w_{one}"] or 0.0)
        for one in ATTRIBUTES
    ]
    steps += more
    start = Step(t("事前", "before"), total - sum(one.bits for one in steps))
    return waterfall(start, steps, t("合計", "sum"), caption=name)


def _logit(share: float) -> float:
    kept = min(max(share, _LEAST), 1 - 1e-15)
    return math.log2(kept / (1 - kept))
