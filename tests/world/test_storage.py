"""A world on disk is whole or absent, and the same bytes for the same seed."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import attrs
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from kumihimo.world.nation import BLOCK_TABLES, World, write_nation
from kumihimo.world.plan import BadWorld, make_plan
from kumihimo.world.storage import CannotWrite, write_world


def bytes_of(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def small():
    return World.generate(300, 1, municipalities=3)


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_the_same_seed_writes_the_same_bytes(tmp_path, form):
    for name in ("one", "two"):
        plan = make_plan(500, 42, municipalities=3)
        write_nation(plan, tmp_path / name, form=form)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


def test_another_seed_writes_another_nation(tmp_path):
    for seed in (1, 2):
        write_nation(make_plan(200, seed), tmp_path / str(seed))
    one, other = bytes_of(tmp_path / "1"), bytes_of(tmp_path / "2")
    assert not set(one.values()) & set(other.values())


def test_a_nation_of_several_blocks_holds_together(tmp_path):
    told = []
    plan = attrs.evolve(make_plan(250, 4, municipalities=2), block_people=100)
    write_nation(plan, tmp_path / "w", progress=told.append)
    made = World.read(tmp_path / "w")
    assert told == [100, 200, 250]
    assert len(list((tmp_path / "w" / "residents").iterdir())) == 3
    assert len(made.residents) == 250
    assert made.residents["person"].to_list() == list(range(250))
    assert made.residents["individual_number"].is_unique().all()
    heads = made.residents.filter(relation="世帯主")
    assert heads["household"].is_unique().all()


def test_what_was_written_is_read_back(tmp_path, small):
    small.write(tmp_path / "w")
    again = World.read(tmp_path / "w")
    assert again.plan == small.plan
    assert set(again.tables) == {"institutions", *BLOCK_TABLES}
    for name, table in small.tables.items():
        assert_frame_equal(again.tables[name], table)


def test_csv_gives_each_institution_its_own_files(tmp_path, small):
    small.write(tmp_path / "w", form="csv")
    own = pl.read_csv(tmp_path / "w/offices/nenkin/pension.csv", infer_schema=False)
    assert own["record_id"].to_list() == small.office("nenkin", "pension")["record_id"].to_list()
    assert not list((tmp_path / "w/offices/nenkin").glob("local_tax*"))


def test_the_manifest_says_that_the_numbers_are_test_numbers(tmp_path, small):
    small.write(tmp_path / "w")
    manifest = json.loads((tmp_path / "w/world.json").read_text())
    assert manifest["number_space"] == "test"
    assert manifest["rows"]["residents"] == 300


def test_a_folder_with_something_in_it_is_left_alone(tmp_path, small):
    (tmp_path / "notes").write_text("mine")
    for force in (False, True):
        with pytest.raises(CannotWrite):
            small.write(tmp_path, force=force)
    assert [p.name for p in tmp_path.iterdir()] == ["notes"]


def test_a_world_is_replaced_only_when_asked(tmp_path, small):
    small.write(tmp_path / "w")
    with pytest.raises(CannotWrite, match="--force"):
        small.write(tmp_path / "w")
    other = World.generate(50, 2, municipalities=1)
    other.write(tmp_path / "w", force=True)
    assert len(World.read(tmp_path / "w").residents) == 50
    assert [p.name for p in tmp_path.iterdir()] == ["w"]


def test_an_empty_folder_is_as_good_as_none(tmp_path, small):
    (tmp_path / "w").mkdir()
    small.write(tmp_path / "w")
    assert len(World.read(tmp_path / "w").residents) == 300


def test_a_file_or_a_link_in_the_way_is_refused(tmp_path, small):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "link"):
        with pytest.raises(CannotWrite):
            small.write(tmp_path / name)
    with pytest.raises(CannotWrite):
        small.write(tmp_path / "file" / "below")


def test_a_failure_half_way_leaves_nothing_behind(tmp_path, small):
    def breaks():
        yield {name: small.tables[name] for name in BLOCK_TABLES}
        raise OSError(28, os.strerror(28))

    with pytest.raises(CannotWrite, match="No space"):
        write_world(small.plan, small.institutions, breaks(), tmp_path / "w")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_disk_that_refuses_is_told_in_words_and_leaves_nothing_behind(tmp_path, form):
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "from kumihimo.run.cli import main; main()"
    )
    options = ("--residents", "2000", "--out", str(tmp_path / "w"), "--format", form, "--json")
    run = subprocess.run(
        [sys.executable, "-c", program, "world", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "could not be written" in run.stderr
    assert "Traceback" not in run.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_world_is_not_put_where_there_can_be_no_folder():
    with pytest.raises(CannotWrite):
        write_nation(make_plan(10, 1), Path("/proc/none/w"))


def test_a_failure_half_way_keeps_the_world_that_was_there(tmp_path, small):
    small.write(tmp_path / "w")
    before = bytes_of(tmp_path / "w")

    def breaks():
        yield {name: small.tables[name] for name in BLOCK_TABLES}
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_world(small.plan, small.institutions, breaks(), tmp_path / "w", force=True)
    assert bytes_of(tmp_path / "w") == before
    assert [p.name for p in tmp_path.iterdir()] == ["w"]


@pytest.mark.parametrize("damage", ["manifest", "text", "part", "garbage", "elsewhere", "fewer"])
def test_a_damaged_world_is_refused_and_not_half_read(tmp_path, small, damage):
    folder = tmp_path / "w"
    small.write(folder)
    match damage:
        case "manifest":
            (folder / "world.json").unlink()
        case "text":
            (folder / "world.json").write_text('{"version": "x"}')
        case "part":
            (folder / "events/part-00000.parquet").unlink()
        case "elsewhere" | "fewer":
            text = (folder / "world.json").read_text()
            changes = {
                "elsewhere": ('"truth"', '"../truth"'),
                "fewer": (
                    '"residents": 300,\n    "households"',
                    '"residents": 1,\n    "households"',
                ),
            }
            text = text.replace(*changes[damage])
            (folder / "world.json").write_text(text)
        case _:
            (folder / "events/part-00000.parquet").write_bytes(b"PAR1 not at all")
    with pytest.raises(BadWorld):
        World.read(folder)


def test_a_world_written_as_csv_is_not_read_back_by_guessing_types(tmp_path, small):
    small.write(tmp_path / "w", form="csv")
    with pytest.raises(BadWorld):
        World.read(tmp_path / "w")


def test_an_unknown_form_is_refused_before_anything_is_written(tmp_path, small):
    with pytest.raises(BadWorld):
        small.write(tmp_path / "w", form="xml")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("residents", "seed", "municipalities", "named"),
    [
        (0, 1, 20, "residents"),
        (-5, 1, 20, "residents"),
        (200_000_001, 1, 20, "residents"),
        (10, -1, 20, "seed"),
        (10, 2**63, 20, "seed"),
        (10, 1, 0, "municipalities"),
        (10, 1, 5_000, "municipalities"),
    ],
)
def test_a_world_that_cannot_be_is_refused_by_name(residents, seed, municipalities, named):
    with pytest.raises(BadWorld, match=named) as refused:
        make_plan(residents, seed, municipalities=municipalities)
    assert refused.value.pointer == named


def test_the_largest_world_can_be_planned():
    assert make_plan(200_000_000, 1).blocks == 4_000
