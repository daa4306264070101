"""Which leaks are reported, as what, and by when: the cases that went wrong in 2023 among them."""

from datetime import date
from typing import Any

import pytest

from kumihimo.rooms.oversight.api import LeakEvent
from kumihimo.rooms.oversight.domain.leaks import classify, working_day

KNOWN = date(2026, 6, 1)


def event(**facts: Any) -> LeakEvent:
    plain: dict[str, Any] = {
        "system": "none",
        "holder": "local-government",
        "acts": ("leak",),
        "persons": 1,
        "known_on": KNOWN,
    }
    return LeakEvent(**{**plain, **facts})


CASES = {
    # 足立区 2023-05: another person's certificate came out of a kiosk: one person, an organ's system.
    "Adachi": (event(system="related-affair"), ("1c",), date(2026, 7, 1)),
    # 公金受取口座: another person's account shown in the portal; judged "not reportable", wrongly.
    "portal account mis-link": (
        event(system="network", holder="administrative-organ"),
        ("1a",),
        date(2026, 7, 1),
    ),
    # 横浜市 2023-03: one of the certificates carried a number. People decide what the print system was.
    "one certificate with a number": (event(system="undecided"), ("1b",), date(2026, 7, 1)),
    "USB loss, 120 people": (
        event(acts=("loss",), persons=120, holder="private"),
        ("4",),
        date(2026, 7, 1),
    ),
    "dark-web sale": (
        event(acts=("leak",), unjust_purpose=True, persons=1, holder="private"),
        ("2",),
        date(2026, 7, 31),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_known_cases_have_the_types_and_last_days_that_the_rule_gives_them(name):
    happened, types, final = CASES[name]
    found = classify(happened)
    assert (found.types, found.final_due) == (types, final)
    assert (found.preliminary_alarm, found.preliminary_due) == (
        date(2026, 6, 4),
        date(2026, 6, 6),  # a Saturday: the preliminary report does not wait for a working day
    )
    assert found.notify_person
    assert found.undecided == (name == "one certificate with a number")


@pytest.mark.parametrize(
    ("facts", "types"),
    [
        ({"system": "network"}, ("1a",)),
        ({"system": "use-affair", "holder": "private"}, ("1b",)),
        ({"system": "related-affair", "holder": "private"}, ()),
        ({"system": "related-affair", "holder": "independent-agency"}, ("1c",)),
        ({"system": "network", "acts": ("use",)}, ()),
        ({"acts": ("provision",), "unjust_purpose": True}, ("2",)),
        ({"viewable_by_anyone": True}, ("3",)),
        ({"persons": 100}, ()),
        ({"persons": 101}, ("4",)),
        ({"persons": 101, "acts": ("provision",)}, ("4",)),
        ({"system": "network", "unjust_purpose": True, "persons": 101}, ("1a", "2", "4")),
        ({"system": "network", "persons": 0}, ()),
        ({"system": "network", "encrypted": True, "persons": 5_000}, ()),
    ],
)
def test_each_type_has_its_bound(facts, types):
    found = classify(event(**facts))
    assert found.types == types
    assert found.notify_person == bool(types)


def test_the_general_act_fires_for_organs_and_for_them_alone():
    assert classify(event(sensitive=True)).general_rule
    assert classify(event(persons=101)).general_rule
    assert not classify(event(persons=100)).general_rule
    assert not classify(event(sensitive=True, holder="private")).general_rule
    assert not classify(event(sensitive=True, encrypted=True)).general_rule


@pytest.mark.parametrize(
    ("known", "final"),
    [
        (date(2026, 4, 3), date(2026, 5, 7)),  # Sunday in Golden Week, and a day in lieu after it
        (date(2026, 11, 30), date(2027, 1, 4)),  # the end of the year
        (date(2026, 6, 2), date(2026, 7, 2)),
        (date(2026, 6, 4), date(2026, 7, 6)),  # a Saturday
    ],
)
def test_the_final_report_may_wait_for_the_next_working_day(known, final):
    assert classify(event(system="network", known_on=known)).final_due == final
    assert working_day(final) == final
