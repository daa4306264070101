import re
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.kernel.refusal import BadInput
from kumihimo.people.addresses import Address, canonical_address
from kumihimo.people.births import BadBirthDate, BirthDate
from kumihimo.people.identity import FourAttributes, match_key, strict_match
from kumihimo.people.sexes import BadSex, Sex
from kumihimo.people.text import BadText

HELD = FourAttributes.parse(
    name="髙橋　花子", birth="1990-04-01", sex="2", address="東京都港区芝公園二丁目1番地2号"
)
NUMERALS = dict(enumerate("〇一二三四五六七八九"))


def asked(**changes):
    written = {"name": "髙橋花子", "birth": "1990-04-01", "sex": "2", "address": "港区芝公園2-1-2"}
    return FourAttributes.parse(**(written | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"name": "高橋 花子"},
        {"birth": "平成2年4月1日"},
        {"birth": "H2.4.1"},
        {"birth": "19900401"},
        {"sex": "女"},
        {"address": "東京都港区芝公園２丁目１番２号"},
        {"address": "港区芝公園二丁目1番地の2"},
        {"address": "港区芝公園2-1-2　タワー501号"},
    ],
)
def test_a_difference_of_notation_is_no_difference(changes):
    assert strict_match(asked(**changes), HELD, sex_required=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "高橋花"},
        {"name": "●橋花子"},
        {"birth": "1990-04-02"},
        {"birth": "1990-04-00"},
        {"sex": "1"},
        {"sex": "0"},
        {"address": "港区芝公園2-1-3"},
        {"address": "港区芝公園2-12"},
        {"address": "大阪府港区芝公園2-1-2"},
        {"address": "港区芝2-1-2"},
    ],
)
def test_any_real_difference_is_no_match(changes):
    assert not strict_match(asked(**changes), HELD, sex_required=True)


def test_a_scheme_without_sex_matches_on_three_and_any_other_does_not():
    three = asked(sex="")
    assert strict_match(three, HELD, sex_required=False)
    assert not strict_match(three, HELD, sex_required=True)


def test_an_unknown_day_of_birth_matches_nobody_not_even_itself():
    unknown = asked(birth="1990-04-00")
    assert match_key(unknown) is None
    assert not strict_match(unknown, unknown, sex_required=True)


def test_no_attribute_shows_itself_in_print():
    text = repr(HELD)
    assert "髙橋" not in text
    assert "1990" not in text
    assert "芝" not in text
    assert "Sex" not in text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("札幌市中央区北一条西二丁目1番地", "札幌市中央区北1条西2-1"),
        ("千代田区霞が関1-2-3", "千代田区霞ケ関一丁目2番3号"),
        ("三河村大字三河字十文字12番地", "三河村三河十文字12"),
        ("堺市南区茶山台1丁2番1号", "堺市南区茶山台1-2-1"),
        ("港区芝二十三番地", "港区芝23"),
        ("港区芝4丁目2番8号", "港区芝 4－2－8　501"),
    ],
)
def test_two_notations_of_one_address_have_one_core(one, other):
    assert canonical_address(one)[1] == canonical_address(other)[1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("港区三田1-2", "港区3田1-2"),
        ("八王子市一番町2番地", "八王子市1-2"),
        ("港区芝1-23", "港区芝12-3"),
        ("東京都府中市本町1-2", "広島県府中市本町1-2"),
        ("中央区八丁堀2-1", "中央区8-2-1"),
    ],
)
def test_place_names_with_numerals_and_other_lots_stay_apart(one, other):
    assert canonical_address(one) != canonical_address(other)


@given(chome=st.integers(1, 9), block=st.integers(1, 99), number=st.integers(1, 99))
def test_every_lot_has_one_core_in_every_notation(chome, block, number):
    cores = {
        canonical_address(f"港区芝{lot}")[1]
        for lot in (
            f"{chome}丁目{block}番{number}号",
            f"{NUMERALS[chome]}丁目{block}番地の{number}",
            f"{chome}-{block}-{number}",
            f"{chome}丁目{block}-{number}　ハイツ203号",
        )
    }
    [core] = cores
    assert re.fullmatch(f"港区芝{chome}-{block}-{number}", core)
    assert canonical_address(core)[1] == core


@given(st.text(max_size=400))
def test_no_text_makes_an_address_fail_in_another_way_than_refusal(text):
    try:
        address = Address.parse(text)
    except BadText:
        return
    assert isinstance(address.reveal_core(), str)


@given(st.text(max_size=40))
def test_a_text_that_is_no_birth_date_and_no_sex_is_refused_without_quoting_it(text):
    for parse in (BirthDate.parse, Sex.parse):
        with suppress(BadInput):
            parse(text)


def test_a_refusal_does_not_quote_what_was_written():
    with pytest.raises(BadBirthDate) as refused:
        BirthDate.parse("1990-13-77")
    assert "77" not in str(refused.value)


@given(st.dates(min_value=date(1869, 1, 1)))
def test_a_day_is_the_same_day_in_its_era(day):
    year = day.year - 2018
    if day >= date(2019, 5, 1) and year < 100:
        assert BirthDate.parse(f"令和{year}年{day.month}月{day.day}日").reveal_day() == day
    assert BirthDate.parse(day.isoformat()).reveal_day() == day


@pytest.mark.parametrize(
    "text", ["昭和64年1月8日", "1990-02-30", "平成0年1月1日", "平成31年5月1日"]
)
def test_a_day_that_never_was_is_refused(text):
    with pytest.raises(BadBirthDate):
        BirthDate.parse(text)


def test_a_sex_of_another_alphabet_is_refused_and_unknown_is_not_supplied():
    for text in ("X", "男" + " " * 20, "1" * 10_000):
        with pytest.raises(BadSex):
            Sex.parse(text)
    assert Sex.parse("不明") is None
