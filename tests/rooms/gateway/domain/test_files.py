"""Files as municipalities send them: read right, or refused with a place and never a value."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kumihimo.rooms.gateway.domain.copy_rows import check
from kumihimo.rooms.gateway.domain.files import (
    CELL_CHARS_MAX,
    COLUMNS_MAX,
    FILE_BYTES_MAX,
    ROWS_MAX,
    BadFile,
    read_table,
    read_text,
)
from kumihimo.statute.layouts import layouts

TODAY = date(2026, 6, 1)
TAX = layouts()["local-tax/2024"]
RECORD = layouts()["resident-record/2024"]
HEADER = "addressee,as_of,income-year,total-income,dependants"
JAPANESE = "宛名番号,基準日,続柄,住所\r\n7,20260531,世帯主,港区芝公園一丁目\r\n"


def tax(*rows, header=HEADER):
    return check(read_table("\n".join([header, *rows]), "csv"), TAX, today=TODAY)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_file_reads_the_same_in_every_encoding_that_offices_use(encoding):
    text = read_text(JAPANESE.encode(encoding), None)
    checked = check(read_table(text, "csv"), RECORD, today=TODAY)
    [row] = checked.good
    assert row.payload == {
        "resident-record.relation": "世帯主",
        "resident-record.address": "港区芝公園一丁目",
    }
    assert row.as_of == date(2026, 5, 31)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b" \r\n", "empty"),
        ("宛名".encode("utf-16"), "UTF-16"),
        (b"a,b\n1\0,2", "byte 5 is a NUL"),
        (b"\xef\xbb\xbfa\xff", "byte 1 is not UTF-8"),
        (b"\x82", "byte 0 is not CP932"),
        ("ﾃｨ".encode("cp932"), "declare its encoding"),
    ],
)
def test_a_file_that_is_no_text_is_refused_by_the_byte(content, words):
    with pytest.raises(BadFile, match=words):
        read_text(content, None)


def test_a_declared_encoding_is_believed_and_checked():
    assert read_text("ﾃｨ".encode("cp932"), "cp932") == "ﾃｨ"
    with pytest.raises(BadFile, match="not UTF-8"):
        read_text("港区".encode("cp932"), "utf-8")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("7,2026-05-31,2025,3210000", "column 1 is not one of this layout"),
        ("addressee,as_of,total-income", "missing: local-tax.income-year"),
        ("addressee,as_of,income-year,total-income,合計所得金額", "column 5 stands twice"),
        ("addressee,addressee,as_of", "column 2 has the name of an earlier one"),
        ("addressee,,as_of", "column 2 has no name"),
    ],
)
def test_a_wrong_header_is_refused_by_the_column_and_never_quoted(header, words):
    with pytest.raises(BadFile, match=words) as refusal:
        tax("7,2026-05-31,2025,1,1", header=header)
    assert "3210000" not in refusal.value.detail


@pytest.mark.parametrize(
    ("row", "column", "why"),
    [
        (",2026-05-31,2025,1,1", "addressee", "is not 1 to 64 visible ASCII characters"),
        ("七,2026-05-31,2025,1,1", "addressee", "is not 1 to 64 visible ASCII characters"),
        ("7,,2025,1,1", "as_of", "is missing"),
        ("7,2026-06-02,2025,1,1", "as_of", "lies in the future"),
        ("7,2026-02-30,2025,1,1", "as_of", "is a day that the calendar does not have"),
        ("7,31.5.2026,2025,1,1", "as_of", "is not a date such as 2026-04-01 or 20260401"),
        ("7,2026-05-31,,1,1", "local-tax.income-year", "is missing"),
        ("7,2026-05-31,20255,1,1", "local-tax.income-year", "is longer than 4 characters"),
        (
            '7,2026-05-31,2025,"1,000",1',
            "local-tax.total-income",
            "is not a whole number in ASCII digits without commas",
        ),
        ("7,2026-05-31,2025,1", "", "has 4 cells, the header 5"),
    ],
)
def test_a_bad_row_is_told_by_row_column_and_reason_and_the_others_stay_good(row, column, why):
    checked = tax("1,2026-05-31,2025,1,1", row, "3,2026-05-31,2025,1,")
    [bad] = checked.bad
    assert (bad.row, bad.column, bad.why) == (2, column, why)
    assert [good.addressee for good in checked.good] == ["1", "3"]


def test_all_that_is_wrong_with_a_row_is_told_at_once():
    checked = tax("七,31/5,,x,1", "7,2026-05-31,2025,1,1")
    assert [(bad.row, bad.column) for bad in checked.bad] == [
        (1, "addressee"),
        (1, "as_of"),
        (1, "local-tax.income-year"),
        (1, "local-tax.total-income"),
    ]
    assert [good.addressee for good in checked.good] == ["7"]


def test_a_person_stands_in_a_file_once():
    checked = tax("1,2026-05-31,2025,1,1", "1,2026-05-31,2025,2,1")
    assert [(b.row, b.column) for b in checked.bad] == [(2, "addressee")]


def test_what_is_valid_ends_after_it_begins():
    header = HEADER + ",valid_from,valid_to,自動応答不可"
    checked = tax(
        "1,2026-05-31,2025,1,1,2026-04-01,2026-04-01,0",
        "2,2026-05-31,2025,1,1,2026-04-01,2026-04-02,1",
        "3,2026-05-31,2025,1,1,,,yes",
        header=header,
    )
    assert [(b.row, b.column) for b in checked.bad] == [(1, "valid_to"), (3, "no_automatic_answer")]
    [good] = checked.good
    assert good.no_automatic_answer
    assert (good.valid_from, good.valid_to) == (date(2026, 4, 1), date(2026, 4, 2))


ONE = '{"addressee": "1", "as_of": "2026-05-31", "income-year": 2025, "total-income": 12}'


@pytest.mark.parametrize("text", [f"[{ONE}]", ONE, f"{ONE}\n\n"])
def test_json_comes_as_an_array_or_line_by_line(text):
    [row] = check(read_table(text, "json"), TAX, today=TODAY).good
    assert row.payload == {"local-tax.income-year": 2025, "local-tax.total-income": 12}


@pytest.mark.parametrize(
    "text",
    ["[", "{}}", "[NaN]", '{"a": 1, "a": 2}', "[" * 100_000, "3\n", "[]", '"x"', "null"],
)
def test_json_that_is_none_or_says_a_thing_twice_is_refused(text):
    with pytest.raises(BadFile):
        check(read_table(text, "json"), TAX, today=TODAY)


def test_a_row_that_is_no_object_or_holds_a_list_is_a_bad_row():
    text = f'[{ONE}, 3, {{"addressee": "2", "as_of": [1]}}, {{"total-income": 1.5}}]'
    checked = check(read_table(text, "json"), TAX, today=TODAY)
    assert [b.row for b in checked.bad] == [2, 3, 4]


def test_an_open_quotation_mark_does_not_swallow_the_rest_of_the_file():
    with pytest.raises(BadFile, match="quotation marks"):
        read_table('a,b\n1,"2\n3,4\n', "csv")


@given(st.binary(max_size=300))
@example(b"\xff\xfe")
@example("宛名番号,基準日\n".encode("cp932"))
def test_any_bytes_are_read_or_refused(content):
    reasons = []
    for form in ("csv", "json"):
        try:
            table = read_table(read_text(content, None), form)
            check(table, TAX, today=TODAY)
        except BadFile as refusal:
            reasons.append(refusal.detail)
    assert all(reasons)


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@given(st.lists(st.lists(CELL, min_size=5, max_size=5), min_size=1, max_size=6))
@example([["=1+1", "2026-05-31", "2025", "1", "\ud7ff"]])
@example([["宛先不明", "来年", "令和七", "百万円", "二人"]])
def test_every_row_comes_out_once_good_or_bad_and_no_reason_quotes_a_cell(rows):
    lines = [HEADER, *(",".join('"' + c.replace('"', '""') + '"' for c in row) for row in rows)]
    table = read_table("\r\n".join(lines), "csv")
    checked = check(table, TAX, today=TODAY)
    numbers = sorted([*(g.row for g in checked.good), *{b.row for b in checked.bad}])
    assert numbers == list(range(1, len(rows) + 1))
    for bad in checked.bad:
        for cell in rows[bad.row - 1]:
            # Our own sentences have ASCII letters, and the names of columns in them.
            if not cell.isascii() and cell not in HEADER:
                assert cell not in bad.why


@given(
    st.integers(1 - 10**11, 10**12 - 1),
    st.integers(0, 99),
    st.dates(date(1990, 1, 1), TODAY),
    st.sampled_from(["utf-8", "utf-8-sig", "cp932"]),
)
def test_what_is_written_is_what_is_loaded(income, dependants, as_of, encoding):
    text = f"宛名番号,基準日,所得年,合計所得金額,扶養人数\r\n7,{as_of:%Y%m%d},2025,{income},{dependants}\r\n"
    table = read_table(read_text(text.encode(encoding), None), "csv")
    [row] = check(table, TAX, today=TODAY).good
    assert row.payload["local-tax.total-income"] == income
    assert row.payload["local-tax.dependants"] == dependants
    assert row.as_of == as_of


def test_a_file_that_is_too_large_is_refused_before_it_is_read():
    with pytest.raises(BadFile, match="larger than 64 MiB"):
        read_text(bytes(FILE_BYTES_MAX + 1), None)
    with pytest.raises(BadFile, match="more than 200 columns"):
        read_table(",".join(f"c{n}" for n in range(COLUMNS_MAX + 1)) + "\n", "csv")
    with pytest.raises(BadFile, match="more than 100000 rows"):
        read_table("a\n" + "1\n" * (ROWS_MAX + 1), "csv")


def test_a_cell_that_is_too_long_makes_its_row_bad_and_no_other():
    long = "9" * (CELL_CHARS_MAX + 1)
    checked = tax(f"1,2026-05-31,2025,{long},1", "2,2026-05-31,2025,1,1")
    [bad] = checked.bad
    assert (bad.row, bad.why) == (1, "a cell is longer than 4000 characters")
    assert [good.addressee for good in checked.good] == ["2"]


def test_in_json_nothing_is_an_empty_cell_and_true_is_one():
    text = (
        '{"addressee": 1, "as_of": "2026-05-31", "income-year": 2025, "total-income": 12,'
        ' "dependants": null, "no_automatic_answer": true}'
    )
    [row] = check(read_table(text, "json"), TAX, today=TODAY).good
    assert row.payload == {"local-tax.income-year": 2025, "local-tax.total-income": 12}
    assert row.no_automatic_answer


def test_a_control_character_is_no_text():
    header = "addressee,as_of,relation,address"
    table = read_table(f"{header}\n1,2026-05-31,a\u0007b,c\n", "csv")
    [bad] = check(table, RECORD, today=TODAY).bad
    assert bad.column == "resident-record.relation"
