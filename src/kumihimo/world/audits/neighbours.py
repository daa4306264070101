"""Households that live on one lot, in one building, behind another door."""

import attrs
import numpy as np
import polars as pl

from kumihimo.world.dwellings import Dwellings
from kumihimo.world.streams import Chance, Ints


def with_neighbours(dwelt: Dwellings, now: Ints, share: float, chance: Chance) -> Dwellings:
    """Put about `share` of the flats into the building of another household's, behind another door.

    `now` are the rows of `dwelt` where households live today, one each.
    """
    room = dwelt.table["room"].to_numpy()
    flats = now[room[now] > 0]
    chosen = chance.flag(len(flats), share)
    moves = chosen[1:] & ~chosen[:-1]  # into the building of one that stays where it is
    at, source = flats[1:][moves], flats[:-1][moves]
    place = np.arange(len(room))
    place[at] = source
    door = room.copy()
    door[at] += room[at] == room[source]  # the next door, where both have one number
    table = dwelt.table[place.tolist()].with_columns(room=pl.Series(door))
    return attrs.evolve(dwelt, municipality=dwelt.municipality[place], table=table)
