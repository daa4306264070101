"""Who has to look again, when it is decided, and what the gateway is told."""

import pytest

from kumihimo.rooms.review.api import Answer, EffectKind
from kumihimo.rooms.review.domain.answers import (
    Again,
    AskOffice,
    Decided,
    Look,
    Soon,
    after,
    told,
)

OWN, NOTATION, WRONG, UNSURE = Answer


def looks(*answers, numbers=("", "", "")):
    officers = ("a", "b", "c")
    return [
        Look(who, answer, number.encode())
        for who, answer, number in zip(officers, answers, numbers, strict=False)
    ]


def test_nobody_changes_a_link_alone():
    assert after(looks(WRONG), repeat=False) == Again()
    assert after(looks(WRONG), repeat=True) == Again()


def test_nobody_lets_a_suspended_link_work_again_alone():
    assert after(looks(OWN), repeat=False, suspended=True) == Again()
    assert after(looks(OWN), repeat=False) == Soon(looks(OWN)[0])


def test_two_who_agree_decide():
    for first, second in ((WRONG, WRONG), (OWN, OWN), (OWN, NOTATION)):
        found = looks(first, second)
        assert after(found, repeat=False) == Decided(found[1])


def test_two_who_want_different_numbers_do_not_agree():
    found = looks(WRONG, WRONG, numbers=("x", "y", ""))
    assert after(found, repeat=False) == Again()
    third = looks(WRONG, WRONG, WRONG, numbers=("x", "y", "x"))
    assert after(third, repeat=False) == Decided(third[2])
    assert after(looks(WRONG, WRONG, WRONG, numbers=("x", "y", "")), repeat=False) == AskOffice()


def test_a_third_decides_between_two_and_where_she_cannot_the_office_is_asked():
    found = looks(WRONG, OWN, NOTATION)
    assert after(looks(WRONG, OWN), repeat=False) == Again()
    assert after(found, repeat=False) == Decided(found[2])
    assert after(looks(WRONG, OWN, UNSURE), repeat=False) == AskOffice()


def test_who_cannot_tell_asks_the_office():
    assert after(looks(UNSURE), repeat=False) == AskOffice()
    assert after(looks(OWN, UNSURE, UNSURE), repeat=True) == AskOffice()


def test_a_blind_repeat_is_a_look_like_any_other():
    assert after(looks(OWN), repeat=True) == Again()
    found = looks(OWN, WRONG)
    assert after(found, repeat=True) == Again()


def test_one_person_never_counts_as_two():
    with pytest.raises(AssertionError):
        after([Look("a", WRONG), Look("a", WRONG)], repeat=False)


@pytest.mark.parametrize(
    ("answer", "suspended", "kinds"),
    [
        (WRONG, False, (EffectKind.SUSPEND, EffectKind.CORRECT)),
        (WRONG, True, (EffectKind.CORRECT,)),
        (OWN, True, (EffectKind.CONFIRM,)),
        (NOTATION, True, (EffectKind.CONFIRM,)),
        (OWN, False, ()),
    ],
)
def test_the_gateway_is_told_what_the_link_needs_and_no_more(answer, suspended, kinds):
    assert told(answer, suspended=suspended) == kinds
