"""A file that changed a little is taken in for what changed, and comes out as if it were the first."""

import shutil

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumihimo.linkaudit.aligning import Stood, aligned, standing
from kumihimo.linkaudit.intake import parquets, passing, quality
from kumihimo.linkaudit.intake.marking import Marked, bounds, factors, mixed
from kumihimo.linkaudit.intake.taking import take_in
from kumihimo.linkaudit.schema import Fault
from kumihimo.linkaudit.setting import Table
from tests.linkaudit.intake.files_of_offices import HEADING, mapping, number, person
from tests.linkaudit.intake.test_pieces import OWN, clean

ROWS = 400


def taken(folder, table, how=None, *, size=150):
    """Take a table in as a file of several pieces; return all that comes of it, and the rows read."""
    folder.mkdir(exist_ok=True)
    given = folder / "given.parquet"
    table.write_parquet(given, row_group_size=100)
    read = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquets, "BLOCK_ROWS", size)
        cells = passing.read_cells
        patch.setattr(
            passing, "read_cells", lambda block, how: read.append(len(block)) or cells(block, how)
        )
        told = take_in(how or mapping(**OWN), "rows", given, folder)
    out = pl.concat([pl.read_parquet(one) for one in Table(folder / "rows").files])
    bad = pl.read_parquet(folder / "bad_rows.parquet")
    (place,) = (folder / "rows").glob(".marked-*")
    marked = Marked.opened(place)
    who = np.load(place / "who.npy")
    assert len(who) == len(marked.prints)
    assert not who[bad["row"].to_numpy()].any()
    return told, out, bad, marked, sum(read)


def same_as_the_first(again, first):
    (told, out, bad, marked, _), (told_1, out_1, bad_1, marked_1, _) = again, first
    assert told == told_1
    assert out.equals(out_1)
    assert bad.equals(bad_1)
    assert (marked.prints == marked_1.prints).all()
    assert (marked.marks == marked_1.marks).all()
    # What is not in the table is nothing to what is made of it.
    assert set(np.flatnonzero(marked.prints)) == set(out["row"])
    assert not marked.marks[bad["row"].to_numpy()].any()


def numbered(table):
    return table.with_columns(row=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))


def edited(where, **other):
    return clean(1, ROWS).with_columns(
        pl.when(pl.col("row").is_in(where)).then(value).otherwise(pl.col(name)).alias(name)
        for name, value in other.items()
    )


ADDRESS = {"address": pl.lit("青森県八戸市大字市川町1番地")}
NEW = numbered(clean(900, 3))


@pytest.mark.parametrize(
    ("now", "read"),
    [
        (clean(1, ROWS), 0),
        (edited([7, 160, 161, 400], **ADDRESS), 4),
        (numbered(pl.concat([clean(1, ROWS)[:50], NEW, clean(1, ROWS)[50:]])), 3),
        (numbered(clean(1, ROWS)[20:]), 0),
        (numbered(pl.concat([clean(1, ROWS)[:100], clean(1, ROWS)[103:], NEW])), 3),
        (edited([9], number=pl.lit("1")), 1),
        (edited([9, 10], name=pl.lit("山田\n太郎")), 2),
        (edited([9], record_id=pl.lit("r00008")), 1),
        (edited([9], name=pl.col("affair"), affair=pl.col("name")), 1),
    ],
    ids=["nothing", "edits", "put in", "went", "both", "bad", "break", "repeated", "swapped"],
)
def test_what_stands_as_it_stood_is_not_read_again(tmp_path, now, read):
    taken(tmp_path / "again", clean(1, ROWS))
    again = taken(tmp_path / "again", now)
    first = taken(tmp_path / "first", now)
    assert first[-1] >= len(now)
    assert again[-1] == read
    same_as_the_first(again, first)
    same_as_the_first(taken(tmp_path / "again", now), first)
    assert not (tmp_path / "again" / ".before_rows").exists()


def test_a_bad_row_is_read_again_and_not_listed_once_it_is_good(tmp_path):
    worse = edited([9, 10], number=pl.lit("1"), name=pl.lit(" "))
    assert set(taken(tmp_path / "a", worse)[2]["fault"]) == {Fault.ZEROS}
    again = taken(tmp_path / "a", clean(1, ROWS))
    assert (len(again[2]), again[-1]) == (0, 2)
    same_as_the_first(again, taken(tmp_path / "b", clean(1, ROWS)))


def test_an_id_that_is_no_longer_repeated_gives_its_row_back(tmp_path):
    taken(tmp_path / "a", edited([9], record_id=pl.lit("r00008")))
    now = numbered(edited([9], record_id=pl.lit("r00008")).filter(pl.col("row") != 8))
    same_as_the_first(taken(tmp_path / "a", now), taken(tmp_path / "b", now))


def test_another_mapping_reads_everything_again(tmp_path):
    table = edited([9], number=pl.lit("12"))
    taken(tmp_path / "a", table)
    how = mapping(**OWN, pad=12)
    again = taken(tmp_path / "a", table, how)
    assert again[-1] >= ROWS
    same_as_the_first(again, taken(tmp_path / "b", table, how))


def test_a_row_that_stood_is_empty_where_other_columns_are_too(tmp_path):
    # Nothing is required: a row of which another column holds something can be judged.
    named = mapping(columns={"record_id": "番号", "name": "氏名", "number": "個人番号"})
    how = msgspec.structs.replace(named, required=())
    table = pl.DataFrame(
        [[None, None, None, "1"], ["r2", number(2), "a", "1"]], HEADING, orient="row"
    )
    assert len(taken(tmp_path / "a", table, how)[1]) == 2
    now = pl.DataFrame(
        [[None, None, None, None], ["r2", number(2), "a", "1"]], HEADING, orient="row"
    )
    same_as_the_first(taken(tmp_path / "a", now, how), taken(tmp_path / "b", now, how))


def test_a_run_that_was_killed_leaves_what_the_next_takes_over(tmp_path, monkeypatch):
    taken(tmp_path / "a", clean(1, ROWS))
    now = edited([7, 160], **ADDRESS)

    class Killed(BaseException):
        pass

    def kill(*_):
        raise Killed

    for place in ("listed", "end_at", "plus", "add"):
        with monkeypatch.context() as patch:
            patch.setattr(passing.Pass, place, kill)
            with pytest.raises(Killed):
                taken(tmp_path / "a", now)
    again = taken(tmp_path / "a", now)
    assert again[-1] == 2
    same_as_the_first(again, taken(tmp_path / "b", now))


def test_what_a_column_has_is_counted_though_few_of_its_hashes_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(quality, "_SKETCH", 8)
    names = ("record_id", "number")
    first = taken(tmp_path / "a", clean(1, ROWS))
    (before,) = (tmp_path / "a" / "rows").glob(".marked-*")
    assert set(bounds(before)) == set(names)
    counted, recounted = [], quality.Tally.is_short
    monkeypatch.setattr(
        quality.Tally, "is_short", lambda *told: counted.append(recounted(*told)) or counted[-1]
    )
    same_as_the_first(taken(tmp_path / "a", clean(1, ROWS)), first)
    now = edited([7], **ADDRESS)
    same_as_the_first(taken(tmp_path / "a", now), taken(tmp_path / "b", now))
    # Of ids that are few all at once, too few lie where the least of many did.
    few = clean(1, ROWS).with_columns(number=pl.lit(number(1)))
    same_as_the_first(taken(tmp_path / "a", few), taken(tmp_path / "c", few))
    assert counted == [False, False, False, True, False]


def test_cells_in_which_nothing_stands_are_no_values_where_few_hashes_are_kept(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(quality, "_SKETCH", 8)
    blank = [" " * n if n % 2 else f"h{n}" for n in range(1, ROWS + 1)]
    table = clean(1, ROWS).with_columns(household=pl.Series(blank))
    first = taken(tmp_path / "a", table)
    same_as_the_first(taken(tmp_path / "a", table), first)


def test_an_empty_row_at_the_end_of_a_file_that_was_known_is_no_row(tmp_path):
    rows = [person(n) for n in range(1, 9)]
    first = pl.DataFrame(rows, HEADING, orient="row")
    now = pl.DataFrame([*rows[:-1], ["", " ", None, ""]], HEADING, orient="row")
    taken(tmp_path / "a", first, mapping())
    again = taken(tmp_path / "a", now, mapping())
    assert (again[0].rows_in, again[-1]) == (7, 2)  # twice the empty one
    same_as_the_first(again, taken(tmp_path / "b", now, mapping()))


def test_fingerprints_tell_columns_apart_and_are_never_0():
    cells = {
        "a": pl.Series([5, 0, 7, 0], dtype=pl.UInt64),
        "b": pl.Series([7, 0, 5, 1], dtype=pl.UInt64),
    }
    assert len({0, *mixed(cells)[0].tolist()}) == 5
    many = {x: pl.Series(range(n, n + 9_000), dtype=pl.UInt64) for n, x in enumerate("abc")}
    few = {name: one[8_500:] for name, one in many.items()}
    assert (mixed(many)[0][8_500:] == mixed(few)[0]).all()


def test_of_a_fingerprint_the_part_of_the_address_can_be_taken_away():
    cells = {
        x: pl.Series([n, 7, 0], dtype=pl.UInt64) for n, x in enumerate(("name", "address", "sex"))
    }
    prints, who = mixed(cells)
    part = cells["address"].to_numpy() * factors(cells)["address"]
    assert (who[:2] == (prints - part)[:2]).all()
    assert prints[2] == who[2] == 1
    assert (mixed({name: cells[name] for name in ("name", "sex")})[0][2:] == 1).all()


def test_what_a_row_says_is_told_apart_from_where_she_lives(tmp_path):
    def who(table):
        taken(tmp_path, table)
        (place,) = (tmp_path / "rows").glob(".marked-*")
        return np.load(place / "who.npy").copy()

    first = who(clean(1, ROWS))
    assert len(set(first[1:].tolist())) == ROWS
    assert (who(edited([7, 9], **ADDRESS)) == first).all()
    other = {"name": "別　人", "birth": "1901-02-03", "record_id": "x", "affair": "b"}
    for name in set(other) & set(clean(1, 1).columns):
        changed = who(edited([7], **{name: pl.lit(other[name])})) != first
        assert np.flatnonzero(changed).tolist() == [7]


def test_rows_that_were_read_anew_stand_apart_and_are_found_as_in_the_table(tmp_path):
    taken(tmp_path / "a", clean(1, ROWS))
    taken(tmp_path / "a", edited([7, 160, 161], **ADDRESS))
    table = Table(tmp_path / "a" / "rows")
    assert len(list((table.path / ".fresh").iterdir())) > 0
    rows = np.array([7, 8, 160, 161, 300])
    whole = pl.concat([pl.read_parquet(one) for one in table.files])
    for asked in (rows, rows[:1], rows[1:2], rows[:0]):
        found = table.at(asked, ("row", "address", "number"))
        assert found.equals(whole.filter(pl.col("row").is_in(asked)).select(found.columns))
    opened, scan = [], pl.scan_ipc
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pl, "scan_ipc", lambda file: opened.append(file) or scan(file))
        table.at(rows[:1], ("row", "address"))
    assert len(opened) == 1  # and not those of all pieces, in which it cannot be
    shutil.rmtree(table.path / ".fresh")
    assert table.at(rows, ("row", "address")).height == 5


CELL = st.sampled_from(
    ["", " ", "山田　太郎", "r1", "r2", "a\nb", "●", number(1), number(2)[1:], "9 "]
)
LINE = st.tuples(CELL, st.sampled_from([number(1), number(2), "", "\uff11\uff12"]), CELL, CELL)
EDITS = st.lists(st.tuples(st.sampled_from("eidm"), st.integers(0, 99), LINE), max_size=5)


def after(rows, edits):
    rows = list(rows)
    for what, where, line in edits:
        at = where % (len(rows) + 1)
        if what == "i" or at == len(rows):
            rows.insert(at, line)
        elif what == "e":
            rows[at] = line
        elif what == "d":
            del rows[at]
        else:
            rows.insert(where % len(rows), rows.pop(at))
    return rows


@given(first=st.lists(LINE, min_size=1, max_size=12), runs=st.lists(EDITS, max_size=4))
@settings(max_examples=40, deadline=None)
def test_runs_after_runs_say_what_a_first_run_says(tmp_path_factory, first, runs):
    folder = tmp_path_factory.mktemp("again")
    rows = first
    for n, edits in enumerate([[], *runs]):
        rows = after(rows, edits) or first
        table = pl.DataFrame(rows, schema=HEADING, orient="row")
        again = taken(folder / "again", table, mapping(), size=4)
        same_as_the_first(again, taken(folder / f"first{n}", table, mapping(), size=4))


@given(
    st.lists(st.integers(0, 5), max_size=30), st.lists(st.integers(0, 5), max_size=30), st.data()
)
def test_a_row_is_found_where_the_same_one_stood(old, new, data):
    first = data.draw(st.integers(0, 8))
    before, now = np.array(old, np.uint64), np.array(new, np.uint64)
    was = aligned(before, first, now)
    for print_, at in zip(now, was, strict=True):
        assert at < 0 or (before[at] == print_ != 0)
    for n, print_ in enumerate(now):
        if print_ and first + n < len(before) and before[first + n] == print_:
            assert was[n] == first + n


@given(st.lists(st.integers(0, 3), max_size=90), st.integers(0, 3), st.data())
def test_rows_that_stand_are_those_that_are_found_there(now, first, data):
    """What is looked at first finds what looking everywhere finds, or says that it does not know."""
    at = data.draw(st.integers(0, 90))
    old = np.array([9] * first + [*now[:at], *data.draw(st.lists(st.integers(0, 3)))], np.uint64)
    prints = np.array(now, np.uint64)
    found = standing(old, first, prints)
    if found is not None:
        was = aligned(old, first, prints)
        assert (found == (was >= 0)).all()
        assert (was[found] == first + np.flatnonzero(found)).all()
        return
    missing = sum(
        not one or first + n >= len(old) or old[first + n] != one for n, one in enumerate(now)
    )
    assert missing * 64 > len(now) or first + len(now) > len(old)


@given(st.lists(st.integers(0, 3), max_size=90), st.integers(0, 3), st.booleans(), st.data())
def test_what_is_known_of_rows_follows_them(now, first, moved, data):
    """Rows that all stand where they stood are carried over as those are that were looked for."""
    at = data.draw(st.integers(0, 90))
    edits = data.draw(st.lists(st.integers(4, 6), max_size=2))
    old = np.array([9] * (first + moved) + [*now[:at], *edits, *now[at + len(edits) :]], np.uint64)
    prints = np.array(now, np.uint64)
    stood, was = Stood.of(old, first, prints), aligned(old, first, prints)
    assert (stood.known == (was >= 0)).all()
    rows = np.flatnonzero(stood.known)
    assert (stood.places(rows) == was[rows]).all()
    stays = stood.known & (prints != 2)
    values = 10 + np.arange(len(old) - data.draw(st.integers(0, 1)) * (not old[-1:].any()))
    carried = stood.carried(values, stays, -1)
    assert carried.tolist() == [values[w] if s else -1 for w, s in zip(was, stays, strict=True)]
    elsewhere = np.flatnonzero(stays & (was != first + np.arange(len(now))))
    assert stood.moved(stays).tolist() == elsewhere.tolist()


def test_rows_are_found_past_several_that_came_and_went():
    old = np.random.default_rng(1).integers(1, 2**63, 9000).astype(np.uint64)
    now = np.concatenate([old[:1000], old[1200:5000], old[4990:5000], old[7000:], old[:5]])
    assert (aligned(old, 0, now) < 0).sum() <= 15
    # What stood too far away, or was never there, is new.
    assert (aligned(old, 0, now + np.uint64(1)) < 0).all()
