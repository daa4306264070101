"""A log that grows batch by batch has the roots and tiles of one that was written at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.kernel.tlog.edge import Edge
from tests.tlog import naive

ENTRIES = naive.entries(1_200)
STORED = naive.tiles(ENTRIES)


@given(st.lists(st.integers(min_value=0, max_value=400), max_size=6))
def test_it_has_the_root_of_all_entries_after_each_batch(counts):
    edge, whole = Edge.empty(), {}
    for count in counts:
        if edge.size + count > len(ENTRIES):
            break
        edge, more = edge.grown(ENTRIES[edge.size : edge.size + count])
        assert not whole.keys() & more.keys()
        whole |= more
        assert edge.root() == naive.root(ENTRIES[: edge.size])
    for (level, place), over in whole.items():
        at = place * 32
        assert STORED[level, 0][at : at + 32] == over
    assert len(whole) == edge.size // 256


def test_above_a_full_tile_of_tiles_there_is_another_level():
    edge, whole = Edge.empty().grown(naive.entries(65_537))
    assert {level for level, _ in whole} == {1, 2}
    assert edge.root() == naive.root(naive.entries(65_537))
    assert [len(row) for row in edge.levels[:3]] == [1, 0, 1]


def test_an_edge_is_taken_up_from_the_tiles():
    edge, _ = Edge.empty().grown(ENTRIES[:700])
    partial = {0: [STORED[0, 2][at : at + 32] for at in range(0, 188 * 32, 32)]}
    partial[1] = [STORED[1, 0][:32], STORED[1, 0][32:64]]
    assert Edge.of(700, partial) == edge
    with pytest.raises(AssertionError, match="does not fit"):
        Edge.of(701, partial)
