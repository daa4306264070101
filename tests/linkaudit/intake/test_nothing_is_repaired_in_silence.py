"""A file that is not what its mapping says is refused or listed, with what, where and what to do."""

from datetime import date
from pathlib import Path

import msgspec
import polars as pl
import pytest

from kumihimo.kernel.refusal import Refusal
from kumihimo.kernel.settings import BadSettings
from kumihimo.linkaudit.intake.mapping import read_mapping
from kumihimo.linkaudit.intake.sheets import BadTable
from kumihimo.linkaudit.intake.taking import take_in
from kumihimo.linkaudit.schema import Fault
from tests.linkaudit.intake.files_of_offices import (
    COLUMNS,
    HEADING,
    book,
    mapping,
    number,
    person,
    written,
)

OLD = Path(__file__).parent / "data" / "old.xls"
SHORT = number(12345)  # begins with zeros, which a spreadsheet takes


def judged(path, folder, **layout):
    take_in(mapping(**layout), "rows", path, folder)
    return (
        pl.read_parquet(folder / "rows" / "*.parquet"),
        pl.read_parquet(folder / "bad_rows.parquet"),
    )


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        (SHORT.lstrip("0"), Fault.ZEROS),
        ("1.23457E+11", Fault.ROUNDED),
        ("", Fault.EMPTY),
        ("12345678901x", Fault.NUMBER),
        (f"{number(7)}0", Fault.NUMBER),
        (number(7)[:-1] + str((int(number(7)[-1]) + 1) % 10), Fault.NUMBER),
    ],
)
def test_a_number_that_lost_something_on_the_way_is_listed_with_the_reason(tmp_path, told, fault):
    path = written(tmp_path / "a.csv", [HEADING, person(1, 個人番号=told), person(2)])
    out, bad = judged(path, tmp_path)
    assert bad.select("row", "column", "fault").rows() == [(1, "number", fault)]
    assert out["row"].to_list() == [2]


@pytest.mark.parametrize(
    "told",
    ["{}-{}-{}", "{} {} {}", "{}－{}－{}", "{}　{}　{}"],
    ids=["hyphen", "space", "wide", "wide space"],
)
def test_hyphens_spaces_and_wide_digits_are_ways_of_writing_the_same_number(tmp_path, told):
    wide = number(5).translate({0x30 + d: 0xFF10 + d for d in range(10)})
    rows = [
        HEADING,
        person(1, 個人番号=told.format(number(5)[:4], number(5)[4:8], number(5)[8:])),
        person(2, 個人番号=wide),
    ]
    out, _ = judged(written(tmp_path / "a.csv", rows), tmp_path)
    assert out["number"].to_list() == [number(5), number(5)]


def test_lost_zeros_come_back_only_where_the_mapping_says_so_and_the_check_digit_agrees(tmp_path):
    rows = [HEADING, person(1, 個人番号=SHORT.lstrip("0")), person(2, 個人番号="12345")]
    out, bad = judged(written(tmp_path / "a.csv", rows), tmp_path, pad=12)
    assert out["number"].to_list() == [SHORT]
    assert bad["fault"].to_list() == [Fault.NUMBER]


@pytest.mark.parametrize(
    ("dates", "told", "expected"),
    [
        ("written", "昭和45年1月2日", "昭和45年1月2日"),
        ("gyymmdd", "3450102", "昭和45年01月02日"),
        ("yy-era", "S450102", "S45.01.02"),
        ("mdy", "1/2/1970", "1970-1-2"),
        ("dmy", "2/1/1970", "1970-1-2"),
        ("serial", "25570", "1970-01-02"),
    ],
)
def test_dates_are_read_in_the_notation_that_the_mapping_names(tmp_path, dates, told, expected):
    rows = [HEADING, person(1, 生年月日=told), person(2, 生年月日="３月の末")]
    out, bad = judged(written(tmp_path / "a.csv", rows), tmp_path, dates=dates)
    assert out["birth"].to_list() == [expected]
    assert bad.select("column", "fault").rows() == [("birth", Fault.UNREADABLE)]


def test_cells_of_a_spreadsheet_are_read_by_what_they_hold(tmp_path):
    heading = [["名簿"], [], ["番号", "個人番号", "氏名", "", "生年月日"], ["", "", "姓", "名", ""]]
    rows = [
        [1001, int(number(99_999_999_999)), "山田", "太郎", date(1970, 1, 2)],
        [1002, int(SHORT), "鈴木", "花子", date(1980, 5, 6)],
        [],
        [1003, number(3), "佐藤", "", "昭和45年1月2日"],
    ]
    merged = [(2, 2, 2, 3, "氏名")]
    path = book(tmp_path / "a.xlsx", {"表紙": [["表紙"]], "4月": [*heading, *rows]})
    path = book(tmp_path / "b.xlsx", {"4月": [*heading, *rows], "表紙": [["x"]]}, merged=merged)
    columns = COLUMNS | {"number": "個人番号", "name": ["氏名/姓", "氏名/名"]}
    out, bad = judged(path, tmp_path, columns=columns, heading=4, heading_lines=2, sheet="4月")
    assert out.select("record_id", "name", "birth").rows() == [
        ("1001", "山田　太郎", "1970-01-02"),
        ("1003", "佐藤", "昭和45年1月2日"),
    ]
    assert bad.select("row", "line", "column", "fault").rows() == [
        (2, 6, "number", Fault.ZEROS),
        (3, 7, None, Fault.EMPTY),
    ]


def test_several_sheets_with_one_heading_are_one_table(tmp_path):
    sheets = {"東": [HEADING, person(1)], "西": [HEADING, person(2)], "南": [["別"], ["x"]]}
    path = book(tmp_path / "a.xlsx", sheets)
    out, _ = judged(path, tmp_path, sheet=["東", "西"])
    assert out["record_id"].to_list() == ["r1", "r2"]
    with pytest.raises(BadTable, match="the headings of the sheets differ"):
        judged(path, tmp_path, sheet=["東", "南"])
    with pytest.raises(BadTable, match="no sheet is named '北'"):
        judged(path, tmp_path, sheet="北")


def test_a_book_of_the_old_form_is_read_too(tmp_path):
    out, _ = judged(OLD, tmp_path)
    assert out.select("record_id", "name", "birth").rows() == [("r1", "山田　太郎", "1970-01-02")]


def test_a_parquet_file_is_read_with_the_types_that_it_has(tmp_path):
    table = pl.DataFrame(
        {
            "番号": [7, 8],
            "個人番号": [int(number(99_999_999_999)), int(SHORT)],
            "氏名": pl.Series(["山田　太郎"] * 2, dtype=pl.Categorical),
            "生年月日": [date(1970, 1, 2)] * 2,
            "付記": [["x"], []],
        }
    )
    folder = tmp_path / "parts"
    folder.mkdir()
    table.head(1).write_parquet(folder / "a.parquet")
    table.tail(1).write_parquet(folder / "b.parquet")
    out, bad = judged(folder, tmp_path)
    assert out.select("record_id", "birth").rows() == [("7", "1970-01-02")]
    assert bad.select("row", "fault").rows() == [(2, Fault.ZEROS)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        ("番号,個人番号\n".encode("utf-16"), "UTF-16"),
        ("番号\t個人番号\t氏名\t生年月日\n".encode(), "separated by ,"),
        ("山田,x,y,z\n".encode(), "is not there in line 1 (4 columns)"),
        ("番号,番号,個人番号,氏名,生年月日\n".encode(), "stands more than once"),
        ("番号,個人番号,氏名,生年月日\n".encode("cp932"), "line 1, byte 1: not utf-8"),
        (",".join(HEADING).encode() + b"\n\x8er,\x93c,x\n\x8er,\x93c,x\n", "line 2, column 1"),
        (b'"\xe7\x95\xaa', "marks do not close"),
        (b"PK\x03\x04 and no more", "not an Excel file"),
        (b"PAR1 and no more", "not a Parquet file"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_by_what_and_where(tmp_path, content, said):
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(BadTable) as refused:
        judged(path, tmp_path)
    assert str(path) in refused.value.detail
    assert said in refused.value.detail
    assert "山田" not in refused.value.detail


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("institution = 'x'\n", "affair: this key is missing"),
        ("institution = 'x'\naffair = 'y'\n", "rows: this key is missing"),
        ("institution = 'x'\naffair = 'y'\n[rows.columns]\nname = 'a'\n", "rows.columns.number"),
        ("institution = 'x'\naffair = 'y'\n[rows.columns]\nnumber = 'a'\nnick = 'b'\n", "'nick'"),
        ("institution = 'x'\naffair = 'y'\n[rows.columns]\nnumber = []\n", "names no column"),
        ("institution = 'x'\naffair = 'y'\n[rows]\npad = 11\n[rows.columns]\nnumber = 'a'\n", "rows.pad"),
        ("institution = 'x'\naffair = 'y'\nmunicipality = '131031'\n[rows.columns]\nnumber = 'a'\n", "municipality"),
        ("institution = 'x'\naffair = 'y'\nmunicipality = '131997'\n[rows.columns]\nnumber = 'a'\n", "no municipality"),
        ("institution = 'x'\naffair = 'y'\nwithout = ['faith']\n[rows.columns]\nnumber = 'a'\n", "without"),
        ("institution = 'x'\naffair = 'y'\n[rows]\nheading = 1\nheading_lines = 2\n[rows.columns]\nnumber = 'a'\n", "heading_lines"),
    ],
)  # fmt: skip
def test_a_mapping_that_says_what_nobody_can_do_is_refused_by_key(tmp_path, text, said):
    path = tmp_path / "mapping.toml"
    path.write_text(text)
    with pytest.raises(BadSettings) as refused:
        read_mapping(path)
    assert said in refused.value.detail
    assert isinstance(refused.value, Refusal)


def test_what_a_scheme_does_not_hold_is_not_read(tmp_path):
    path = written(tmp_path / "a.csv", [[*HEADING, "性別"], [*person(1), "両"]])
    plain = mapping(columns=COLUMNS | {"sex": "性別"})
    take_in(plain, "rows", path, tmp_path)
    assert pl.read_parquet(tmp_path / "bad_rows.parquet")["column"].to_list() == ["sex"]
    without = msgspec.structs.replace(plain, without=("sex",))
    take_in(without, "rows", path, tmp_path)
    assert pl.read_parquet(tmp_path / "rows" / "*.parquet")["sex"].to_list() == [None]
