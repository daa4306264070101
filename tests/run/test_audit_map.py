"""`kumihimo audit map`: what it guesses, what it asks, and what it never shows."""

import shlex
import sys
from datetime import date

import pytest

from kumihimo.linkaudit.intake.mapping import read_mapping
from tests.hostile.terminal import typed
from tests.linkaudit.intake.files_of_offices import book, number, written
from tests.run.pages import type_block


def layout_of(path, side="rows"):
    found = getattr(read_mapping(path), side)
    assert found is not None
    return found


NAMES = ("--institution", "試験健保", "--affair", "健康保険")
TITLE = [["令和8年度 名簿"], []]
UPPER = [
    "被保険者証",
    "",
    "個人番号",
    "氏名",
    "",
    "フリガナ",
    "生年月日",
    "性別",
    "住所",
    "",
    "備考",
]
LOWER = ["記号", "番号", "", "姓", "名", "", "", "", "住所1", "方書", ""]
VALUES = ("山田", "太郎", "ヤマダ", "芝公園", number(1))


def person(n):
    born = date(1970, 1, 2)
    return ["1001", n, number(n), "山田", "太郎", "ヤマダ", born, "男", "港区芝公園1-2", "", ""]


def test_merged_headings_of_an_insurer_are_understood_without_a_question(tmp_path):
    path = book(tmp_path / "a.xlsx", {"一覧": [*TITLE, UPPER, LOWER, *map(person, range(1, 9))]})
    told = typed("audit", "map", str(path), "--out", str(tmp_path / "m.toml"), *NAMES)
    assert told.code == 0, told.err
    assert not any(value in told.out for value in VALUES)
    found = read_mapping(tmp_path / "m.toml")
    assert found.number_space == "test"
    assert found.rows is not None
    assert (found.rows.heading, found.rows.heading_lines, found.rows.sheet) == (4, 2, "一覧")
    assert found.rows.columns == {
        "record_id": ["被保険者証/記号", "被保険者証/番号"],
        "number": "個人番号",
        "name": ["氏名/姓", "氏名/名"],
        "kana": "フリガナ",
        "birth": "生年月日",
        "sex": "性別",
        "address": ["住所/住所1", "住所/方書"],
    }


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        (["マイナンバー", "セイ", "メイ", "姓", "名"], {"name": ["姓", "名"], "kana": ["セイ", "メイ"]}),
        (["個人番号", "カナ氏名", "漢字氏名"], {"name": "漢字氏名", "kana": "カナ氏名"}),
        (["個人番号", "住所", "方書", "氏名"], {"address": ["住所", "方書"], "name": "氏名"}),
        (["個人番号", "都道府県", "市区町村", "番地"], {"address": ["都道府県", "市区町村", "番地"]}),
        (["個人番号", "銀行コード", "支店コード", "口座番号"], {"account": ["銀行コード", "支店コード", "口座番号"]}),
        (["個人番号", "氏名カナ", "口座番号", "口座名義人（カナ）"], {"account": "口座番号", "holder": "口座名義人（カナ）"}),
        (["個人番号", "フリガナ", "名義人氏名"], {"kana": "フリガナ", "holder": "名義人氏名"}),
    ],
)  # fmt: skip
def test_what_offices_call_their_columns_is_known(tmp_path, heading, expected):
    path = written(tmp_path / "a.csv", [heading, [number(1), *"あいうえ"[: len(heading) - 1]]])
    assert typed("audit", "map", str(path), "--out", str(tmp_path / "m.toml"), *NAMES).code == 0
    columns = layout_of(tmp_path / "m.toml").columns
    assert {name: columns[name] for name in expected} == expected


def test_a_file_without_headings_is_read_by_what_its_cells_look_like(tmp_path):
    rows = [["7", number(n), "山田　太郎", "ﾔﾏﾀﾞ ﾀﾛｳ", "3450102", "1"] for n in range(1, 9)]
    path = written(tmp_path / "a.csv", rows, encoding="cp932", separator="\t")
    told = typed("audit", "map", str(path), "--out", str(tmp_path / "m.toml"), *NAMES)
    layout = layout_of(tmp_path / "m.toml")
    assert (layout.encoding, layout.separator, layout.heading) == ("cp932", "\t", 0)
    assert layout.columns == {
        "number": "#2",
        "name": "#3",
        "kana": "#4",
        "birth": "#5",
        "sex": "#6",
    }
    assert layout.dates == "gyymmdd"
    assert "漢漢　漢漢" in told.out
    assert not any(value in told.out + told.err for value in VALUES)
    shown = typed("audit", "map", str(path), "--show-values")
    assert "山田　太郎" in shown.out


def test_away_from_a_terminal_what_is_missing_is_told_and_nothing_is_written(tmp_path):
    path = written(tmp_path / "a.csv", [["整理番号", "甲"], ["1", "山田　太郎"]])
    told = typed("audit", "map", str(path), "--out", str(tmp_path / "m.toml"), *NAMES)
    assert told.code == 2
    assert "no column was found for number" in told.err
    assert not (tmp_path / "m.toml").exists()
    line = ("audit", "map", str(path), "--column", "number=甲", "--column", "name=#2", *NAMES)
    assert "甲" in typed(*line).out


def test_at_a_terminal_what_is_missing_is_asked(tmp_path):
    path = written(tmp_path / "a.csv", [["整理番号", "甲", "氏名"], ["1", number(1), "山田"]])
    path.write_text(path.read_text().replace(number(1), f"{number(1)}x"))
    line = shlex.join(
        [sys.executable, "-m", "kumihimo", "audit", "map", path.name, "--out", "m.toml"]
    )
    type_block(
        line,
        tmp_path,
        answers={"which column [-]: ": "#2", "institution [-]: ": "試験", "affair [-]: ": "健保"},
    )
    found = read_mapping(tmp_path / "m.toml")
    assert (found.institution, found.affair, layout_of(tmp_path / "m.toml").columns["number"]) == (
        "試験",
        "健保",
        "#2",
    )


def test_the_register_s_side_is_added_to_a_mapping_and_never_written_over(tmp_path):
    rows = [["個人番号", "氏名", "生年月日"], [number(1), "山田", "1970-01-02"]]
    path, out = str(written(tmp_path / "a.csv", rows)), str(tmp_path / "m.toml")
    first = ("audit", "map", path, "--out", out, "--side", "snapshot")
    assert "--side rows" in typed(*first).err
    assert typed("audit", "map", path, "--out", out, *NAMES).code == 0
    assert typed(*first).code == 0
    assert layout_of(tmp_path / "m.toml", "snapshot").columns["birth"] == "生年月日"
    assert typed(*first).code == 1
    assert typed("audit", "map", path, "--out", out, *NAMES).code == 1


def test_constants_and_lost_characters_are_pointed_at_without_being_shown(tmp_path):
    rows = [[number(n), "山●", "1900-01-01"] for n in range(1, 200)]
    path = written(tmp_path / "a.csv", [["個人番号", "氏名", "生年月日"], *rows])
    told = typed("audit", "map", str(path), *NAMES)
    assert "仮の日付" in told.out
    assert "一つの値が 199 行に" in told.out
    assert "山●" not in told.out
