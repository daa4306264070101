"""The check digits of the public numbers: published cases, both spaces, one at a time and by millions."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.jp import cn, in_

from kumihimo.people.check_digits import (
    NumberSpace,
    corporate_check_digit,
    individual_check_digit,
    municipality_check_digit,
    resident_check_digit,
)
from kumihimo.people.columns.check_digits import check_digits_individual, check_digits_resident

OFFICIAL, TEST = NumberSpace.OFFICIAL, NumberSpace.TEST
INDIVIDUAL = ("123456789018", "379474484458", "454972364860", "983205673214")
RESIDENT = ("24727059608", "24846016224")  # the two public samples that the assumed rule fits
CORPORATE = ("7000012050002", "9010601021385", "1020001071491", "7010401022916", "7010001008844")
MUNICIPALITY = ("131016", "011002", "131130", "271004", "141003", "141305", "231002")


def bodies(length):
    return st.integers(0, 10**length - 1).map(lambda body: f"{body:0{length}}")


@pytest.mark.parametrize("number", INDIVIDUAL)
def test_published_individual_numbers_have_their_check_digit(number):
    assert str(individual_check_digit(number[:-1], OFFICIAL)) == number[-1]


@pytest.mark.parametrize("code", RESIDENT)
def test_the_two_public_samples_of_a_resident_code_have_their_check_digit(code):
    assert str(resident_check_digit(code[:-1], OFFICIAL)) == code[-1]


@pytest.mark.parametrize("number", CORPORATE)
def test_published_corporate_numbers_begin_with_their_check_digit(number):
    assert str(corporate_check_digit(number[1:], OFFICIAL)) == number[0]


@pytest.mark.parametrize("code", MUNICIPALITY)
def test_published_municipality_codes_end_with_their_check_digit(code):
    assert str(municipality_check_digit(code[:-1])) == code[-1]


@given(bodies(11))
def test_another_implementation_of_the_individual_numbers_rule_agrees(body):
    assert in_.calc_check_digit(body) == str(individual_check_digit(body, OFFICIAL))


@given(bodies(12))
def test_another_implementation_of_the_corporate_numbers_rule_agrees(body):
    assert cn.calc_check_digit(body) == str(corporate_check_digit(body, OFFICIAL))


@given(bodies(11), bodies(10), bodies(12))
def test_no_body_has_the_same_check_digit_in_both_spaces(individual, resident, corporate):
    for rule, body in (
        (individual_check_digit, individual),
        (resident_check_digit, resident),
        (corporate_check_digit, corporate),
    ):
        assert rule(body, OFFICIAL) != rule(body, TEST)


@given(bodies(12))
def test_a_corporate_check_digit_is_never_nought(body):
    assert {corporate_check_digit(body, space) for space in NumberSpace} <= set(range(1, 10))


@given(st.lists(st.integers(0, 10**10 - 1), max_size=20), st.sampled_from(NumberSpace))
def test_the_rule_by_the_million_is_the_rule_one_at_a_time(numbers, space):
    at = np.array(numbers, dtype=np.int64)
    told = check_digits_individual(at, space).tolist()
    assert told == [individual_check_digit(f"{n:011}", space) for n in numbers]
    told = check_digits_resident(at, space).tolist()
    assert told == [resident_check_digit(f"{n:010}", space) for n in numbers]


def test_a_valid_check_digit_is_never_evidence_of_the_right_person():
    # The slips of a keyboard that pass: sources of wrong links, so no code may take it for proof.
    missed = []
    for number in INDIVIDUAL:
        for place, digit in product(range(11), "0123456789"):
            slipped = number[:place] + digit + number[place + 1 : -1]
            if slipped != number[:-1] and individual_check_digit(slipped, OFFICIAL) == int(
                number[-1]
            ):
                missed.append(slipped)
    assert missed
    numbers = np.random.Generator(np.random.PCG64(1)).integers(0, 10**12, 20_000)
    passing = np.count_nonzero(check_digits_individual(numbers // 10, OFFICIAL) == numbers % 10)
    assert 0.08 < passing / len(numbers) < 0.12


@pytest.mark.parametrize("body", ["", "1234567890", "123456789012", "1234567890x", "\uff11" * 11])
def test_a_body_of_another_form_is_a_bug_and_gets_no_check_digit(body):
    with pytest.raises(AssertionError):
        individual_check_digit(body, OFFICIAL)


@pytest.mark.parametrize("body", [-1, 10**11])
def test_a_body_out_of_range_gets_no_check_digit_by_the_million_either(body):
    with pytest.raises(AssertionError):
        check_digits_individual(np.array([body], dtype=np.int64))
