"""What is told of rows by the footer of their file is what stands in them."""

import numpy as np
import polars as pl
import pytest

from kumihimo.linkaudit import telling
from kumihimo.linkaudit.collisions import named
from kumihimo.linkaudit.ends import groups, slabs
from kumihimo.linkaudit.setting import Table

AFFAIRS = ["a"] * 6 + ["b"] * 3


def laid(place, rows, affairs):
    frame = pl.DataFrame({"row": rows, "affair": affairs}, schema_overrides={"row": pl.Int64})
    frame.write_parquet(place, row_group_size=3)
    return frame


def told(place, *, ordered):
    """Return rows and affairs of a file as they are told slab by slab."""
    part = telling._Part(Table(place), place, place, "one", 0, 0, ordered=ordered)
    for slab in slabs(groups(place, ("row", "affair")), 100):
        yield telling._rows(part, slab), telling._affairs(part, slab)


def test_groups_say_how_many_rows_they_have_and_what_all_have(tmp_path):
    laid(tmp_path / "p", range(300, 309), AFFAIRS)
    found = groups(tmp_path / "p", ("row", "affair", "none"))
    assert [group.height for group in found] == [3, 3, 3]
    ends = [[group.ends[name] for group in found] for name in ("row", "affair")]
    assert [one and one.only for one in ends[1]] == [b"a", b"a", b"b"]
    assert [one and one.only for one in ends[0]] == [None] * 3
    assert all(one and one.is_run(3) for one in ends[0])
    assert not any(one and one.is_run(4) for one in ends[0])
    assert not any(group.ends["none"] for group in found)


@pytest.mark.parametrize("nulls", [[None] * 9, ["a", None] * 4 + ["a"]])
def test_a_group_in_which_one_row_has_none_says_nothing_of_all(tmp_path, nulls):
    frame = laid(tmp_path / "p", range(9), nulls)
    assert not any(group.ends["affair"] for group in groups(tmp_path / "p", ("affair",)))
    ((_, affairs),) = told(tmp_path / "p", ordered=True)
    assert affairs.equals(frame["affair"])


def test_rows_in_order_are_not_read_and_others_are(tmp_path, monkeypatch):
    laid(tmp_path / "p", range(300, 309), ["a"] * 9)
    holed = laid(tmp_path / "holed", [1, 2, 3, 5, 6, 7, 8, 9, 10], AFFAIRS)
    turned = laid(tmp_path / "turned", range(9, 0, -1), ["a"] * 9)
    for place, ordered, frame in (
        (tmp_path / "holed", True, holed),
        (tmp_path / "turned", False, turned),
    ):
        ((rows, affairs),) = told(place, ordered=ordered)
        assert rows.told is not None
        assert np.array_equal(rows.first + rows.told, frame["row"].to_numpy())
        assert affairs.unique().sort().equals(frame["affair"].unique().sort())
    monkeypatch.setattr(Table, "part", None)
    ((rows, affairs),) = told(tmp_path / "p", ordered=True)
    assert (rows.first, rows.count, rows.told) == (300, 9, None)
    assert affairs.to_list() == ["a"]


@pytest.mark.parametrize("rows", [[1, 2, 3, 4, 5, 6], [1, 2, 4, 5, 6, 7]])
def test_what_rows_are_called_is_found_by_their_place_or_by_their_number(tmp_path, rows):
    names = [f"r{row}" for row in rows]
    frame = pl.DataFrame({"row": rows, "record_id": names}, schema_overrides={"row": pl.Int64})
    for n in range(2):
        frame[3 * n : 3 * n + 3].write_parquet(tmp_path / f"part-{n}.parquet", row_group_size=2)
    (tmp_path / ".marked-1").mkdir()
    np.save(tmp_path / ".marked-1" / "prints.npy", np.ones(8, np.uint64))
    table = Table(tmp_path)
    assert named(table, frame["row"][[5, 0, 3, 0]]).equals(frame[[0, 3, 5]])
    assert named(table, frame["row"][:0]).equals(frame[:0])
    assert named(table, frame["row"]).equals(frame)
