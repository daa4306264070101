"""The texts that a holder signs: read back only word for word, and fresh only for a week."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.kernel.refusal import BadInput, NotAllowed
from kumihimo.rooms.jpki.domain.consents import (
    HAND_IN_WITHIN,
    ITEMS,
    LASTS_YEARS_MAX,
    Statement,
    Withdrawal,
)

DAY = date(2026, 6, 1)
ID = "A" * 22
days = st.dates(date(2024, 1, 1), date(2090, 12, 31))
names = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)
items = st.lists(st.sampled_from(ITEMS), min_size=1, unique=True).map(
    lambda found: tuple(item for item in ITEMS if item in found)
)
ids = st.text("abcXYZ019_-", min_size=22, max_size=22)
statements = st.builds(
    Statement,
    consent=ids,
    verifier=names,
    platform=st.one_of(st.just("-"), names),
    use=names,
    items=items,
    starts_on=days,
    ends_on=days,
)
withdrawals = st.builds(Withdrawal, withdrawal=ids, verifier=names, on=days)


def statement(**changes):
    wanted: dict[str, Any] = {
        "consent": ID,
        "verifier": "bank",
        "platform": "-",
        "use": "address-change",
        "items": ITEMS,
        "starts_on": DAY,
        "ends_on": DAY + timedelta(days=365),
    }
    return Statement(**(wanted | changes))


def check(one, **changes):
    asked: dict[str, Any] = {
        "tenant": "bank",
        "platform": "-",
        "uses": ["address-change"],
        "today": DAY,
    }
    one.check(**(asked | changes))


@given(statements)
def test_what_was_shown_to_her_is_what_is_read_back(one):
    assert Statement.parse(one.text()) == one


@given(withdrawals)
def test_a_withdrawal_is_read_back_as_it_was_written(one):
    assert Withdrawal.parse(one.text()) == one


@given(statements, st.data())
def test_a_text_that_differs_in_one_character_is_another_consent_or_none(one, data):
    text = one.text()
    place = data.draw(st.integers(0, len(text)))
    other = data.draw(st.characters(codec="utf-8"))
    for changed in (text[:place] + other + text[place:], text[:place] + other + text[place + 1 :]):
        if changed == text:
            continue
        try:
            found = Statement.parse(changed)
        except BadInput:
            continue
        assert found != one
        assert found.text() == changed


@given(st.text(max_size=1_200))
def test_no_text_does_anything_but_stand_for_a_consent_or_be_refused(text):
    for form in (Statement, Withdrawal):
        try:
            found = form.parse(text)
        except BadInput:
            continue
        assert found.text() == text


def test_a_consent_is_no_withdrawal_and_a_withdrawal_no_consent():
    with pytest.raises(BadInput):
        Withdrawal.parse(statement().text())
    with pytest.raises(BadInput):
        Statement.parse(Withdrawal(withdrawal=ID, verifier="bank", on=DAY).text())


def test_it_is_handed_in_within_a_week_of_its_day_and_lasts_five_years_at_most():
    check(statement(), today=DAY + HAND_IN_WITHIN)
    check(statement(ends_on=DAY.replace(year=DAY.year + LASTS_YEARS_MAX)))
    for bad in (
        {"today": DAY + HAND_IN_WITHIN + timedelta(days=1)},
        {"today": DAY - timedelta(days=1)},
        {"tenant": "shop"},
        {"platform": "hub"},
    ):
        with pytest.raises(BadInput):
            check(statement(), **bad)
    with pytest.raises(BadInput):
        check(statement(ends_on=DAY.replace(year=DAY.year + LASTS_YEARS_MAX, day=2)))
    with pytest.raises(NotAllowed):
        check(statement(), uses=["advertising"])


def test_a_consent_of_a_leap_day_lasts_to_the_twenty_eighth():
    leap = date(2028, 2, 29)
    check(statement(starts_on=leap, ends_on=date(2033, 2, 28)), today=leap)
    with pytest.raises(BadInput):
        check(statement(starts_on=leap, ends_on=date(2033, 3, 1)), today=leap)


def test_days_that_no_calendar_goes_beyond_are_refused_and_break_nothing():
    for far in (date.min, date.max):
        with pytest.raises(BadInput):
            check(statement(starts_on=far, ends_on=date.max))
