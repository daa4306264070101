"""The form of a report: sections with words, a table, points and pictures, in one language."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from kumihimo.linkaudit.report.figures import Figure
from kumihimo.linkaudit.report.suppression import SMALL
from kumihimo.linkaudit.report.words import Language

HIDDEN: Final = "―"


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One section. `words` is how many columns at the left are words and not numbers."""

    id: str
    title: str
    paragraphs: Sequence[str] = ()
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    words: int = 1
    points: Sequence[str] = ()
    pictures: Sequence[Figure] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A report in one language."""

    language: Language
    title: str
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section]


def teller(language: Language) -> Callable[[str, str], str]:
    """Return what says a text in a language, of the two it is given."""
    return lambda japanese, english: japanese if language == "ja" else english


def number(count: int, *, told: bool = True) -> str:
    """Return a count as text, or the mark of one that is not told."""
    return f"{count:,}" if told else HIDDEN


def small(count: int) -> str:
    """Return a count that no total goes with; below ten it is not told."""
    return number(count, told=not 0 < count < SMALL)


def share(part: int, whole: int, language: Language) -> str:
    """Return a share in per cent; not told where fewer than ten rows are, or are not, of it."""
    t = teller(language)
    if 0 < part < SMALL:
        return t("10 行未満", "under 10 rows")
    if 0 < whole - part < SMALL:
        return t("ほぼ全部", "nearly all")
    return f"{100 * part / whole:.1f} %" if whole else HIDDEN


def per_cent(value: float) -> str:
    """Return a rate in per cent with two digits that count."""
    return f"{100 * value:.2g} %" if value else "0 %"
