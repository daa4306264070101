import math

import numpy as np
import polars as pl
import pytest

from kumihimo.linkaudit.schema import Verdict
from kumihimo.linkaudit.statistics import TWO_NUMBERS, remaining, two_numbers


def findings(p, verdict, mechanism="household", affair="pension"):
    p = np.asarray(p, dtype=np.float64)
    return pl.DataFrame(
        {
            "affair": affair,
            "verdict": verdict,
            "mechanism": mechanism,
            "odds": np.log10(p / (1 - p)),
        }
    )


@pytest.fixture(scope="module")
def judged():
    return pl.concat(
        [
            findings([0.99] * 40, Verdict.MISLINK),
            findings([0.2] * 50, Verdict.PERSON, "homonym"),
            findings([1e-6] * 9_910, Verdict.CONFIRMED, "match"),
            findings([0.999] * 3, Verdict.MISLINK, "twin", "tax"),
            findings([1e-6] * 997, Verdict.CONFIRMED, "match", "tax"),
        ]
    )


def test_there_are_always_two_numbers_and_both_have_an_interval(judged):
    found = two_numbers(judged)
    assert dict(found.schema) == TWO_NUMBERS
    lines = {line["affair"]: line for line in found.iter_rows(named=True)}
    assert set(lines) == {None, "pension", "tax"}
    pension = lines["pension"]
    assert (pension["rows"], pension["observed"]) == (10_000, 40)
    assert pension["observed_low"] < 0.004 < pension["observed_high"]
    assert pension["residual"] == pytest.approx(10, abs=0.1)
    assert pension["residual_low"] < 10 < pension["residual_high"]
    assert lines[None]["observed"] == 43
    assert lines["tax"]["residual_high"] > 3, "nothing left is not the same as nothing possible"


def test_what_was_missed_is_bounded_by_what_was_sown():
    all_found = remaining(500, 300, 300)
    assert all_found.value == 0
    assert 8 < all_found.high < 25
    half = remaining(500, 150, 300)
    assert half.low < 500 < half.high
    assert half.value == pytest.approx(500)


def test_nothing_found_of_what_was_sown_bounds_nothing():
    assert remaining(5, 0, 300).high == math.inf
    assert remaining(5, 0, 0).high == math.inf


def test_the_missed_lie_within_their_interval_nine_times_in_ten():
    chance, held = np.random.default_rng(9), 0
    for _ in range(60):
        found = chance.binomial(300, 0.9)
        seen = chance.binomial(400, 0.9)
        bound = remaining(int(seen), int(found), 300)
        held += bound.low <= 400 - seen <= bound.high
    assert held >= 54
