"""Whom else the register holds under one name or reading and one birth date.

This is the certificate of uniqueness: where nobody else is, an address that has changed raises no
doubt. It is worth something only against a register that holds the dead and the removed too.
"""

from typing import Final, TypeAlias

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.schema import Others

Keys: TypeAlias = NDArray[np.uint64]

# Odd constants: hashes are uniform, so sums of their multiples meet by chance only, once in 2**64.
_DAY: Final = np.uint64(0x9E3779B97F4A7C15)
_PLACE: Final = np.uint64(0xD1B54A32D192ED03)
_OTHERS: Final = list(Others)
_BITS_LEAST, _BITS_MOST = 16, 24
_MORE: Final = 5  # one key in 32 or more begins as a known one
_KNOWN_MAX: Final = 1 << 18


@attrs.frozen
class Doubles:
    """Keys that two persons of the register share, each sorted (UInt64)."""

    name: Keys  # name and birth date
    kana: Keys  # reading and birth date
    name_at_place: Keys
    kana_at_place: Keys
    twins: Keys  # birth date and place, whatever the name


def of_person(hashes: pl.Series, day: pl.Series) -> Keys:
    """Return keys of a name, or a place, and a birth date; 0 where one of them is not known."""
    days = day.to_numpy()
    values = hashes.to_numpy()
    keys = values + day_part(days)
    keys[(values == 0) | (days % 100 == 0)] = 0
    return keys


def of_numbers(numbers: NDArray[np.int64]) -> Keys:
    """Return a key for each number, of which the first bits tell most apart."""
    return numbers.view(np.uint64) * _DAY


def day_part(days: NDArray[np.int32]) -> Keys:
    """Return what of the keys of `of_person` is the day's."""
    return days.astype(np.uint64) * _DAY


def at_place(keys: Keys, place: pl.Series) -> Keys:
    """Return keys of `of_person` narrowed to a place; 0 where it is not known."""
    places = place.to_numpy()
    narrowed = keys + place_part(places)
    narrowed[(keys == 0) | (places == 0)] = 0
    return narrowed


def place_part(places: Keys) -> Keys:
    """Return what of the keys of `at_place` is the place's."""
    return places * _PLACE


def doubled(keys: Keys) -> Keys:
    """Return the keys but 0 that stand more than once, sorted."""
    ordered = np.sort(keys)
    return _each_once(ordered[1:][ordered[1:] == ordered[:-1]])


def each_once(keys: Keys) -> Keys:
    """Return the keys but 0, each once, sorted."""
    return _each_once(np.sort(keys))


def _each_once(ordered: Keys) -> Keys:
    new = np.ones(len(ordered), bool)
    new[1:] = ordered[1:] != ordered[:-1]
    return ordered[new & (ordered != 0)]


def keys_of(index: pl.DataFrame) -> dict[str, Keys]:
    """Return the keys that could be double of every person of an `INDEX`, by field of `Doubles`."""
    name, kana = (of_person(index[x], index["day"]) for x in ("name_hash", "kana_hash"))
    return {
        "name": name,
        "kana": kana,
        "name_at_place": at_place(name, index["place"]),
        "kana_at_place": at_place(kana, index["place"]),
        "twins": of_person(index["place"], index["day"]),
    }


def also_keys(index: pl.DataFrame, also: pl.DataFrame) -> Keys:
    """Return the keys of other recorded names, without those that are the person's main ones."""
    joined = also.join(index.select("number", "day", "name_hash", "kana_hash"), on="number")
    own = (pl.col("hash") == pl.col("name_hash")) | (pl.col("hash") == pl.col("kana_hash"))
    others = joined.filter(~own).unique(["number", "hash"])
    return of_person(others["hash"], others["day"])


def others(held: pl.DataFrame, doubles: Doubles) -> NDArray[np.uint8]:
    """Return codes of `Others` for persons of the register (`day`, hashes and `place` of each)."""
    names, readings = (of_person(held[x], held["day"]) for x in ("name_hash", "kana_hash"))
    found = np.zeros(len(held), np.uint8)
    for level, keys, known in (
        (Others.ELSEWHERE, names, doubles.name),
        (Others.ELSEWHERE, readings, doubles.kana),
        (Others.READING, at_place(readings, held["place"]), doubles.kana_at_place),
        (Others.NAME, at_place(names, held["place"]), doubles.name_at_place),
    ):
        found[among(keys, known)] = _OTHERS.index(level)
    return found


def among(keys: Keys, known: Keys) -> NDArray[np.bool_]:
    """Say which keys are among the known ones, sorted and each once."""
    if len(known) > _KNOWN_MAX:
        return pl.Series(keys).is_in(pl.Series(known).implode()).to_numpy()
    return Known.of(known).among(keys)


@attrs.frozen(eq=False)
class Known:
    """Keys, sorted and each once, made ready to be asked of more than once."""

    keys: Keys
    begins: NDArray[np.bool_]  # by how keys begin: is there such a one
    rest: np.uint64

    @classmethod
    def of(cls, keys: Keys) -> "Known":
        """Make some keys ready; their first bits tell most others apart.

        Of few keys so many that a table of them stays in a processor's cache.
        """
        bits = min(max(len(keys).bit_length() + _MORE, _BITS_LEAST), _BITS_MOST)
        rest = np.uint64(64 - bits)
        begins = np.zeros(1 << bits, bool)
        begins[keys >> rest] = True
        return cls(keys, begins, rest)

    def perhaps(self, keys: Keys) -> NDArray[np.bool_]:
        """Say which keys begin as one of these.

        Keys are uniform: hardly one begins as one of few others does.
        """
        return self.begins.take((keys >> self.rest).view(np.int64), mode="wrap")

    def among(self, keys: Keys) -> NDArray[np.bool_]:
        """Say which keys are among these: only who begins as one is looked up."""
        found = self.perhaps(keys)
        if len(self.keys):
            maybe = np.flatnonzero(found)
            mine = keys[maybe]
            at = np.searchsorted(self.keys, mine).clip(max=len(self.keys) - 1)
            found[maybe] = self.keys[at] == mine
        return found
