"""Rows in are rows out and rows listed, whatever the file looks like."""

import csv

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumihimo.linkaudit.intake.delimited import read_text
from kumihimo.linkaudit.intake.mapping import Layout
from kumihimo.linkaudit.intake.taking import take_in
from kumihimo.linkaudit.schema import Fault
from tests.linkaudit.intake.files_of_offices import HEADING, mapping, number, person, written

FIELD = st.text(st.sampled_from('ab山●-,"\n\t 0'), max_size=6) | st.sampled_from(
    [number(1), number(2), number(3)[1:], "1.23457E+11", "昭和45年1月1日", "1970-02-30", "男"]
)
ROWS = st.lists(st.lists(FIELD, min_size=1, max_size=5), max_size=12)


def taken(path, folder, **layout):
    told = take_in(mapping(**layout), "rows", path, folder)
    out = pl.read_parquet(folder / "rows" / "*.parquet") if told.rows_in else pl.DataFrame()
    return told, out, pl.read_parquet(folder / "bad_rows.parquet")


@given(ROWS, st.booleans(), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=60)
def test_rows_in_are_rows_out_and_rows_listed(tmp_path_factory, rows, quoted, ends):
    folder = tmp_path_factory.mktemp("audit")
    path = written(folder / "a.csv", [HEADING, *rows], quoted=quoted, ends=ends)
    told, out, bad = taken(path, folder)
    expected = list(rows)
    while expected and not any(field.strip() for field in expected[-1]):
        expected.pop()
    assert told.rows_in == len(expected) == len(out) + len(bad)
    both = sorted([*(out["row"] if len(out) else ()), *bad["row"]])
    assert both == list(range(1, len(expected) + 1))
    assert bad["fault"].null_count() == 0
    # What is judged is a row of the file, unchanged but for line breaks and the number's form.
    for row in out.rows(named=True) if len(out) else ():
        assert (
            row["name"]
            == (expected[row["row"] - 1][2].replace("\n", "　").replace("\t", "　") or None)
            or row["name"] is None
        )
        assert row["number"] in {number(1), number(2)}


@given(ROWS, st.booleans(), st.integers(20, 60))
@settings(max_examples=60)
def test_a_file_read_in_small_pieces_is_the_file_that_python_reads(
    tmp_path_factory, rows, quoted, piece
):
    path = written(tmp_path_factory.mktemp("csv") / "a.csv", [HEADING, *rows], quoted=quoted)
    sheet = read_text(path, Layout(columns={}), chunk_bytes=piece)
    blocks = [*sheet.blocks]
    found = pl.concat(blocks) if blocks else pl.DataFrame(schema={"fault": pl.String})
    with path.open(newline="") as file:
        whole = list(csv.reader(file))[1:]
    good = [tuple(row) for row in whole if len(row) == 4]
    fields = found.filter(pl.col("fault").is_null()).select(pl.col("^c[0-9]$")).rows()
    assert [tuple(f.replace("\r\n", "\n") for f in row) for row in good] == [
        row for row in fields if any(row) or row in good
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize("separator", [",", "\t"])
def test_the_encodings_and_separators_of_offices_are_read(tmp_path, encoding, separator):
    rows = [HEADING, person(1, 氏名="髙橋　花子"), person(2, 氏名="﨑山,\n表")]
    path = written(tmp_path / "a.csv", rows, encoding=encoding, separator=separator)
    _, out, bad = taken(path, tmp_path, encoding=encoding.removesuffix("-sig"), separator=separator)
    assert out["name"].to_list() == ["髙橋　花子", "﨑山,　表"]
    assert len(bad) == 0


def test_a_row_without_a_record_id_of_its_own_is_listed_and_the_first_stays(tmp_path):
    rows = [HEADING, person(1), person(2, 番号="r1"), person(3)]
    told, out, bad = taken(written(tmp_path / "a.csv", rows), tmp_path)
    assert out["row"].to_list() == [1, 3]
    assert bad.select("row", "column", "fault").rows() == [(2, "record_id", Fault.REPEATED)]
    assert told.rows_in == told.rows_out + told.rows_listed == 3


def test_a_quotation_mark_that_never_closes_costs_its_own_line_only(tmp_path):
    lines = [",".join(person(n)) for n in range(1, 200)]
    lines[9] = lines[9].replace("山田", '"山田')
    path = tmp_path / "a.csv"
    path.write_text("\n".join([",".join(HEADING), *lines]), "utf-8")
    told, _, bad = taken(path, tmp_path)
    assert told.rows_in == 199
    assert bad.select("row", "line", "fault").rows() == [(10, 11, Fault.WIDTH)]


def test_bytes_of_another_encoding_are_listed_by_line_and_column(tmp_path):
    rows = [HEADING, *(person(n) for n in range(1, 9))]
    path = written(tmp_path / "a.csv", rows)
    path.write_bytes(path.read_bytes().replace("山田".encode(), b"\x8eR\x93c", 1))
    _, out, bad = taken(path, tmp_path)
    assert bad.select("row", "line", "column", "fault").rows() == [(1, 2, "#3", Fault.UNREADABLE)]
    assert len(out) == 7


def test_the_quality_of_each_column_is_counted_before_anything_is_judged(tmp_path):
    rows = [
        HEADING,
        *(person(n, 生年月日="1900-01-01") for n in range(1, 4)),
        person(4, 氏名="山●"),
        person(5, 個人番号="1"),
    ]
    told, _, _ = taken(written(tmp_path / "a.csv", rows), tmp_path)
    seen = {one.column: one for one in told.quality}
    assert (seen["birth"].placeholders, seen["birth"].filled, seen["birth"].distinct) == (3, 5, 2)
    assert (seen["name"].lost_characters, seen["name"].repeated) == (1, 4)
    assert (seen["number"].faults, seen["number"].odd_lengths, seen["number"].distinct) == (1, 1, 5)


def test_a_length_is_odd_of_what_stands_there_and_of_a_number_as_it_is_read(tmp_path):
    apart = "-".join((number(1)[:4], number(1)[4:8], number(1)[8:]))
    rows = [HEADING, person(1, 個人番号=apart), person(2, 氏名="山"), person(3, 氏名="")]
    told, _, _ = taken(written(tmp_path / "a.csv", rows), tmp_path)
    seen = {one.column: one for one in told.quality}
    assert (seen["number"].filled, seen["number"].odd_lengths) == (3, 0)
    assert (seen["name"].filled, seen["name"].odd_lengths) == (2, 1)
