import numpy as np
import polars as pl
import pytest

from kumihimo.linkaudit.agreement import errors, kappa, pairs
from kumihimo.linkaudit.quantiles import BadStatistics

MISS = {"a": 0.02, "b": 0.10, "c": 0.30}
ALARM = {"a": 0.01, "b": 0.05, "c": 0.02}


def judged(rows, seed=1, names="abc", share=0.3):
    chance = np.random.default_rng(seed)
    wrong = chance.random(rows) < share
    said = {
        name: np.where(wrong, chance.random(rows) >= MISS[name], chance.random(rows) < ALARM[name])
        for name in names
    }
    return pl.concat(
        pl.DataFrame({"record_id": np.arange(rows), "reviewer": name, "mislinked": said[name]})
        for name in names
    )


def test_kappa_is_the_published_one():
    # Fleiss, Levin and Paik's worked example of two by two: a=20, b=5, c=10, d=15, kappa 0.40.
    one = pl.Series([True] * 25 + [False] * 25)
    other = pl.Series([True] * 20 + [False] * 5 + [True] * 10 + [False] * 15)
    found = kappa(one, other)
    assert found.value == pytest.approx(0.4)
    assert found.low == pytest.approx(0.15, abs=0.01)
    assert found.high == pytest.approx(0.65, abs=0.01)


def test_reviewers_who_always_agree_have_a_kappa_of_one_and_guessers_about_none():
    same = pl.Series([True, False, True, False] * 20)
    assert kappa(same, same).value == 1
    chance = np.random.default_rng(2)
    guesses = [pl.Series(chance.random(2_000) < 0.5) for _ in range(2)]
    found = kappa(guesses[0], guesses[1])
    assert found.low < 0 < found.high


def test_the_interval_of_kappa_holds_the_truth_nine_times_in_ten():
    many = pairs(judged(200_000, names="ab"))[0][2]
    long = kappa(many["one"], many["other"]).value
    held = 0
    for seed in range(40):
        both = pairs(judged(300, seed + 10, "ab"))[0][2]
        found = kappa(both["one"], both["other"])
        held += found.low <= long <= found.high
    assert held >= 36


def test_a_pair_that_stands_for_twenty_counts_as_twenty():
    many = pairs(judged(4_000, names="ab"))[0][2]
    one, other = many["one"], many["other"]
    whole = kappa(one, other)
    alike = kappa(one, other, pl.Series([20.0] * len(one)))
    assert alike == whole
    # Of the first looks that said "right" one in five was repeated, of the others each.
    held, chance = 0, np.random.default_rng(5)
    for _ in range(60):
        kept = one | pl.Series(chance.random(len(one)) < 0.2)
        weights = pl.Series(np.where(one, 1.0, 5.0)).filter(kept)
        found = kappa(one.filter(kept), other.filter(kept), weights)
        held += found.low <= whole.value <= found.high
        unweighted = kappa(one.filter(kept), other.filter(kept))
        assert unweighted.value < whole.value
    assert held >= 55


def test_two_who_said_only_one_thing_have_no_kappa():
    with pytest.raises(BadStatistics):
        kappa(pl.Series([False] * 5), pl.Series([False] * 5))
    with pytest.raises(BadStatistics):
        kappa(pl.Series([False] * 5), pl.Series([False] * 4))


def test_each_reviewers_errors_are_found_without_knowing_the_truth():
    found = errors(judged(6_000))
    assert found is not None
    for one in found:
        assert one.missed == pytest.approx(MISS[one.reviewer], abs=0.03)
        assert one.false_alarms == pytest.approx(ALARM[one.reviewer], abs=0.02)


def test_two_reviewers_cannot_be_told_apart_from_the_truth_and_nothing_is_said_of_them():
    assert errors(judged(6_000, names="ab")) is None


def test_three_reviewers_who_hardly_meet_are_not_judged():
    apart = judged(6_000).filter(
        (pl.col("reviewer") == "a") & (pl.col("record_id") < 2_000)
        | (pl.col("reviewer") == "b") & pl.col("record_id").is_between(1_990, 4_000)
        | (pl.col("reviewer") == "c") & (pl.col("record_id") > 3_990)
    )
    assert errors(apart) is None
