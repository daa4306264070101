import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.linkaudit.quantiles import (
    BadStatistics,
    beta_below,
    beta_quantile,
    gamma_below,
    gamma_quantile,
    share_interval,
    total_interval,
)


def binomial_at_least(hits, trials, share):
    p = Fraction(share)
    return float(
        sum(math.comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(hits, trials + 1))
    )


@given(st.integers(1, 40), st.integers(0, 40), st.floats(0.001, 0.999))
def test_the_beta_function_is_the_exact_sum_of_the_binomial(hits, more, share):
    trials = hits + more
    exact = binomial_at_least(hits, trials, share)
    assert beta_below(share, hits, trials - hits + 1) == pytest.approx(exact, rel=1e-9, abs=1e-14)


@given(st.integers(1, 60), st.floats(0.01, 80))
def test_the_gamma_function_is_the_exact_sum_of_the_poisson(shape, x):
    below = sum(math.exp(-x) * x**k / math.factorial(k) for k in range(shape))
    assert gamma_below(x, shape) == pytest.approx(1 - below, abs=1e-12)


@given(st.floats(0.001, 0.999), st.floats(0.3, 5_000), st.floats(0.3, 5_000))
def test_a_quantile_is_where_that_much_lies_below(probability, a, b):
    x = beta_quantile(probability, a, b)
    if 1e-12 < x < 1 - 1e-12:
        assert beta_below(x, a, b) == pytest.approx(probability, abs=1e-7)
    assert gamma_below(gamma_quantile(probability, a), a) == pytest.approx(probability, abs=1e-9)


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.3084971),  # published tables of Clopper and Pearson
        (5, 10, 0.1870860, 0.8129140),
        (1, 100, 0.0002531460, 0.05445939),
        (10, 10, 0.6915029, 1.0),
    ],
)
def test_a_share_has_the_interval_of_clopper_and_pearson(hits, trials, low, high):
    found = share_interval(hits, trials)
    assert found.low == pytest.approx(low, abs=1e-6)
    assert found.high == pytest.approx(high, abs=1e-6)


def test_nothing_found_in_three_million_leaves_about_one_in_a_million():
    assert share_interval(0, 3_000_000, 0.9).high == pytest.approx(3 / 3_000_000, rel=0.01)


def test_figure_six_has_the_intervals_that_were_published():
    # 1,142 mis-links in 15.71 million: 0.0069 to 0.0077 %.
    found = total_interval(1142, 1142, 1.0).times(100 / 15_710_000)
    assert (round(found.low, 4), round(found.high, 4)) == (0.0069, 0.0077)
    one = total_interval(1, 1, 1.0)
    assert one.low == pytest.approx(0.0253178, abs=1e-6)
    assert one.high == pytest.approx(5.571643, abs=1e-5)


def test_a_total_without_events_is_bounded_by_the_heaviest_that_could_have_been():
    assert total_interval(0, 0, 1.0).high == pytest.approx(3.688879, abs=1e-5)
    assert total_interval(0, 0, 50.0).high == pytest.approx(50 * 3.688879, abs=1e-3)


@pytest.mark.parametrize(
    ("hits", "trials", "confidence"), [(2, 1, 0.95), (-1, 1, 0.95), (1, 2, 1.0), (1, 2, 0.0)]
)
def test_a_share_that_cannot_be_is_refused(hits, trials, confidence):
    with pytest.raises(BadStatistics):
        share_interval(hits, trials, confidence)


@pytest.mark.parametrize(("total", "variance", "heaviest"), [(-1, 1, 1), (1, -1, 1), (1, 1, 0)])
def test_a_total_that_cannot_be_is_refused(total, variance, heaviest):
    with pytest.raises(BadStatistics):
        total_interval(total, variance, heaviest)


def test_with_nothing_tried_nothing_is_known():
    found = share_interval(0, 0)
    assert (found.low, found.high) == (0.0, 1.0)
