"""Where households live: real postal towns, invented house numbers.

A household has up to three addresses, one after the other. House numbers, buildings and the
count of 丁目 are our choice; who truly lives at such an address is nobody this world knows of.
"""

from typing import Final

import attrs
import numpy as np
import polars as pl

from kumihimo.world import reference
from kumihimo.world.families import Households, Kind
from kumihimo.world.lives import MOVES_MAX, Moves
from kumihimo.world.streams import Chance, Floats, Ints

SLOTS: Final = MOVES_MAX + 1
_CHOME_MAX: Final = 6
_BUILDINGS: Final = (
    "コーポ桜", "メゾン青葉", "ハイツ若葉", "グリーンハイム", "サンライズ", "第二寿荘",
    "パークマンション", "ロイヤルコート", "レジデンス緑", "緑ヶ丘団地",
)  # fmt: skip
_IN_A_BUILDING: Final = {Kind.SINGLE: 0.6, Kind.COUPLE: 0.35}
_IN_A_BUILDING_ELSE: Final = 0.25


@attrs.frozen(eq=False)
class Towns:
    """The towns of the chosen municipalities: `table` rows, `first` and `count` per municipality."""

    table: pl.DataFrame
    first: Ints
    count: Ints
    weights: Floats


@attrs.frozen(eq=False)
class Dwellings:
    """Addresses of a block: row household*SLOTS+slot of each column.

    `table`: municipality, prefecture, city, postal_code, town, chome (0: none), block, number
    (0: none), building, room (0: none). With 丁目 the number is 番/号, without it 番地.
    """

    municipality: Ints
    table: pl.DataFrame

    def rows(self, household: Ints, slot: Ints) -> Ints:
        """Return the rows of these households' addresses."""
        return household * SLOTS + slot


def towns_of(codes: list[str]) -> Towns:
    """Return the towns of these municipalities, in the order of `codes`."""
    order = pl.DataFrame({"code": codes, "order": range(len(codes))})
    table = reference.towns().join(order, on="code").sort("order", maintain_order=True)
    count = np.bincount(table["order"].to_numpy(), minlength=len(codes)).astype(np.int64)
    weight = order.join(reference.municipalities(), on="code", maintain_order="left")["weight"]
    return Towns(
        table=table, first=np.cumsum(count) - count, count=count, weights=weight.to_numpy()
    )


def dwellings(homes: Households, moved: Moves, towns: Towns, chance: Chance) -> Dwellings:
    """Return each household's addresses; slots past its last move repeat the municipality."""
    count = len(homes)
    municipality = np.empty((count, SLOTS), dtype=np.int64)
    municipality[:, 0] = chance.pick(count, towns.weights)
    for n in range(MOVES_MAX):
        elsewhere = _another(municipality[:, n], towns, chance)
        stays = moved.within[:, n] | (moved.into[:, n] == np.iinfo(np.int64).max)
        municipality[:, n + 1] = np.where(stays, municipality[:, n], elsewhere)
    flat = municipality.reshape(-1)
    return Dwellings(municipality=flat, table=_addresses(homes, flat, towns, chance))


def _another(municipality: Ints, towns: Towns, chance: Chance) -> Ints:
    drawn = chance.pick(len(municipality), towns.weights)
    return np.where(drawn == municipality, (drawn + 1) % len(towns.count), drawn)


def _addresses(homes: Households, municipality: Ints, towns: Towns, chance: Chance) -> pl.DataFrame:
    size = len(municipality)
    town = towns.first[municipality] + chance.below(size, towns.count[municipality])
    table = towns.table[town.tolist()]
    has_chome = table["chome"].to_numpy()
    chome = np.where(has_chome, 1 + chance.below(size, _CHOME_MAX), 0)
    block = np.where(has_chome, 1 + chance.below(size, 30), 1 + chance.below(size, 2500))
    lot = np.where(chance.flag(size, 0.6), 1 + chance.below(size, 20), 0)
    number = np.where(has_chome, 1 + chance.below(size, 40), lot)
    share = np.full(len(homes), _IN_A_BUILDING_ELSE)
    for kind, one in _IN_A_BUILDING.items():
        share = np.where(homes.kind == kind, one, share)
    inside = chance.flag(size, np.repeat(share, SLOTS))
    building = np.where(inside, 1 + chance.below(size, len(_BUILDINGS)), 0)
    room = (1 + chance.below(size, 12)) * 100 + 1 + chance.below(size, 9)
    return table.select(
        "prefecture",
        "city",
        "postal_code",
        "town",
        municipality=pl.col("code"),
        chome=pl.Series(chome),
        block=pl.Series(block),
        number=pl.Series(number),
        building=pl.Series(("", *_BUILDINGS)).gather(building),
        room=pl.Series(np.where(inside, room, 0)),
    )
