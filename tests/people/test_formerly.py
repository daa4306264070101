"""Today's name or address comes first; one held before counts where today's does not agree."""

import pytest

from kumihimo.people.address_levels import SAME_LOT, SAME_PLACE, AddressLevel
from kumihimo.people.formerly import address_ever, name_ever
from kumihimo.people.levels import SAME_NAME, NameLevel

WORSE_NAMES = [one for one in NameLevel if one not in SAME_NAME and one is not NameLevel.MISSING]
WORSE_PLACES = [one for one in AddressLevel if one not in SAME_LOT | {AddressLevel.MISSING}]


@pytest.mark.parametrize("now", WORSE_NAMES)
def test_a_name_held_before_is_another_of_the_persons_names(now):
    assert {name_ever(now, [NameLevel.DIFFERENT, one]) for one in SAME_NAME} == {NameLevel.MEMBER}
    assert name_ever(now, [*WORSE_NAMES, NameLevel.MISSING]) is now
    assert name_ever(now, []) is now


@pytest.mark.parametrize("now", [*SAME_NAME, NameLevel.MISSING])
def test_a_name_that_agrees_today_or_cannot_be_read_stays_what_it_is(now):
    assert name_ever(now, list(NameLevel)) is now


@pytest.mark.parametrize("now", WORSE_PLACES)
def test_an_address_held_before_is_a_former_one(now):
    found = {address_ever(now, [AddressLevel.TOWN, one]) for one in SAME_LOT}
    assert found == {AddressLevel.FORMER}
    assert address_ever(now, [*WORSE_PLACES, AddressLevel.MISSING]) is now
    assert address_ever(now, []) is now


@pytest.mark.parametrize("now", [*SAME_LOT, AddressLevel.MISSING])
def test_an_address_that_agrees_today_or_cannot_be_read_stays_what_it_is(now):
    assert address_ever(now, list(AddressLevel)) is now


def test_what_may_be_two_places_is_none_of_the_sets_of_one():
    doubtful = {AddressLevel.LAST_NUMBER, AddressLevel.TOWN, AddressLevel.CITY}
    assert not doubtful & SAME_LOT
    assert {AddressLevel.OTHER_ROOM, AddressLevel.NO_CITY} == SAME_LOT - SAME_PLACE
