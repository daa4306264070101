"""Tiles (c2sp.org/tlog-tiles): where each hash of a log stands, as paths that anyone may cache."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Self

import attrs

from kumihimo.kernel.tlog.tree import EMPTY_ROOT, HASH_BYTES, Stretch, fold, joined, perfect

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
ENTRY_BYTES_MAX: Final = 0xFFFF
LEVELS: Final = 8  # 256**8 entries: more than any log has
_NUMBER = re.compile(r"(?:x\d{3}/){0,6}\d{3}")
_COUNT = re.compile(r"[1-9]\d{0,2}")


class NoSuchTile(ValueError):
    """A path names no tile, or no tile of a log of this size."""


class BadBundle(ValueError):
    """A bundle is cut off, or holds another number of entries than it should."""


@attrs.frozen(order=True)
class Tile:
    """One tile: `width` hashes at a level, of which 256 make it full. Level -1: the entries."""

    level: int
    index: int
    width: int

    @classmethod
    def parse(cls, path: str) -> Self:
        """Read what follows `tile/`; raises `NoSuchTile`. Each tile has one path only."""
        level, _, rest = path.partition("/")
        number, partial, width = rest.partition(".p/")
        levels = {"entries": -1} | {str(known): known for known in range(LEVELS)}
        if level not in levels or not _NUMBER.fullmatch(number):
            raise NoSuchTile("not the path of a tile")
        if partial and not (_COUNT.fullmatch(width) and int(width) < WIDTH):
            raise NoSuchTile("not the width of a partial tile")
        index = int(number.replace("/", "").replace("x", ""))
        found = cls(levels[level], index, int(width) if partial else WIDTH)
        if found.path() != path:
            raise NoSuchTile("not the path of a tile")
        return found

    def path(self) -> str:
        """Return what follows `tile/`."""
        index, parts = self.index, [f"{self.index % 1000:03d}"]
        while index >= 1000:  # noqa: PLR2004 - the format's own: three digits a part
            index //= 1000
            parts.insert(0, f"x{index % 1000:03d}")
        number = "/".join(parts)
        level = "entries" if self.level < 0 else str(self.level)
        return f"{level}/{number}" + ("" if self.full else f".p/{self.width}")

    @property
    def full(self) -> bool:
        """Say whether the tile never grows any more."""
        return self.width == WIDTH

    @property
    def start(self) -> int:
        """Return the place of its first hash on its level."""
        return self.index * WIDTH


def held(size: int, level: int) -> int:
    """Return how many hashes a log of this size has at a level; level -1 counts entries."""
    return size >> HEIGHT * max(level, 0)


def in_log(tile: Tile, size: int) -> bool:
    """Say whether a log of this size serves a tile: also those it had when it was smaller."""
    return tile.start + tile.width <= held(size, tile.level)


def tile_of(level: int, place: int, size: int) -> Tile:
    """Return the tile of a log of this size that holds one hash of a level."""
    index = place // WIDTH
    return Tile(level, index, min(WIDTH, held(size, level) - index * WIDTH))


def tiles_of(stretches: Iterable[Stretch], size: int) -> set[Tile]:
    """Return the tiles of a log of this size from which the hashes of stretches are calculated."""
    found: set[Tile] = set()
    for start, end in stretches:
        for first, last in perfect(start, end):
            level, place, _ = _position(first, last)
            found.add(tile_of(level, place, size))
    return found


def _position(start: int, end: int) -> tuple[int, int, int]:
    """Return where a full subtree stands: level, place of its first hash, how many hashes."""
    height = (end - start).bit_length() - 1
    level, rest = divmod(height, HEIGHT)
    return level, start >> level * HEIGHT, 1 << rest


@attrs.frozen
class Hashes:
    """Hashes of stretches, calculated from tiles that were read."""

    tiles: Mapping[tuple[int, int], bytes]

    @classmethod
    def of(cls, tiles: Mapping[Tile, bytes]) -> Self:
        """Take tiles as they are served; raises `NoSuchTile` for one that is not of its width."""
        for tile, data in tiles.items():
            if len(data) != tile.width * HASH_BYTES:
                raise NoSuchTile("a tile is not as wide as it says")
        return cls({(tile.level, tile.index): data for tile, data in tiles.items()})

    def over(self, stretch: Stretch) -> bytes:
        """Return the hash over entries [start, end)."""
        start, end = stretch
        if start == end == 0:
            return EMPTY_ROOT
        return joined([self._full(first, last) for first, last in perfect(start, end)])

    def proof(self, path: Sequence[Stretch]) -> list[bytes]:
        """Return the hashes of a proof's path."""
        return [self.over(stretch) for stretch in path]

    def _full(self, start: int, end: int) -> bytes:
        level, place, count = _position(start, end)
        index, offset = divmod(place, WIDTH)
        data = self.tiles[level, index]
        return fold(
            data[at * HASH_BYTES : (at + 1) * HASH_BYTES] for at in range(offset, offset + count)
        )


def write_bundle(entries: Sequence[bytes]) -> bytes:
    """Return a bundle of entries, each with its length of two bytes in front."""
    assert len(entries) <= WIDTH, "a bundle is as wide as a tile"
    assert all(len(entry) <= ENTRY_BYTES_MAX for entry in entries), "an entry is too long"
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def read_bundle(data: bytes, width: int) -> list[bytes]:
    """Return the entries of a bundle; raises `BadBundle` unless it holds `width` of them."""
    found: list[bytes] = []
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 2], "big")
        entry = data[at + 2 : at + 2 + size]
        if at + 2 > len(data) or len(entry) != size:
            raise BadBundle("a bundle is cut off")
        found.append(entry)
        at += 2 + size
    if len(found) != width:
        raise BadBundle("a bundle holds another number of entries")
    return found
