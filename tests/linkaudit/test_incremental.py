"""A second run judges what changed, and finds what a run from the beginning finds."""

import shutil

import msgspec
import numpy as np
import polars as pl
import pytest

from kumihimo.linkaudit import audit, carrying, pairing, schema, searching
from kumihimo.linkaudit.canonical import APART
from kumihimo.linkaudit.intake import parquets
from kumihimo.linkaudit.intake.mapping import Mapping
from kumihimo.linkaudit.intake.taking import take_in
from kumihimo.linkaudit.setting import Setting, Sizes, Table
from kumihimo.world.audits.plan import AuditPlan, Planting
from kumihimo.world.audits.worlds import make_world
from tests.linkaudit.hand import keyed

TABLES = ("findings", "patterns", "proposals", "collisions", "estimates", "holders")
GIVEN = ("rows", "register", "history")
ROWS = 900


@pytest.fixture(scope="module")
def world():
    plan = AuditPlan(links=ROWS, seed=5, homonyms=0.1, planting=Planting(household=0.01))
    made = make_world(plan)
    return {name: made[name] for name in GIVEN}


def changed(world, seed):
    """Return a world in which a few rows, persons and lines of the history are others."""
    chance = np.random.default_rng(seed)
    rows, register, history = (world[name] for name in GIVEN)
    some = pl.Series(chance.random(len(rows)) < 0.03)
    rows = rows.with_columns(
        address=pl.when(some).then(pl.lit("青森県八戸市大字市川町1番地")).otherwise("address"),
        number=pl.when(some.shift(1, fill_value=False))
        .then(pl.col("number").shift(1))
        .otherwise("number"),
    ).filter(pl.Series(chance.random(len(rows)) > 0.02))
    rows = rows.sample(fraction=1, shuffle=True, seed=seed).with_columns(
        row=pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    )
    few = pl.Series(chance.random(len(register)) < 0.03)
    # A name of somebody else, often with the birth date too: namesakes come and go.
    other = register.sample(fraction=1, shuffle=True, seed=seed)
    register = register.with_columns(
        pl.when(few).then(other[c]).otherwise(register[c]).alias(c)
        for c in ("name", "kana", "birth")
    ).filter(pl.Series(chance.random(len(register)) > 0.01))
    born = register.sample(20, seed=seed).with_columns(
        number=pl.format("9999{}", pl.int_range(10_000_000, 10_000_020)), household=pl.lit("new")
    )
    kept = history.filter(pl.Series(chance.random(len(history)) > 0.1))
    return dict(zip(GIVEN, (rows, pl.concat([register, born]), kept), strict=True))


def carried_out(folder, world, name):
    folder.mkdir(exist_ok=True)
    (folder / name).mkdir(exist_ok=True)
    for table in GIVEN:
        place = folder / f"{table}.parquet"
        if not place.exists() or not world[table].equals(pl.read_parquet(place)):
            world[table].write_parquet(place)
    rows, register, history = (Table(folder / f"{table}.parquet") for table in GIVEN)
    sizes = Sizes(500, 1, 1 << 30)
    stages = []
    setting = Setting(folder / name, rows, register, history, keyed(folder), sizes)
    audit.carry_out(setting, lambda stage, *_: stages.append(stage))
    read = audit.Audit.open(folder / name).scan
    return {table: read(table).collect() for table in TABLES}, stages


def seen_by(monkeypatch, name):
    """Return a list that gets the rows that one of the judges of `pairing` is given."""
    seen, judge = [], getattr(pairing, name)
    monkeypatch.setattr(pairing, name, lambda rows, *rest: seen.append(rows) or judge(rows, *rest))
    return seen


def counted(monkeypatch):
    """Return what tells how many rows were judged since it was asked last, as a whole or by address."""
    seen = [seen_by(monkeypatch, name) for name in ("judge", "judge_addresses")]

    def count():
        found = sum(len(rows) for some in seen for rows in some)
        for some in seen:
            some.clear()
        return found

    return count


def test_a_second_run_equals_a_run_from_the_beginning(world, tmp_path, monkeypatch):
    judged = counted(monkeypatch)
    carried_out(tmp_path, world, "again")
    assert judged() == ROWS
    now = changed(world, 1)
    again, stages = carried_out(tmp_path, now, "again")
    assert "register: changes" in stages
    assert 0 < judged() < ROWS / 2
    fresh, _ = carried_out(tmp_path, now, "fresh")
    for table in TABLES:
        assert again[table].equals(fresh[table]), table
    assert len(list((tmp_path / "again" / "stages").glob("evidence-*"))) == 1
    (register,) = (tmp_path / "again" / "stages").glob("register-*")
    assert list((register / "raw").iterdir())
    assert not list((register / "raw").glob("*/*"))  # as they were written persons are needed once


@pytest.fixture(scope="module")
def audited(world, tmp_path_factory):
    """Return a folder in which the world was audited once."""
    folder = tmp_path_factory.mktemp("audited")
    carried_out(folder, world, "again")
    return folder


@pytest.fixture
def judged_again(audited, tmp_path, monkeypatch):
    """Return how many rows a second run judges; it finds what a run from the beginning finds."""
    folder = tmp_path / "folder"
    shutil.copytree(audited, folder)  # with the times of its files
    judged = counted(monkeypatch)

    def run(now):
        again, stages = carried_out(folder, now, "again")
        count = judged()
        fresh, _ = carried_out(folder, now, "fresh")
        for table in TABLES:
            assert again[table].equals(fresh[table]), table
        return count, stages

    return run


def numbered(rows):
    return rows.with_columns(row=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))


def test_a_row_put_in_before_all_others_is_the_only_one_judged(world, judged_again):
    first = world["rows"].head(1).with_columns(record_id=pl.lit("new"), name=pl.lit("新　一"))
    now = world | {"rows": numbered(pl.concat([first, world["rows"]]))}
    count, stages = judged_again(now)
    assert count == 1
    assert not [stage for stage in stages if stage.startswith("register")]


def test_rows_that_went_take_their_clues_with_them(world, judged_again):
    now = world | {"rows": numbered(world["rows"].gather_every(2))}
    assert judged_again(now)[0] == 0


def test_one_row_twice_is_what_it_was_twice(world, judged_again):
    twice = pl.concat([world["rows"], world["rows"].with_columns(pl.format("b{}", "record_id"))])
    count, _ = judged_again(world | {"rows": numbered(twice)})
    assert count == 0


def test_a_line_of_the_history_less_has_its_person_judged_again(world, judged_again):
    line = world["history"].join(world["rows"], on="number", how="semi").head(1)
    now = world | {"history": world["history"].join(line, on=line.columns, how="anti")}
    rows = world["rows"].join(line, on="number", how="semi")
    assert judged_again(now)[0] == len(rows)


def test_who_gets_a_namesake_is_judged_again(world, judged_again):
    row = world["rows"].filter(pl.col("number").is_unique()).head(1)
    person = world["register"].join(row, on="number", how="semi")
    namesake = person.with_columns(
        number=pl.lit("999910000000"), address=pl.lit("青森県八戸市大字市川町1番地"),
        household=pl.lit("new"),
    )  # fmt: skip
    now = world | {"register": pl.concat([world["register"], namesake])}
    count, _ = judged_again(now)
    assert 1 <= count < ROWS / 10


def test_in_the_same_register_only_new_clues_are_searched_for(
    world, audited, tmp_path, monkeypatch
):
    folder = tmp_path / "folder"
    shutil.copytree(audited, folder)
    asked = []
    resolve = searching.resolve
    monkeypatch.setattr(
        searching, "resolve", lambda clues, *rest: asked.append(len(clues)) or resolve(clues, *rest)
    )
    carried_out(folder, edited(world), "again")
    assert 0 < sum(asked) <= ROWS / 100
    asked.clear()
    carried_out(folder, edited(world) | {"register": world["register"][7:]}, "again")
    assert sum(asked) > ROWS / 100


def test_a_run_that_goes_on_judges_together_what_it_began_to_judge_together(tmp_path):
    none = Table(tmp_path)
    setting = Setting(tmp_path, none, none, none, tmp_path, Sizes(100, 2, 1 << 30))
    work = carrying.Work(setting, tmp_path, tmp_path, tmp_path, None, same=True, towns=tmp_path)
    assert pairing._ranges(work, 450, 9) == [(0, 1), (2,), (3,), (4,), (5,), (6,), (7,), (8,)]
    assert len(pairing._ranges(work, 10, 9)) == 8
    (tmp_path / "ranges.npy").unlink()
    assert pairing._ranges(work, 10, 9) == [(0, 1, 2), (3, 4), (5, 6), (7, 8)]
    (tmp_path / "ranges.npy").unlink()
    first = carrying.Work(setting, tmp_path, None, tmp_path, None, same=False, towns=tmp_path)
    assert pairing._ranges(first, 10, 3) == [(0,), (1,), (2,)]


@pytest.fixture(scope="module")
def taken_in(world, tmp_path_factory):
    """Return a folder in which the world was taken in and audited once, as by `audit run`."""
    folder = tmp_path_factory.mktemp("taken_in")
    from_files(folder, world, "again")
    return folder


HOW = msgspec.convert(
    {
        "institution": "試験健康保険組合",
        "affair": "健康保険",
        "number_space": "test",
        "rows": {"columns": {name: name for name in schema.ROWS if name != "row"}},
    },
    Mapping,
)


def from_files(folder, world, name):
    """Take the rows in by what the last run left, audit them; return the tables and rows read."""
    out, given = folder / name, folder / "given.parquet"
    out.mkdir(exist_ok=True)
    world["rows"].write_parquet(given)
    for table in GIVEN[1:]:
        place = folder / f"{table}.parquet"
        if not place.exists() or not world[table].equals(pl.read_parquet(place)):
            world[table].write_parquet(place)
    read = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquets, "BLOCK_ROWS", 250)
        take_in(HOW, "rows", given, out)
        compared = carrying.compared
        patch.setattr(carrying, "compared", lambda rows: read.append(len(rows)) or compared(rows))
        rows = Table(out / "rows")
        register, history = (Table(folder / f"{table}.parquet") for table in GIVEN[1:])
        setting = Setting(out, rows, register, history, keyed(folder), Sizes(400, 1, 1 << 30))
        audit.carry_out(setting, lambda *_: None)
    found = audit.Audit.open(out).scan
    return {table: found(table).collect() for table in TABLES}, sum(read)


def edited(world):
    some = pl.col("row") % 100 == 7
    address = pl.when(some).then(pl.lit("青森県八戸市大字市川町1番地")).otherwise("address")
    number = pl.when(pl.col("row") == 107).then(pl.lit("1")).otherwise("number")
    return world | {"rows": world["rows"].with_columns(address=address, number=number)}


def moved(world):
    rows = world["rows"]
    other = rows.head(2).with_columns(record_id=pl.format("n{}", "record_id"))
    return world | {"rows": numbered(pl.concat([rows[31:300], other, rows[310:]]))}


@pytest.mark.parametrize(
    ("change", "most"),
    [
        (moved, 2),
        (lambda world: edited(world) | {"register": world["register"][7:]}, ROWS),
        (edited, 9),
    ],
    ids=["moved", "register too", "edits"],
)
def test_rows_that_the_intake_knows_are_carried_over(world, taken_in, tmp_path, change, most):
    folder = tmp_path / "folder"
    shutil.copytree(taken_in, folder)
    now = world
    for n in range(2):  # a third run goes on from what the second left
        now = change(now)
        again, read = from_files(folder, now, "again")
        assert read <= most
        fresh, everything = from_files(folder, now, f"fresh{n}")
        assert everything > ROWS * 0.9
        for table in TABLES:
            assert again[table].equals(fresh[table]), table


def renamed(world):
    at = pl.col("row") % 100
    address = pl.when(at % 10 == 7).then(pl.lit("青森県八戸市大字市川町1番地")).otherwise("address")
    name = pl.when(at == 9).then(pl.lit("別　人")).otherwise("name")
    sex = pl.when(at == 11).then(None).otherwise("sex")
    return world | {"rows": world["rows"].with_columns(address=address, name=name, sex=sex)}


def test_of_a_row_of_which_the_address_alone_is_new_nothing_else_is_compared(
    world, taken_in, tmp_path, monkeypatch
):
    folder = tmp_path / "folder"
    shutil.copytree(taken_in, folder)
    whole, addresses = (seen_by(monkeypatch, name) for name in ("judge", "judge_addresses"))
    now = renamed(world)
    again, _ = from_files(folder, now, "again")
    assert set(pl.concat(whole)["row"] % 100) == {9, 11}
    assert set(pl.concat(addresses)["row"] % 10) == {7}
    monkeypatch.undo()
    fresh, _ = from_files(folder, now, "fresh")
    for table in TABLES:
        assert again[table].equals(fresh[table]), table


def readdressed(world):
    there = pl.when(pl.col("row") % 10 == 7).then(pl.lit("青森県八戸市大字市川町1番地"))
    return world | {"rows": world["rows"].with_columns(address=there.otherwise("address"))}


def without(taken_in, folder, *columns):
    """Return a folder as it was left, in which what the register writes in some columns cannot be read."""
    shutil.copytree(taken_in, folder)
    for first in columns:
        files = list(folder.glob(f"again/stages/register-*/persons/*/*.with-{first}.arrow"))
        assert files, first
        for file in files:
            file.unlink()
    return folder


def test_where_addresses_alone_are_new_no_name_of_the_register_is_brought_in(
    world, taken_in, tmp_path
):
    now = readdressed(world)
    names, places = (apart[0] for apart in (APART[0], APART[2]))
    again, _ = from_files(without(taken_in, tmp_path / "names", names, places), now, "again")
    fresh, _ = from_files(tmp_path / "names", now, "fresh")
    for table in TABLES:
        assert again[table].equals(fresh[table]), table
    with pytest.raises(KeyError, match="address"):  # addresses are
        from_files(without(taken_in, tmp_path / "addresses", "address"), now, "again")
