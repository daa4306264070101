"""What the desk computes: the order of its queue, agreement beyond chance, the evidence drawn."""

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kumihimo.rooms.review.domain.agreement import Pairs, agreement
from kumihimo.rooms.review.domain.waterfall import WIDE, waterfall
from kumihimo.rooms.review.domain.worth import probability, worth


def test_a_likely_mislink_that_takes_long_may_wait_for_a_less_likely_one_that_takes_a_moment():
    assert worth(2.0, 1.0) > worth(0.0, 1.0)
    assert worth(0.0, 0.5) > worth(2.0, 5.0)
    assert worth(2.0, 0.0) == worth(2.0, 0.1)


@pytest.mark.parametrize(("odds", "share"), [(0.0, 0.5), (1.0, 10 / 11), (400.0, 1.0), (-400.0, 0)])
def test_odds_are_powers_of_ten_against_a_match(odds, share):
    assert probability(odds) == pytest.approx(share)


def pairs(first, second, items, *, drawn=False):
    return Pairs(first=first, second=second, drawn=drawn, items=items)


def test_kappa_is_what_cohen_says():
    found = agreement(
        [pairs("change", "change", 20), pairs("change", "stay", 5), pairs("stay", "change", 10),
         pairs("stay", "stay", 15)]
    )  # fmt: skip
    assert (found.pairs, found.agreeing) == (50, 35)
    assert found.kappa == pytest.approx(0.4)


def test_a_blind_repeat_counts_for_the_looks_that_nobody_repeated():
    rare = agreement(
        [pairs("change", "change", 20), pairs("stay", "stay", 1, drawn=True),
         pairs("stay", "change", 1)]
    )  # fmt: skip
    same = agreement(
        [pairs("change", "change", 20), pairs("stay", "stay", 20), pairs("stay", "change", 1)]
    )
    assert rare.kappa == pytest.approx(same.kappa)


def test_no_agreement_is_told_where_there_is_nothing_to_agree_on():
    assert agreement([]).kappa is None
    assert agreement([pairs("stay", "stay", 3)]).kappa is None


def test_the_bars_end_at_what_the_audit_says():
    found = waterfall({"name": 3.0, "birth": -8.0, "sex": None}, odds=1.0)
    bits = {bar.name: bar.bits for bar in found.bars}
    assert bits["total"] == pytest.approx(-math.log2(10))
    assert bits["name"] + bits["birth"] + bits["rest"] == pytest.approx(bits["total"])
    assert "sex" not in bits


@example({"a": 5e-324}, 0.0)
@settings(max_examples=40)
@given(
    st.dictionaries(st.sampled_from("abcde"), st.none() | st.floats(), max_size=5),
    st.floats(),
)
def test_every_bar_stays_in_the_drawing_whatever_the_weights(weights, odds):
    found = waterfall(weights, odds=odds)
    for bar in found.bars:
        assert bar.x >= -1e-6
        assert bar.x + bar.width <= WIDE + 1e-6
