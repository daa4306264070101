"""How far two values of one attribute agree, over columns: a small code for each pair.

Values are compared as written first, then by hash, then as text: what is dear is done for the few
pairs that still differ. A code is the place of its level in the enumeration of `schema`.
"""

from enum import StrEnum
from typing import Final, TypeAlias

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.canonical import Hasher, read_places
from kumihimo.linkaudit.names import Names, before, unequal_names
from kumihimo.linkaudit.schema import AddressLevel, BirthLevel, NameLevel, SexLevel
from kumihimo.people.columns.addresses import address_columns

Codes: TypeAlias = NDArray[np.uint8]

# What systems write for a character outside their set, and every private-use code point: as
# `people.text.is_unreadable`, which looks at the NFKC form.
LOST: Final = "[●○◯■□〓?？\ufffd\ue000-\uf8ff\U000f0000-\U0010fffd]"


def code(level: StrEnum) -> int:
    """Return the place of a level in its enumeration."""
    return list(type(level)).index(level)


def told(column: pl.Series) -> pl.Series:
    """Say where a text is there and not empty."""
    return (column.fill_null("") != "").rename("told")


def names(pairs: pl.DataFrame, kind: Names, hasher: Hasher, history: pl.DataFrame) -> Codes:
    """Return codes of `NameLevel` for the names or readings of pairs.

    `pairs` has the attribute as the row writes it, the register's side as `held_…`, and `number`;
    `history` is a `HISTORY` (number Int64): what the register held before.
    """
    written, held = pairs[kind.attribute], pairs[f"held_{kind.attribute}"]
    found = np.full(len(pairs), code(NameLevel.MISSING), np.uint8)
    both = told(written) & told(held)
    same = both & (written == held)
    found[_mask(same)] = code(NameLevel.EQUAL)
    lost = both & (written.str.contains(LOST) | held.str.contains(LOST))
    found[_mask(same & lost)] = code(NameLevel.WILDCARD)
    left = (both & ~same).arg_true()
    if not len(left):
        return found
    rest = pairs.select(kind.columns).gather(left)
    canonical = kind.form(rest[kind.attribute])
    alike = (hasher.names(canonical) == rest[f"held_{kind.attribute}_hash"]) & ~lost.gather(left)
    found[left.filter(alike).to_numpy()] = code(NameLevel.CANONICAL)
    unlike = (~alike).arg_true()
    if len(unlike):
        found[left.gather(unlike).to_numpy()] = unequal_names(
            rest.gather(unlike), canonical.gather(unlike), kind, history
        )
    return found


def births(day: pl.Series, held: pl.Series) -> Codes:
    """Return codes of `BirthLevel` for two columns of days as `canonical.read_births` gives them."""
    a, b = day.to_numpy().astype(np.int64), held.to_numpy().astype(np.int64)
    found = np.full(len(a), code(BirthLevel.EQUAL), np.uint8)
    parts = [(x // 10_000, x // 100 % 100, x % 100) for x in (a, b)]
    unknown = (a % 100 == 0) | (b % 100 == 0) | (parts[0][1] == 0) | (parts[1][1] == 0)
    differs = [x != y for x, y in zip(*parts, strict=True)]
    both_known = [np.ones(len(a), bool)] + [
        (x > 0) & (y > 0) for x, y in zip(parts[0][1:], parts[1][1:], strict=True)
    ]
    clash = sum((d & k).astype(np.uint8) for d, k in zip(differs, both_known, strict=True))
    count = sum(d.astype(np.uint8) for d in differs)
    found[count == 1] = code(BirthLevel.PART)
    found[count > 1] = code(BirthLevel.DIFFERENT)
    odd = np.flatnonzero((count > 0) & ~unknown)
    found[odd[_swapped(a[odd], b[odd])]] = code(BirthLevel.SWAPPED)
    found[unknown & (clash == 0)] = code(BirthLevel.UNKNOWN)
    found[unknown & (clash > 0)] = code(BirthLevel.DIFFERENT)
    found[(a == 0) | (b == 0)] = code(BirthLevel.MISSING)
    return found


_PAIR: Final = 2


def _swapped(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say where month and day, or any two digits of the eight, have changed places."""
    turned = a // 10_000 * 10_000 + a % 100 * 100 + a // 100 % 100
    powers = 10 ** np.arange(8)
    digits_a, digits_b = (x[:, None] // powers % 10 for x in (a, b))
    differs = digits_a != digits_b
    two = differs.sum(axis=1) == _PAIR
    crossed = (digits_a * differs).sum(axis=1) == (digits_b * differs).sum(axis=1)
    # Two places differ and the digits are the same two: the one pair is the other's, crossed.
    squares = ((digits_a**2) * differs).sum(axis=1) == ((digits_b**2) * differs).sum(axis=1)
    return (turned == b) | (two & crossed & squares)


def sexes(sex: pl.Series, held: pl.Series) -> Codes:
    """Return codes of `SexLevel` for two columns as `canonical.read_sexes` gives them."""
    a, b = sex.to_numpy(), held.to_numpy()
    found = np.where(a == b, code(SexLevel.EQUAL), code(SexLevel.DIFFERENT)).astype(np.uint8)
    found[(a == 0) | (b == 0)] = code(SexLevel.MISSING)
    return found


@attrs.frozen
class Addressed:
    """Codes of `AddressLevel`, and the hash of the row's place where it was read (else 0)."""

    levels: Codes
    places: NDArray[np.uint64]


def addresses(pairs: pl.DataFrame, hasher: Hasher, history: pl.DataFrame) -> Addressed:
    """Return codes of `AddressLevel` for the addresses of pairs.

    `history` is a `HISTORY` (number Int64): what the register held before.
    """
    written, held = pairs["address"], pairs["held_address"]
    found = np.full(len(pairs), code(AddressLevel.MISSING), np.uint8)
    places = np.zeros(len(pairs), np.uint64)
    both = told(written) & told(held)
    same = both & (written == held)
    found[_mask(same)] = code(AddressLevel.EQUAL)
    places[_mask(same)] = pairs["held_place"].filter(same).to_numpy()
    left = (~same & told(written)).arg_true()
    read = read_places(written.gather(left), hasher)
    places[left.to_numpy()] = read["place"].to_numpy()
    rest = pairs.select(
        "number", "address", "held_address", "held_place", "held_prefecture", "held_room"
    ).gather(left)
    rest = rest.with_columns(read, both=both.gather(left))
    level = rest.select(
        pl.when(~pl.col("both"))
        .then(code(AddressLevel.MISSING))
        .when(_apart("prefecture") | (pl.col("place") != pl.col("held_place")))
        .then(code(AddressLevel.DIFFERENT))
        .when(pl.col("place") == 0)
        .then(code(AddressLevel.DIFFERENT))
        .when(_apart("room"))
        .then(code(AddressLevel.ROOM))
        .otherwise(code(AddressLevel.CANONICAL))
        .cast(pl.UInt8)
    ).to_series()
    found[left.to_numpy()] = level.to_numpy()
    unlike = (level == code(AddressLevel.DIFFERENT)).arg_true()
    if len(unlike):
        found[left.gather(unlike).to_numpy()] = _unequal_places(
            rest.gather(unlike), hasher, history
        )
    return Addressed(found, places)


def _apart(part: str) -> pl.Expr:
    """Say where both sides write the part, and differ."""
    mine, held = pl.col(part), pl.col(f"held_{part}")
    return (mine != "") & (held != "") & (mine != held)


def _unequal_places(pairs: pl.DataFrame, hasher: Hasher, history: pl.DataFrame) -> Codes:
    held_before = before(history, "address", pairs["number"])
    places = read_places(held_before["value"], hasher)["place"]
    known = held_before.select("number", place=places).filter(pl.col("place") != 0)
    former = pairs.with_row_index("at").join(known, on=["number", "place"], how="semi")["at"]
    mine = address_columns(pairs["address"])
    held = address_columns(pairs["held_address"]).select(pl.all().name.prefix("held_"))
    both = pl.concat([mine, held], how="horizontal")
    city, town = (_alike(name) for name in ("city", "town"))
    # An office that serves one city leaves the city out.
    lacks_city = (pl.col("city") == "") | (pl.col("held_city") == "")
    lot = (pl.col("lot") == pl.col("held_lot")) & (pl.col("lot") != "")
    near = ~_apart("prefecture")
    level = both.select(
        pl.when(near & lacks_city & town & lot & _apart("room"))
        .then(code(AddressLevel.ROOM))
        .when(near & lacks_city & town & lot)
        .then(code(AddressLevel.CANONICAL))
        .when(near & (city | lacks_city) & town)
        .then(code(AddressLevel.TOWN))
        .when(near & city & (pl.col("city") != ""))
        .then(code(AddressLevel.CITY))
        .otherwise(code(AddressLevel.DIFFERENT))
        .cast(pl.UInt8)
    ).to_series()
    found = level.to_numpy().copy()
    worse = np.isin(
        found, [code(x) for x in (AddressLevel.TOWN, AddressLevel.CITY, AddressLevel.DIFFERENT)]
    )
    formerly = np.zeros(len(found), bool)
    formerly[former.to_numpy()] = True
    found[formerly & worse] = code(AddressLevel.FORMER)
    return found


def _alike(part: str) -> pl.Expr:
    return pl.col(part) == pl.col(f"held_{part}")


def _mask(where: pl.Series) -> NDArray[np.bool_]:
    return where.fill_null(value=False).to_numpy()
