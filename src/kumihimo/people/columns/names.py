"""Names and readings over columns: `canonical_name`, `weak_name` and `canonical_kana`."""

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Final

import polars as pl

from kumihimo.people.columns.letters import Letters, any_of, canonical, changed
from kumihimo.people.kana import canonical_kana
from kumihimo.people.names import canonical_name, weak_name
from kumihimo.people.variants import variants

# What most systems write for a character outside their set; each is its own canonical form.
LOST: Final = "●○◯■□〓"

# Letters whose canonical form does not depend on what stands beside them. Marks that join the
# letter before them, dashes, marks of repetition and Hangul, which composes, are not among them.
_IDEOGRAPHS: Final = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af"
_KANA: Final = "\u3041-\u3096\u30a1-\u30fa\u30fc"
_FIXED: Final = re.compile(f"[{_IDEOGRAPHS}{_KANA}a-z0-9]*")
# What may also stand in such a text: it becomes fixed letters, or nothing, whatever is beside it.
_OTHERS: Final = (
    range(0x20, 0x7F),
    range(0xA1, 0x250),
    range(0x3000, 0x3003),
    range(0x30FB, 0x30FC),
    range(0xFE00, 0xFE10),
    range(0xFF01, 0xFF9E),
    range(0xF900, 0xFB00),
    range(0x2F800, 0x2FA20),
    range(0xE0100, 0xE01F0),
)
# Characters that 々 repeats most often in names; a pair of any other goes the slow way.
_REPEATED: Final = (
    "佐奈菜野々寿美日代世紀沙紗鈴梨理百萌望真由里音瑠羅良優香花咲心愛陽琴乃葉江津加喜"
)
_KANA_LETTERS: Final = "\u3041-\u3096\u30a1-\u30fa\uff66-\uff9d\u30fc"
_KATAKANA: Final = "\u30a1-\u30fa\u30fc"
_KANA_SPACES: Final = " \u3000・\uff65"


# What a name may hold besides letters of which none changes.
_NAME_SPACES: Final = " \u3000"


def canonical_names(column: pl.Series) -> pl.Series:
    """Return `canonical_name` of each text (String; null where it is null)."""
    return canonical(column, canonical_name, lambda: _of_names(canonical_name))


def weak_names(column: pl.Series) -> pl.Series:
    """Return `weak_name` of each text (String; null where it is null)."""
    return canonical(column, weak_name, lambda: _of_names(weak_name))


def canonical_kanas(column: pl.Series) -> pl.Series:
    """Return `canonical_kana` of each text (String; null where it is null)."""
    return canonical(column, canonical_kana, _of_kanas)


@cache
def _of_names(form: Callable[[str], str]) -> tuple[Letters, ...]:
    """Return what most names are made of, of which nothing changes but spaces; and what else is."""
    others = [chr(point) for points in _OTHERS for point in points]
    fixed = [one for one in others if form(one) == one and one.isalnum()] + list(LOST)
    pieces = changed(form, [*others, *variants("A"), *variants("B")], _FIXED)
    pairs = tuple((f"{one}々", form(one) * 2) for one in _REPEATED)
    alone = any_of([one for one, _ in pieces] + fixed)
    changing = any_of([one for one, _ in pieces])
    same = f"[{_IDEOGRAPHS}{_KANA}{any_of(fixed)}]"
    return (
        Letters(
            free=f"^[{_NAME_SPACES}[{same}--[{changing}]]]*$",
            pieces=tuple((one, "") for one in _NAME_SPACES),
        ),
        Letters(free=f"^[{_IDEOGRAPHS}{_KANA}{alone}々]*$", pieces=pairs + pieces, left="々"),
    )


@cache
def _of_kanas() -> tuple[Letters, ...]:
    """Return what full-width katakana and spaces become; and kana, dots and hyphens.

    A hyphen is a long mark.
    """
    kana = [
        chr(p) for p in (*range(0x3041, 0x3097), *range(0x30A1, 0x30FB), *range(0xFF66, 0xFF9E))
    ]
    marked = [f"{one}{mark}" for one in kana if one >= "\uff66" for mark in "\uff9e\uff9f"]
    voiced = [pair for pair in marked if len(unicodedata.normalize("NFKC", pair)) == 1]
    pieces = changed(canonical_kana, [*voiced, *kana], re.compile("[ァ-ヺー]"))
    pairs = [one for one, _ in pieces if one in voiced]
    spaces = tuple((one, "") for one in _KANA_SPACES)
    letter = f"(?:{'|'.join(pairs)}|[{_KANA_LETTERS}])"
    return (
        Letters(
            free=f"^[{_KATAKANA}{_KANA_SPACES}]*$",
            pieces=(
                *(piece for piece in pieces if re.fullmatch(f"[{_KATAKANA}]", piece[0])),
                *spaces,
            ),
        ),
        Letters(
            free=f"^[{_KANA_SPACES}]*(?:{letter}(?:{letter}|[-{_KANA_SPACES}])*)?$",
            pieces=(*pieces, *spaces, ("-", "ー")),
        ),
    )
