"""A second run judges what changed, and finds what a run from the beginning finds."""

import numpy as np
import polars as pl
import pytest

from kumihimo.linkaudit import audit, pairing
from kumihimo.linkaudit.setting import Setting, Sizes, Table
from kumihimo.world.audits.plan import AuditPlan, Planting
from kumihimo.world.audits.worlds import make_world
from tests.linkaudit.hand import keyed

TABLES = ("findings", "patterns", "proposals", "collisions", "estimates")
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
        world[table].write_parquet(folder / f"{table}.parquet")
    rows, register, history = (Table(folder / f"{table}.parquet") for table in GIVEN)
    sizes = Sizes(500, 1, 1 << 30)
    stages = []
    setting = Setting(folder / name, rows, register, history, keyed(folder), sizes)
    audit.carry_out(setting, lambda stage, *_: stages.append(stage))
    read = audit.Audit.open(folder / name).scan
    return {table: read(table).collect() for table in TABLES}, stages


def test_a_second_run_equals_a_run_from_the_beginning(world, tmp_path, monkeypatch):
    judged = []
    judge = pairing.judge
    monkeypatch.setattr(
        pairing, "judge", lambda rows, *rest: judged.append(len(rows)) or judge(rows, *rest)
    )
    carried_out(tmp_path, world, "again")
    assert sum(judged) == ROWS
    now = changed(world, 1)
    judged.clear()
    again, stages = carried_out(tmp_path, now, "again")
    assert "register: changes" in stages
    assert 0 < sum(judged) < ROWS / 2
    fresh, _ = carried_out(tmp_path, now, "fresh")
    for table in TABLES:
        assert again[table].equals(fresh[table]), table
    assert len(list((tmp_path / "again" / "stages").glob("evidence-*"))) == 1
