"""A run in parts, in processes, or after a kill finds what a run in one piece finds."""

import signal
import subprocess
import sys

import polars as pl
import pytest

from kumihimo.linkaudit import audit, results, setting
from kumihimo.linkaudit.approvals import decide
from kumihimo.linkaudit.registering import BadSnapshot
from kumihimo.linkaudit.schema import Verdict
from kumihimo.linkaudit.setting import Setting, Sizes, Table
from kumihimo.world.audits.plan import AuditPlan
from kumihimo.world.audits.worlds import make_world
from tests.linkaudit.hand import keyed, person, row_of, rows, snapshot

TABLES = ("findings", "patterns", "proposals", "estimates")
# Runs an audit that is killed when the stage named last has done its first task.
KILLED = """
import os, signal, sys
from pathlib import Path
from tests.linkaudit.test_runs import carried_out

def progress(stage, done, total):
    if stage == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

carried_out(Path(sys.argv[1]), "killed-" + sys.argv[2][:3], rows=350, workers=1, progress=progress)
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    for name, table in make_world(AuditPlan(links=800, seed=7, homonyms=0.05)).items():
        table.write_parquet(folder / f"{name}.parquet")
    keyed(folder)
    return folder


def carried_out(world, name, *, rows, workers, progress=audit.quiet):
    """Run an audit of the world in parts of some rows; return its tables."""
    folder = world / name
    folder.mkdir(exist_ok=True)
    given, register, past = (Table(world / f"{x}.parquet") for x in ("rows", "register", "history"))
    sizes = Sizes(rows, workers, 1 << 30)
    audit.carry_out(Setting(folder, given, register, past, world / "key", sizes), progress)
    return {table: audit.Audit.open(folder).scan(table).collect() for table in TABLES}


@pytest.fixture(scope="module")
def whole(world):
    return carried_out(world, "whole", rows=10_000, workers=1)


def test_parts_and_processes_change_nothing(world, whole, monkeypatch):
    monkeypatch.setattr(setting, "_FEW", 0)
    in_parts = carried_out(world, "parts", rows=350, workers=2)
    for table in TABLES:
        assert in_parts[table].equals(whole[table]), table
    # What comes after a run reads its findings however many parts it was done in.
    decide(world / "parts", approved_only=True)
    decided = results.table(world / "parts", "findings")
    assert not set(decided["verdict"]) & {Verdict.CONFIRMED, Verdict.NOTATIONAL}
    decide(world / "parts", approved_only=False)
    assert results.table(world / "parts", "findings").equals(whole["findings"])


@pytest.mark.parametrize("column", ["record_id", "affair"])
def test_findings_of_rows_that_cannot_be_laid_beside_are_the_same(world, whole, tmp_path, column):
    told = pl.read_parquet(world / "rows.parquet").with_columns(pl.col(column).cast(pl.Categorical))
    for name in ("register.parquet", "history.parquet", "key"):
        (tmp_path / name).hardlink_to(world / name)
    told.write_parquet(tmp_path / "rows.parquet")
    again = carried_out(tmp_path, "coded", rows=350, workers=1)
    for table in TABLES:
        assert again[table].equals(whole[table]), table


def test_no_row_lies_on_the_disk_as_it_was_cut_once_it_is_judged(world, whole):
    carried_out(world, "cut", rows=350, workers=1)
    (stage,) = (world / "cut" / "stages").glob("evidence-*")
    assert len(list((stage / "clues").iterdir())) > 1  # so it was cut
    assert not list((stage / "rows").glob("*/*"))


@pytest.mark.parametrize("stage", ["evidence"])
def test_a_killed_run_goes_on_where_it_was_and_finds_the_same(world, whole, stage):
    command = [sys.executable, "-c", KILLED, str(world), stage]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    done = {}
    again = carried_out(
        world,
        f"killed-{stage[:3]}",
        rows=350,
        workers=1,
        progress=lambda s, n, _: done.setdefault(s, n),
    )
    for table in TABLES:
        assert again[table].equals(whole[table]), table
    assert "register: persons" not in done


def test_what_is_done_is_not_done_again_and_another_file_is_another_audit(world, whole):
    stages = []
    carried_out(world, "whole", rows=10_000, workers=1, progress=lambda s, *_: stages.append(s))
    assert set(stages) == {"findings"}
    assert not list((world / "whole").rglob("*.half"))
    changed = pl.read_parquet(world / "rows.parquet").with_columns(sex=pl.lit("1"))
    changed.write_parquet(world / "changed.parquet")
    rows, register, past = (
        Table(world / f"{x}.parquet") for x in ("changed", "register", "history")
    )
    sizes = Sizes(10_000, 1, 1 << 30)
    changes = Setting(world / "whole", rows, register, past, world / "key", sizes)
    audit.carry_out(changes, lambda stage, *_: stages.append(stage))
    assert "evidence" in stages
    assert "register: persons" not in stages
    found = audit.Audit.open(world / "whole").scan("findings").collect()
    assert (found["reason"] == "sex").sum() > (whole["findings"]["reason"] == "sex").sum()


def test_no_value_of_a_person_stands_in_what_leaves_an_audit(world, whole):
    told = pl.read_parquet(world / "rows.parquet")
    kept = {str(v) for t in ("findings", "patterns", "estimates") for v in values(whole[t])}
    for column in ("number", "name", "kana", "address"):
        assert not kept & set(told[column].drop_nulls().to_list()), column


def values(table):
    return [value for column in table.iter_columns() for value in column.to_list()]


def test_a_number_in_two_lines_of_the_snapshot_is_refused(tmp_path):
    rows(row_of(person())).write_parquet(tmp_path / "rows.parquet")
    snapshot(person(), person(name="別人")).write_parquet(tmp_path / "snapshot.parquet")
    paths = {name: tmp_path / f"{name}.parquet" for name in ("rows", "snapshot")}
    with pytest.raises(BadSnapshot, match="1 numbers") as refused:
        audit.run(tmp_path / "audit", key=keyed(tmp_path), **paths)
    assert "000000000101" not in str(refused.value)


def test_a_snapshot_without_a_column_is_refused(tmp_path):
    rows(row_of(person())).write_parquet(tmp_path / "rows.parquet")
    snapshot(person()).drop("standing").write_parquet(tmp_path / "snapshot.parquet")
    paths = {name: tmp_path / f"{name}.parquet" for name in ("rows", "snapshot")}
    with pytest.raises(BadSnapshot, match="standing"):
        audit.run(tmp_path / "audit", key=keyed(tmp_path), **paths)
