"""Which reports of mis-links make sense, and which of two states is the later one."""

import re
from collections.abc import Set as AbstractSet
from datetime import date
from typing import Final

from kumihimo.kernel.ids import is_id
from kumihimo.kernel.refusal import BadInput, Conflict
from kumihimo.rooms.agency.api import MislinkLeak, MislinkReported, MislinkState

# A doubt ends in one of two ways, of which only one is ever told to anybody.
_PLACES: Final[dict[MislinkState, int]] = {
    "suspected": 0,
    "confirmed": 1,
    "corrected": 1,
    "told": 2,
}
_UNCHANGED: Final = frozenset({"suspected", "confirmed"})
# Ids of affairs as `statute` and deployments write them, none of which holds a number of a person.
_AFFAIR: Final = re.compile(r"(?!.*[0-9]{5})[a-z0-9-]{0,64}")


def place_of(state: MislinkState) -> int:
    """Return the place of a state in the order of time, from 0."""
    return _PLACES[state]


def check(report: MislinkReported, today: date) -> None:
    """Raise `BadInput` for what cannot be; `today` is the Japanese calendar day."""
    if not is_id(report.report):
        raise BadInput("ids are 22 characters of base64url", pointer="report")
    if _AFFAIR.fullmatch(report.affair) is None:
        raise BadInput("the id of an affair, such as b081, or nothing", pointer="affair")
    if report.case and not is_id(report.case):
        raise BadInput("ids are 22 characters of base64url", pointer="case")
    if (report.state in _UNCHANGED) != (report.corrected_on is None):
        raise BadInput("the day of a correction, and only of one", pointer="corrected_on")
    if report.corrected_on is not None and report.corrected_on > today:
        raise BadInput("that day has not come", pointer="corrected_on")
    if report.leak is not None:
        _check_leak(report.leak, report.corrected_on)


def _check_leak(leak: MislinkLeak, corrected_on: date | None) -> None:
    days = (corrected_on, leak.preliminary_due, leak.final_due)
    if corrected_on is None or list(days) != sorted(day for day in days if day):
        raise BadInput("reports are due after a correction, the final one last", pointer="leak")


def check_states(states: AbstractSet[str]) -> None:
    """Raise `Conflict` for states that no one report can have had."""
    if "confirmed" in states and states - {"suspected", "confirmed"}:
        raise Conflict("a link that was right has no one to be told", pointer="state")
