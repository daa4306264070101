"""A bank writes readings in thirty narrow cells: what fits is a level, never a yes."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumihimo.people.bank_kana import BANK_CELLS, LEGAL_FORMS, bank_kana, is_corporate, kana_agree
from kumihimo.people.columns.bank_kana import bank_kanas, holder_levels
from kumihimo.people.kana import canonical_kana
from kumihimo.people.text import BadText

READING = st.text(st.sampled_from("アカガパヴッャヲヰーがあ　・オウAZ1"), max_size=24)
LONG = "ジヤヤワルダナプラ　ガマゲドンジヨンアキラカズヒロ"
TEXT = st.text(st.sampled_from("アカガパヴッャヲヰーｰｶﾞﾟあが 　-・オウ()カ高AZ1\u3099"), max_size=14)


@pytest.mark.parametrize(
    ("written", "banks"),
    [
        ("タカハシ　ハナコ", "ﾀｶﾊｼ ﾊﾅｺ"),
        ("ワタナベ　ジョウジ", "ﾜﾀﾅﾍﾞ ｼﾞﾖｳｼﾞ"),
        ("ヲノ　ヰチロー", "ｵﾉ ｲﾁﾛ-"),
        ("ﾊｯﾄﾘ ﾏｺﾄ", "ﾊﾂﾄﾘ ﾏｺﾄ"),
        ("さとう　ゆうき", "ｻﾄｳ ﾕｳｷ"),
        ("スミス　John", "ｽﾐｽ JOHN"),
        ("マイケル・リー", "ﾏｲｹﾙ.ﾘ-"),
        ("カブシキガイシャ　ヤマダ", "ｶ)ﾔﾏﾀﾞ"),
        ("ヤマダ　カブシキガイシャ", "ﾔﾏﾀﾞ(ｶ"),
        ("ヤマダ　ユウゲンガイシャ　ミナト", "ﾔﾏﾀﾞ(ﾕ)ﾐﾅﾄ"),
        ("イリョウホウジン　ハナカイ", "ｲ)ﾊﾅｶｲ"),
    ],
)
def test_a_reading_is_written_as_banks_write_it(written, banks):
    assert bank_kana(written) == banks
    assert bank_kana(banks) == banks


def test_a_voice_mark_is_a_cell_and_the_thirty_first_is_gone():
    assert bank_kana("ガ" * 14 + "カガ") == "ｶﾞ" * 14 + "ｶｶ"
    assert len(bank_kana("ガ" * 40)) == BANK_CELLS


@pytest.mark.parametrize("text", ["高橋", "ハナ!", "ハナ😀", "ハナ\x00", "한"])
def test_what_no_bank_writes_is_refused_by_place_and_not_quoted(text):
    with pytest.raises(BadText) as refused:
        bank_kana(text)
    assert text not in refused.value.detail


@pytest.mark.parametrize(
    ("reading", "holder", "level"),
    [
        ("タカハシ　ハナコ", "ﾀｶﾊｼ ﾊﾅｺ", "equal"),
        ("ジョウジ　ミヅホ", "ｼﾞﾖｳｼﾞ ﾐｽﾞﾎ", "equal"),
        ("ヲノ　ハナ", "ｵﾉﾊﾅ", "equal"),
        ("オーノ　ハナ", "ｵ-ﾉ ﾊﾅ", "equal"),
        (LONG, bank_kana(LONG), "cut"),
        (LONG, bank_kana(LONG)[:-1], "surname"),  # 29 cells were not cut by the field
        ("オオノ　ハナ", "ｵ-ﾉ ﾊﾅ", "long"),
        ("オウノ　ハナ", "ｵｵﾉ ﾊﾅ", "long"),
        ("ユウキ　ハナ", "ﾕｷ ﾊﾅ", "given"),
        ("スミス　ジョン", "ｼﾞﾖﾝ ｽﾐｽ", "order"),
        ("タカハシ　ハナコ", "ﾀｶﾊｼ ﾀﾛｳ", "surname"),
        ("タカハシ　ハナコ", "ﾀｶﾊｼﾀﾛｳ", "surname"),
        ("タカハシ　ハナコ", "ｻﾄｳ ﾊﾅｺ", "given"),
        ("タカ　ハナコ", "ﾀｶﾊｼ ﾀﾛｳ", "different"),  # タカ is no surname of タカハシ
        ("タカハシ　ハナコ", "ｻﾄｳ ﾀﾛｳ", "different"),
        ("タカハシハナコ", "ﾀｶﾊｼ ﾀﾛｳ", "different"),  # nothing tells the surname
        ("タカハシ　ハナコ", "ｶ)ﾀｶﾊｼ", "corporate"),
        ("タカハシ　ハナコ", "ﾀｶﾊｼｼﾖｳﾃﾝ(ﾕ", "corporate"),
        ("", "ﾀｶﾊｼ", "missing"),
        ("タカハシ", "  ", "missing"),
    ],
)
def test_how_far_a_holder_fits_a_reading(reading, holder, level):
    assert kana_agree(reading, holder) == level


def test_every_legal_form_is_known_again_and_no_person_is_taken_for_one():
    for whole, _ in LEGAL_FORMS:
        assert is_corporate(f"{whole}　ヤマダ")
        assert is_corporate(bank_kana(f"ヤマダ　{whole}"))
    for person in ("カトウ　ユカ", "シシド　メイ", "ﾄﾞｲ ｶｲ", "ユミ"):
        assert not is_corporate(person)


@given(reading=READING)
def test_a_banks_form_is_its_own_and_reads_as_the_reading_it_was_made_from(reading):
    try:
        cells = bank_kana(reading)
    except BadText:
        return
    assert bank_kana(cells) == cells
    assert len(cells) <= BANK_CELLS
    if canonical_kana(reading):
        assert kana_agree(reading, cells) in ("equal", "cut", "corporate", "long", "missing")


@settings(max_examples=20)
@given(pairs=st.lists(st.tuples(TEXT | st.none(), TEXT | st.none()), min_size=5, max_size=30))
def test_columns_say_of_each_row_what_the_scalar_says(pairs):
    readings, holders = ([pair[i] for pair in pairs] for i in (0, 1))
    readings += [LONG, "オオノ　ハナ"]
    holders += [bank_kana(LONG), "ｵ-ﾉ ﾊﾅ"]
    mine, theirs = (pl.Series(side, dtype=pl.String) for side in (readings, holders))
    told = [kana_agree(a or "", b or "") for a, b in zip(readings, holders, strict=True)]
    assert holder_levels(mine, theirs).to_list() == told
    for text, cells in zip(readings, bank_kanas(mine), strict=True):
        if cells is None:
            if text is not None:
                with pytest.raises(BadText):
                    bank_kana(text)
        else:
            assert cells == bank_kana(text)
