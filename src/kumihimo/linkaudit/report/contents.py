"""A report in one language: the facts of the audit, and its sections in order."""

from datetime import datetime
from pathlib import Path

from kumihimo.kernel.clock import JST
from kumihimo.linkaudit.report import sections
from kumihimo.linkaudit.report.counting import Counts
from kumihimo.linkaudit.report.evidence import pattern_section, weight_figures
from kumihimo.linkaudit.report.parts import Report, teller
from kumihimo.linkaudit.report.words import Language
from kumihimo.linkaudit.results import read_about


def contents(
    folder: Path, counts: Counts, language: Language, *, record: str | None = None
) -> Report:
    """Return the report of a finished audit; with a record id, its weights too. Raises `NoAudit`."""
    about = read_about(folder)
    t = teller(language)
    space = (
        t("本物の番号", "numbers of the law")
        if about.number_space == "official"
        else t("試験用の番号（架空の人）", "test numbers (nobody is real)")
    )
    return Report(
        language=language,
        title=t("ひも付け誤り総点検 報告", "Mis-link audit: report"),
        facts=[
            (t("機関", "Institution"), about.institution),
            (t("事務", "Affair"), about.affair),
            (t("点検の終了", "Audit ended"), _japanese_time(about.ended)),
            (t("番号", "Numbers"), space),
        ],
        sections=[
            sections.result(counts, language),
            sections.rates(counts, language),
            sections.mechanisms(folder, counts, language),
            sections.collisions(counts, language),
            *sections.accounts(counts, language),
            pattern_section(folder, language),
            weight_figures(folder, language, record),
            sections.quality(about, language),
            sections.listed(folder, language),
            sections.limits(folder, about, language),
        ],
    )


def _japanese_time(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(JST).strftime("%Y-%m-%d %H:%M JST")
