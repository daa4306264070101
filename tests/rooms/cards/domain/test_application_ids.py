import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.kernel.entropy import SeededEntropy
from kumihimo.people.check_digits import NumberSpace
from kumihimo.rooms.cards.domain.application_ids import (
    LENGTH,
    ApplicationId,
    BadApplicationId,
)

TEST, OFFICIAL = NumberSpace.TEST, NumberSpace.OFFICIAL
ids = st.builds(
    lambda seed, space: (ApplicationId.draw(SeededEntropy(seed), space=space).reveal(), space),
    st.integers(),
    st.sampled_from(NumberSpace),
)


@given(ids)
def test_an_id_is_read_back_as_it_was_drawn(drawn):
    digits, space = drawn
    assert len(digits) == LENGTH
    assert ApplicationId.parse(digits, space=space).reveal() == digits


@given(ids, st.integers(0, LENGTH - 1), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(drawn, place, by):
    digits, space = drawn
    wrong = digits[:place] + str((int(digits[place]) + by) % 10) + digits[place + 1 :]
    with pytest.raises(BadApplicationId):
        ApplicationId.parse(wrong, space=space)


@given(ids, st.integers(0, LENGTH - 2))
def test_two_neighbours_in_the_wrong_order_are_always_found(drawn, place):
    digits, space = drawn
    swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    if swapped != digits:
        with pytest.raises(BadApplicationId):
            ApplicationId.parse(swapped, space=space)


@given(ids)
def test_an_id_of_the_test_space_is_never_one_of_the_other(drawn):
    digits, space = drawn
    with pytest.raises(BadApplicationId):
        ApplicationId.parse(digits, space=OFFICIAL if space is TEST else TEST)


@given(ids)
def test_an_id_is_read_in_groups_and_in_full_width_as_people_write_it(drawn):
    digits, space = drawn
    grouped = "-".join((digits[:5], digits[5:11], digits[11:17], digits[17:]))
    wide = digits.translate({ord("0") + d: chr(0xFF10 + d) for d in range(10)})
    assert ApplicationId.parse(grouped, space=space).reveal() == digits
    assert ApplicationId.parse(wide, space=space).reveal() == digits


@pytest.mark.parametrize("text", ["", "9" * 22, "9" * 24, "九" * 23, "²" * 23, "1" * 4000])
def test_what_is_no_id_is_refused(text):
    with pytest.raises(BadApplicationId):
        ApplicationId.parse(text, space=TEST)


def test_an_id_does_not_print():
    drawn = ApplicationId.draw(SeededEntropy(1), space=TEST)
    assert drawn.reveal() not in repr(drawn)
    with pytest.raises(TypeError):
        str(drawn)
