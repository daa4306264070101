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
from kumihimo.linkaudit.canonical import REGISTER, Hasher, read_births, read_sexes
from kumihimo.linkaudit.homonyms import Doubles
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
) -> Judged:
    """Compare each of `ROWS` (number Int64) with its person in `REGISTER`, one line a person.

    `history` is a `HISTORY` (number Int64) of at least these persons.
    """
    held = register.select(pl.all().exclude("number").name.prefix("held_"), "number")
    found = pl.lit(value=True)
    pairs = rows.join(
        held.with_columns(found=found), on="number", how="left", maintain_order="left"
    )
    pairs = pairs.with_columns(
        pl.col("found").fill_null(value=False),
        *(
            pl.col(f"held_{name}").fill_null(0)
            for name, kind in REGISTER.items()
            if kind in (pl.UInt64, pl.Int32, pl.Int8)
        ),
        day=read_births(rows["birth"]),
        sex_code=read_sexes(rows["sex"]),
    )
    places = levels.addresses(pairs, hasher, history)
    person = pairs.select(
        pl.col(f"held_{x}").alias(x) for x in ("day", "name_hash", "kana_hash", "place")
    )
    others = homonyms.others(person, doubles)
    others[~pairs["found"].to_numpy()] = levels.code(Others.NO_PERSON)
    pattern = encode(
        {
            "name": levels.names(pairs, levels.NAME, history),
            "kana": levels.names(pairs, levels.KANA, history),
            "birth": levels.births(pairs["day"], pairs["held_day"]),
            "sex": levels.sexes(pairs["sex_code"], pairs["held_sex_code"]),
            "address": places.levels,
            "others": others,
        }
    )
    evidence = pairs.select("row", "number", pattern=pl.Series(pattern))
    unsettled = pl.Series(unsettled_patterns()).gather(evidence["pattern"])
    return Judged(evidence, _clues(pairs, evidence, places.places, unsettled, hasher))


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
    pairs: pl.DataFrame,
    evidence: pl.DataFrame,
    places: NDArray[np.uint64],
    unsettled: pl.Series,
    hasher: Hasher,
) -> pl.DataFrame:
    frame = (
        pairs.select(
            "row",
            "number",
            "day",
            "sex_code",
            "name",
            "kana",
            "held_day",
            "held_place",
            held_household="held_household_hash",
        )
        .with_columns(pattern=evidence["pattern"], place=pl.Series(places))
        .filter(unsettled)
    )
    return frame.with_columns(
        name_hash=hasher.names(canonical_names(frame["name"])),
        kana_hash=hasher.names(canonical_kanas(frame["kana"])),
    ).select(list(CLUES))
