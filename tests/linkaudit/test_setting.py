"""Parts fit in memory, and no worker is left with nothing to do while another has a part more."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.linkaudit.setting import Setting, Sizes, Table


@given(total=st.integers(0, 10**8), rows=st.integers(50_000, 10**7), workers=st.integers(1, 64))
def test_parts_fit_and_are_as_many_for_every_worker(total, rows, workers):
    size = Sizes(rows, workers, 1).even(total)
    parts = -(-total // size)
    assert size <= rows
    assert parts <= total // rows + workers
    assert parts <= 1 or parts % workers == 0


def test_one_part_is_not_cut_for_the_workers_sake():
    assert Sizes(1_000, 4, 1).even(1_000) == 1_000
    assert Sizes(1_000, 4, 1).even(1_001) == 251


def test_the_chunks_of_a_table_are_alike(tmp_path):
    pl.DataFrame({"row": range(10)}).write_parquet(tmp_path / "rows.parquet")
    rows = Table(tmp_path / "rows.parquet")
    setting = Setting(tmp_path, rows, rows, None, tmp_path, Sizes(4, 2, 1))
    assert setting.chunks(rows) == [(0, 3), (3, 3), (6, 3), (9, 1)]


@pytest.mark.parametrize(
    ("rows", "persons", "workers"), [(5, 9, 1), (5, 19_995, 4), (20_000, 0, 4)]
)
def test_few_rows_wait_for_no_process_and_many_on_either_side_are_worth_them(
    tmp_path, rows, persons, workers
):
    given, register = Table(tmp_path / "rows.parquet"), Table(tmp_path / "register.parquet")
    pl.DataFrame({"row": range(rows)}).write_parquet(given.path)
    pl.DataFrame({"row": range(persons)}).write_parquet(register.path)
    setting = Setting(tmp_path, given, register, None, tmp_path, Sizes(50_000, 4, 1))
    assert setting.workers() == workers
