"""How far names agree, over columns: `comparing.compare_names` and `compare_kanas` row by row.

What is written alike is settled first, then what is so in canonical form, then the names of most
people who are written otherwise: of ideographs and kana, with a former surname in brackets or one
lost letter, or of two words in the Latin alphabet. Every other goes to the scalar comparison, each
distinct row once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.people.columns.distinct import put
from kumihimo.people.columns.levels import first_that_holds, level_type
from kumihimo.people.columns.names import LOST, canonical_kanas, canonical_names, weak_names
from kumihimo.people.comparing import compare_kanas, compare_names, read_kana, read_names
from kumihimo.people.levels import NameLevel
from kumihimo.people.names import NAME_CHARS_MAX

# The register's side; `name` alone must be there. Of the row's side `name` and `kana` count.
HELD: Final = (
    "name", "kanji", "kana", "former_surname", "alias", "former_surname_kana", "alias_kana",
)  # fmt: skip
# A letter of the plane that every version of Unicode has whole; one at least must stand in a name.
_LETTER: Final = "\u3041-\u3096\u30a1-\u30fa\u30fc々\u3400-\u4dbf\u4e00-\u9fff"
# With it may stand: rarer ideographs, those that are there twice for compatibility, and the marks
# that choose a glyph.
_NAME: Final = (
    f"{_LETTER}\U00020000-\U000323af\uf900-\ufa6d\ufa70-\ufad9\U0002f800-\U0002fa1d"
    "\ufe00-\ufe0f\U000e0100-\U000e01ef \u3000"
)
_PLAIN: Final = f"[{_NAME}]*[{_LETTER}][{_NAME}]*"
_LATIN: Final = "[A-Za-z]+(?:[ \u3000]+[A-Za-z]+)?"
_PLAIN_NAME: Final = f"^(?:{_PLAIN}|{_LATIN})$"
_ONE_LOST: Final = f"^(?:{_PLAIN}[{LOST}][{_NAME}]*|[{_NAME}]*[{LOST}]{_PLAIN})$"
_WHOLE_NAME: Final = f"^[{_NAME}A-Za-z]*[{_LETTER}A-Za-z][{_NAME}A-Za-z]*$"
_FORMER: Final = f"^([{_NAME}]*)[［\\[]({_PLAIN})[］\\]]([{_NAME}]*)$"
_READ: Final = "\u3041-\u3096\u30a1-\u30fa\u30fc\uff66-\uff9f"
_PLAIN_KANA: Final = f"^[ \u3000]*[{_READ}][{_READ} \u3000]*$"
# Without the voice marks of half width, which join the letter before them.
_FULL_KANA: Final = (
    "^[ \u3000]*[\u3041-\u3096\u30a1-\u30fa][\u3041-\u3096\u30a1-\u30fa\u30fc \u3000]*$"
)
_AROUND: Final = " \u3000"
_HALVES: Final = "^[ \u3000]*([^ \u3000]+)[ \u3000]+([^ \u3000].*)$"
_TURNED: Final = "^([A-Za-z]+)[ \u3000]+([A-Za-z]+)$"
_LEVELS: Final = list(NameLevel)

Form = Callable[[pl.Series], pl.Series]
Row = Mapping[str, str | None]
Codes = NDArray[np.uint8]


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
    mine: str  # a plain text of the row's side
    whole_text: str  # which text agrees with itself, whatever stands in other columns
    spaced: str  # … and with the same text with other spaces in it
    whole: tuple[str, ...]  # the register's other names
    former: str
    scalar: Callable[[Row, Row], NameLevel]  # of the row's side and the register's
    bracketed: bool = False  # a former surname may stand in brackets
    around: str = ""  # characters around a plain text that count as not written


_NAMES: Final = _Kind(
    "name", canonical_names, weak_names, _PLAIN_NAME, f"{_PLAIN_NAME}|{_ONE_LOST}", _WHOLE_NAME, f"^{_PLAIN}$",
    ("kanji", "alias", "kana", "alias_kana"), "former_surname", _of_names,
    bracketed=True, around=_AROUND,
)  # fmt: skip
_KANAS: Final = _Kind(
    "kana", canonical_kanas, canonical_kanas, _PLAIN_KANA, _PLAIN_KANA, _PLAIN_KANA, _FULL_KANA,
    ("alias_kana",), "former_surname_kana", _of_kanas,
)  # fmt: skip


def name_levels(
    written: pl.DataFrame, held: pl.DataFrame, lines: pl.Series | None = None
) -> pl.Series:
    """Return `compare_names` of each row: `written` has name, `held` what `HELD` lists.

    A column that is not there is null in every row. `lines` says which line of `held` a row meets,
    null for none; without it each row meets the line at its own place.
    """
    return _levels(written, held, lines, _NAMES)


def kana_levels(
    written: pl.DataFrame, held: pl.DataFrame, lines: pl.Series | None = None
) -> pl.Series:
    """Return `compare_kanas` of each row: `written` has kana; names take no part."""
    return _levels(written, held, lines, _KANAS)


def _levels(
    written: pl.DataFrame, held: pl.DataFrame, lines: pl.Series | None, kind: _Kind
) -> pl.Series:
    lines = pl.int_range(len(written), dtype=pl.UInt32, eager=True) if lines is None else lines
    texts = [_text(written, kind.text), _text(held, kind.text).gather(lines)]
    codes = np.full(len(written), _LEVELS.index(NameLevel.MISSING), np.uint8)
    told = _told(texts[0]) & _told(texts[1])
    same = (told & (texts[0] == texts[1])).fill_null(value=False).arg_true()
    same = same.filter(_plain(texts[0].gather(same), kind.whole_text))
    codes[same.to_numpy()] = _LEVELS.index(NameLevel.EQUAL)
    left = told.to_numpy() & (codes != _LEVELS.index(NameLevel.EQUAL))
    left = pl.Series(np.flatnonzero(left))
    spaced, equal = _but_for_spaces(texts[0].gather(left), texts[1].gather(left), kind)
    for where, level in ((spaced, NameLevel.CANONICAL), (spaced & equal, NameLevel.EQUAL)):
        codes[left.filter(where).to_numpy()] = _LEVELS.index(level)
    left = left.filter(~spaced)
    mine, theirs = (_divided(text.gather(left), kind) for text in texts)
    plain = _plain(mine["text"], kind.mine) & _plain(theirs["text"], kind.plain)
    forms = _of_all([side["text"].set(~plain, None) for side in (mine, theirs)], kind.form)
    alike = (forms[0] == forms[1]).fill_null(value=False)
    equal = _equal(mine["text"], theirs["text"], kind)
    for where, level in ((alike, NameLevel.CANONICAL), (alike & equal, NameLevel.EQUAL)):
        codes[left.filter(where).to_numpy()] = _LEVELS.index(level)
    rest = (~alike).arg_true()
    at = left.gather(rest)
    sides = [_side(side, where) for side, where in ((written, at), (held, lines.gather(at)))]
    pairs = sides[1].with_columns(
        *(s.gather(rest).alias(n) for n, s in zip(("form", "held_form"), forms, strict=True)),
        mine=mine["text"].gather(rest),
        held=theirs["text"].gather(rest),
        mine_former=mine["former"].gather(rest),
        held_former=pl.coalesce(theirs["former"].gather(rest), kind.former),
    )
    codes[at.to_numpy()] = _unlike(pairs, sides, kind)
    return pl.Series(kind.text, codes).cat.to(level_type(NameLevel))


def _text(side: pl.DataFrame, name: str) -> pl.Series:
    if name not in side.columns:
        return pl.repeat(None, len(side), dtype=pl.String, eager=True)
    return side[name].cast(pl.String)


def _side(side: pl.DataFrame, at: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({name: _text(side, name).gather(at) for name in HELD})


def _told(text: pl.Series) -> pl.Series:
    return (text != "").fill_null(value=False)


def _equal(mine: pl.Series, theirs: pl.Series, kind: _Kind) -> pl.Series:
    if kind.around:
        mine, theirs = (text.str.strip_chars(kind.around) for text in (mine, theirs))
    return mine == theirs


def _plain(text: pl.Series, pattern: str) -> pl.Series:
    short = text.str.len_chars() <= NAME_CHARS_MAX
    return (text.str.contains(pattern) & short).fill_null(value=False)


def _but_for_spaces(mine: pl.Series, theirs: pl.Series, kind: _Kind) -> tuple[pl.Series, pl.Series]:
    """Say which texts differ in spaces alone, and which of them only around the name."""
    bare = [
        text.str.replace_all("\u3000", "", literal=True).str.replace_all(" ", "", literal=True)
        for text in (mine, theirs)
    ]
    alike = (bare[0] == bare[1]).arg_true()
    short = theirs.gather(alike).str.len_chars() <= NAME_CHARS_MAX
    alike = alike.filter(short & _plain(mine.gather(alike), kind.spaced))
    spaced = np.zeros(len(mine), bool)
    spaced[alike.to_numpy()] = True
    return pl.Series(spaced), _equal(mine, theirs, kind)


def _divided(text: pl.Series, kind: _Kind) -> pl.DataFrame:
    """Return each `text` without a former surname in brackets, and `former`, or null."""
    frame = text.alias("text").to_frame()
    if not kind.bracketed:
        return frame.with_columns(former=pl.lit(None, dtype=pl.String))
    at = frame["text"].str.contains("[［\\[]").fill_null(value=False).arg_true()
    at = at.filter(_plain(frame["text"].gather(at), _FORMER))
    column = pl.col("text")
    divided = frame[at].select(
        text=column.str.replace(_FORMER, "${1}${3}"), former=column.str.extract(_FORMER, 2)
    )
    none = pl.repeat(None, len(text), dtype=pl.String, eager=True)
    return pl.DataFrame(
        {
            "text": put(frame["text"], at, divided["text"]),
            "former": put(none, at, divided["former"]),
        }
    )


def _unlike(pairs: pl.DataFrame, sides: Sequence[pl.DataFrame], kind: _Kind) -> Codes:
    """Return codes of pairs whose canonical forms differ, or are null as no plain ones."""
    plain = pairs["form"].is_not_null()
    for name in ("held_former", *kind.whole):
        pattern = _PLAIN_KANA if "kana" in (name[-4:], kind.text) else _PLAIN_NAME
        plain &= pairs[name].is_null() | _plain(pairs[name], pattern)
    codes = np.empty(len(pairs), np.uint8)
    codes[plain.to_numpy()] = _unequal(pairs.filter(plain), kind)
    codes[~plain.to_numpy()] = _one_by_one([side.filter(~plain) for side in sides], kind)
    return codes


def _unequal(pairs: pl.DataFrame, kind: _Kind) -> Codes:
    """Return codes of plain pairs whose canonical forms differ."""
    halves = [pairs[side].str.extract_groups(_HALVES).struct.unnest() for side in ("mine", "held")]
    names = [["mine"], ["held", *kind.whole]]
    more = [
        [
            _former(pairs[f"{own[0]}_former"], side["2"]),
            *(pairs[name] for name in own[1:]),
            *(_turned(pairs[name]) for name in own),
        ]
        for own, side in zip(names, halves, strict=True)
    ]
    surname = [side["1"] for side in halves]
    given = [side["2"] for side in halves]
    *forms, my_surname, their_surname, my_given, their_given = _of_all(
        [*more[0], *more[1], *surname, *given], kind.form
    )
    mine = [pairs["form"], *forms[: len(more[0])]]
    held = [pairs["held_form"], *forms[len(more[0]) :]]
    weak = _of_all([*mine, *held], kind.weak)
    frame = pl.DataFrame(
        {
            "wildcard": _but_for_one(mine[0], held),
            "member": _any(a == b for a in mine for b in held),
            "weak": _any(a == b for a in weak[: len(mine)] for b in weak[len(mine) :]),
            "surname": _half(my_surname, their_surname, pairs, "surname"),
            "given": _half(my_given, their_given, pairs, "given"),
        }
    )
    cases = [(pl.col(name), NameLevel(name)) for name in frame.columns]
    level = frame.select(first_that_holds(cases, NameLevel.DIFFERENT)).to_series()
    return level.to_physical().to_numpy()


def _of_all(texts: Sequence[pl.Series], form: Form) -> list[pl.Series]:
    """Return a form of several columns; what it is made with is made once for all of them."""
    whole = form(pl.concat(texts))
    return [whole.slice(n * len(texts[0]), len(texts[0])) for n in range(len(texts))]


def _former(former: pl.Series, given: pl.Series) -> pl.Series:
    frame = pl.DataFrame([former.alias("former"), given.alias("given")])
    return frame.select(pl.concat_str("former", "given")).to_series()


def _turned(text: pl.Series) -> pl.Series:
    """Return names of two words in the Latin alphabet with the second in front; else null."""
    turned = pl.col("text").str.replace(_TURNED, "${2} ${1}")
    latin = pl.when(pl.col("text").str.contains(_TURNED)).then(turned)
    return text.alias("text").to_frame().select(latin).to_series()


def _but_for_one(form: pl.Series, others: Sequence[pl.Series]) -> pl.Series:
    """Say where one of the others is the form with one letter for the lost one."""
    at = form.str.contains(f"[{LOST}]").fill_null(value=False).arg_true()
    around = form.gather(at).str.extract_groups(f"^([^{LOST}]*)[{LOST}]([^{LOST}]*)$").struct
    sides = pl.DataFrame({"before": around.field("1"), "after": around.field("2")})
    before, after, one = pl.col("before"), pl.col("after"), pl.col("one")
    long = one.str.len_chars() == before.str.len_chars() + after.str.len_chars() + 1
    fits = one.str.starts_with(before) & one.str.ends_with(after) & long
    found = _any(sides.with_columns(one=o.gather(at)).select(fits).to_series() for o in others)
    return put(pl.repeat(value=False, n=len(form), eager=True), at, found)


def _half(mine: pl.Series, theirs: pl.Series, pairs: pl.DataFrame, which: str) -> pl.Series:
    """Say where the half agrees; where one side has no space, the other's tells where to cut."""
    frame = pairs.select("form", "held_form").with_columns(a=mine, b=theirs)
    frame = frame.with_columns(pl.when(pl.col("a", "b") != "").then(pl.col("a", "b")))
    part = pl.coalesce("a", "b")
    sides = [pl.col(side).str for side in ("form", "held_form")]
    at = [s.starts_with(part) if which == "surname" else s.ends_with(part) for s in sides]
    clash = (pl.col("a") != pl.col("b")).fill_null(value=False)
    return frame.select((~clash & at[0] & at[1]).fill_null(value=False)).to_series()


def _any(flags: Iterable[pl.Series]) -> pl.Series:
    return (
        pl.DataFrame([flag.fill_null(value=False).alias(str(n)) for n, flag in enumerate(flags)])
        .select(pl.any_horizontal(pl.all()))
        .to_series()
    )


def _one_by_one(sides: Sequence[pl.DataFrame], kind: _Kind) -> Codes:
    columns = [f"mine_{kind.text}", *HELD]
    pairs = sides[1].with_columns(sides[0][kind.text].alias(columns[0]))
    distinct = pairs.select(columns).unique()
    codes: list[int] = []
    for text, *theirs in distinct.iter_rows():
        held: Row = dict(zip(HELD, theirs, strict=True))
        codes.append(_LEVELS.index(kind.scalar({kind.text: text}, held)))
    known = distinct.with_columns(code=pl.Series(codes, dtype=pl.UInt8))
    joined = pairs.join(known, on=columns, how="left", nulls_equal=True, maintain_order="left")
    return joined["code"].to_numpy()
