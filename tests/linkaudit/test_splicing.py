"""Parquet files put together without reading them hold what they held, in their order."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.linkaudit.splicing import NotAlike, Strand, heights, splice, weave
from kumihimo.linkaudit.thrift import (
    BINARY,
    BYTE,
    DOUBLE,
    FALSE,
    I16,
    I64,
    LIST,
    STRUCT,
    TRUE,
    Listed,
    NotThrift,
    Struct,
    read,
    written,
)

KINDS = {"row": pl.Int64, "record": pl.String, "odds": pl.Float64, "run": pl.Int32}
LINES = st.tuples(
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.one_of(st.none(), st.text(max_size=5)),
    st.one_of(st.none(), st.floats(allow_nan=False)),
    st.one_of(st.none(), st.integers(-(1 << 31), (1 << 31) - 1)),
)
PACKED = st.sampled_from(["lz4", "zstd", "snappy", "uncompressed"])


def table(lines):
    return pl.DataFrame(lines, schema=KINDS, orient="row")


def spliced(folder, parts, **writing):
    files = [folder / f"{n}.parquet" for n in range(len(parts))]
    for file, part in zip(files, parts, strict=True):
        part.write_parquet(file, **writing)
    splice(files, folder / "whole")
    return folder / "whole"


@given(parts=st.lists(st.lists(LINES, max_size=9), min_size=1, max_size=5), packed=PACKED)
def test_parts_put_together_are_the_parts_one_after_the_other(tmp_path_factory, parts, packed):
    tables = [table(lines) for lines in parts]
    folder = tmp_path_factory.mktemp("parts")
    place = spliced(folder, tables, compression=packed, row_group_size=4)
    assert pl.read_parquet(place).equals(pl.concat(tables))


def test_a_row_is_found_by_what_the_footer_says_of_its_group(tmp_path):
    rows = table([(n, f"r{n}", n / 2, n) for n in range(1_000)])
    place = spliced(tmp_path, [rows[:300], rows[300:301], rows[301:]], row_group_size=100)
    scan = pl.scan_parquet(place)
    assert scan.filter(pl.col("row") == 700).collect().equals(rows[700:701])
    assert scan.slice(299, 3).collect().equals(rows[299:302])
    assert scan.select(pl.len()).collect().item() == 1_000
    assert pl.read_parquet(place, columns=["run"], parallel="row_groups").equals(rows.select("run"))


def test_words_written_as_codes_are_words_in_the_whole(tmp_path):
    words = pl.DataFrame({"verdict": ["person", "mislink", None, "person"]})
    codes = words.cast(pl.Categorical)
    place = spliced(tmp_path, [codes[:1], codes[1:], codes[2:]])
    found = pl.read_parquet(place)
    assert found.schema == {"verdict": pl.String}
    assert found["verdict"].to_list() == [*words["verdict"], None, "person"]


def test_files_that_were_put_together_can_be_put_together_again(tmp_path):
    rows = table([(n, f"r{n}", None, n) for n in range(50)])
    once = spliced(tmp_path, [rows[:20], rows[20:]])
    splice([once, once], tmp_path / "twice")
    assert pl.read_parquet(tmp_path / "twice").equals(pl.concat([rows, rows]))


def test_a_whole_says_of_itself_what_it_was_given_to_say(tmp_path):
    (tmp_path / "0").mkdir()
    spliced(tmp_path / "0", [table([(1, "r", 0.5, 1)])])
    said = {"a": "b" * 300, "甲": "乙"}
    splice([tmp_path / "0" / "0.parquet"] * 2, tmp_path / "whole", lambda: said)
    assert pl.read_parquet_metadata(tmp_path / "whole") == said
    assert len(pl.read_parquet(tmp_path / "whole")) == 2
    assert pl.read_parquet_metadata(tmp_path / "0" / "whole") == {}


def test_tables_are_put_together_while_they_come_into_being_and_what_they_say_is_asked_last(
    tmp_path,
):
    rows, made = table([(n, f"r{n}", n / 2, n) for n in range(3)]), []

    def each():
        for n in range(3):
            made.append(n)
            rows[n : n + 1].write_parquet(tmp_path / "part")  # in the place of the one before
            yield tmp_path / "part"

    splice(each(), tmp_path / "whole", lambda: {"made": str(made)})
    assert pl.read_parquet(tmp_path / "whole").equals(rows)
    assert pl.read_parquet_metadata(tmp_path / "whole") == {"made": "[0, 1, 2]"}


def test_tables_of_other_columns_are_not_put_together(tmp_path):
    rows = table([(1, "r", 0.5, 1)])
    for other in (rows.drop("run"), rows.cast({"run": pl.Int64}), rows.rename({"run": "ran"})):
        with pytest.raises(NotAlike, match=r"1\.parquet"):
            spliced(tmp_path, [rows, other])


STRUCT_OF_ALL: Struct = {
    1: (TRUE, TRUE),
    2: (FALSE, FALSE),
    3: (BYTE, 200),
    4: (I16, -3),
    20: (I64, -(1 << 63)),
    21: (DOUBLE, b"12345678"),
    22: (BINARY, b"x" * 300),
    23: (LIST, Listed(I64, [*range(20)])),
    24: (LIST, Listed(TRUE, [1, 2])),
    25: (STRUCT, {5: (LIST, Listed(STRUCT, [{}, {1: (I16, 7)}]))}),
}


def test_a_structure_is_written_as_it_was_read():
    assert read(written(STRUCT_OF_ALL)) == STRUCT_OF_ALL
    assert written(read(written(STRUCT_OF_ALL))) == written(STRUCT_OF_ALL)


def test_a_structure_cut_short_is_refused():
    content = written(STRUCT_OF_ALL)
    for length in range(len(content)):
        with pytest.raises(NotThrift):
            read(content[:length])


def test_a_type_that_no_footer_has_is_refused():
    with pytest.raises(NotThrift, match="type 11"):
        read(bytes([0x1B, 0]))


@given(st.lists(LINES, min_size=1, max_size=30), PACKED, PACKED, st.permutations(list(KINDS)))
def test_columns_woven_from_two_files_are_the_columns(tmp_path_factory, lines, first, other, names):
    folder = tmp_path_factory.mktemp("columns")
    rows = table(lines)
    files = [folder / "a", folder / "b"]
    for file, packed in zip(files, (first, other), strict=True):
        rows.write_parquet(file, compression=packed, row_group_size=7)
    strands = [Strand(files[n % 2], name, f"our {name}") for n, name in enumerate(names[:3])]
    weave([strands], folder / "whole")
    found = pl.read_parquet(folder / "whole")
    assert found.equals(rows.select(pl.col(name).alias(f"our {name}") for name in names[:3]))
    assert heights(folder / "whole") == heights(files[0])


def test_a_column_may_stand_twice_and_is_found_by_what_its_group_says(tmp_path):
    rows = table([(n, f"r{n:03}", n / 2, n) for n in range(500)])
    rows.write_parquet(tmp_path / "a", row_group_size=100)
    columns = [Strand(tmp_path / "a", "record", name) for name in ("one", "two")]
    weave([columns], tmp_path / "whole")
    found = pl.scan_parquet(tmp_path / "whole").filter(pl.col("two") == "r321").collect()
    assert found.rows() == [("r321", "r321")]


def test_tables_of_columns_from_several_files_become_one_if_they_are_alike(tmp_path):
    rows = table([(n, f"r{n:03}", n / 2, n) for n in range(500)])
    strands = []
    for n, some in enumerate((rows[:200], rows[200:])):
        some.select("row", "record").write_parquet(tmp_path / f"called{n}", row_group_size=100)
        some.select("run").write_parquet(tmp_path / f"said{n}", row_group_size=100)
        files = {"row": "called", "record": "called", "run": "said"}
        strands.append([Strand(tmp_path / f"{file}{n}", x, x) for x, file in files.items()])
    weave(strands, tmp_path / "whole", lambda: {"a": "b"})
    assert pl.read_parquet(tmp_path / "whole").equals(rows.select("row", "record", "run"))
    assert pl.read_parquet_metadata(tmp_path / "whole") == {"a": "b"}
    assert pl.scan_parquet(tmp_path / "whole").filter(pl.col("row") == 321).collect().height == 1
    with pytest.raises(NotAlike, match="other columns"):
        weave([strands[0], strands[1][:2]], tmp_path / "whole")


def test_columns_of_other_groups_or_of_many_values_are_not_woven(tmp_path):
    rows = table([(n, f"r{n}", None, None) for n in range(10)])
    rows.write_parquet(tmp_path / "a", row_group_size=5)
    rows.write_parquet(tmp_path / "b", row_group_size=4)
    rows.with_columns(many=pl.concat_list("row")).write_parquet(tmp_path / "c", row_group_size=5)
    for other, name in (("b", "run"), ("c", "run"), ("a", "nobody")):
        strands = [Strand(tmp_path / "a", "row", "row"), Strand(tmp_path / other, name, "run")]
        with pytest.raises(NotAlike):
            weave([strands], tmp_path / "whole")


def without_place(about):
    for field in (9, 10, 11):
        about.pop(field, None)


@pytest.mark.parametrize(
    ("change", "why"),
    [(without_place, "no place"), (lambda about: about.update({7: (I64, 1 << 40)}), "no end")],
)
def test_a_column_that_does_not_lie_in_the_file_is_not_woven(tmp_path, change, why):
    table([(1, "r", 0.5, 1)]).write_parquet(tmp_path / "a")
    content = (tmp_path / "a").read_bytes()
    length = int.from_bytes(content[-8:-4], "little")
    footer: Any = read(content[-8 - length : -8])
    about = footer[4][1].values[0][1][1].values[0][3][1]
    change(about)
    said = written(footer)
    end = said + len(said).to_bytes(4, "little") + b"PAR1"
    (tmp_path / "a").write_bytes(content[: -8 - length] + end)
    with pytest.raises(NotAlike, match=why):
        weave([[Strand(tmp_path / "a", "row", "row")]], tmp_path / "whole")
