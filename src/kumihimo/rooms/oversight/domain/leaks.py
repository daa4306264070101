"""Which leaks of specific personal information are reported, by when, and to whom else.

Number Act art. 29-4 and the rule of the commission on it. Whether a system serves an affair of use
is sometimes for people to decide; while nobody has, it counts: the default is to report.
"""

from datetime import date, timedelta
from typing import Final

import attrs
import jpholiday

from kumihimo.rooms.oversight.api import LeakEvent, LeakType

PERSONS_MORE_THAN: Final = 100
PRELIMINARY_ALARM_DAYS: Final = 3  # 速報: "promptly", about three to five days
PRELIMINARY_BREACH_DAYS: Final = 5
FINAL_DAYS: Final = 30  # 確報
FINAL_DAYS_UNJUST: Final = 60  # where the purpose was unjust
_SATURDAY: Final = 5
# Offices are closed from December 29 to January 3.
_YEAR_END: Final = frozenset({(12, 29), (12, 30), (12, 31), (1, 1), (1, 2), (1, 3)})
_ORGANS: Final = frozenset({"administrative-organ", "local-government", "independent-agency"})
_LOST: Final = frozenset({"leak", "loss", "damage"})


@attrs.frozen(kw_only=True)
class Classified:
    """What the rule makes of an event. All days are Japanese calendar days, the last of each time.

    `types` is empty where nothing is reported. `general_rule`: the general Act (art. 68, for
    organs) applies too. `undecided`: people must still say what kind of system it was.
    """

    types: tuple[LeakType, ...]
    preliminary_alarm: date
    preliminary_due: date
    final_due: date
    notify_person: bool
    general_rule: bool
    undecided: bool


def classify(event: LeakEvent) -> Classified:
    """Classify an event that an institution has known of since `event.known_on`."""
    types = () if event.encrypted or event.persons == 0 else _types(event)
    days = FINAL_DAYS_UNJUST if "2" in types else FINAL_DAYS
    return Classified(
        types=types,
        preliminary_alarm=event.known_on + timedelta(days=PRELIMINARY_ALARM_DAYS),
        preliminary_due=event.known_on + timedelta(days=PRELIMINARY_BREACH_DAYS),
        final_due=working_day(event.known_on + timedelta(days=days)),
        notify_person=bool(types),
        general_rule=_general_rule(event),
        undecided=event.system == "undecided" and bool(types),
    )


def _types(event: LeakEvent) -> tuple[LeakType, ...]:
    lost = bool(_LOST & set(event.acts))
    found: list[LeakType] = []
    if lost and event.system == "network":
        found.append("1a")
    if lost and event.system in {"use-affair", "undecided"}:
        found.append("1b")
    if lost and event.system == "related-affair" and event.holder in _ORGANS:
        found.append("1c")
    if event.unjust_purpose and event.acts:
        found.append("2")
    if event.viewable_by_anyone:
        found.append("3")
    if event.persons > PERSONS_MORE_THAN and event.acts:
        found.append("4")
    return tuple(found)


def _general_rule(event: LeakEvent) -> bool:
    """Say whether the general Act's own duty fires for an organ (art. 68, its rule art. 43)."""
    if event.encrypted or event.persons == 0 or event.holder not in _ORGANS:
        return False
    return (
        event.sensitive
        or event.property_damage
        or event.unjust_purpose
        or event.persons > PERSONS_MORE_THAN
    )


def working_day(day: date) -> date:
    """Return the day, or the next on which offices are open (for the final report only)."""
    while (
        day.weekday() >= _SATURDAY or (day.month, day.day) in _YEAR_END or jpholiday.is_holiday(day)
    ):
        day += timedelta(days=1)
    return day
