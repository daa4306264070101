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
from kumihimo.people.birth_levels import BirthLevel
from kumihimo.people.columns.address_levels import WRITTEN, address_levels
from kumihimo.people.columns.addresses import PARTS, address_columns
from kumihimo.people.columns.birth_levels import birth_levels, sex_levels
from kumihimo.people.columns.comparing import HELD, kana_levels, name_levels
from kumihimo.people.levels import SAME_NAME, NameLevel

Codes: TypeAlias = NDArray[np.uint8]

_HELD: Final = [f"held_{name}" for name in HELD]
# City, town and lot of two addresses whose hashes say that they are one.
_ONE_PLACE: Final = {"city": "", "town": "", "lot": "1"}


def code(level: StrEnum) -> int:
    """Return the place of a level in its enumeration."""
    return list(type(level)).index(level)


@attrs.frozen
class Names:
    """One kind of name: its column, and how `people` compares two columns of it."""

    attribute: str
    compare: Callable[[pl.DataFrame, pl.DataFrame], pl.Series]


NAME: Final = Names("name", name_levels)
KANA: Final = Names("kana", kana_levels)


def names(pairs: pl.DataFrame, kind: Names, history: pl.DataFrame) -> Codes:
    """Return codes of `NameLevel` for the names or readings of pairs.

    `pairs` has what the row writes, the register's side as `held_…`, and `number`; `history` is a
    `HISTORY` (number Int64): what the register held before.
    """
    mine = pairs.select(kind.attribute)
    held = pairs.select(_HELD).rename(dict(zip(_HELD, HELD, strict=True)))
    found = _codes(kind.compare(mine, held))
    agree = [code(level) for level in (*SAME_NAME, NameLevel.MISSING)]
    unlike = np.flatnonzero(~np.isin(found, agree))
    past = _before(pairs, pl.Series(unlike), kind.attribute, history)
    level = kind.compare(past, past.select(pl.col("value").alias(kind.attribute)))
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
    told = [codes.cast(pl.String).replace("0", "") for codes in (sex, held)]
    return _codes(sex_levels(*told))


@attrs.frozen
class Addressed:
    """Codes of `AddressLevel`, and the hash of the row's place where it was read (else 0)."""

    levels: Codes
    places: NDArray[np.uint64]


def addresses(pairs: pl.DataFrame, hasher: Hasher, history: pl.DataFrame) -> Addressed:
    """Return codes of `AddressLevel` for the addresses of pairs.

    `history` is a `HISTORY` (number Int64): what the register held before.
    """
    written, legible = pairs["address"], pairs["held_prefecture"].is_not_null()
    same = (legible & (written == pairs["held_address"])).fill_null(value=False)
    found = np.full(len(pairs), code(AddressLevel.EQUAL), np.uint8)
    places = pairs["held_place"].to_numpy().copy()
    left = (~same).arg_true()
    mine = address_columns(written.gather(left)).select(PARTS)
    read = hash_places(mine, hasher)
    places[left.to_numpy()] = read.to_numpy()
    held = pairs.select("held_place", *(f"held_{name}" for name in DETAILS)).gather(left)
    one_place = (read == held["held_place"]) & (read != 0)
    alike, unlike = one_place.arg_true(), (~one_place).arg_true()
    details = held.gather(alike).select(pl.col(f"held_{n}").alias(n) for n in DETAILS)
    here = [pl.lit(value).alias(name) for name, value in _ONE_PLACE.items()]
    sides = (side.with_columns(here) for side in (mine.gather(alike), details))
    found[left.gather(alike).to_numpy()] = _codes(address_levels(*sides))
    rest = left.gather(unlike)
    found[rest.to_numpy()] = _unlike(pairs.gather(rest), mine.gather(unlike), history)
    return Addressed(found, places)


def _unlike(pairs: pl.DataFrame, mine: pl.DataFrame, history: pl.DataFrame) -> Codes:
    """Return codes of addresses of two places, of which `mine` are the parts of the row's."""
    found = _codes(address_levels(mine, address_columns(pairs["held_address"]).select(PARTS)))
    agree = [code(level) for level in (*SAME_LOT, AddressLevel.MISSING)]
    apart = np.flatnonzero(~np.isin(found, agree))
    past = _before(pairs, pl.Series(apart), "address", history)
    level = address_levels(
        mine.gather(past["at"]).with_columns(past["address"].alias(WRITTEN)),
        address_columns(past["value"]).select(PARTS).with_columns(past["value"].alias(WRITTEN)),
    )
    found[past["at"].filter(level.is_in(list(SAME_LOT))).to_numpy()] = code(AddressLevel.FORMER)
    return found


def _before(
    pairs: pl.DataFrame, at: pl.Series, attribute: str, history: pl.DataFrame
) -> pl.DataFrame:
    """Return what the register held before of some pairs: `at`, what the row writes, `value`."""
    lines = history.filter(pl.col("attribute") == attribute).select("number", "value")
    doubtful = pairs.select("number", attribute).gather(at).with_columns(at=at)
    return doubtful.join(lines, on="number")


def _codes(levels: pl.Series) -> Codes:
    return levels.to_physical().to_numpy(writable=True)
