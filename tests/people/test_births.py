from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.people.births import BadBirthDate, BirthDate

ERAS = (
    ("令和", "R", date(2019, 5, 1), date.max),
    ("平成", "H", date(1989, 1, 8), date(2019, 5, 1)),
    ("昭和", "S", date(1926, 12, 25), date(1989, 1, 8)),
    ("大正", "T", date(1912, 7, 30), date(1926, 12, 25)),
    ("明治", "M", date(1868, 10, 23), date(1912, 7, 30)),
)


def numerals(number):
    """Write a number below 100 in ideographs: 二十三."""
    digits = " 一二三四五六七八九"
    tens, ones = divmod(number, 10)
    return f"{digits[tens] if tens > 1 else ''}{'十' if tens else ''}{digits[ones]}".replace(
        " ", ""
    )


def notations(day):
    """Write a day in every notation, by the calendar of eras stated here and not by the code's."""
    yield day.isoformat()
    yield f"{day.year}{day.month:02}{day.day:02}"
    yield f"{day.year}年{day.month}月{day.day}日生"
    yield f"{day.year:04}/{day.month}/{day.day}"
    for name, letter, starts, ends in ERAS:
        year = day.year - starts.year + 1
        if starts <= day < ends and year < 100:
            yield f"{name}{year}年{day.month}月{day.day}日"
            yield f"{letter}{year:02}.{day.month:02}.{day.day:02}"
            yield f"{letter.lower()}{year}-{day.month}-{day.day}"
            yield f"{letter}{year:02}{day.month:02}{day.day:02}"
            yield f"{name[0]}{year}.{day.month}.{day.day}"
            yield f"{name}{numerals(year)}年{numerals(day.month)}月{numerals(day.day)}日生まれ"
            if year == 1:
                yield f"{name}元年{day.month}月{day.day}日"


@given(st.dates(min_value=date(1000, 1, 1)))
def test_a_day_is_one_day_in_every_notation_and_keeps_how_it_was_written(day):
    for text in notations(day):
        found = BirthDate.parse(text)
        assert found.reveal_day() == day
        assert found.reveal_written() == text
        assert found.reveal_canonical() == day.isoformat()
        assert found == BirthDate.parse(found.reveal_canonical())


@given(st.dates(min_value=date(1868, 10, 23), max_value=date(2099, 12, 31)))
def test_no_day_is_of_two_eras(day):
    found = []
    for name, _, starts, _ in ERAS:
        year = day.year - starts.year + 1
        if not 1 <= year < 100:
            continue
        try:
            found.append(BirthDate.parse(f"{name}{year}年{day.month}月{day.day}日").reveal_day())
        except BadBirthDate:
            continue
    assert found == [day]


@pytest.mark.parametrize("era", ERAS[:-1], ids=lambda era: era[0])
def test_an_era_begins_on_its_day_and_the_day_before_was_the_last_of_the_one_before(era):
    name, _, starts, _ = era
    assert BirthDate.parse(f"{name}元年{starts.month}月{starts.day}日").reveal_day() == starts
    before = starts - timedelta(days=1)
    with pytest.raises(BadBirthDate):
        BirthDate.parse(f"{name}元年{before.month}月{before.day}日")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1990-04-00", "1990-04-00"),
        ("19900000", "1990-00-00"),
        ("昭和15年不詳月不詳日", "1940-00-00"),
        ("昭和15年3月不詳日", "1940-03-00"),
        ("S15.99.99", "1940-00-00"),
        ("昭和64年", "1989-00-00"),
        ("平成元年", "1989-00-00"),
        ("昭和15年3月上旬", "1940-03-00"),
        ("昭和15年3月1日頃", "1940-03-00"),
        ("昭和15年3月頃", "1940-00-00"),
        ("㍼15年3月", "1940-03-00"),
    ],
)
def test_an_unknown_part_stays_unknown_and_makes_no_day(text, canonical):
    found = BirthDate.parse(text)
    assert found.reveal_canonical() == canonical
    assert found.reveal_day() is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "不詳",
        "1990",
        "1990-00-01",
        "1990-02-30",
        "1990-13-01",
        "0000-01-01",
        "昭和65年1月1日",
        "昭和0年",
        "明治元年1月1日",
        "令和100年1月1日",
        "平成2年頃",
        "上旬",
        "3-55-04-01",
        "3550401",
        "S550431",
        "昭和五六十年一月一日",
        "9" * 1_000,
        "1990-04-01\x00",
        "1990-1990",
    ],
)
def test_what_is_no_birth_date_is_refused(text):
    with pytest.raises(BadBirthDate) as refused:
        BirthDate.parse(text)
    assert text in {"", "1990"} or text not in str(refused.value)


def test_a_birth_date_prints_nothing_of_itself():
    found = BirthDate.parse("昭和15年3月1日")
    assert repr([found]) == "[BirthDate(<withheld>)]"
    with pytest.raises(TypeError):
        str(found)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("3-55-04-01", "1980-04-01"),
        ("3550401", "1980-04-01"),
        ("3.55.4.1", "1980-04-01"),
        ("5-01-05-01", "2019-05-01"),
        ("1450729", "1912-07-29"),
        ("4-02-04-00", "1990-04-00"),
        ("1990-04-01", "1990-04-01"),
        ("平成2年4月1日", "1990-04-01"),
    ],
)
def test_numbers_of_eras_are_read_only_where_a_column_is_said_to_have_them(text, canonical):
    assert BirthDate.parse(text, era_codes=True).reveal_canonical() == canonical


@pytest.mark.parametrize("text", ["3-64-01-08", "6-01-01-01", "0550401", "4-31-05-01", "35504"])
def test_a_number_of_an_era_without_that_day_is_refused(text):
    with pytest.raises(BadBirthDate):
        BirthDate.parse(text, era_codes=True)
