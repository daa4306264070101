"""Evidence: each row of the institution beside the person whose number it carries, as a pattern.

Reads rows and the register's columns, writes one pattern a row, and the clues of the rows that
agreement alone does not settle: what a search for the true person needs, as hashes.
"""

from typing import Final

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit import homonyms, levels
from kumihimo.linkaudit.canonical import Hasher, read_births, read_sexes
from kumihimo.linkaudit.homonyms import Doubles
from kumihimo.linkaudit.levels import Pairs
from kumihimo.linkaudit.patterns import PATTERNS_MAX, decode, encode
from kumihimo.linkaudit.schema import Others
from kumihimo.people.address_levels import SAME_LOT, AddressLevel
from kumihimo.people.birth_levels import BirthLevel, SexLevel
from kumihimo.people.columns.names import canonical_kanas, canonical_names
from kumihimo.people.levels import SAME_NAME, NameLevel

# One line for each row of the institution.
EVIDENCE: Final = {"row": pl.Int64, "number": pl.Int64, "pattern": pl.Int32}

# Rows that agreement does not settle (persons, as hashes): the row's own side, and of the linked
# person place, household and birth date.
CLUES: Final = {
    **EVIDENCE,
    "day": pl.Int32,
    "sex_code": pl.Int8,
    "name_hash": pl.UInt64,
    "kana_hash": pl.UInt64,
    "place": pl.UInt64,
    "held_day": pl.Int32,
    "held_place": pl.UInt64,
    "held_household": pl.UInt64,
}
# The number ties the two already: a city left out, or another room, is no reason to doubt it.
PLACES_AGREE: Final = SAME_LOT | {AddressLevel.FORMER}


@attrs.frozen
class Judged:
    """`EVIDENCE` of every row and `CLUES` of those that need a further test."""

    evidence: pl.DataFrame
    clues: pl.DataFrame


def judge(
    rows: pl.DataFrame,
    register: pl.DataFrame,
    doubles: Doubles,
    history: pl.DataFrame,
    hasher: Hasher,
    holder: str = "",
    before: pl.Series | None = None,
) -> Judged:
    """Compare each of `ROWS` (number Int64) with its person in `REGISTER`, one line a person.

    `history` is a `HISTORY` (number Int64) of at least these persons; `holder` as in
    `levels.addresses`. `before` is the pattern of rows of which name and reading are known to agree as
    they did, null of the others.
    """
    read = rows.with_columns(day=read_births(rows["birth"]), sex_code=read_sexes(rows["sex"]))
    pairs = Pairs.of(read, register)
    rows = pairs.rows
    places = levels.addresses(pairs, hasher, history, holder)
    person = pl.DataFrame(
        [pairs.known(column) for column in ("day", "name_hash", "kana_hash", "place")]
    )
    others = homonyms.others(person, doubles)
    others[pairs.lines.is_null().to_numpy()] = levels.code(Others.NO_PERSON)
    pattern = encode(
        {
            **_names(pairs, history, before),
            "birth": levels.births(rows["day"], person["day"]),
            "sex": levels.sexes(rows["sex_code"], pairs.known("sex_code")),
            "address": places.levels,
            "others": others,
        }
    )
    evidence = rows.select("row", "number", pattern=pl.Series(pattern))
    unsettled = pl.Series(unsettled_patterns()).gather(evidence["pattern"])
    return Judged(evidence, _clues(pairs, evidence, places.places, unsettled, hasher))


def _names(
    pairs: Pairs, history: pl.DataFrame, before: pl.Series | None
) -> dict[str, levels.Codes]:
    """Return the codes of name and reading: of rows with a pattern of before those that it has."""
    kinds = (levels.NAME, levels.KANA)
    if before is None or before.null_count() == len(before):
        return {kind.attribute: levels.names(pairs, kind, history) for kind in kinds}
    known = decode(before.fill_null(0).to_numpy())
    new = before.is_null().arg_true()
    some = Pairs(pairs.rows[new], pairs.register, pairs.lines.gather(new))
    found: dict[str, levels.Codes] = {}
    for kind in kinds:
        codes = known[kind.attribute].astype(np.uint8)
        codes[new.to_numpy()] = levels.names(some, kind, history)
        found[kind.attribute] = codes
    return found


def unsettled_patterns() -> NDArray[np.bool_]:
    """Say which patterns need a further test, by pattern."""
    codes = decode(np.arange(PATTERNS_MAX, dtype=np.int32))
    name, kana, birth, sex, address, others = codes.values()
    fine = (
        among(name, *SAME_NAME)
        & among(kana, *SAME_NAME, NameLevel.MISSING)
        & among(birth, BirthLevel.EQUAL)
        & ~among(sex, SexLevel.DIFFERENT)
        & (among(address, *PLACES_AGREE) | among(others, Others.NOBODY))
    )
    return ~fine | among(others, Others.NO_PERSON, Others.NAME)


def among(
    codes: NDArray[np.int64], *wanted: NameLevel | BirthLevel | SexLevel | AddressLevel | Others
) -> NDArray[np.bool_]:
    """Say where a code is one of some levels."""
    return np.isin(codes, [levels.code(level) for level in wanted])


def _clues(
    pairs: Pairs,
    evidence: pl.DataFrame,
    places: NDArray[np.uint64],
    unsettled: pl.Series,
    hasher: Hasher,
) -> pl.DataFrame:
    at = unsettled.arg_true()
    rows, lines = pairs.rows[at], pairs.lines.gather(at)
    held = {"held_day": "day", "held_place": "place", "held_household": "household_hash"}
    return rows.with_columns(
        evidence["pattern"].gather(at),
        pl.Series("place", places).gather(at),
        name_hash=hasher.names(canonical_names(rows["name"])),
        kana_hash=hasher.names(canonical_kanas(rows["kana"])),
        **{name: pairs.register[of].gather(lines).fill_null(0) for name, of in held.items()},
    ).select(list(CLUES))
