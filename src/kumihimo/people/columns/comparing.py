"""How far names agree, over columns: `comparing.compare_names` and `compare_kanas` row by row.

Names of ideographs, kana and spaces are compared by whole columns. Every other (brackets, the
Latin alphabet, lost characters) goes to the scalar comparison, each distinct row once.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import attrs
import polars as pl

from kumihimo.people.columns.levels import first_that_holds, level_type
from kumihimo.people.columns.names import canonical_kanas, canonical_names, weak_names
from kumihimo.people.comparing import compare_kanas, compare_names, read_kana, read_names
from kumihimo.people.levels import NameLevel
from kumihimo.people.names import NAME_CHARS_MAX

# The register's side; `name` alone must be there. Of the row's side `name` and `kana` count.
HELD: Final = (
    "name", "kanji", "kana", "former_surname", "alias", "former_surname_kana", "alias_kana",
)  # fmt: skip
_IDEOGRAPHS: Final = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af々"
_KANA: Final = "\u3041-\u3096\u30a1-\u30fa\u30fc"
_PLAIN_NAME: Final = f"^[ \u3000]*[{_IDEOGRAPHS}{_KANA}][{_IDEOGRAPHS}{_KANA} \u3000]*$"
_WHOLE_NAME: Final = f"^[{_IDEOGRAPHS}{_KANA}A-Za-z \u3000]*[{_IDEOGRAPHS}{_KANA}A-Za-z][{_IDEOGRAPHS}{_KANA}A-Za-z \u3000]*$"
_READ: Final = f"{_KANA}\uff66-\uff9f"
_PLAIN_KANA: Final = f"^[ \u3000]*[{_READ}][{_READ} \u3000]*$"
_AROUND: Final = " \u3000"
_HALVES: Final = "^[ \u3000]*([^ \u3000]+)[ \u3000]+([^ \u3000].*)$"

Form = Callable[[pl.Series], pl.Series]
Row = Mapping[str, str | None]


def _of_names(mine: Row, held: Row) -> NameLevel:
    return compare_names(read_names(mine["name"]), read_names(**held))


def _of_kanas(mine: Row, held: Row) -> NameLevel:
    return compare_kanas(
        read_kana(mine["kana"]),
        read_kana(held["kana"]),
        former_surname=read_kana(held["former_surname_kana"]),
        alias=read_kana(held["alias_kana"]),
    )


@attrs.frozen
class _Kind:
    """One attribute: its forms, what a plain text of it is, and the columns that take part."""

    text: str
    form: Form
    weak: Form
    plain: str
    whole_text: str  # which text agrees with itself, whatever stands in other columns
    whole: tuple[str, ...]  # the register's other names
    former: str
    scalar: Callable[[Row, Row], NameLevel]  # of the row's side and the register's
    around: str = ""  # characters around a plain text that count as not written


_NAMES: Final = _Kind(
    "name", canonical_names, weak_names, _PLAIN_NAME, _WHOLE_NAME,
    ("kanji", "alias", "kana", "alias_kana"), "former_surname", _of_names, _AROUND,
)  # fmt: skip
_KANAS: Final = _Kind(
    "kana", canonical_kanas, canonical_kanas, _PLAIN_KANA, _PLAIN_KANA,
    ("alias_kana",), "former_surname_kana", _of_kanas,
)  # fmt: skip


def name_levels(written: pl.DataFrame, held: pl.DataFrame) -> pl.Series:
    """Return `compare_names` of each row: `written` has name, `held` what `HELD` lists.

    A column that is not there is null in every row.
    """
    return _levels(written, held, _NAMES)


def kana_levels(written: pl.DataFrame, held: pl.DataFrame) -> pl.Series:
    """Return `compare_kanas` of each row: `written` has kana; names take no part."""
    return _levels(written, held, _KANAS)


def _levels(written: pl.DataFrame, held: pl.DataFrame, kind: _Kind) -> pl.Series:
    pairs = pl.concat([_side(written, "mine_"), _side(held, "held_")], how="horizontal")
    plain = _plain(pairs[f"mine_{kind.text}"], kind.plain)
    plain &= _plain(pairs[f"held_{kind.text}"], kind.plain)
    for name in (kind.former, *kind.whole):
        pattern = _PLAIN_KANA if name.endswith("kana") else _PLAIN_NAME
        other = pairs[f"held_{name}"]
        plain &= other.is_null() | _plain(other, pattern)
    mine, theirs = pairs[f"mine_{kind.text}"], pairs[f"held_{kind.text}"]
    plain |= (mine == theirs).fill_null(value=False) & _plain(mine, kind.whole_text)
    order = pl.concat([plain.arg_true(), (~plain).arg_true()])
    columns = ["mine_name", "mine_kana", *(f"held_{name}" for name in HELD)]
    found = [
        _of_plain(pairs.filter(plain), kind),
        _one_by_one(pairs.filter(~plain).select(columns), kind),
    ]
    return pl.concat(found).gather(order.arg_sort()).alias(kind.text)


def _side(names: pl.DataFrame, prefix: str) -> pl.DataFrame:
    absent = [pl.lit(None, dtype=pl.String).alias(n) for n in HELD if n not in names.columns]
    whole = names.with_columns(absent) if absent else names
    return whole.select(pl.col(n).cast(pl.String).alias(prefix + n) for n in HELD)


def _plain(text: pl.Series, pattern: str) -> pl.Series:
    short = text.str.len_chars() <= NAME_CHARS_MAX
    return (text.str.contains(pattern) & short).fill_null(value=False)


def _of_plain(pairs: pl.DataFrame, kind: _Kind) -> pl.Series:
    mine, theirs = pairs[f"mine_{kind.text}"], pairs[f"held_{kind.text}"]
    form, held = kind.form(mine), kind.form(theirs)
    bare = [text.str.strip_chars(kind.around) if kind.around else text for text in (mine, theirs)]
    equal = pl.DataFrame({"equal": bare[0] == bare[1]})
    level = equal.select(
        first_that_holds([(pl.col("equal"), NameLevel.EQUAL)], NameLevel.CANONICAL).alias("level")
    )["level"]
    left = (form != held).arg_true()
    rest = _unequal(pairs.gather(left), form.gather(left), held.gather(left), kind)
    return level.scatter(left, rest) if len(left) else level


def _unequal(pairs: pl.DataFrame, form: pl.Series, held: pl.Series, kind: _Kind) -> pl.Series:
    """Return the levels of pairs whose canonical forms differ."""
    mine, theirs = pairs[f"mine_{kind.text}"], pairs[f"held_{kind.text}"]
    my_halves, their_halves = (text.str.extract_groups(_HALVES).struct for text in (mine, theirs))
    given = their_halves.field("2")
    former = pairs.select(pl.concat_str(pl.col(f"held_{kind.former}"), given)).to_series()
    others = [pairs[f"held_{name}"] for name in kind.whole] + [former]
    members = [kind.form(other) for other in others if other.null_count() < len(other)]
    weak = kind.weak(mine)
    alike = [weak == kind.weak(other) for other in (theirs, *others)]
    frame = pl.DataFrame(
        {
            "member": _any([form == other for other in members], len(pairs)),
            "weak": _any(alike, len(pairs)),
            "surname": _half(
                my_halves.field("1"), their_halves.field("1"), form, held, kind, "surname"
            ),
            "given": _half(my_halves.field("2"), given, form, held, kind, "given"),
        }
    )
    cases = [(pl.col(name), NameLevel(name)) for name in frame.columns]
    return frame.select(first_that_holds(cases, NameLevel.DIFFERENT)).to_series()


def _half(
    mine: pl.Series, theirs: pl.Series, form: pl.Series, held: pl.Series, kind: _Kind, which: str
) -> pl.Series:
    """Say where the half agrees; where one side has no space, the other's tells where to cut."""
    frame = pl.DataFrame({"a": kind.form(mine), "b": kind.form(theirs), "mine": form, "held": held})
    part = pl.coalesce("a", "b")
    sides = [pl.col(side).str for side in ("mine", "held")]
    at = [s.starts_with(part) if which == "surname" else s.ends_with(part) for s in sides]
    clash = (pl.col("a") != pl.col("b")).fill_null(value=False)
    agrees = (~clash & (part != "") & at[0] & at[1]).fill_null(value=False)
    return frame.select(agrees).to_series()


def _any(flags: Sequence[pl.Series], count: int) -> pl.Series:
    found = pl.repeat(value=False, n=count, eager=True)
    for flag in flags:
        found |= flag.fill_null(value=False)
    return found


def _one_by_one(pairs: pl.DataFrame, kind: _Kind) -> pl.Series:
    distinct = pairs.unique()
    levels: list[str] = []
    for name, kana, *theirs in distinct.iter_rows():
        held: Row = dict(zip(HELD, theirs, strict=True))
        levels.append(kind.scalar({"name": name, "kana": kana}, held).value)
    known = distinct.with_columns(level=pl.Series(levels, dtype=level_type(NameLevel)))
    joined = pairs.join(
        known, on=pairs.columns, how="left", nulls_equal=True, maintain_order="left"
    )
    return joined["level"]
