"""Names that differ in their canonical form: another name of the person, a lost letter, or half.

Everything here works on the few pairs that hashes have told apart.
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.canonical import GIVEN
from kumihimo.linkaudit.schema import NameLevel
from kumihimo.people.columns.names import canonical_kanas, canonical_names, weak_names

Codes: TypeAlias = NDArray[np.uint8]

_LEVELS: Final = list(NameLevel)
_SPACES: Final = r"[\s\u3000]+"
_SURNAME: Final = r"^[\s\u3000]*([^\s\u3000]+)[\s\u3000]"
_FORMER: Final = r"[［\[][^［\[\]］]*[］\]]"
_ALIAS: Final = r"[（(]([^（()）]*)[）)]"
_LOST: Final = "[●○◯■□〓?\ufffd\ue000-\uf8ff\U000f0000-\U0010fffd]"
_LOST_MAX: Final = 4  # lost letters of one name that are looked past; with more it proves nothing


@attrs.frozen
class Names:
    """Which columns of a pair hold one kind of name, and its canonical form."""

    attribute: str
    form: Callable[[pl.Series], pl.Series]
    former_surname: str
    others: tuple[str, ...]  # other whole names that the register records
    weak: Callable[[pl.Series], pl.Series] | None = None  # in which confusable characters are one

    @property
    def columns(self) -> list[str]:
        """Return the columns that a comparison reads."""
        return [
            "number",
            self.attribute,
            f"held_{self.attribute}",
            f"held_{self.attribute}_hash",
            self.former_surname,
            *self.others,
        ]


NAME: Final = Names(
    "name",
    canonical_names,
    "held_former_surname",
    ("held_kanji", "held_alias", "held_kana"),
    weak_names,
)
KANA: Final = Names(
    "kana", canonical_kanas, "held_former_surname_kana", ("held_alias_kana", "held_name")
)


def unequal_names(
    pairs: pl.DataFrame, canonical: pl.Series, kind: Names, history: pl.DataFrame
) -> Codes:
    """Return codes of `NameLevel` for pairs whose canonical forms differ.

    `canonical` is the row's; `history` is a `HISTORY` (number Int64).
    """
    held = kind.form(pairs[f"held_{kind.attribute}"])
    found = np.full(len(pairs), _LEVELS.index(NameLevel.DIFFERENT), np.uint8)
    halves = _halves(pairs, canonical, held, kind)
    for level in (NameLevel.SURNAME, NameLevel.GIVEN):
        found[halves[level]] = _LEVELS.index(level)
    if kind.weak is not None:
        texts = (pairs[kind.attribute], pairs[f"held_{kind.attribute}"])
        confusable = pl.DataFrame({str(n): kind.weak(text) for n, text in enumerate(texts)})
        weak = confusable.select((pl.col("0") == pl.col("1")).fill_null(value=False)).to_series()
        found[weak.to_numpy()] = _LEVELS.index(NameLevel.WEAK)
    found[_but_for_lost(canonical, held)] = _LEVELS.index(NameLevel.WILDCARD)
    found[_another_name(pairs, canonical, kind, history)] = _LEVELS.index(NameLevel.MEMBER)
    return found


def _halves(
    pairs: pl.DataFrame, canonical: pl.Series, held: pl.Series, kind: Names
) -> dict[NameLevel, NDArray[np.bool_]]:
    """Say where the surname alone, and the given name alone, agree; a space must tell them apart."""
    mine, theirs = pairs[kind.attribute], pairs[f"held_{kind.attribute}"]
    found: dict[NameLevel, NDArray[np.bool_]] = {}
    for level, part in ((NameLevel.SURNAME, _SURNAME), (NameLevel.GIVEN, GIVEN)):
        halves = [kind.form(text.str.extract(part)).fill_null("") for text in (mine, theirs)]
        frame = pl.DataFrame(
            {"mine": halves[0], "theirs": halves[1], "whole": canonical, "held": held}
        )
        # Where only one side has the space, the other is asked whether it begins, or ends, so.
        fits = [
            pl.col(side).str.starts_with(pl.col(half))
            if level is NameLevel.SURNAME
            else pl.col(side).str.ends_with(pl.col(half))
            for side, half in (("whole", "theirs"), ("held", "mine"))
        ]
        agrees = frame.select(
            pl.when((pl.col("mine") != "") & (pl.col("theirs") != ""))
            .then(pl.col("mine") == pl.col("theirs"))
            .when(pl.col("theirs") != "")
            .then(fits[0])
            .otherwise((pl.col("mine") != "") & fits[1])
        ).to_series()
        found[level] = agrees.fill_null(value=False).to_numpy()
    return found


def _but_for_lost(canonical: pl.Series, held: pl.Series) -> NDArray[np.bool_]:
    """Say where the two agree letter by letter but for letters that one of them has lost."""
    frame = pl.DataFrame({"mine": canonical, "held": held})
    lost = pl.any_horizontal(pl.col("mine", "held").str.contains(_LOST))
    length = pl.col("mine").str.len_chars() == pl.col("held").str.len_chars()
    at = frame.select((lost & length).fill_null(value=False)).to_series().arg_true()
    agrees = np.zeros(len(frame), bool)
    if not len(at):
        return agrees
    left = frame.gather(at)
    fits = pl.repeat(value=True, n=len(left), eager=True)
    for _ in range(_LOST_MAX):
        first = pl.min_horizontal(
            pl.col(side).str.extract(f"^(.*?){_LOST}").str.len_chars() for side in ("mine", "held")
        ).fill_null(1 << 30)
        before = [pl.col(side).str.slice(0, first) for side in ("mine", "held")]
        fits &= left.select(before[0] == before[1]).to_series()
        left = left.select(pl.col(side).str.slice(first + 1) for side in ("mine", "held"))
    fits &= (left["mine"] == "") & (left["held"] == "")
    agrees[at.filter(fits).to_numpy()] = True
    return agrees


def _another_name(
    pairs: pl.DataFrame, canonical: pl.Series, kind: Names, history: pl.DataFrame
) -> NDArray[np.bool_]:
    """Say where one of the row's names is one that the register records, or its parts are."""
    mine = list(_written_names(pairs[kind.attribute], canonical, kind))
    found = _same_parts(pairs[kind.attribute], pairs[f"held_{kind.attribute}"], kind)
    for held in _recorded_names(pairs, kind):
        for name in mine:
            found |= ((name == held) & (name != "")).fill_null(value=False)
    rows = pl.DataFrame({"number": pairs["number"], "text": canonical}).with_row_index("at")
    formerly = before(history, kind.attribute, pairs["number"])
    known = formerly.select("number", text=kind.form(formerly["value"]))
    agrees = found.to_numpy().copy()
    agrees[rows.join(known, on=["number", "text"], how="semi")["at"].to_numpy()] = True
    return agrees


def _same_parts(mine: pl.Series, held: pl.Series, kind: Names) -> pl.Series:
    """Say where the parts are the same in another order, as in ANH NGUYEN for NGUYEN ANH."""
    parts = [
        text.str.normalize("NFKC")
        .str.replace_all(",", " ")
        .str.strip_chars()
        .str.split(" ")
        .list.sort()
        .list.join(" ")
        for text in (mine, held)
    ]
    several = parts[0].str.contains(" ") & parts[1].str.contains(" ")
    return (several & (kind.form(parts[0]) == kind.form(parts[1]))).fill_null(value=False)


def before(history: pl.DataFrame, attribute: str, numbers: pl.Series) -> pl.DataFrame:
    """Return the lines of a `HISTORY` about one attribute of some persons."""
    return history.filter(
        (pl.col("attribute") == attribute) & pl.col("number").is_in(numbers.implode())
    )


def _written_names(text: pl.Series, canonical: pl.Series, kind: Names) -> Iterator[pl.Series]:
    """Yield the names that a row may write in one: 姓［旧氏］　名, ALPHABET＿漢字（通称）."""
    yield canonical
    if not text.str.contains(r"[［\[（(＿_]").any():
        return
    main = text.str.replace_all(_FORMER, "").str.replace_all(_ALIAS, "")
    yield kind.form(main)
    yield kind.form(text.str.extract(_ALIAS))
    yield kind.form(main.str.extract("^([^＿_]*)[＿_]"))
    yield kind.form(main.str.extract("[＿_]([^＿_]*)$"))


def _recorded_names(pairs: pl.DataFrame, kind: Names) -> Iterator[pl.Series]:
    held = pairs[f"held_{kind.attribute}"]
    yield kind.form(held)
    for column in kind.others:
        if pairs[column].null_count() < len(pairs):
            yield kind.form(pairs[column])
    former = pairs[kind.former_surname]
    if former.null_count() < len(pairs):
        with_given = pl.DataFrame({"former": former, "given": held.str.extract(GIVEN)})
        yield kind.form(with_given.select(pl.concat_str("former", "given")).to_series())
