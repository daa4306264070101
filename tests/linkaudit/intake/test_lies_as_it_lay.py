"""Columns that lie in a file as they lay are neither read nor copied, and it comes out as if they were."""

import json
import shutil

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumihimo.linkaudit import chunks
from kumihimo.linkaudit.intake import again, laying, marking, parquets, pieces, quality
from kumihimo.linkaudit.intake.kept import groups_in, known_parts
from kumihimo.linkaudit.intake.marking import Marked
from kumihimo.linkaudit.intake.taking import take_in
from kumihimo.linkaudit.schema import ROWS
from kumihimo.linkaudit.setting import Table
from tests.linkaudit.intake.files_of_offices import mapping, number
from tests.linkaudit.intake.test_pieces import OWN, clean

COUNT = 60
ADDRESS = "青森県八戸市大字市川町1番地"


@pytest.fixture(scope="module", autouse=True)
def _no_row_is_among_the_first():
    """The first rows of a file are always read, for what is counted of them alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quality, "SAMPLE", 0)
        patch.setattr(again, "SAMPLE", 0)
        yield


def taken(folder, *tables, size=16, tall=10, packed="zstd"):
    """Take tables in as the files of a folder; return what comes of it, and which columns were decoded."""
    given = folder / "given"
    shutil.rmtree(given, ignore_errors=True)
    given.mkdir(parents=True)
    for n, table in enumerate(tables):
        table.write_parquet(given / f"{n}.parquet", row_group_size=tall, compression=packed)
    asked, columns = set(), list(ROWS)
    read, cells = parquets.Piece.read, again._cells
    every = [f"c{n}" for n in range(1, 1 + len(columns))]

    def watched(piece, some=None):
        asked.update(columns[int(name[1:]) - 1] for name in (every if some is None else some))
        return read(piece, some)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquets, "BLOCK_ROWS", size)
        patch.setattr(parquets.Piece, "read", watched)
        patch.setattr(again, "_cells", lambda *told: asked.update(told[2]) or cells(*told))
        told = take_in(mapping(**OWN), "rows", given, folder)
    return told, asked - {"row"}


def left(folder):
    """Return all that a run leaves which another reads."""
    out = folder / "rows"
    (place,) = out.glob(".marked-*")
    marked, table = Marked.opened(place), Table(out)
    whole = pl.concat([pl.read_parquet(one) for one in table.files])
    return {
        "rows": whole.rows(),
        "bad": pl.read_parquet(folder / "bad_rows.parquet").rows(),
        "prints": marked.prints.tolist(),
        "marks": marked.marks.tolist(),
        "who": np.load(place / "who.npy").tolist(),
    }


def same_as_the_first(folder, *tables, **how):
    """Take tables in, in a folder where others were, and in a new one; return the columns decoded."""
    told, asked = taken(folder / "again", *tables, **how)
    first, _ = taken(folder / "first", *tables, **how)
    assert told == first
    assert left(folder / "again") == left(folder / "first")
    shutil.rmtree(folder / "first")
    return asked


def edited(table, rows, **other):
    return table.with_columns(
        pl.when(pl.col("row").is_in(rows)).then(pl.lit(value)).otherwise(name).alias(name)
        for name, value in other.items()
    )


EVERY = set(ROWS) - {"row"}


@pytest.mark.parametrize(
    ("rows", "other", "asked"),
    [
        ([], {}, set()),
        ([1, 17, 31], {"address": ADDRESS}, {"address"}),
        ([31], {"number": number(900)}, {"number"}),
        ([5, 31], {"address": ADDRESS, "name": "山田　花子"}, {"address", "name"}),
        ([31], {"record_id": "r00031a"}, {"record_id"}),
        ([31], {"record_id": "r00001"}, {"record_id"}),
        ([31], {"name": None}, {"name"}),
        ([31], {"name": "山田\n花子"}, EVERY),
        ([31], {"number": "1"}, EVERY),
        ([31], dict.fromkeys(EVERY), EVERY),
        (list(range(1, 40)), {"address": ADDRESS}, EVERY),
    ],
    ids=[
        "nothing",
        "moves",
        "number",
        "two",
        "id",
        "id twice",
        "gone",
        "break",
        "bad",
        "empty",
        "many",
    ],
)
def test_only_columns_that_changed_are_read(tmp_path, rows, other, asked):
    table = clean(1, COUNT)
    taken(tmp_path / "again", table)
    now = edited(table, rows, **other)
    assert same_as_the_first(tmp_path, now) == asked
    # And what was left is good for the next time.
    again_ = {"record_id"} if other.get("record_id") == "r00001" else set()
    read = same_as_the_first(tmp_path, edited(now, [2], address="北海道"))
    assert read >= again_ | {"address"}


def test_a_file_that_was_packed_otherwise_is_read(tmp_path):
    taken(tmp_path / "again", clean(1, COUNT))
    assert same_as_the_first(tmp_path, clean(1, COUNT), packed="lz4") == EVERY
    assert same_as_the_first(tmp_path, clean(1, COUNT), packed="lz4") == set()
    assert same_as_the_first(tmp_path, clean(1, COUNT), packed="lz4", tall=20) == EVERY


def test_a_file_that_moved_is_read_and_what_stands_before_it_is_not(tmp_path):
    tables = [clean(1, 20), clean(21, 20), clean(41, 20)]
    taken(tmp_path / "again", *tables)
    assert same_as_the_first(tmp_path, *tables) == set()
    longer = pl.concat([tables[1], clean(900, 1)])
    assert same_as_the_first(tmp_path, tables[0], longer, tables[2]) == EVERY


def test_what_changed_is_laid_behind_what_did_not(tmp_path):
    table = clean(1, COUNT, address=pl.lit("岩手県盛岡市内丸1番1号"), household=pl.lit("h" * 400))
    taken(tmp_path, table)
    (part,) = (tmp_path / "rows").glob("*.parquet")
    before = part.read_bytes()
    now = edited(table, [7], address=ADDRESS)
    taken(tmp_path, now)
    assert part.read_bytes().startswith(before)
    assert pl.read_parquet(part).equals(now)
    assert pl.scan_parquet(part).filter(pl.col("address") == ADDRESS).collect().height == 1
    # A file does not grow for ever.
    sizes = []
    for n in range(12):
        taken(tmp_path, edited(table, [7], address=f"{ADDRESS}{n}"))
        sizes.append(part.stat().st_size)
    assert max(sizes) < 3 * len(before)
    assert sizes != sorted(sizes)
    assert pl.read_parquet(part).equals(edited(table, [7], address=f"{ADDRESS}11"))


def test_of_rows_that_changed_what_changed_stands_apart_and_the_rest_is_found(tmp_path):
    taken(tmp_path, clean(1, COUNT))
    now = edited(clean(1, COUNT), [7, 31], address=ADDRESS)
    taken(tmp_path, now)
    apart = [pl.read_ipc(one) for one in sorted((tmp_path / "rows" / ".fresh").iterdir())]
    assert [one.columns for one in apart] == [["row", "address"]] * 2
    table = Table(tmp_path / "rows")
    rows = np.array([6, 7, 31, 60])
    for columns in (["row", "address"], ["row", "name", "address"], list(ROWS)):
        expected = now.filter(pl.col("row").is_in(rows)).select(columns)
        assert table.at(rows, columns).equals(expected)
    assert table.at(rows[1:3], ["row", "number"])["row"].to_list() == [7, 31]


class Killed(BaseException):
    pass


@pytest.mark.parametrize(
    "place", [(pieces, "keep_parts"), (laying, "lay_behind"), (shutil, "rmtree")]
)
def test_a_run_that_was_killed_while_it_laid_leaves_what_was(tmp_path, monkeypatch, place):
    table = clean(1, COUNT)
    taken(tmp_path / "again", table)
    really = getattr(*place)

    def kill(*told, **how):
        really(*told, **how)
        if place[1] != "rmtree" or "before" in str(told[0]):
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(*place, kill)
        with pytest.raises(Killed):
            taken(tmp_path / "again", edited(table, [7], name="山田　花子"))
    assert same_as_the_first(tmp_path, edited(table, [7, 31], name="山田　花子")) <= {"name"}


def test_a_disk_without_links_takes_copies(tmp_path, monkeypatch):
    taken(tmp_path / "again", clean(1, COUNT))

    def cannot(*_):
        raise OSError

    monkeypatch.setattr("pathlib.Path.hardlink_to", cannot)
    now = edited(clean(1, COUNT), [7], address=ADDRESS)
    assert same_as_the_first(tmp_path, now) == {"address"}


def test_a_file_from_which_a_row_was_taken_out_is_not_known_again(tmp_path):
    for ids, known in (("r00031a", {1}), ("r00001", set())):
        taken(tmp_path, edited(clean(1, COUNT), [31], record_id=ids))
        (place,) = (tmp_path / "rows").glob(".marked-*")
        told = json.loads((place / "parts.json").read_bytes())
        assert {part["line"] for part in told} == set(known_parts(place)) == known


def who_in(folder):
    (place,) = (folder / "rows").glob(".marked-*/who.npy")
    return place


@pytest.mark.parametrize(
    ("rows", "other", "stays"),
    [
        ([7, 50], {"address": ADDRESS}, True),
        ([7], {"address": ADDRESS, "name": "山田　花子"}, False),
        ([7], {"name": "山田\n花子"}, False),
    ],
    ids=["moves", "name", "break"],
)
def test_what_rows_say_but_where_they_live_is_not_written_again_where_it_is_as_it_was(
    tmp_path, rows, other, stays
):
    table = clean(1, COUNT)
    taken(tmp_path / "again", table)
    then = tmp_path / "then"
    then.hardlink_to(who_in(tmp_path / "again"))  # as a stage of the audit has it
    same_as_the_first(tmp_path, edited(table, rows, **other))
    assert who_in(tmp_path / "again").samefile(then) is stays


def test_a_row_that_is_listed_is_not_taken_out_of_what_the_run_before_left(tmp_path):
    folder, then = marking.make(tmp_path, 4, "rows"), tmp_path / "then"
    marking.put(folder, 0, who=np.arange(4, dtype=np.uint64))
    then.hardlink_to(folder / "who.npy")
    marking.keep(tmp_path, "told", pl.Series([2]))
    assert np.load(tmp_path / ".marked-told" / "who.npy").tolist() == [0, 1, 0, 3]
    assert np.load(then).tolist() == [0, 1, 2, 3]


def test_a_group_of_rows_is_with_every_piece_that_has_some():
    groups = [chunks.Group(height, {}) for height in (3, 0, 4, 3)]
    assert [list(groups_in(groups, first, 2)) for first in (0, 2, 3, 8)] == [
        [0],
        [0, 1, 2],
        [2],
        [3],
    ]
    assert list(groups_in(groups, 0, 10)) == [0, 1, 2, 3]
    assert list(groups_in([], 0, 5)) == []


def test_a_column_of_which_the_footer_says_otherwise_is_another(tmp_path):
    table = pl.DataFrame({"a": ["x", "y"], "b": ["x", "y"]})
    names = {"a": "a", "b": "b"}
    others = (
        table,
        table.with_columns(b=pl.col("b").reverse()),
        table.head(1),
        table.cast({"b": pl.Binary}),
    )
    for n, frame in enumerate(others):
        frame.write_parquet(tmp_path / f"{n}", compression="uncompressed")
    told = [
        chunks.digests(file, chunks.groups_of(file, names) or [])
        for file in sorted(tmp_path.iterdir())
    ]
    assert told[0][0]["a"] == told[1][0]["a"] == told[3][0]["a"] != told[2][0]["a"]
    assert len({one[0]["b"] for one in told}) == 4
    assert chunks.groups_of(tmp_path / "0", {"a": "c"}) is None


VALUES = {
    "address": st.sampled_from(["東京都", "大阪府", ADDRESS, "", None]),
    "name": st.sampled_from(["山田　花子", "山\n田", " ", None, "●"]),
    "number": st.sampled_from([number(3), number(900), "1", None]),
    "record_id": st.sampled_from(["r00003", "r00009x", "r9"]),
    "account": st.sampled_from(["0001-001-1-0000001", None]),
}
EDIT = st.sampled_from(sorted(VALUES)).flatmap(
    lambda name: st.tuples(st.just(name), st.integers(0, 29), VALUES[name])
)
MOVES = st.lists(st.tuples(st.sampled_from("id"), st.integers(0, 29)), max_size=1)
RUN = st.tuples(
    st.lists(EDIT, max_size=3), MOVES, st.sampled_from([5, 8]), st.sampled_from(["zstd", "lz4"])
)


@given(runs=st.lists(RUN, min_size=1, max_size=4), files=st.sampled_from([1, 2]))
@settings(max_examples=10, deadline=None)
def test_runs_after_runs_say_what_a_first_run_says(tmp_path_factory, runs, files):
    folder = tmp_path_factory.mktemp("lies")
    table = clean(1, 30)
    for edits, moves, tall, packed in [([], [], 5, "zstd"), *runs]:
        for what, at in moves:
            rest = table[at:] if what == "i" else table[at + 1 :]
            table = pl.concat([table[:at], clean(800, what == "i"), rest])
        table = table.with_columns(row=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))
        for name, at, value in edits:
            table = edited(table, [at], **{name: value})
        some = [table[:12], table[12:]] if files == 2 else [table]
        same_as_the_first(folder, *some, size=7, tall=tall, packed=packed)
