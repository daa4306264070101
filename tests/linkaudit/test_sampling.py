"""A draw by suspicion says of all records what people found in a few of them."""

import numpy as np
import polars as pl
import pytest

from kumihimo.linkaudit.estimating import estimates
from kumihimo.linkaudit.quantiles import BadStatistics
from kumihimo.linkaudit.sampling import CLEARED, draw, needed, plan, suspicion
from kumihimo.linkaudit.schema import Verdict

ROWS = 30_000
BUDGET = 900


@pytest.fixture(scope="module")
def findings():
    """Return findings of two affairs: 2 % open to doubt, the others cleared, as an audit leaves them."""
    order = np.random.default_rng(3)
    verdict = order.choice(
        ["confirmed", "notational", "person", "mislink"], ROWS, p=[0.2, 0.78, 0.015, 0.005]
    )
    levels = {"confirmed": [-6.0], "notational": [-5.0, -3.5, -2.0], "person": [-2.5, -1.0, 0.0], "mislink": [1.0, 3.0]}  # fmt: skip
    return pl.DataFrame(
        {
            "row": np.arange(ROWS),
            "record_id": [f"r{n}" for n in range(ROWS)],
            "affair": order.choice(["pension", "tax"], ROWS, p=[0.9, 0.1]),
            "verdict": verdict,
            "odds": [float(order.choice(levels[one])) for one in verdict],
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def truth(findings):
    """Say which records are wrong; more often than the audit thinks where it cleared them."""
    p = np.where(findings["verdict"].is_in(CLEARED), 8e-4, suspicion(findings))
    return np.random.default_rng(4).random(ROWS) < p


def found(findings, truth, sample):
    known = findings.select("record_id", wrong=pl.Series(truth))
    return sample.select("record_id").join(known, on="record_id", how="left")


def line(told, verdict, affair=None):
    [one] = told.filter(
        pl.col("verdict").eq_missing(verdict) & pl.col("affair").eq_missing(affair)
    ).rows(named=True)
    return one


@pytest.mark.parametrize(("rate", "rows"), [(0.036, 2_572), (0.00025, 384_064)])
def test_what_precision_costs_is_told_beforehand(rate, rows):
    assert needed(rate, 0.2) == pytest.approx(rows, rel=1e-4)


@pytest.mark.parametrize("budget", [8, 100, BUDGET, ROWS, ROWS + 1])
def test_the_sample_is_as_large_as_the_budget(findings, budget):
    made = plan(findings.lazy(), budget)
    sample = draw(findings.lazy(), made, 1)
    assert len(sample) == min(budget, ROWS)
    assert sample["record_id"].n_unique() == len(sample)
    assert made.strata["drawn"].sum() == len(sample)
    assert (made.strata["drawn"] >= 1).all()
    groups = made.groups["inclusion"]
    assert ((groups > 0) & (groups <= 1)).all()


def test_the_more_suspect_is_the_likelier_to_be_looked_at(findings):
    groups = plan(findings.lazy(), BUDGET).groups
    for _, part in groups.group_by("affair", "verdict"):
        ordered = part.sort("odds")["inclusion"].to_numpy()
        assert (np.diff(ordered) >= -1e-12).all()
    steep = groups.filter(affair="pension", verdict="notational").sort("odds")["inclusion"]
    assert steep[-1] > 3 * steep[0]


def test_the_records_that_were_cleared_have_their_share_of_the_looks(findings):
    for share in (0.3, 0.6):
        sample = draw(findings.lazy(), plan(findings.lazy(), BUDGET, share), 1)
        looked = sample["verdict"].is_in(CLEARED).sum()
        # There are 600 open records; what they do not need goes to the cleared too.
        assert looked == pytest.approx(max(BUDGET * share, BUDGET - 601), rel=0.05)


def test_the_same_seed_draws_the_same_in_whatever_parts_it_is_read(findings):
    made = plan(findings.lazy(), BUDGET)
    whole = draw(findings.lazy(), made, 7)
    assert draw(findings.lazy(), made, 7, chunk=1_234).equals(whole)
    assert not draw(findings.lazy(), made, 8).equals(whole)


def test_each_record_is_drawn_as_often_as_its_inclusion_says(findings):
    made = plan(findings.lazy(), BUDGET)
    times = np.zeros(ROWS)
    draws = 300
    for seed in range(draws):
        ids = draw(findings.lazy(), made, seed)["record_id"]
        times[ids.str.strip_prefix("r").cast(pl.Int64).to_numpy()] += 1
    told = findings.join(made.groups, on=["affair", "verdict", "odds"], maintain_order="left")
    counted = told.with_columns(times=pl.Series(times / draws)).group_by(
        "affair", "verdict", "odds"
    )
    for one in counted.agg(pl.col("times").mean(), pl.col("inclusion").first(), n=pl.len()).rows(
        named=True
    ):
        error = (one["inclusion"] / draws / one["n"]) ** 0.5
        assert one["times"] == pytest.approx(one["inclusion"], abs=4 * error + 1e-9)


@pytest.mark.parametrize("budget", [300, BUDGET, 3_000])
def test_the_estimate_is_right_on_average_and_its_interval_holds_nineteen_times_in_twenty(
    findings, truth, budget
):
    made, told = plan(findings.lazy(), budget), []
    for seed in range(120):
        sample = draw(findings.lazy(), made, seed)
        told.append(estimates(sample, found(findings, truth, sample)))
    cleared = findings["verdict"].is_in(CLEARED).to_numpy()
    for verdict, actual in ((None, truth.sum()), ("cleared", truth[cleared].sum())):
        lines = [line(one, verdict) for one in told]
        values = np.array([one["estimated"] for one in lines])
        assert values.mean() == pytest.approx(actual, abs=3 * values.std() / 120**0.5 + 0.5)
        assert np.mean([one["low"] <= actual <= one["high"] for one in lines]) >= 0.95
    strata = findings.select("affair", "verdict").with_columns(wrong=pl.Series(truth))
    for (affair, verdict), part in strata.group_by("affair", "verdict"):
        lines = [line(one, verdict, affair) for one in told]
        held = np.mean([one["low"] <= part["wrong"].sum() <= one["high"] for one in lines])
        assert held >= 0.93, (affair, verdict)


def test_a_sample_by_suspicion_finds_more_than_one_drawn_evenly(findings, truth):
    sample = draw(findings.lazy(), plan(findings.lazy(), BUDGET), 1)
    assert found(findings, truth, sample)["wrong"].mean() > 3 * truth.mean()


def test_a_census_leaves_no_doubt(findings, truth):
    sample = draw(findings.lazy(), plan(findings.lazy(), ROWS), 1)
    whole = line(estimates(sample, found(findings, truth, sample)), None)
    assert whole["low"] == whole["estimated"] == whole["high"] == truth.sum()


def test_a_sample_without_a_mis_link_still_does_not_say_that_there_are_none(findings):
    sample = draw(findings.lazy(), plan(findings.lazy(), BUDGET), 1)
    nothing = sample.select("record_id", wrong=pl.lit(value=False))
    told = line(estimates(sample, nothing), "cleared")
    assert told["estimated"] == 0
    assert told["high"] > 3 * told["rows"] / told["looked"]


def test_a_stratum_whose_records_are_all_alike_has_the_exact_interval(findings):
    sample = draw(findings.lazy(), plan(findings.lazy(), BUDGET), 1)
    one = sample.filter(affair="pension", verdict="confirmed")
    hits = sample.select(
        "record_id", wrong=pl.col("record_id").is_in(one["record_id"][:2].implode())
    )
    told = line(estimates(sample, hits), "confirmed", "pension")
    n, rows = told["looked"], told["rows"]
    # P(at most two of n) at the upper end is 2.5 %, by the binomial's own sum.
    share = told["high"] / rows
    below = sum(
        np.prod([(n - k) / (k + 1) for k in range(hit)]) * share**hit * (1 - share) ** (n - hit)
        for hit in range(3)
    )
    assert below == pytest.approx(0.025, rel=1e-3)


def test_what_nobody_could_decide_counts_for_neither_end(findings, truth):
    sample = draw(findings.lazy(), plan(findings.lazy(), BUDGET), 1)
    known = found(findings, truth, sample)
    some = known.with_columns(wrong=pl.when(pl.int_range(pl.len()) % 3 > 0).then("wrong"))
    whole, part = (line(estimates(sample, one), None) for one in (known, some))
    assert part["undecided"] == BUDGET // 3
    assert part["low"] <= whole["low"]
    assert part["high"] >= whole["high"]
    absent = line(estimates(sample, some.drop_nulls()), None)
    assert absent == part


def test_records_to_be_looked_at_twice_are_drawn_blindly(findings):
    made = plan(findings.lazy(), BUDGET)
    sample = draw(findings.lazy(), made, 1, repeats=0.1)
    assert sample["repeat"].sum() == BUDGET * 0.1
    again = sample.filter("repeat")["verdict"].is_in(CLEARED).mean()
    assert again == pytest.approx(sample["verdict"].is_in(CLEARED).mean(), abs=0.15)
    assert not draw(findings.lazy(), made, 1, repeats=0)["repeat"].any()


def test_figures_that_cannot_be_are_refused(findings):
    with pytest.raises(BadStatistics):
        needed(0, 0.2)
    for budget, cleared in ((7, 0.3), (-1, 0.3), (BUDGET, 0), (BUDGET, 1)):
        with pytest.raises(BadStatistics):
            plan(findings.lazy(), budget, cleared)
    sample = draw(findings.lazy(), plan(findings.lazy(), 10), 1)
    with pytest.raises(BadStatistics):
        estimates(sample, pl.DataFrame(schema={"record_id": pl.String, "wrong": pl.Boolean}))


def test_verdicts_are_those_of_the_audit(findings):
    assert set(findings["verdict"]) == set(map(str, Verdict))
