"""Characters that are written for one another: the two folds of names, from `data/variants.tsv`.

Key A is official: the rules of the coded character sets and the notices on the family register,
one hop, in their direction, between characters that share a reading. 邊 is 辺 and 﨑 is 崎 there.
Key B adds what needs a person's eye: the table for foreign residents' names (告示582), analogies
of reading and shape, and characters that people mix up (斎 and 斉, 祐 and 裕, 太 and 大). In each
key the target of a row is never the source of another: nothing follows from two rows together
(`docs/decisions/0007-one-hop.md`).
"""

from functools import cache
from importlib.resources import files
from typing import Final

_VERSION_1: Final = str.maketrans("髙𠮷﨑桒槗𣘺", "高吉崎桑橋橋")


@cache
def variants(key: str) -> dict[str, str]:
    """Return key A's or key B's rows, as written to folded."""
    text = (files("kumihimo.people") / "data" / "variants.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:])
    return {written: folded for of, _, written, folded in rows if of == key}


def fold_variants(text: str) -> str:
    """Return the text with each variant of key A replaced, one hop."""
    return text.translate(_table("A"))


def fold_variants_1(text: str) -> str:
    """Return the text with the six variants replaced that version 1 of the forms knew."""
    return text.translate(_VERSION_1)


def fold_confusables(text: str) -> str:
    """Return a text in key A with each character of key B replaced, one hop."""
    return text.translate(_table("B"))


@cache
def _table(key: str) -> dict[int, str]:
    return str.maketrans(variants(key))
