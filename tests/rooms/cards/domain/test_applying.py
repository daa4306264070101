from datetime import date, timedelta
from typing import Any

import pytest

from kumihimo.kernel.refusal import Refusal
from kumihimo.people.births import BirthDate
from kumihimo.rooms.cards.domain.applying import Wish, terms
from kumihimo.rooms.cards.domain.refusals import BadApplication, NotEligible, TooLate
from kumihimo.rooms.cards.domain.tables import express_reasons

TODAY = date(2026, 6, 1)
ADULT = "1980-02-17"


def asked(birth: Any = ADULT, **wish: Any):
    written: dict[str, Any] = {"channel": "counter", **wish}
    return terms(Wish(**written), BirthDate.parse(birth), today=TODAY)


def express(reason, birth=ADULT, event_on: Any = TODAY, **wish: Any):
    return asked(birth, handover="direct", express=reason, event_on=event_on, **wish)


def test_an_ordinary_card_takes_one_to_two_months_and_a_first_one_costs_nothing():
    found = asked(channel="smartphone")
    assert (found.due_from, found.due_by) == (date(2026, 7, 1), date(2026, 7, 31))
    assert found.fee == 0
    assert found.pins == {"sign", "auth", "register", "text"}


def test_an_express_card_takes_five_to_seven_days():
    found = express("lost")
    assert (found.due_from, found.due_by) == (date(2026, 6, 6), date(2026, 6, 8))


@pytest.mark.parametrize("reason", [r for r in express_reasons() if r != "infant"])
def test_every_reason_for_express_issue_holds_for_thirty_days_after_the_event(reason):
    express(reason, event_on=TODAY - timedelta(days=30))
    with pytest.raises(TooLate):
        express(reason, event_on=TODAY - timedelta(days=31))


@pytest.mark.parametrize("event_on", [None, TODAY + timedelta(days=1)])
def test_express_issue_needs_an_event_that_has_happened(event_on):
    with pytest.raises(BadApplication):
        express("lost", event_on=event_on)


def test_an_infant_has_express_issue_until_the_day_before_the_first_birthday():
    found = express("infant", "2025-06-02", event_on=None)
    assert not found.photo_needed
    assert found.representative_needed
    with pytest.raises(TooLate):
        express("infant", "2025-06-01", event_on=None)


def test_who_has_no_reason_has_no_express_issue():
    with pytest.raises(BadApplication):
        express("in-a-hurry")


@pytest.mark.parametrize(
    ("wish", "fee"),
    [
        ({}, 0),
        ({"replaces": "expiry"}, 0),
        ({"replaces": "not-own-fault"}, 0),
        ({"replaces": "lost"}, 1_000),
        ({"replaces": "damaged", "certificates": False}, 800),
        ({"express": "lost"}, 2_000),
        ({"express": "damaged", "certificates": False}, 1_800),
        ({"express": "number-changed"}, 0),
    ],
)
def test_only_who_is_at_fault_pays(wish, fee):
    more = {"handover": "direct", "event_on": TODAY} if "express" in wish else {}
    assert asked(**wish, **more).fee == fee


def test_a_child_under_fifteen_gets_no_sign_certificate_and_needs_a_representative():
    child, pupil = asked("2011-06-02"), asked("2011-06-01")
    assert (child.kind, child.representative_needed) == ("without-sign", True)
    assert (pupil.kind, pupil.representative_needed) == ("standard", False)
    assert "sign" not in child.pins


def test_an_adult_under_guardianship_gets_no_sign_certificate_and_needs_a_representative():
    ward = asked(ward=True)
    assert (ward.kind, ward.representative_needed) == ("without-sign", True)


def test_a_face_card_has_no_pin_at_all():
    assert asked(kind="face").pins == frozenset()


def test_no_photo_is_needed_before_the_first_birthday_and_one_from_then_on():
    assert not asked("2025-06-02").photo_needed
    assert asked("2025-06-01").photo_needed


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [
        ({"channel": "post", "handover": "checked-at-application"}, NotEligible),
        ({"handover": "direct"}, NotEligible),
        ({"channel": "pc", "handover": "direct", "express": "lost"}, NotEligible),
        ({"express": "lost", "event_on": TODAY}, NotEligible),
        ({"event_on": TODAY}, BadApplication),
    ],
)
def test_a_card_is_not_posted_to_somebody_whom_nobody_identified(wish, refusal):
    with pytest.raises(refusal):
        asked(**wish)


def test_who_is_not_born_yet_gets_no_card():
    with pytest.raises(Refusal):
        asked("2026-06-02")
