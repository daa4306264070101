"""How one value is written by different offices."""

import unicodedata
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.world import notation

HOME = {
    "prefecture": "東京都", "city": "千代田区", "town": "霞が関", "chome": 2, "block": 1,
    "number": 3, "building": "コーポ桜", "room": 203,
}  # fmt: skip


def address(style, **changes):
    frame = pl.DataFrame({**HOME, **changes})
    at = notation.ADDRESS_STYLES.index(style)
    return frame.select(notation.written_address(pl.lit(at))).item()


def written(expression, column, value, style):
    return pl.DataFrame({column: [value]}).select(expression(pl.lit(style))).item()


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("register", "東京都千代田区霞が関2丁目1番3号　コーポ桜203号"),
        ("hyphens", "千代田区霞が関2-1-3　コーポ桜203号"),
        ("wide-digits", "東京都千代田区霞が関２丁目１番３号　コーポ桜203号"),
        ("kanji-chome", "東京都千代田区霞が関二丁目1番3号　コーポ桜203号"),
        ("no-building", "東京都千代田区霞が関2丁目1番3号"),
    ],
)
def test_an_address_with_chome_in_every_style(style, expected):
    assert unicodedata.normalize("NFC", address(style)) == expected


@pytest.mark.parametrize(
    ("style", "number", "expected"),
    [
        ("register", 4, "東京都千代田区霞が関120番地4"),
        ("register", 0, "東京都千代田区霞が関120番地"),
        ("hyphens", 4, "千代田区霞が関120-4"),
        ("hyphens", 0, "千代田区霞が関120"),
        ("no", 4, "東京都千代田区霞が関120番地の4"),
        ("no", 0, "東京都千代田区霞が関120番地"),
    ],
)
def test_an_address_by_lot_in_every_style(style, number, expected):
    assert address(style, chome=0, block=120, number=number, room=0) == expected


@pytest.mark.parametrize(
    ("day", "era", "letter"),
    [
        (date(1989, 1, 7), "昭和64年1月7日", "S64.1.7"),
        (date(1989, 1, 8), "平成元年1月8日", "H1.1.8"),
        (date(2019, 4, 30), "平成31年4月30日", "H31.4.30"),
        (date(2019, 5, 1), "令和元年5月1日", "R1.5.1"),
        (date(1926, 12, 24), "大正15年12月24日", "T15.12.24"),
        (date(1926, 12, 25), "昭和元年12月25日", "S1.12.25"),
        (date(1912, 7, 29), "明治45年7月29日", "M45.7.29"),
    ],
)
def test_eras_change_on_their_days(day, era, letter):
    assert written(notation.written_birth, "birth_date", day, 2) == era
    assert written(notation.written_birth, "birth_date", day, 3) == letter


@given(day=st.dates(date(1890, 1, 1), date(2100, 1, 1)))
def test_a_birth_date_in_an_era_is_the_same_day(day):
    text = written(notation.written_birth, "birth_date", day, 3)
    first = {"M": 1868, "T": 1912, "S": 1926, "H": 1989, "R": 2019}[text[0]]
    year, month, of_month = map(int, text[1:].split("."))
    assert date(first + year - 1, month, of_month) == day
    assert written(notation.written_birth, "birth_date", day, 1) == day.strftime("%Y%m%d")
    assert day - timedelta(days=1) != day


@pytest.mark.parametrize(
    ("style", "expected"), [(1, "ｼﾞｮｳﾎﾟｳ ｼﾞｭﾝ"), (2, "ジヨウポウ　ジユン"), (3, "じょうぽう　じゅん")]
)
def test_a_reading_in_every_style(style, expected):
    assert written(notation.written_kana, "name_kana", "ジョウポウ　ジュン", style) == expected


@given(kana=st.text(st.sampled_from([chr(c) for c in range(0x30A1, 0x30F5)] + ["ー", "　"])))
def test_half_width_kana_read_back_by_the_standard_are_what_was_written(kana):
    if {"ヮ", "ヰ", "ヱ"} & set(kana):
        return
    half = written(notation.written_kana, "name_kana", kana, 1)
    assert unicodedata.normalize("NFKC", half).replace(" ", "　") == kana


def test_an_office_without_the_character_writes_the_common_one():
    assert written(notation.written_name, "name", "髙橋　﨑", 3) == "高橋　崎"
    assert written(notation.written_name, "name", "高橋　崎", 3) == "高橋　崎"
    assert written(notation.written_name, "name", "渡邉　惠", 3) == "渡辺　恵"


def test_a_mistaken_character_is_counted_as_different_and_a_notation_is_not():
    assert written(notation.written_name, "name", "斎藤　祐子", 4) == "斉藤　裕子"
    assert notation.NAME_STYLES[4] in notation.DIFFERENT
    assert not notation.DIFFERENT & {*notation.NAME_STYLES[:4], *notation.ADDRESS_STYLES}


@pytest.mark.parametrize(("sex", "words"), [("1", ["1", "男", "M"]), ("2", ["2", "女", "F"])])
def test_sex_in_every_style(sex, words):
    assert [written(notation.written_sex, "sex", sex, n) for n in range(3)] == words
