"""Whole columns of names agree as far as each pair of them does."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.people.columns.hostile import kanas, names, recorded

from kumihimo.people.columns.comparing import HELD, kana_levels, name_levels
from kumihimo.people.comparing import compare_kanas, compare_names, read_kana, read_names

PAIR = st.tuples(names, kanas, recorded)


def both(pairs):
    written = pl.DataFrame(
        {"name": [n for n, _, _ in pairs], "kana": [k for _, k, _ in pairs]},
        schema={"name": pl.String, "kana": pl.String},
    )
    return written, pl.DataFrame(
        [row for _, _, row in pairs], schema=dict.fromkeys(HELD, pl.String)
    )


@settings(max_examples=8)
@given(pairs=st.lists(PAIR, min_size=30, max_size=60))
def test_a_column_of_pairs_agrees_as_far_as_each_pair(pairs):
    written, held = both(pairs)
    told = [compare_names(read_names(n), read_names(**row)) for n, _, row in pairs]
    read = [
        compare_kanas(
            read_kana(k),
            read_kana(row["kana"]),
            former_surname=read_kana(row["former_surname_kana"]),
            alias=read_kana(row["alias_kana"]),
        )
        for _, k, row in pairs
    ]
    assert name_levels(written, held).to_list() == told
    assert kana_levels(written, held).to_list() == read


def test_columns_that_are_not_there_are_empty():
    written = pl.DataFrame({"name": ["渡邊　花", "●", None]})
    held = pl.DataFrame({"name": ["渡辺花", "林", "林"]})
    assert name_levels(written, held).to_list() == ["canonical", "missing", "missing"]
    assert kana_levels(written, held).to_list() == ["missing"] * 3
    none = pl.DataFrame(schema={"name": pl.String})
    assert name_levels(none, none).to_list() == []


def test_spaces_around_a_name_are_no_way_of_writing_it():
    written = pl.DataFrame({"name": ["　渡辺 花 ", "渡辺　花"]})
    held = pl.DataFrame({"name": ["渡辺 花", "渡辺 花"]})
    told = [
        compare_names(read_names(a), read_names(b))
        for a, b in zip(written["name"], held["name"], strict=True)
    ]
    assert name_levels(written, held).to_list() == told == ["equal", "canonical"]
