"""Tiles stand where c2sp.org/tlog-tiles says, and every proof comes out of them."""

import hashlib
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.kernel.tlog.tiles import (
    WIDTH,
    BadBundle,
    Hashes,
    NoSuchTile,
    Tile,
    held,
    in_log,
    read_bundle,
    tile_of,
    tiles_of,
    write_bundle,
)
from kumihimo.kernel.tlog.tree import EMPTY_ROOT, consistency_path, inclusion_path
from tests.tlog import naive

ENTRIES = naive.entries(70_000)
STORED = naive.tiles(ENTRIES)
LARGE = (1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 69_999, 70_000)


def served(tile):
    return STORED[tile.level, tile.index][: tile.width * 32]


@cache
def slowly(start, end):
    """Return the hash of a stretch by the definition, each only once."""
    if end - start <= 1:
        return naive.root(ENTRIES[start:end])
    middle = start + naive.half(end - start)
    return hashlib.sha256(b"\1" + slowly(start, middle) + slowly(middle, end)).digest()


def hashes(stretches, size):
    return Hashes.of({tile: served(tile) for tile in tiles_of(stretches, size)})


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0, 256), "0/000"),
        (Tile(0, 273, 112), "0/273.p/112"),
        (Tile(1, 1_234_067, 256), "1/x001/x234/067"),
        (Tile(2, 1_000, 1), "2/x001/000.p/1"),
        (Tile(-1, 5, 255), "entries/005.p/255"),
    ],
)
def test_a_tile_has_its_path(tile, path):
    assert tile.path() == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "0",
        "0/0",
        "00/000",
        "8/000",
        "-1/000",
        "entries",
        "0/x000/000",
        "0/x001/x000",
        "0/1000",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "0/000.p",
        "0/000.p/",
        "0/000/.p/1",
        "0/000.p/1.p/1",
        "0/" + "x001/" * 7 + "000",
        "0/\uff10\uff10\uff10",  # digits, but not of ASCII
        "0/000\n",
    ],
)
def test_what_is_no_path_of_a_tile_is_refused(path):
    with pytest.raises(NoSuchTile):
        Tile.parse(path)


def test_a_log_of_seventy_thousand_has_the_tiles_of_the_specification():
    size = 70_000
    assert (held(size, 0) // WIDTH, held(size, 0) % WIDTH) == (273, 112)
    assert (held(size, 1) // WIDTH, held(size, 1) % WIDTH) == (1, 17)
    assert (held(size, 2), held(size, 3)) == (1, 0)
    assert tile_of(0, 69_999, size) == Tile(0, 273, 112)
    assert [in_log(Tile(0, 273, width), size) for width in (111, 112, 113, 256)] == [
        True,
        True,
        False,
        False,
    ]
    assert in_log(Tile(-1, 273, 112), size)
    assert not in_log(Tile(3, 0, 1), size)


@pytest.mark.parametrize("size", LARGE)
def test_the_root_comes_out_of_the_tiles(size):
    assert hashes([(0, size)], size).over((0, size)) == slowly(0, size)


def test_of_nothing_too():
    assert hashes([], 0).over((0, 0)) == EMPTY_ROOT


@given(st.sampled_from(LARGE), st.data())
def test_every_proof_comes_out_of_the_tiles(size, data):
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    old = data.draw(st.integers(min_value=1, max_value=size))
    for path in (inclusion_path(index, size), consistency_path(old, size)):
        assert hashes(path, size).proof(path) == [slowly(*stretch) for stretch in path]


def test_a_tile_that_is_not_of_its_width_is_refused():
    with pytest.raises(NoSuchTile):
        Hashes.of({Tile(0, 0, 2): bytes(32)})


@given(st.lists(st.binary(max_size=300), max_size=WIDTH))
def test_a_bundle_is_read_as_it_was_written(entries):
    assert read_bundle(write_bundle(entries), len(entries)) == entries


@pytest.mark.parametrize("data", [b"\0", b"\0\2a", b"\0\1a\0", b"", b"\0\1a\0\1b"])
def test_a_bundle_that_is_cut_off_or_too_long_is_refused(data):
    with pytest.raises(BadBundle):
        read_bundle(data, 1)
