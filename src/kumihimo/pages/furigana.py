"""Furigana by choice: readings over the words of our own pages, from a table made by hand.

Only what a template says itself is looked at (`t` in `engine`), never what comes from elsewhere: a name
is not read by machine. What is said is marked with characters of private use, and becomes `<ruby>`
where a page shows text; in attributes, titles and fields the marks are taken away again.
"""

import csv
import re
from functools import cache
from importlib.resources import files
from typing import Final

_BEGIN, _MIDDLE, _END = "\ue000", "\ue001", "\ue002"
_MARKED: Final = re.compile("\ue000([^<>\ue000-\ue002]*)\ue001([^<>\ue000-\ue002]*)\ue002")
_PIECE: Final = re.compile(r"(<[^>]*>)")
_BARE: Final = re.compile(r"</?(title|option|textarea)\b")
_RUBY: Final = r"<ruby>\1<rp>(</rp><rt>\2</rt><rp>)</rp></ruby>"
_KANA: Final = "".join(map(chr, range(ord("ぁ"), ord("ん") + 1)))
_AFTER_DIGIT: Final = "#"  # of a term that is read so behind a digit


@cache
def readings() -> dict[str, str]:
    """Return the terms of the pages and how they are read; `#` stands for a digit before."""
    text = (files("kumihimo.pages") / "data" / "furigana.tsv").read_text("utf-8")
    table = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return {row["term"]: row["reading"] for row in table}


@cache
def _terms() -> re.Pattern[str]:
    longest_first = sorted(readings(), key=lambda one: (-len(one), one))
    terms = "|".join(
        f"(?<=[0-9]){re.escape(one[1:])}" if one.startswith(_AFTER_DIGIT) else re.escape(one)
        for one in longest_first
    )
    # Beside other kanji it is part of a word that is not in the table: 日 of 日本, 新 of 新宿.
    return re.compile(f"(?<![一-龥々])(?:{terms})(?![一-龥々])")


def marked(text: str) -> str:
    """Mark the terms of a text with their readings, the longest first."""

    def mark(found: re.Match[str]) -> str:
        term, table = found[0], readings()
        behind_digit = text[found.start() - 1 : found.start()].isdigit()
        reading = table.get(_AFTER_DIGIT + term) if behind_digit else None
        stem = term.rstrip(_KANA)
        return f"{_BEGIN}{stem}{_MIDDLE}{reading or table[term]}{_END}{term[len(stem) :]}"

    return _terms().sub(mark, text)


def shown(page: str) -> str:
    """Return a page with its marks turned into ruby, or gone where there can be none."""
    bare = False
    pieces: list[str] = []
    for piece in _PIECE.split(page):
        tag = piece.startswith("<")
        if tag and _BARE.match(piece):
            bare = not piece.startswith("</")
        without = tag or bare
        pieces.append(_MARKED.sub(r"\1" if without else _RUBY, piece))
    return "".join(pieces)
