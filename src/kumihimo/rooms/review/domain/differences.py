"""Two spellings side by side, character by character, and what differs in words.

A character is what the eye takes for one: a base with its variation selectors and marks. So 葛 with
and without a selector differ here, and both are named by code points.
"""

import re
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher
from enum import StrEnum, unique

import attrs

from kumihimo.people.names import canonical_name
from kumihimo.people.text import compatible, is_unreadable

_CHARACTER = re.compile(
    "[^\ufe00-\ufe0f\u200d\U000e0100-\U000e01ef][\u0300-\u036f\u3099\u309a\ufe00-\ufe0f\u200d\U000e0100-\U000e01ef]*|.",
    re.DOTALL,
)


@unique
class Relation(StrEnum):
    """What two characters that differ are to each other."""

    WIDTH = "width"  # 全角と半角: the same character by Unicode's compatibility
    VARIANT = "variant"  # 異体字: the same in the canonical form
    LOST = "lost"  # ● or 〓 stands where a system lacked the character
    OTHER = "other"
    MISSING = "missing"  # only one side has it


@attrs.frozen
class Piece:
    """A run of one side: `differs` says whether the other side has something else here."""

    text: str
    differs: bool


@attrs.frozen
class Difference:
    """One place that differs. `position` counts characters of the longer side's, from 1."""

    position: int
    own: str
    other: str
    relation: Relation

    @property
    def needs_points(self) -> bool:
        """Whether the eye may not tell the two apart: then their code points are named."""
        return not (self.own + self.other).isascii()

    @property
    def own_points(self) -> str:
        """Return the code points of this institution's side."""
        return points(self.own)

    @property
    def other_points(self) -> str:
        """Return the code points of the register's side."""
        return points(self.other)


@attrs.frozen
class Compared:
    """Both sides in pieces, and what differs."""

    own: Sequence[Piece]
    other: Sequence[Piece]
    differences: Sequence[Difference]


def characters(text: str) -> list[str]:
    """Split a text into what the eye takes for characters."""
    return _CHARACTER.findall(text)


def points(text: str) -> str:
    """Name the code points of a text, such as `U+9AD9`."""
    return " ".join(f"U+{ord(sign):04X}" for sign in text)


def visible(text: str) -> str:
    """Return the text with what would not be seen, or would turn the line round, named instead."""
    return "".join(
        f"⟨{points(sign)}⟩" if unicodedata.category(sign) in {"Cc", "Cf", "Zl", "Zp"} else sign
        for sign in text
    )


def compare(own: str, other: str) -> Compared:
    """Compare this institution's spelling with the register's.

    Where one side holds nothing there is nothing to compare, and nothing differs.
    """
    if not own or not other:
        return Compared(_whole(own), _whole(other), [])
    mine, theirs = characters(own), characters(other)
    left: list[Piece] = []
    right: list[Piece] = []
    found: list[Difference] = []
    matcher = SequenceMatcher(None, mine, theirs, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        differs = tag != "equal"
        for side, run in ((left, mine[i1:i2]), (right, theirs[j1:j2])):
            if run:
                side.append(Piece(visible("".join(run)), differs))
        if differs:
            found += _differences(max(i1, j1) + 1, mine[i1:i2], theirs[j1:j2])
    return Compared(left, right, found)


def _whole(text: str) -> list[Piece]:
    return [Piece(visible(text), differs=False)] if text else []


def _differences(start: int, mine: list[str], theirs: list[str]) -> list[Difference]:
    """Return a difference for each character where the runs are equally long, else one in all."""
    pairs = (
        list(zip(mine, theirs, strict=True))
        if len(mine) == len(theirs)
        else [("".join(mine), "".join(theirs))]
    )
    return [
        Difference(start + index, one, other, related(one, other))
        for index, (one, other) in enumerate(pairs)
    ]


def related(own: str, other: str) -> Relation:
    """Return what two runs that differ are to each other."""
    if not own or not other:
        return Relation.MISSING
    if compatible(own) == compatible(other):
        return Relation.WIDTH if not _selected(own + other) else Relation.VARIANT
    if is_unreadable(own) or is_unreadable(other):
        return Relation.LOST
    return Relation.VARIANT if canonical_name(own) == canonical_name(other) else Relation.OTHER


def _selected(text: str) -> bool:
    return any("\ufe00" <= s <= "\ufe0f" or "\U000e0100" <= s <= "\U000e01ef" for s in text)
