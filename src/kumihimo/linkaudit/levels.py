"""How far two values of one attribute agree, over columns: `people`'s levels as small codes.

What is written alike, or has the hash of the register's place, is settled first; the rest is
compared by `people.columns`; and what still disagrees is held against the person's history, as
`people.formerly` says. A code is the place of a level in its enumeration.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final, TypeAlias

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.canonical import DETAILS, Hasher, hash_places
from kumihimo.people.address_levels import SAME_LOT, AddressLevel
from kumihimo.people.birth_levels import BirthLevel, SexLevel
from kumihimo.people.columns.address_levels import WRITTEN, address_levels
from kumihimo.people.columns.addresses import PARTS, address_columns
from kumihimo.people.columns.birth_levels import birth_levels
from kumihimo.people.columns.comparing import kana_levels, name_levels
from kumihimo.people.levels import SAME_NAME, NameLevel

Codes: TypeAlias = NDArray[np.uint8]

# City, town and lot of two addresses whose hashes say that they are one.
_ONE_PLACE: Final = {"city": "", "town": "", "lot": "1"}


def code(level: StrEnum) -> int:
    """Return the place of a level in its enumeration."""
    return list(type(level)).index(level)


@attrs.frozen
class Names:
    """One kind of name: its column, and how `people` compares two columns of it."""

    attribute: str
    compare: Callable[[pl.DataFrame, pl.DataFrame, pl.Series | None], pl.Series]


NAME: Final = Names("name", name_levels)
KANA: Final = Names("kana", kana_levels)


@attrs.frozen
class Pairs:
    """Rows beside persons: `COMPARED` rows, a `REGISTER`, and which of its lines is each row's.

    `lines` is null where the row's number is nobody's.
    """

    rows: pl.DataFrame
    register: pl.DataFrame
    lines: pl.Series

    @classmethod
    def of(cls, rows: pl.DataFrame, register: pl.DataFrame) -> "Pairs":
        """Return rows (number Int64) beside the persons whose numbers they carry, one line each."""
        # To pick lines out of a column in many pieces, Polars puts it together each time.
        rows, register = rows.rechunk(), register.rechunk()
        numbered = register.select("number").with_row_index("line")
        told = rows.select("number")
        joined = told.join(numbered, on="number", how="left", maintain_order="left")
        return cls(rows, register, joined["line"].rechunk())

    def held(self, column: str) -> pl.Series:
        """Return a column of the register for each row; null where there is nobody."""
        return self.register[column].gather(self.lines)

    def known(self, column: str) -> pl.Series:
        """Return a column of numbers of the register for each row; 0 where there is nobody."""
        return self.held(column).fill_null(0)


def names(pairs: Pairs, kind: Names, history: pl.DataFrame) -> Codes:
    """Return codes of `NameLevel` for the names or readings of pairs.

    `history` is a `HISTORY` (number Int64): what the register held before.
    """
    found = _codes(kind.compare(pairs.rows, pairs.register, pairs.lines))
    agree = [code(level) for level in (*SAME_NAME, NameLevel.MISSING)]
    unlike = np.flatnonzero(~np.isin(found, agree))
    past = _before(pairs.rows, pl.Series(unlike), kind.attribute, history)
    level = kind.compare(past, past.select(pl.col("value").alias(kind.attribute)), None)
    found[past["at"].filter(level.is_in(list(SAME_NAME))).to_numpy()] = code(NameLevel.MEMBER)
    return found


def births(day: pl.Series, held: pl.Series) -> Codes:
    """Return codes of `BirthLevel` for two columns of days as `canonical.read_births` gives them."""
    found = np.full(len(day), code(BirthLevel.EQUAL), np.uint8)
    known = (day % 100 != 0) & (day // 100 % 100 != 0)
    left = (~known | (day != held)).arg_true()
    sides = [_dates(days.gather(left)) for days in (day, held)]
    found[left.to_numpy()] = _codes(birth_levels(*sides))
    return found


def _dates(days: pl.Series) -> pl.DataFrame:
    """Return year, month and day, null for what is 0."""
    parts = {"year": days // 10_000, "month": days // 100 % 100, "day": days % 100}
    return pl.DataFrame(parts).select(pl.when(pl.all() != 0).then(pl.all()))


def sexes(sex: pl.Series, held: pl.Series) -> Codes:
    """Return codes of `SexLevel` for two columns as `canonical.read_sexes` gives them."""
    mine, theirs = sex.to_numpy(), held.to_numpy()
    alike = np.where(mine == theirs, code(SexLevel.EQUAL), code(SexLevel.DIFFERENT))
    told = (mine != 0) & (theirs != 0)
    return np.where(told, alike, code(SexLevel.MISSING)).astype(np.uint8)


@attrs.frozen
class Addressed:
    """Codes of `AddressLevel`, and the hash of the row's place where it was read (else 0)."""

    levels: Codes
    places: NDArray[np.uint64]


def addresses(pairs: Pairs, hasher: Hasher, history: pl.DataFrame, holder: str = "") -> Addressed:
    """Return codes of `AddressLevel` for the addresses of pairs.

    `history` is a `HISTORY` (number Int64): what the register held before. `holder` is the
    municipality whose office leaves its own city out (`people.addresses.restore`).
    """
    written = pairs.rows["address"]
    legible = pairs.register["prefecture"].is_not_null().gather(pairs.lines)
    same = (legible & (written == pairs.held("address"))).fill_null(value=False)
    found = np.full(len(written), code(AddressLevel.EQUAL), np.uint8)
    held = pairs.known("place")
    left = (~same).arg_true()
    mine = address_columns(written.gather(left), holder=holder).select(PARTS)
    read = hash_places(mine, hasher)
    places = held.to_numpy(writable=True)
    one_place = (read == held.gather(left)) & (read != 0)
    places[left.to_numpy()] = read.to_numpy()
    alike, unlike = one_place.arg_true(), (~one_place).arg_true()
    here = [pl.lit(value).alias(name) for name, value in _ONE_PLACE.items()]
    details = pairs.register.select(list(DETAILS))[pairs.lines.gather(left.gather(alike))]
    sides = (side.with_columns(here) for side in (mine[alike], details))
    found[left.gather(alike).to_numpy()] = _codes(address_levels(*sides))
    rest = left.gather(unlike)
    found[rest.to_numpy()] = _unlike(pairs, rest, mine[unlike], history)
    return Addressed(found, places)


def _unlike(pairs: Pairs, at: pl.Series, mine: pl.DataFrame, history: pl.DataFrame) -> Codes:
    """Return codes of the pairs at some places, whose addresses are two: `mine` are the rows' parts."""
    held = pairs.register["address"].gather(pairs.lines.gather(at))
    found = _codes(address_levels(mine, address_columns(held).select(PARTS)))
    agree = [code(level) for level in (*SAME_LOT, AddressLevel.MISSING)]
    apart = np.flatnonzero(~np.isin(found, agree))
    past = _before(pairs.rows[at], pl.Series(apart), "address", history)
    level = address_levels(
        mine[past["at"]].with_columns(past["address"].alias(WRITTEN)),
        address_columns(past["value"]).select(PARTS).with_columns(past["value"].alias(WRITTEN)),
    )
    found[past["at"].filter(level.is_in(list(SAME_LOT))).to_numpy()] = code(AddressLevel.FORMER)
    return found


def _before(
    rows: pl.DataFrame, at: pl.Series, attribute: str, history: pl.DataFrame
) -> pl.DataFrame:
    """Return what the register held before of some rows: `at`, what the row writes, `value`."""
    lines = history.filter(pl.col("attribute") == attribute).select("number", "value")
    doubtful = rows.select("number", attribute)[at].with_columns(at=at)
    return doubtful.join(lines, on="number")


def _codes(levels: pl.Series) -> Codes:
    return levels.to_physical().to_numpy(writable=True)
