"""A canonical form over a column, for texts whose letters do not touch each other.

Most names are made of letters of which each has its canonical form whatever stands beside it.
Such a text is canonical letter by letter, which one pass over the column does: the fewer letters
can change in a text, the cheaper. Every other text (combining marks, dashes, marks of repetition …)
goes to the scalar function itself, each distinct text once, so what is rare stays right and only
slow.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Final, TypeAlias

import attrs
import polars as pl

from kumihimo.people.columns.distinct import put

# Below this many rows building the pass costs more than the scalar function: about 20 ms.
FEW: Final = 1500
# To look which letters there are costs less than a pass for 10,000 letters, up to so many texts.
_FEW_PIECES: Final = 1000
_LOOKED_INTO: Final = 20_000

Piece: TypeAlias = tuple[str, str]


@attrs.frozen
class Letters:
    """Which texts are canonical letter by letter, and what each letter becomes.

    `free` is a regular expression that a whole text must match. `pieces` maps every letter, or
    run of letters, that changes; where two begin at one place the first listed is taken. A text
    in which one of `left` is still there afterwards was not canonical letter by letter after all.
    """

    free: str
    pieces: tuple[Piece, ...]
    left: str = ""

    @cached_property
    def _by_letter(self) -> dict[str, list[Piece]]:
        found: defaultdict[str, list[Piece]] = defaultdict(list)
        for piece in self.pieces:
            found[piece[0][0]].append(piece)
        return found

    def _pieces_in(self, column: pl.Series) -> Sequence[Piece]:
        """Return the pieces that may be in a column; all of a long one, which is not looked into."""
        if len(self.pieces) < _FEW_PIECES or len(column) > _LOOKED_INTO:
            return self.pieces
        letters = sorted(set("".join(column.drop_nulls())))
        return [piece for one in letters for piece in self._by_letter.get(one, ())] or self.pieces[
            :1
        ]

    def spell(self, column: pl.Series) -> pl.Series:
        """Return the texts letter by letter; null for one that is not so canonical, and null."""
        written, changed_to = zip(*self._pieces_in(column), strict=True)
        text = pl.col("text")
        spelled = text.str.replace_many(list(written), list(changed_to), leftmost=True)
        found = (
            column.alias("text")
            .to_frame()
            .select(pl.when(text.str.contains(self.free)).then(spelled))
        )
        if self.left:
            marked = text.str.contains(self.left, literal=True)
            found = found.select(pl.when(~marked).then(text))
        return found.to_series()


def canonical(
    column: pl.Series, scalar: Callable[[str], str], kinds: Callable[[], Sequence[Letters]]
) -> pl.Series:
    """Return the column in the form that `scalar` gives, null where it is null.

    Each of `kinds` spells what those before it left, the scalar function the rest. They take a while to
    make, and few texts need none.
    """
    column = column.cast(pl.String)
    if len(column) < FEW:
        return one_by_one(column, scalar)
    return _spelled(column, scalar, kinds()).alias(column.name)


def _spelled(
    column: pl.Series, scalar: Callable[[str], str], kinds: Sequence[Letters]
) -> pl.Series:
    if not kinds:
        return one_by_one(column, scalar)
    first, *others = kinds
    found = first.spell(column)
    left = (found.is_null() & column.is_not_null()).arg_true()
    return put(found, left, _spelled(column.gather(left), scalar, others)) if len(left) else found


def one_by_one(column: pl.Series, scalar: Callable[[str], str | None]) -> pl.Series:
    """Return the column through the scalar function, each distinct text once."""
    distinct = column.unique().drop_nulls()
    forms = pl.Series(list(map(scalar, distinct)), dtype=pl.String)
    return column.replace_strict(distinct, forms, default=None, return_dtype=pl.String)


def changed(
    scalar: Callable[[str], str], candidates: Iterable[str], fixed: re.Pattern[str]
) -> tuple[tuple[str, str], ...]:
    """Return (letter, form) of the candidates that change into nothing but `fixed` letters."""
    forms = ((one, scalar(one)) for one in candidates)
    return tuple((one, form) for one, form in forms if form != one and fixed.fullmatch(form))


def any_of(letters: Sequence[str]) -> str:
    """Return the inside of a character class of the regular expressions that Polars takes."""
    return "".join(f"\\x{{{ord(one):x}}}" for one in letters)
