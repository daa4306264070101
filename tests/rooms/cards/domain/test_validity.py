from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.people.births import BirthDate
from kumihimo.rooms.cards.domain.dates import age_on, birthday_after, months_later
from kumihimo.rooms.cards.domain.refusals import BadApplication, TooLate
from kumihimo.rooms.cards.domain.validity import (
    Stay,
    ends_on,
    extended,
    last_day,
    renewable_from,
)

days = st.dates(date(1950, 1, 1), date(2060, 12, 31))


def born(day):
    return BirthDate.parse(day)


def ends(birth, made, stay=None, applied=None):
    made_on = date.fromisoformat(made)
    applied_on = date.fromisoformat(applied or made)
    return last_day(born(birth), applied_on=applied_on, made_on=made_on, stay=stay or Stay())


def test_an_adults_card_ends_on_the_tenth_birthday_and_a_minors_on_the_fifth():
    assert ends("1980-02-17", "2026-06-01") == date(2036, 2, 17)
    assert ends("2010-02-17", "2026-06-01") == date(2031, 2, 17)


def test_who_turns_eighteen_on_the_day_of_applying_gets_an_adults_card():
    assert ends("2008-06-01", "2026-06-01") == date(2036, 6, 1)
    assert ends("2008-06-02", "2026-06-01") == date(2030, 6, 2)


def test_before_april_2022_full_age_was_twenty():
    assert ends("2003-01-01", "2022-03-31") == date(2027, 1, 1)
    assert ends("2003-01-01", "2022-04-01") == date(2032, 1, 1)


def test_a_birthday_on_the_day_of_making_is_not_counted():
    assert ends("1980-06-01", "2026-06-01") == date(2036, 6, 1)
    assert ends("1980-06-02", "2026-06-01") == date(2035, 6, 2)


def test_who_was_born_on_a_leap_day_counts_the_last_of_february():
    assert ends("2000-02-29", "2026-06-01") == date(2036, 2, 28)
    assert age_on(date(2000, 2, 29), date(2026, 2, 28)) == 26


def test_an_unknown_day_of_birth_counts_as_the_first_that_it_can_be():
    assert ends("1950年不詳", "2026-06-01") == date(2036, 1, 1)


@given(days, st.integers(0, 36_000))
def test_a_card_lasts_more_than_nine_and_at_most_ten_years_for_an_adult(birth, age):
    made = birth + timedelta(days=age + 366 * 21)
    last = last_day(
        BirthDate((birth.year, birth.month, birth.day)), applied_on=made, made_on=made, stay=Stay()
    )
    assert age_on(birth, last) - age_on(birth, made) == 10
    assert last > made + timedelta(days=9 * 365)
    assert last <= birthday_after(birth, made, 10)


def test_a_foreign_residents_card_ends_with_the_stay():
    stay = Stay(kind="limited", until=date(2027, 3, 31))
    assert ends("1980-02-17", "2026-06-01", stay) == date(2027, 3, 31)


def test_a_permanent_residents_card_ends_as_a_japanese_persons():
    assert ends("1980-02-17", "2026-06-01", Stay(kind="unlimited")) == date(2036, 2, 17)


def test_a_stay_that_is_over_gives_no_card():
    with pytest.raises(TooLate):
        ends("1980-02-17", "2026-06-01", Stay(kind="limited", until=date(2026, 5, 31)))


def test_while_a_renewal_of_the_stay_is_open_the_card_may_be_prolonged_two_months():
    stay = Stay(kind="limited", until=date(2027, 3, 31), renewal_asked_on=date(2027, 3, 1))
    longest = date(2036, 2, 17)
    assert extended(date(2027, 3, 31), by_age=longest, stay=stay, on=date(2027, 3, 31)) == date(
        2027, 5, 31
    )


def test_a_card_that_has_ended_is_not_prolonged():
    stay = Stay(kind="limited", until=date(2030, 3, 31))
    with pytest.raises(TooLate):
        extended(date(2027, 3, 31), by_age=date(2036, 2, 17), stay=stay, on=date(2027, 4, 1))


def test_a_longer_stay_never_takes_a_card_past_its_birthday():
    stay = Stay(kind="limited", until=date(2050, 3, 31))
    assert extended(
        date(2027, 3, 31), by_age=date(2036, 2, 17), stay=stay, on=date(2027, 3, 1)
    ) == date(2036, 2, 17)


@pytest.mark.parametrize(
    "stay",
    [
        {"kind": "limited"},
        {"kind": "unlimited", "until": date(2027, 1, 1)},
        {"kind": "japanese", "renewal_asked_on": date(2027, 1, 1)},
        {"kind": "limited", "until": date(2027, 1, 1), "renewal_asked_on": date(2027, 1, 2)},
    ],
)
def test_a_stay_that_contradicts_itself_is_refused(stay):
    with pytest.raises(BadApplication):
        Stay(**stay)


def test_the_new_card_is_asked_for_from_three_months_before_the_last_day():
    assert renewable_from(date(2036, 5, 31)) == date(2036, 2, 29)
    assert ends_on(date(2036, 2, 17)) == date(2036, 2, 18)


@given(days, st.integers(-48, 48))
def test_some_months_later_is_in_the_month_that_one_counts_to(day, months):
    later = months_later(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day <= day.day
