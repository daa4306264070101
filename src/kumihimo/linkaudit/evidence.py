"""Evidence: each row of the institution beside the person whose number it carries, as a pattern.

Reads rows and the register's columns, writes one pattern a row, and the clues of the rows that
agreement alone does not settle: what a search for the true person needs, as hashes.
"""

from collections.abc import Sequence
from functools import cache
from typing import Final

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit import homonyms, levels
from kumihimo.linkaudit.canonical import DETAILS, REGISTER, Hasher, read_births, read_sexes
from kumihimo.linkaudit.homonyms import Doubles
from kumihimo.linkaudit.levels import Pairs
from kumihimo.linkaudit.patterns import PATTERNS_MAX, decode, encode
from kumihimo.linkaudit.schema import Others
from kumihimo.people.address_levels import SAME_LOT, AddressLevel
from kumihimo.people.birth_levels import BirthLevel, SexLevel
from kumihimo.people.columns.addresses import address_columns
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
# Of rows that agreement settles, but only while the address agrees: what a clue would need of them.
SPARE: Final = {
    "row": pl.Int64,
    "number": pl.Int64,
    "day": pl.Int32,
    "sex_code": pl.Int8,
    "name_hash": pl.UInt64,
    "kana_hash": pl.UInt64,
}
# What of a `REGISTER` tells how far an address agrees, and what a clue needs of the person.
PLACED: Final = {
    name: kind
    for name, kind in REGISTER.items()
    if name in {"number", "day", "place", "household_hash", "address"}
}
# The number ties the two already: a city left out, or another room, is no reason to doubt it.
PLACES_AGREE: Final = SAME_LOT | {AddressLevel.FORMER}
_NAMES: Final = (levels.NAME, levels.KANA)


@attrs.frozen
class Judged:
    """`EVIDENCE` of every row, `CLUES` of those that need a further test, `SPARE` of those that nearly do."""

    evidence: pl.DataFrame
    clues: pl.DataFrame
    spare: pl.DataFrame

    @classmethod
    def of(cls, parts: Sequence["Judged"]) -> "Judged":
        """Return what was judged in some parts together."""
        fields = (field.name for field in attrs.fields(cls))
        return cls(*(pl.concat([getattr(one, name) for one in parts]) for name in fields))


def judge(
    rows: pl.DataFrame,
    register: pl.DataFrame,
    doubles: Doubles,
    history: pl.DataFrame,
    hasher: Hasher,
    holder: str = "",
) -> Judged:
    """Compare each of `ROWS` (number Int64) with its person in `REGISTER`, one line a person.

    `history` is a `HISTORY` (number Int64) of at least these persons; `holder` as in
    `levels.addresses`.
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
            **{kind.attribute: levels.names(pairs, kind, history) for kind in _NAMES},
            "birth": levels.births(rows["day"], person["day"]),
            "sex": levels.sexes(rows["sex_code"], pairs.known("sex_code")),
            "address": places.levels,
            "others": others,
        }
    )
    at = _loose(pattern)
    written = rows[at]
    own = written.select("row", "number", "day", "sex_code").with_columns(
        name_hash=hasher.names(canonical_names(written["name"])),
        kana_hash=hasher.names(canonical_kanas(written["kana"])),
    )
    return _judged(pairs, pattern, places.places, at, own)


def judge_addresses(
    rows: pl.DataFrame,
    own: pl.DataFrame,
    register: pl.DataFrame,
    history: pl.DataFrame,
    hasher: Hasher,
    holder: str = "",
) -> Judged:
    """Judge again rows of which nothing but the address has changed, nor what the register says.

    `rows` is row, number (Int64), address and `before`, their pattern; `own` is `SPARE` of those whose
    clues and spares an earlier run kept; `register` is `PLACED`. The result is that of `judge`.
    """
    # To read the addresses of few persons once more is cheaper than to keep what was read where it is soon found.
    register = register.hstack(address_columns(register["address"]).select(list(DETAILS)))
    pairs = Pairs.of(rows, register)
    rows = pairs.rows
    places = levels.addresses(pairs, hasher, history, holder)
    pattern = encode(
        {
            **{k: c.astype(np.uint8) for k, c in decode(rows["before"].to_numpy()).items()},
            "address": places.levels,
        }
    )
    at = _loose(pattern)
    mine = rows.select("row")[at].join(own, on="row", how="left", maintain_order="left")
    assert not mine["name_hash"].null_count(), "another address settles and unsettles no other row"
    return _judged(pairs, pattern, places.places, at, mine)


def _loose(pattern: NDArray[np.int32]) -> pl.Series:
    """Return which rows are not settled, or would not be with another address."""
    return pl.Series(np.flatnonzero((unsettled_patterns() | spare_patterns())[pattern]))


def _judged(
    pairs: Pairs,
    pattern: NDArray[np.int32],
    places: NDArray[np.uint64],
    at: pl.Series,
    own: pl.DataFrame,
) -> Judged:
    """Put together what is said of pairs; `own` is `SPARE` of those at some places (`at`)."""
    evidence = pairs.rows.select("row", "number", pattern=pl.Series(pattern))
    lines = pairs.lines.gather(at)
    held = {"held_day": "day", "held_place": "place", "held_household": "household_hash"}
    clues = own.with_columns(
        evidence["pattern"].gather(at),
        pl.Series("place", places).gather(at),
        **{name: pairs.register[of].gather(lines).fill_null(0) for name, of in held.items()},
    ).select(list(CLUES))
    unsettled = pl.Series(unsettled_patterns()[pattern[at.to_numpy()]])
    return Judged(evidence, clues.filter(unsettled), own.filter(~unsettled).select(list(SPARE)))


@cache
def spare_patterns() -> NDArray[np.bool_]:
    """Say which patterns need no further test, but would with another address, by pattern."""
    everything = np.arange(PATTERNS_MAX, dtype=np.int32)
    codes = {name: code.astype(np.uint8) for name, code in decode(everything).items()}
    codes["address"][:] = levels.code(AddressLevel.DIFFERENT)
    return unsettled_patterns()[encode(codes)] & ~unsettled_patterns()


@cache
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
