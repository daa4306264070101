"""On a world with planted mis-links: none is cleared, nearly all are found, few rows need a person."""

import polars as pl
import pytest

from kumihimo.linkaudit import audit, results
from kumihimo.linkaudit.schema import FINDINGS, Mechanism, Verdict
from kumihimo.world.audits.plan import AuditPlan, Planting
from kumihimo.world.audits.worlds import make_world
from tests.linkaudit.hand import keyed

# Ten times the rates of the country, so that a small world has enough of each.
MANY = Planting(
    household=0.005,
    homonym=0.003,
    twin=0.001,
    random=0.0017,
    one_digit=0.0002,
    nobody=0.0001,
    shift=0.004,
)
PERSON_MAX = 0.02
PRECISION_MIN = 0.95
RECALL_MIN = 0.99


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("planted")


@pytest.fixture(scope="module")
def found(folder):
    world = make_world(AuditPlan(links=12_000, seed=11, planting=MANY, twins=0.03))
    for name, table in world.items():
        table.write_parquet(folder / f"{name}.parquet")
    audit.run(
        folder / "audit",
        rows=folder / "rows.parquet",
        snapshot=folder / "register.parquet",
        history=folder / "history.parquet",
        key=keyed(folder),
    )
    truth = world["truth"].select("row", "true_number", truth="mechanism")
    read = audit.Audit.open(folder / "audit").scan
    findings = read("findings").collect().join(truth, on="row", how="left")
    return findings, read("proposals").collect(), read("estimates").collect()


def by_kind(findings):
    """Return `KINDS` of findings by a count of them."""
    told = findings.with_columns(pl.col("run").is_not_null())
    by = told.group_by("pattern", "verdict", "mechanism", "reason", "run").agg(rows=pl.len())
    return sorted(by.rows())


def test_what_findings_tell_of_their_kinds_is_what_a_count_of_them_tells(found, folder):
    place = folder / "audit" / "findings.parquet"
    assert results.KINDS_MARK in pl.read_parquet_metadata(place)
    assert found[0]["run"].n_unique() > 2
    assert sorted(results.kinds(place).rows()) == by_kind(found[0])


def test_findings_that_another_program_has_written_are_counted(found, tmp_path):
    fewer = found[0].filter(pl.col("reason") != "agree").select(list(FINDINGS))
    fewer.write_parquet(tmp_path / "findings.parquet")
    assert sorted(results.kinds(tmp_path / "findings.parquet").rows()) == by_kind(fewer)


def test_no_planted_mislink_is_cleared(found):
    planted = found[0].drop_nulls("truth")
    assert len(planted) > 150
    assert not planted["verdict"].is_in([Verdict.CONFIRMED, Verdict.NOTATIONAL]).any()


@pytest.mark.parametrize("mechanism", ["household", "twin", "random", "shift"])
def test_nearly_all_are_found(found, mechanism):
    planted = found[0].filter(pl.col("truth") == mechanism)
    share = (planted["verdict"] == Verdict.MISLINK).mean()
    assert isinstance(share, float)
    assert share >= RECALL_MIN, len(planted)


def test_what_is_suspected_is_nearly_always_a_mislink_and_of_the_mechanism_told(found):
    suspected = found[0].filter(pl.col("verdict") == Verdict.MISLINK)
    assert suspected["truth"].is_not_null().sum() >= PRECISION_MIN * len(suspected)
    named = suspected.drop_nulls("truth")
    assert (named["truth"] == named["mechanism"]).sum() >= PRECISION_MIN * len(named)


def test_few_rows_need_a_person(found):
    assert (found[0]["verdict"] == Verdict.PERSON).sum() <= PERSON_MAX * len(found[0])


def test_who_is_proposed_is_the_true_person(found):
    findings, proposals, _ = found
    told = proposals.join(findings.select("row", "true_number"), on="row")
    assert len(told) > 150
    assert (told["number"] == told["true_number"]).sum() >= RECALL_MIN * len(told)


def test_odds_rank_the_planted_before_the_others(found):
    findings = found[0].sort("odds", descending=True)
    planted = findings["truth"].is_not_null()
    first = planted.head(int(planted.sum()))
    assert first.sum() >= PRECISION_MIN * len(first)


def test_the_rates_are_within_their_intervals(found):
    findings, _, estimates = found
    for line in estimates.filter(pl.col("affair").is_null()).iter_rows(named=True):
        true = (findings["truth"] == line["mechanism"]).sum() / len(findings)
        if line["mechanism"] != Mechanism.SHIFT:
            assert line["low"] <= true <= line["high"], line


def test_the_rate_of_shifts_has_an_interval_like_the_others(found):
    whole = found[2].filter(pl.col("affair").is_null(), pl.col("mechanism") == "shift")
    assert whole["low"][0] < MANY.shift < whole["high"][0]
    assert whole["low"][0] < whole["rate"][0] < whole["high"][0]
