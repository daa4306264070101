import numpy as np
import polars as pl
import pytest

from kumihimo.linkaudit.quantiles import BadStatistics
from kumihimo.linkaudit.sampling import (
    draw,
    estimate,
    inclusions,
    needed,
    standard_error,
    suspicion,
)

ROWS = 20_000


@pytest.fixture(scope="module")
def findings():
    order = np.random.default_rng(3)
    p = np.where(order.random(ROWS) < 0.02, order.uniform(0.001, 0.9, ROWS), 2e-4)
    return pl.DataFrame(
        {
            "row": np.arange(ROWS),
            "record_id": [str(n) for n in range(ROWS)],
            "odds": np.log10(p / (1 - p)),
        }
    )


@pytest.fixture(scope="module")
def truth(findings):
    p = suspicion(findings)
    return (np.random.default_rng(4).random(ROWS) < p) & (p > 1e-4)


def verdicts(sample, truth):
    return pl.Series(truth[sample["row"].to_numpy()])


@pytest.mark.parametrize(("rate", "rows"), [(0.036, 2_572), (0.00025, 384_064)])
def test_what_precision_costs_is_told_beforehand(rate, rows):
    assert needed(rate, 0.2) == pytest.approx(rows, rel=1e-4)


def test_where_the_odds_are_high_every_row_is_looked_at(findings):
    p, inclusion = suspicion(findings), inclusions(findings, 500)
    assert (inclusion[p >= 0.02] == 1).all()
    assert inclusion[p < 0.02].sum() == pytest.approx(500)
    assert (inclusion > 0).all()
    assert (inclusion <= 1).all()


def test_the_more_suspect_is_the_likelier_to_be_looked_at(findings):
    p, inclusion = suspicion(findings), inclusions(findings, 500)
    order = np.argsort(p)
    assert (np.diff(inclusion[order]) >= -1e-12).all()


@pytest.mark.parametrize("census_from", [0.02, 1.0])
def test_the_estimate_is_right_on_average_and_its_interval_holds_nine_times_in_ten(
    findings, truth, census_from
):
    made = []
    for seed in range(60):
        sample = draw(findings, 600, seed, census_from=census_from)
        made.append(estimate(sample, verdicts(sample, truth)))
    actual = truth.sum()
    values = np.array([one.value for one in made])
    assert values.mean() == pytest.approx(actual, abs=3 * values.std() / 60**0.5 + 0.5)
    assert np.mean([one.low <= actual <= one.high for one in made]) >= 0.9


def test_the_standard_error_is_that_of_drawing_independently(findings):
    wrong = np.arange(ROWS) % 40 == 0  # also where nothing was suspected
    inclusion = inclusions(findings, 600)
    exact = (wrong * (1 - inclusion) / inclusion).sum()
    told = []
    for seed in range(100):
        sample = draw(findings, 600, seed)
        told.append(standard_error(sample, verdicts(sample, wrong)) ** 2)
    assert np.mean(told) == pytest.approx(exact, rel=0.15)


def test_a_sample_by_suspicion_finds_more_than_one_drawn_evenly(findings, truth):
    sample = draw(findings, 600, 1)
    by_suspicion = verdicts(sample, truth).mean()
    assert by_suspicion > 3 * truth.mean()


def test_a_census_leaves_no_doubt(findings, truth):
    sample = draw(findings, ROWS, 1)
    found = estimate(sample, verdicts(sample, truth))
    assert len(sample) == ROWS
    assert found.low == found.value == found.high == truth.sum()


def test_a_sample_without_a_mis_link_still_does_not_say_that_there_are_none(findings):
    sample = draw(findings, 600, 1)
    found = estimate(sample, pl.Series([False] * len(sample)))
    assert found.value == 0
    assert found.high > 3


def test_figures_that_cannot_be_are_refused(findings):
    with pytest.raises(BadStatistics):
        needed(0, 0.2)
    with pytest.raises(BadStatistics):
        inclusions(findings, -1)
    with pytest.raises(BadStatistics):
        estimate(draw(findings, 10, 1), pl.Series([True]))
