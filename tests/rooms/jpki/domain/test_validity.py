from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.kernel.clock import legal_day
from kumihimo.rooms.jpki.domain.profiles import profiles
from kumihimo.rooms.jpki.domain.validity import (
    Facts,
    age_on,
    birthday,
    birthdays_after,
    end_of,
    last_day,
    may_sign,
    months_before,
)

PRESENT, NEXT = profiles().generation["present"], profiles().generation["next"]
BORN = date(1980, 2, 17)
FAR = date(2100, 1, 1)
days = st.dates(date(1900, 1, 1), date(2030, 12, 31))


def ends(issued, generation=PRESENT, **changes):
    facts = {"birth": BORN, "card_ends_on": FAR, **changes}
    return last_day(Facts(issued_on=issued, **facts), generation)


def test_a_certificate_lives_to_the_fifth_birthday_as_a_published_test_certificate_does():
    assert ends(date(2025, 10, 27)) == date(2030, 2, 17)


def test_a_birthday_on_the_day_of_issue_does_not_count():
    assert ends(date(2026, 2, 17)) == date(2031, 2, 17)
    assert ends(date(2026, 2, 16)) == date(2030, 2, 17)


def test_who_renews_in_the_last_three_months_loses_none_of_them():
    assert ends(date(2029, 11, 17), old_ends_on=date(2030, 2, 17)) == date(2035, 2, 17)
    assert ends(date(2029, 11, 16), old_ends_on=date(2030, 2, 17)) == date(2034, 2, 17)


def test_an_old_end_that_is_no_birthday_gives_no_sixth_year():
    assert ends(date(2026, 6, 1), old_ends_on=date(2026, 7, 1)) == date(2031, 2, 17)


def test_no_certificate_outlives_the_card_or_what_it_rests_on():
    assert ends(date(2025, 10, 27), card_ends_on=date(2027, 1, 1)) == date(2027, 1, 1)
    assert ends(date(2025, 10, 27), cap=date(2026, 12, 31)) == date(2026, 12, 31)


def test_the_next_generation_gives_adults_ten_years_and_children_five():
    assert ends(date(2028, 4, 1), NEXT) == date(2038, 2, 17)
    assert ends(date(2028, 4, 1), NEXT, birth=date(2015, 5, 5)) == date(2032, 5, 5)


def test_who_was_born_on_the_29th_of_february_has_a_birthday_each_year():
    assert birthday(date(2000, 2, 29), 2027) == date(2027, 2, 28)
    assert birthday(date(2000, 2, 29), 2028) == date(2028, 2, 29)
    assert ends(date(2026, 3, 1), birth=date(2000, 2, 29)) == date(2031, 2, 28)


def test_an_unknown_birthday_is_stood_in_for_by_the_day_of_issue():
    assert ends(date(2026, 6, 1), birth=None) == date(2031, 6, 1)


def test_nobody_under_fifteen_signs():
    assert not may_sign(date(2011, 6, 2), date(2026, 6, 1))
    assert may_sign(date(2011, 6, 1), date(2026, 6, 1))
    assert may_sign(None, date(2026, 6, 1))


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        (date(2026, 5, 31), 3, date(2026, 2, 28)),
        (date(2026, 1, 15), 3, date(2025, 10, 15)),
        (date(2028, 5, 31), 3, date(2028, 2, 29)),
    ],
)
def test_months_are_counted_back_to_a_day_that_exists(day, months, before):
    assert months_before(day, months) == before


@given(birth=days, issued=days, old=st.none() | days, card=days, cap=st.none() | days)
def test_the_last_day_never_passes_a_cap_and_never_the_sixth_birthday(
    birth, issued, old, card, cap
):
    found = ends(issued, birth=birth, old_ends_on=old, card_ends_on=card, cap=cap)
    assert found <= card
    assert cap is None or found <= cap
    assert found <= birthdays_after(birth, issued, 6)
    free = ends(issued, birth=birth, old_ends_on=old)
    assert free in {birthdays_after(birth, issued, 5), birthdays_after(birth, issued, 6)}
    assert free >= birthdays_after(birth, issued, 5)


@given(birth=days, issued=days)
def test_a_sixth_birthday_is_given_only_for_time_that_is_left(birth, issued):
    first = birthdays_after(birth, issued, 1)
    assert ends(issued, birth=birth, old_ends_on=issued) == birthdays_after(
        birth, issued, 6 if first <= issued else 5
    )


@given(birth=days, issued=days, later=st.integers(0, 400))
def test_who_comes_later_never_gets_less(birth, issued, later):
    after = issued + timedelta(days=later)
    assert ends(after, birth=birth) >= ends(issued, birth=birth)


@given(birth=days, day=days)
def test_age_grows_on_birthdays_only(birth, day):
    step = age_on(birth, day + timedelta(days=1)) - age_on(birth, day)
    tomorrow = day + timedelta(days=1)
    assert step == (birthday(birth, tomorrow.year) == tomorrow)


@given(days)
def test_the_end_is_the_last_second_of_the_japanese_day(day):
    end = end_of(day)
    assert end.strftime("%H:%M:%S") == "14:59:59"
    assert legal_day(end) == day
    assert legal_day(end + timedelta(seconds=1)) == day + timedelta(days=1)
    assert end.tzinfo is UTC
    assert isinstance(end, datetime)
