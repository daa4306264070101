from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kumihimo.rooms.cards.domain.counting import Count, Entry, as_csv, band, count

DAY = date(2026, 6, 1)
BORN = date(1980, 2, 17)


def entry(kind, on=DAY, municipality="131032", delivered_on=DAY, born=BORN):
    return Entry(on=on, municipality=municipality, born=born, kind=kind, delivered_on=delivered_on)


def totals(entries, day=DAY):
    found = count(entries, day=day)
    return sum(one.delivered for one in found), sum(one.held for one in found)


def test_a_delivery_adds_to_both_and_an_abolition_takes_from_the_held_alone():
    assert totals([entry("delivered")]) == (1, 1)
    assert totals([entry("delivered"), entry("abolished")]) == (1, 0)


def test_a_re_issued_card_adds_one_to_the_delivered_and_none_to_the_held():
    old = [entry("delivered")]
    assert totals([*old, entry("abolished"), entry("delivered")]) == (2, 1)


def test_the_reversal_of_a_wrong_delivery_takes_back_both():
    assert totals([entry("delivered"), entry("undelivered"), entry("taken-back")]) == (0, 0)


def test_a_move_changes_where_a_card_is_held_and_not_where_it_was_delivered():
    moved = [entry("delivered"), entry("moved-out"), entry("moved-in", municipality="271004")]
    assert count(moved, day=DAY) == [
        Count(municipality="131032", age="45-49", delivered=1, held=0),
        Count(municipality="271004", age="45-49", delivered=0, held=1),
    ]


def test_the_count_of_a_day_knows_nothing_of_the_next():
    entries = [entry("delivered"), entry("abolished", on=DAY + timedelta(days=1))]
    assert totals(entries) == (1, 1)
    assert totals(entries, DAY + timedelta(days=1)) == (1, 0)
    assert totals(entries, DAY - timedelta(days=1)) == (0, 0)


def test_a_holder_grows_into_the_next_band_and_the_delivery_stays_in_its_own():
    birthday = date(2030, 2, 17)
    before = count([entry("delivered")], day=birthday - timedelta(days=1))
    assert before == [Count(municipality="131032", age="45-49", delivered=1, held=1)]
    assert count([entry("delivered")], day=birthday) == [
        Count(municipality="131032", age="45-49", delivered=1, held=0),
        Count(municipality="131032", age="50-54", delivered=0, held=1),
    ]


def test_a_reversal_years_later_leaves_no_rest_in_another_band():
    late = date(2033, 6, 1)
    entries = [entry("delivered"), entry("undelivered", on=late), entry("taken-back", on=late)]
    assert count(entries, day=late) == []


def test_bands_are_of_five_years_and_the_last_is_open():
    assert [band(age) for age in (0, 4, 5, 99, 100, 114)] == [
        "0-4", "0-4", "5-9", "95-99", "100-", "100-",
    ]  # fmt: skip


def test_counts_come_as_csv_with_a_header():
    rows = as_csv(DAY, count([entry("delivered")], day=DAY)).splitlines()
    assert rows == [
        "day,municipality,age,delivered,held",
        "2026-06-01,131032,45-49,1,1",
    ]


@given(st.lists(st.sampled_from(["abolished", "delivered"]), max_size=30))
def test_the_held_are_the_delivered_less_the_abolished_however_they_come(kinds):
    entries = [entry(kind) for kind in kinds]
    given_out, gone = kinds.count("delivered"), kinds.count("abolished")
    assert totals(entries) == (given_out, given_out - gone)
