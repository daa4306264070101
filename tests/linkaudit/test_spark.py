"""Spark and one machine find the same; what Spark is given it keeps to itself."""

import os

import polars as pl
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from pyspark.errors import PythonException

from kumihimo.linkaudit import audit
from kumihimo.linkaudit.registering import BadSnapshot
from kumihimo.linkaudit.schema import ROWS
from kumihimo.linkaudit.spark import audit as on_spark
from kumihimo.linkaudit.spark.session import LOG, at_work
from kumihimo.linkaudit.spark.tables import (
    collected,
    each,
    handed_out,
    only,
    parted,
    together,
)
from kumihimo.world.audits.plan import AuditPlan, Planting
from kumihimo.world.audits.worlds import make_world
from tests.linkaudit.hand import keyed, person, row_of, rows, snapshot
from tests.linkaudit.test_crowds import MARRIED, resident

# A session of a minute is over before Java has made itself fast, and before a program that Spark
# writes and compiles for each query has paid for that. What the command starts does all of it
# (tests/run/test_audit_spark.py).
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
INTERPRETED = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
SECRET = "山田秘密"
CHUO = "011011"  # 札幌市中央区, whose office leaves its own name out of an address
COLUMNS = {
    "number": pl.Int64,
    "text": pl.String,
    "key": pl.UInt64,
    "day": pl.Int32,
    "sex": pl.Int8,
    "outcome": pl.UInt8,
    "odds": pl.Float64,
    "family": pl.Boolean,
}
LINES = st.lists(
    st.tuples(
        st.integers(-(2**63), 2**63 - 1),
        st.none() | st.text(st.characters(exclude_categories=["Cs"])),
        st.none() | st.integers(0, 2**64 - 1),
        st.none() | st.integers(-(2**31), 2**31 - 1),
        st.none() | st.integers(-128, 127),
        st.none() | st.integers(0, 255),
        st.none() | st.floats(allow_nan=False),
        st.none() | st.booleans(),
    ),
    max_size=20,
)


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spark") / "temporary"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_TOOL_OPTIONS", QUICK)
        with at_work("local[2]", folder, 1) as session:
            for name, value in INTERPRETED.items():
                session.conf.set(name, value)
            yield session, folder


def run(session, folder, *, parts, holder=""):
    """Run an audit of `rows` and `snapshot` of a folder on Spark; returns its tables."""
    places = {name: (folder / f"{name}.parquet").as_uri() for name in ("rows", "snapshot")}
    out, work = ((folder / name).as_uri() for name in ("out", "work"))
    key = keyed(folder)
    on_spark.run(session, **places, key=key, work=work, out=out, parts=parts, holder=holder)
    found = {name: sorted((folder / "out" / name).glob("*.parquet")) for name in on_spark.TABLES}
    return {name: pl.read_parquet(files) for name, files in found.items()}


def crowded():
    """Return a small world with much of what is global, and a house of which everybody knows."""
    planting = Planting(household=0.02, homonym=0.02, twin=0.01, nobody=0.01, shift=0.05)
    plan = AuditPlan(links=300, seed=5, homonyms=0.15, twins=0.1, planting=planting)
    world = make_world(plan)
    people = [resident(n) for n in range(1, 203)]
    written = [
        row_of(one, 1000 + n, account="0001-1", holder="ヤマダ ハナコ")
        for n, one in enumerate(people)
    ]
    written[0] |= MARRIED
    written[2]["number"] = written[1]["number"]
    written[3]["address"] = written[3]["address"].removeprefix("北海道札幌市中央区")
    elsewhere = world["register"]["number"][0]
    written.append(row_of(people[5], 2000, number=elsewhere, account="0001-2"))
    one_account = pl.when(pl.col("row") < 3).then(pl.lit("0001-2")).otherwise("account")
    given = pl.concat([world["rows"].with_columns(account=one_account), rows(*written)])
    return given.sample(fraction=1, shuffle=True, seed=1), pl.concat(
        [world["register"], snapshot(*people)]
    )


def test_what_is_global_is_found_though_no_part_has_all_of_it(spark, tmp_path):
    written, register = crowded()
    written.write_parquet(tmp_path / "rows.parquet")
    register.write_parquet(tmp_path / "snapshot.parquet")
    found = run(spark[0], tmp_path, parts=7, holder=CHUO)
    paths = {name: tmp_path / f"{name}.parquet" for name in ("rows", "snapshot")}
    audit.run(tmp_path / "audit", key=keyed(tmp_path), holder=CHUO, **paths)
    assert list(found) == list(on_spark.TABLES)
    for name, table in found.items():
        here = audit.Audit.open(tmp_path / "audit").scan(name).collect()
        if name in {"findings", "holders"}:
            here = here.sort("row")  # the rows of this file lie in no order
        assert len(here), name
        assert_frame_equal(table, here)
    assert found["findings"]["run"].n_unique() > 2
    assert set(found["collisions"]["collision"]) == {
        "number",
        "person",
        "account",
        "family-account",
    }


def test_a_register_that_is_none_is_refused_as_on_one_machine(spark, tmp_path):
    rows(row_of(person())).write_parquet(tmp_path / "rows.parquet")
    snapshot(person(), person(name=SECRET)).write_parquet(tmp_path / "snapshot.parquet")
    with pytest.raises(BadSnapshot, match="snapshot: 1 numbers stand in more than one line") as one:
        run(spark[0], tmp_path, parts=2)
    assert SECRET not in str(one.value)
    snapshot(person()).drop("standing").write_parquet(tmp_path / "snapshot.parquet")
    with pytest.raises(BadSnapshot, match="snapshot: no column standing"):
        run(spark[0], tmp_path, parts=2)


def test_a_file_without_columns_that_may_be_missing_is_audited_all_the_same(spark, tmp_path):
    few = rows(row_of(person())).drop("account", "household", "sex")
    few.write_parquet(tmp_path / "rows.parquet")
    snapshot(person()).write_parquet(tmp_path / "snapshot.parquet")
    found = run(spark[0], tmp_path, parts=1)
    assert found["findings"]["verdict"].to_list() == ["notational"]
    assert set(few.columns) < set(ROWS)


def test_no_value_stands_in_sparks_log_when_a_function_fails(spark):
    session, folder = spark

    def fails(table):
        raise ValueError(table["text"][0])

    table = handed_out(session, pl.DataFrame({"text": [SECRET]}), {"text": pl.String})
    with pytest.raises(PythonException, match="TaskFailed: ValueError") as failed:
        each(table, fails, {"text": pl.String}, {"text": pl.String}).collect()
    assert SECRET not in str(failed.value)
    log = (folder / LOG).read_text("utf-8")
    assert "TaskFailed: ValueError" in log
    assert SECRET not in log


def test_nobody_else_reads_its_files_or_reaches_its_doors(spark):
    _, folder = spark
    assert (folder.stat().st_mode & 0o777, (folder / LOG).stat().st_mode & 0o777) == (0o700, 0o600)
    mine = psutil.Process(os.getpid())
    open_doors = [
        one.laddr.ip
        for process in [mine, *mine.children(recursive=True)]
        for one in process.net_connections("inet")
        if one.status == psutil.CONN_LISTEN
    ]
    assert open_doors
    assert {one.removeprefix("::ffff:") for one in open_doors} == {"127.0.0.1"}


@settings(max_examples=5)
@given(LINES)
def test_what_goes_to_spark_comes_back_as_it_was(spark, lines):
    session, _ = spark
    table = pl.DataFrame(lines, schema=COLUMNS, orient="row")
    sent = handed_out(session, table, COLUMNS)
    passed = each(sent, lambda batch: batch, COLUMNS, COLUMNS)
    apart = together(
        lambda part: {"other": part["one"].filter(pl.col("key").is_not_null()), "one": part["one"]},
        {"one": (parted(passed, 3), COLUMNS), "two": (parted(passed, 3), COLUMNS)},
        {"one": COLUMNS, "other": COLUMNS},
    )
    order = list(COLUMNS)
    for found, expected in (
        (passed, table),
        (only(apart, "one"), table),
        (only(apart, "other"), table.filter(pl.col("key").is_not_null())),
    ):
        assert_frame_equal(collected(found, COLUMNS).sort(order), expected.sort(order))
