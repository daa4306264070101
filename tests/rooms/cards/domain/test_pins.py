from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.people.births import BirthDate
from kumihimo.rooms.cards.domain.pins import PIN_KINDS, Pins
from kumihimo.rooms.cards.domain.refusals import BadPin

ALL = frozenset(PIN_KINDS)
GOOD: dict[Any, str] = {"sign": "ABC123", "auth": "1234", "register": "1234", "text": "1234"}
BIRTH = BirthDate.parse("1980-02-17")


def parse(wanted=ALL, **changes: Any):
    typed: dict[Any, str] = {**GOOD, **changes}
    return Pins.parse(typed, wanted=wanted, birth=BIRTH)


def test_one_value_may_serve_for_the_three_secrets_of_four_digits():
    found = parse()
    assert {kind: one.reveal() for kind, one in found.values.items()} == GOOD


def test_small_letters_of_the_sign_password_are_taken_as_capitals():
    assert parse(sign="abc123").values["sign"].reveal() == "ABC123"


@pytest.mark.parametrize(
    "sign", ["", "ABC12", "A1" * 9, "ABCDEF", "123456", "ABC 12", "\uff21\uff22\uff23123"]
)
def test_a_sign_password_of_another_form_is_refused_and_named(sign):
    with pytest.raises(BadPin) as refused:
        parse(sign=sign)
    assert refused.value.pointer == "sign"


@pytest.mark.parametrize("kind", ["auth", "register", "text"])
@pytest.mark.parametrize("value", ["", "123", "12345", "12a4", "\uff11\uff12\uff13\uff14", "²345"])
def test_a_pin_that_is_not_four_digits_is_refused_and_named(kind, value):
    with pytest.raises(BadPin) as refused:
        parse(**{kind: value})
    assert refused.value.pointer == kind


@pytest.mark.parametrize("value", ["1980", "0217"])
def test_a_part_of_the_birth_date_is_no_pin(value):
    with pytest.raises(BadPin):
        parse(auth=value)


def test_only_the_secrets_that_the_card_has_are_asked_for():
    assert set(parse(frozenset({"text"}), sign="").values) == {"text"}
    assert parse(frozenset()).values == {}


@given(st.text("0123456789", min_size=5, max_size=8))
def test_no_refusal_says_what_was_typed(value):
    with pytest.raises(BadPin) as refused:
        parse(auth=value)
    assert value not in repr(refused.value.problem())
