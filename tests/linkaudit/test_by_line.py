"""Columns written by line hold what the lines say of each row, in the rows' order."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.linkaudit.by_line import write_by_line
from kumihimo.linkaudit.splicing import heights, splice

KINDS = {"pattern": pl.Int32, "odds": pl.Float64, "reason": pl.String}
LINES = st.lists(
    st.tuples(
        st.integers(-(1 << 31), (1 << 31) - 1),
        st.floats(allow_nan=False),
        st.text(max_size=5),
    ),
    min_size=1,
    max_size=9,
)


def written(place, lines, at, runs, tall):
    """Write a table by line; return what it should hold."""
    sparse = {"run": np.array(runs, np.int32)}
    write_by_line(place, lines, np.array(at, np.uint32), sparse, tall)
    run = pl.Series("run", runs, dtype=pl.Int32)
    return lines.select(pl.all().gather(pl.Series(at, dtype=pl.UInt32))).with_columns(
        run.set(run == 0, None)
    )


@given(data=st.data())
def test_a_row_has_the_values_of_its_line(tmp_path_factory, data):
    lines = pl.DataFrame(data.draw(LINES), schema=KINDS, orient="row")
    tall = data.draw(st.lists(st.integers(1, 20), min_size=1, max_size=4))
    rows = sum(tall)
    at = data.draw(st.lists(st.integers(0, len(lines) - 1), min_size=rows, max_size=rows))
    runs = data.draw(st.lists(st.sampled_from([0, 0, 1, 7]), min_size=rows, max_size=rows))
    place = tmp_path_factory.mktemp("by-line") / "table.parquet"
    expected = written(place, lines, at, runs, tall)
    assert pl.read_parquet(place).equals(expected)
    assert heights(place) == tall


@pytest.mark.parametrize("count", [1, 2, 3, 5, 16, 17, 63, 64, 256, 257, 70_000])
def test_as_many_lines_as_no_byte_counts_are_told_apart(tmp_path, count):
    numbers = pl.int_range(count, eager=True)
    lines = pl.DataFrame(
        {
            "pattern": numbers.cast(pl.Int32),
            "odds": numbers / 2,
            "reason": (numbers % 5).cast(pl.String),
        }
    )
    at = [*range(count), *reversed(range(count))]
    expected = written(tmp_path / "table", lines, at, [0] * len(at), [len(at)])
    assert pl.read_parquet(tmp_path / "table").equals(expected)


def test_rows_are_found_by_what_is_said_of_their_group(tmp_path):
    lines = pl.DataFrame([(n, float(n), f"r{n}") for n in range(40)], schema=KINDS, orient="row")
    expected = written(tmp_path / "table", lines, range(40), [0] * 39 + [3], [10] * 4)
    scan = pl.scan_parquet(tmp_path / "table")
    for asked in (pl.col("pattern") == 31, pl.col("reason") == "r8", pl.col("run") == 3):
        assert scan.filter(asked).collect().equals(expected.filter(asked))
        assert len(expected.filter(asked)) == 1


def test_what_is_written_by_line_is_alike_to_what_polars_writes(tmp_path):
    lines = pl.DataFrame([(1, 0.5, "一"), (2, -0.0, "")], schema=KINDS, orient="row")
    expected = written(tmp_path / "a", lines, [1, 0, 1], [0, 2, 0], [3])
    expected.write_parquet(tmp_path / "b")
    splice([tmp_path / "a", tmp_path / "b"], tmp_path / "both")
    assert pl.read_parquet(tmp_path / "both").equals(pl.concat([expected, expected]))
