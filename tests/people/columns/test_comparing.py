"""Whole columns of names agree as far as each pair of them does."""

from itertools import product

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.people.columns.hostile import kanas, names, recorded

from kumihimo.people.columns.comparing import HELD, kana_levels, name_levels
from kumihimo.people.comparing import compare_kanas, compare_names, read_kana, read_names
from kumihimo.people.levels import NameLevel

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


# Written ways that whole columns settle, and their neighbours that they do not.
WAYS = [
    "山崎　花子", "山﨑花子", "山崎\U000e0100 花子", "山崎［髙橋］　花子", "髙橋 花子", "高橋　翼", "山崎［髙橋］花子",
    "●崎　花子", "山●花子", "山崎●●", "〓崎［高橋］　花子", "山崎", "花子", "山崎　●", "●", "\U000e0100　花子",
    "SMITH JOHN", "John Smith", "SMITH JOHN PAUL", "SMITH　JOHN", "JOHN", "Smithjohn", " SMITH JOHN",
    "山﨑 花子［高橋］", "［高橋］　花子", "山崎［］花子", "山崎［JONES JOHN］　花子", "ヤマサキ ハナコ", "山崎 花子 ",
    "大田　花子", "太田　花子", "太田［山崎］　花子", "山崎[髙橋]花子", "SMITH JOHN（林　花）", "林　花",
    "山 崎花子", "山" + " " * 199 + "崎花子", "123", "1 23", "\u3000", "-", "- ",
]  # fmt: skip
RECORDED = [
    {},
    {"alias": "林　花", "kana": "ヤマサキ　ハナコ"},
    {"former_surname": "髙橋", "kanji": "JOHN SMITH"},
    {"former_surname": "大田", "alias": "SMITH JOHN", "alias_kana": "スミス　ジョン"},
    {"kana": "●", "alias": "山崎●子"},
]


def test_every_way_of_writing_meets_every_other_as_it_does_alone():
    rows = [
        (mine, dict.fromkeys(HELD) | more | {"name": name})
        for mine, name, more in product(WAYS, WAYS, RECORDED)
    ]
    written = pl.DataFrame({"name": [mine for mine, _ in rows]})
    held = pl.DataFrame([row for _, row in rows], schema=dict.fromkeys(HELD, pl.String))
    alone = [compare_names(read_names(mine), read_names(**row)) for mine, row in rows]
    found = name_levels(written, held).to_list()
    differ = [(a, b, *row) for a, b, row in zip(found, alone, rows, strict=True) if a != b]
    assert differ == []
    assert set(found) == set(NameLevel)


READINGS = [
    "ヤマサキ　ハナコ", "ヤマサキハナコ", " ヤマサキ ハナコ", "やまさき　はなこ", "ﾔﾏｻｷ ﾊﾅｺ", "ﾊ ﾞﾅｺ", "ﾊﾞﾅｺ", "バナコ", "バ ナコ",
    "ヤマサキ　ハナ-コ", "ヤマサキ　ハナーコ", "ー　ヤマサキ", "ーヤマサキ", "ー", "ー ー", "ーー", "ヤ" + "　" * 199 + "マ", "ヤマ",
    "ハナコ", "ヤマサキ", "ヤマザキ　ハナコ", "HANAKO", "ハ\u3099ナコ", "ハ \u3099ナコ",
]  # fmt: skip


def test_every_way_of_writing_a_reading_meets_every_other_as_it_does_alone():
    rows = list(product(READINGS, READINGS))
    found = kana_levels(
        pl.DataFrame({"kana": [mine for mine, _ in rows]}),
        pl.DataFrame({"kana": [kana for _, kana in rows]}),
    )
    alone = [compare_kanas(read_kana(mine), read_kana(kana)) for mine, kana in rows]
    assert found.to_list() == alone


def test_rows_may_meet_lines_of_another_order_and_of_none():
    lines = pl.Series([1, None, 0, 1], dtype=pl.UInt32)
    written = pl.DataFrame({"name": ["林　花", "林　花", "林花", "森　花"]})
    held = pl.DataFrame({"name": ["林　花", "林　翼"], "alias": [None, "林　花"]})
    found = name_levels(written, held, lines)
    assert found.to_list() == ["member", "missing", "canonical", "different"]
