"""`kumihimo audit run --engine spark`: the same from file to tables, also where a worker dies."""

import os
import signal

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from kumihimo.linkaudit.spark import audit, pairing
from kumihimo.run import audit_spark
from kumihimo.run.audit_measuring import MAPPING
from kumihimo.world.audits.plan import AuditPlan
from kumihimo.world.audits.worlds import make_world
from tests.hostile.terminal import typed
from tests.linkaudit.test_planted import MANY
from tests.linkaudit.test_spark import QUICK
from tests.run.audits import done


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    plan = AuditPlan(links=5_000, seed=3, homonyms=0.05, twins=0.03, planting=MANY)
    for name, table in make_world(plan).items():
        table.write_parquet(folder / f"{name}.parquet")
    (folder / "mapping.toml").write_text(MAPPING + 'holder = "holder"\n', "utf-8")
    return folder


def line(world, *more):
    files = {"rows": "rows", "snapshot": "register", "history": "history"}
    given = [(f"--{name}", world / f"{file}.parquet") for name, file in files.items()]
    return ("run", world / "mapping.toml", *[word for pair in given for word in pair], *more)


def dies_once(judged, mark):
    """Return the function, whose first call ends the process that it is called in."""

    def judge(*part):
        try:
            mark.mkdir()
        except FileExistsError:
            pass
        else:
            os.kill(os.getpid(), signal.SIGKILL)
        return judged(*part)

    return judge


def test_links_are_judged_alike_though_a_worker_is_killed(world, tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", QUICK)
    monkeypatch.setattr(audit, "_ROWS_MAX", 1_250)
    monkeypatch.setattr(pairing, "_judged", dies_once(pairing._judged, tmp_path / "died"))
    here = done(*line(world, "--out", tmp_path / "here", "--json"))
    there = done(
        *line(world, "--out", tmp_path / "there", "--json", "--key", tmp_path / "here.key"),
        *("--engine", "spark", "--spark-master", "local[2,3]"),
    )
    assert (tmp_path / "died").exists()
    assert there == here
    for name in audit.TABLES:
        found, expected = (
            pl.read_parquet(tmp_path / where / f"{name}.parquet") for where in ("there", "here")
        )
        assert len(expected), name
        assert_frame_equal(found, expected)
    assert not (tmp_path / "there" / "stages" / "spark").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--spark-master", "local"], "only with --engine spark"),
        (["--engine", "spark", "--spark-master", "http://here"], "local[N]"),
        (["--engine", "spark", "--spark-master", "local[2] --conf x"], "local[N]"),
    ],
)
def test_a_master_that_is_none_is_refused_before_anything_is_read(tmp_path, words, said):
    given = ["--rows", "r.csv", "--snapshot", "s.csv", "--out", str(tmp_path / "out")]
    told = typed("audit", "run", "m.toml", *given, *words)
    assert told.code == 2
    assert said in told.err


@pytest.mark.parametrize(
    ("lacking", "said"), [("pyspark", "--extra spark"), ("java", "default-jre-headless")]
)
def test_where_spark_or_java_is_missing_it_says_what_to_type(
    world, tmp_path, monkeypatch, lacking, said
):
    if lacking == "pyspark":
        monkeypatch.setattr(audit_spark, "find_spec", lambda _: None)
    else:
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.delenv("JAVA_HOME", raising=False)
    words = line(world, "--out", tmp_path / "out", "--engine", "spark")
    told = typed("audit", *map(str, words))
    assert told.code == 1
    assert said in told.err
    assert "ません" in told.err
    assert not (tmp_path / "out").exists()
