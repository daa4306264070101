"""How far two birth dates and two sexes agree; over columns the same as one by one."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.people.birth_levels import (
    BirthLevel,
    SexLevel,
    compare_births,
    compare_born,
    compare_sexes,
)
from kumihimo.people.births import BirthDate
from kumihimo.people.columns.birth_levels import birth_levels, sex_levels
from kumihimo.people.columns.births import BIRTH_SCHEMA, birth_columns
from kumihimo.people.sexes import Sex

CASES = [
    ("1990-04-01", "平成2年4月1日", BirthLevel.EQUAL),
    ("1990-04-01", "1990-04-00", BirthLevel.UNKNOWN),
    ("1990-04-01", "1990-00-00", BirthLevel.UNKNOWN),
    ("1990-00-00", "1990-04-00", BirthLevel.UNKNOWN),
    ("1990-04-01", "1990-05-00", BirthLevel.DIFFERENT),
    ("1990-04-01", "1991-04-00", BirthLevel.DIFFERENT),
    ("昭和5年4月1日", "平成5年4月1日", BirthLevel.ERA),
    ("大正10年4月1日", "昭和10年4月1日", BirthLevel.ERA),
    ("平成元年5月1日", "令和元年5月1日", BirthLevel.ERA),
    ("昭和5年4月1日", "平成5年4月2日", BirthLevel.DIFFERENT),
    ("昭和5年4月1日", "平成6年4月1日", BirthLevel.PART),
    ("昭和64年1月7日", "昭和元年12月31日", BirthLevel.DIFFERENT),
    ("1990-04-01", "1990-01-04", BirthLevel.TURNED),
    ("1990-04-12", "1990-04-21", BirthLevel.DIGITS),
    ("1945-04-12", "1954-04-12", BirthLevel.DIGITS),
    ("1990-04-12", "1990-04-13", BirthLevel.PART),
    ("1990-04-12", "1990-04-22", BirthLevel.PART),
    ("1990-04-12", "1991-04-12", BirthLevel.PART),
    ("1990-04-12", "1991-04-13", BirthLevel.DIFFERENT),
    ("1990-04-12", "1991-05-12", BirthLevel.DIFFERENT),
    (None, "1990-04-12", BirthLevel.MISSING),
    (None, None, BirthLevel.MISSING),
]


def told(text):
    return None if text is None else BirthDate.parse(text)


@pytest.mark.parametrize(("one", "other", "level"), CASES)
def test_two_birth_dates_agree_as_far_as_a_person_would_say(one, other, level):
    assert compare_births(told(one), told(other)) is level
    assert compare_births(told(other), told(one)) is level


def test_a_column_says_of_each_pair_of_dates_what_is_said_of_it_alone():
    frames = [birth_columns(pl.Series([case[side] for case in CASES])) for side in (0, 1)]
    assert birth_levels(*frames).to_list() == [level for _, _, level in CASES]


dates = st.dates(date(1866, 1, 1), date(2040, 1, 1)).map(lambda day: (day.year, day.month, day.day))
born = (
    dates
    | st.builds(lambda day: (*day[:2], None), dates)
    | st.builds(lambda day: (day[0], None, None), dates)
)


@st.composite
def near(draw):
    """Draw two dates of which the second often is the first with a slip."""
    one = draw(dates)
    year, month, day = one
    slips = [(year, day, month), (year + 63, month, day), (year, month, day % 28 + 1), draw(born)]
    return one, draw(st.sampled_from([slip for slip in slips if slip[1] is None or slip[1] <= 12]))


@given(st.lists(st.tuples(born, born) | near(), min_size=1, max_size=40))
def test_any_dates_agree_over_columns_as_they_agree_alone(pairs):
    frames = [
        pl.DataFrame(list(side), dict(BIRTH_SCHEMA), orient="row")
        for side in zip(*pairs, strict=True)
    ]
    assert birth_levels(*frames).to_list() == [compare_born(*pair) for pair in pairs]
    assert [compare_born(*pair) for pair in pairs] == [compare_born(b, a) for a, b in pairs]


def test_a_sex_that_is_not_told_neither_agrees_nor_differs():
    codes = ["1", "2", "", None]
    pairs = [(one, other) for one in codes for other in codes]
    sexes = {"1": Sex.MALE, "2": Sex.FEMALE, "": None, None: None}
    alone = [compare_sexes(sexes[one], sexes[other]) for one, other in pairs]
    columns = sex_levels(*(pl.Series(side, dtype=pl.String) for side in zip(*pairs, strict=True)))
    assert columns.to_list() == alone
    assert alone[:3] == [SexLevel.EQUAL, SexLevel.DIFFERENT, SexLevel.MISSING]
    assert alone.count(SexLevel.MISSING) == 12
