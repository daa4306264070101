import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.people.numbers import (
    BadNumber,
    CorporateNumber,
    IndividualNumber,
    MunicipalityCode,
    NumberSpace,
    ResidentCode,
    WrongNumberSpace,
)

OFFICIAL, TEST = NumberSpace.OFFICIAL, NumberSpace.TEST
WIDE = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}
SPACED = (IndividualNumber, ResidentCode, CorporateNumber)
LENGTHS = {IndividualNumber: 11, ResidentCode: 10, CorporateNumber: 12}
spaces = st.sampled_from(NumberSpace)


def written(number):
    return number.digits if isinstance(number, CorporateNumber) else number.reveal()


@st.composite
def numbers(draw, kind):
    length = LENGTHS[kind]
    body = draw(st.integers(0, 10**length - 1))
    return kind.generate(f"{body:0{length}}", space=draw(spaces))


@given(st.one_of(*(numbers(kind) for kind in SPACED)))
def test_what_was_generated_is_read_back_in_any_notation(number):
    kind, digits = type(number), written(number)
    for text in (
        digits,
        digits.translate(WIDE),
        f" {digits[:4]} {digits[4:8]}\u3000{digits[8:]}",
        f"{digits[:4]}-{digits[4:8]}ー{digits[8:]}",
        "-".join(digits),
    ):
        assert kind.parse(text, space=number.space) == number


@given(st.one_of(*(numbers(kind) for kind in SPACED)))
def test_a_number_of_one_space_is_refused_in_the_other_by_name(number):
    other = TEST if number.space is OFFICIAL else OFFICIAL
    with pytest.raises(WrongNumberSpace) as refused:
        type(number).parse(written(number), space=other)
    assert written(number) not in str(refused.value)


@given(st.one_of(*(numbers(kind) for kind in SPACED)), st.integers(1, 9))
def test_a_wrong_check_digit_is_refused_and_never_quoted(number, shift):
    kind, digits = type(number), written(number)
    at = 0 if kind is CorporateNumber else len(digits) - 1
    wrong = f"{digits[:at]}{(int(digits[at]) + shift) % 10}{digits[at + 1 :]}"
    with pytest.raises((BadNumber, WrongNumberSpace)) as refused:
        kind.parse(wrong, space=number.space)
    assert wrong not in str(refused.value)
    assert "person" not in str(refused.value)


@given(st.integers(0, 99_999))
def test_a_municipality_code_is_read_back_and_prints_and_knows_its_prefecture(body):
    code = MunicipalityCode.generate(f"{body:05}")
    assert MunicipalityCode.parse(str(code).translate(WIDE)) == code
    assert code.prefecture == f"{body:05}"[:2]


@given(st.integers(0, 99_999), st.integers(1, 9))
def test_a_municipality_code_with_another_last_digit_is_refused(body, shift):
    digits = str(MunicipalityCode.generate(f"{body:05}"))
    with pytest.raises(BadNumber):
        MunicipalityCode.parse(f"{digits[:-1]}{(int(digits[-1]) + shift) % 10}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12345678901",
        "1234567890188",
        "12345678901x",
        "①23456789018",
        "12345678901²",
        "٣٤٥٦٧٨٩٠١٢٣٤",
        "1234_5678_9018",
        "+123456789018",
        "123456789018\n",
        "1" * 10_000,
        "\u202e123456789018",
    ],
)
def test_what_is_no_individual_number_is_refused_without_being_quoted(text):
    for parse in (
        lambda: IndividualNumber.parse(text, space=OFFICIAL),
        lambda: MunicipalityCode.parse(text),
    ):
        with pytest.raises(BadNumber) as refused:
            parse()
        assert not text or text not in str(refused.value)


@given(st.text(max_size=80), spaces)
def test_no_text_makes_a_number_fail_otherwise_than_by_refusal(text, space):
    for kind in SPACED:
        try:
            found = kind.parse(text, space=space)
        except (BadNumber, WrongNumberSpace):
            continue
        assert kind.parse(written(found), space=space) == found


@given(st.one_of(numbers(IndividualNumber), numbers(ResidentCode)))
def test_a_number_prints_nothing_of_itself_however_it_is_asked(number):
    assert repr(number) == f"{type(number).__name__}(<withheld>)"
    assert written(number)[:6] not in repr([number, {"n": number}])
    for printing in (lambda: str(number), lambda: f"{number}", lambda: f"{number:>20}"):
        with pytest.raises(TypeError, match="does not print"):
            printing()


@given(numbers(CorporateNumber))
def test_a_corporate_number_is_public_and_prints(number):
    assert str(number) == number.digits


@given(numbers(IndividualNumber), st.integers(1, 9))
def test_a_number_of_these_types_cannot_be_made_around_the_check(number, shift):
    digits = written(number)
    wrong = f"{digits[:-1]}{(int(digits[-1]) + shift) % 10}"
    with pytest.raises(AssertionError):
        IndividualNumber(wrong, space=number.space)


def test_two_people_may_hold_numbers_that_differ_in_one_digit_and_both_are_valid():
    # Why a valid check digit is never evidence of the right person.
    one = IndividualNumber.generate("00000000000", space=OFFICIAL)
    near = [
        IndividualNumber.generate(f"{'0' * place}{digit}{'0' * (10 - place)}", space=OFFICIAL)
        for place in range(11)
        for digit in range(1, 10)
    ]
    alike = [other for other in near if other.reveal()[-1] == one.reveal()[-1]]
    assert alike
    assert one not in alike
