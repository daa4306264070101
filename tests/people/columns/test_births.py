from itertools import product

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.people.columns import hostile

from kumihimo.kernel.refusal import BadInput
from kumihimo.people.births import ERAS, BirthDate
from kumihimo.people.columns.births import birth_columns, sexes
from kumihimo.people.sexes import Sex


def born(text, **how):
    """Return what the scalar form says of a text, laid out as a row of the columns."""
    if text is None:
        return (None,) * 4
    try:
        return (*BirthDate.parse(text, **how).reveal(), None)
    except BadInput as refused:
        return (None, None, None, refused.detail)


def coded(text):
    try:
        sex = Sex.parse(text)
    except BadInput:
        return None
    return sex.value if sex else ""


@given(st.lists(st.none() | hostile.births))
def test_a_column_says_of_every_birth_date_what_is_said_of_it_alone(texts):
    found = birth_columns(pl.Series("held", texts, pl.String))
    assert found.rows() == [born(text) for text in texts]


def test_the_edges_of_every_era_month_and_century_are_read_as_alone():
    starts = [
        f"{name}{year}" for name, *_ in ERAS for year in ("元", 0, 1, 2, 7, 15, 31, 45, 64, 99)
    ]
    starts += [f"{letter}{year:02}" for _, letter, _ in ERAS for year in (0, 1, 2, 15, 45, 64)]
    starts += ["1900", "2000", "1989", "1912", "0000", "199", "19元"]
    days = list(
        product((0, 1, 2, 4, 5, 7, 12, 13, 99), (0, 1, 7, 8, 24, 25, 28, 29, 30, 31, 32, 99))
    )
    forms = ["{}年{}月{}日", "{}.{:02}.{:02}", "{}-{:02}-{:02}", "{}{:02}{:02}", "{}年{}/{}"]
    texts = [form.format(year, *day) for form in forms for year in starts for day in days]
    found = birth_columns(pl.Series(texts))
    assert found.rows() == [born(text) for text in texts]


@given(
    st.lists(
        st.none() | hostile.births | st.from_regex("[0-6][-.]?[0-9]{2}[-.]?0[1-9][-.]?[012][0-9]")
    )
)
def test_numbers_of_eras_are_read_over_columns_as_alone(texts):
    found = birth_columns(pl.Series("held", texts, pl.String), era_codes=True)
    assert found.rows() == [born(text, era_codes=True) for text in texts]


def test_a_bad_date_costs_no_other_and_is_not_quoted():
    texts = ["平成2年4月1日", None, "1990-02-30", "S15.99.99", "1990-04-01"]
    found = birth_columns(pl.Series(texts))
    assert found.rows()[0] == found.rows()[4] == (1990, 4, 1, None)
    assert found.rows()[1] == (None, None, None, None)
    assert found.rows()[2] == (None, None, None, "birth: the calendar does not have this day")
    assert found.rows()[3] == (1940, None, None, None)
    assert found.dtypes == [pl.Int16, pl.Int8, pl.Int8, pl.String]


@given(
    st.lists(
        st.sampled_from(
            ["1", "2", "男", "女 ", "m ", "f", "0", "3", "9", "", "その他", "不明", "X", "男男"]
        )
    )
)
def test_a_column_says_of_every_sex_what_is_said_of_it_alone(texts):
    assert sexes(pl.Series("held", texts, pl.String)).to_list() == [coded(text) for text in texts]


def test_a_sex_that_is_none_is_null_and_an_unknown_one_is_not():
    assert sexes(pl.Series(["1", "X", "0", None])).to_list() == ["1", None, "", None]


def test_a_column_of_numbers_is_no_column_of_dates():
    with pytest.raises(TypeError, match="texts"):
        birth_columns(pl.Series([19900401]))
