"""Which reports of mis-links make sense, and which of two states is the later one."""

import re
from datetime import date
from typing import Final, get_args

from kumihimo.kernel.ids import is_id
from kumihimo.kernel.refusal import BadInput
from kumihimo.rooms.agency.api import MislinkReported, MislinkState

_ORDER: Final[tuple[str, ...]] = get_args(MislinkState)
# Ids of affairs as `statute` and deployments write them, none of which holds a number of a person.
_AFFAIR: Final = re.compile(r"(?!.*[0-9]{5})[a-z0-9-]{0,64}")


def place_of(state: MislinkState) -> int:
    """Return the place of a state in the order of time, from 0."""
    return _ORDER.index(state)


def check(report: MislinkReported, today: date) -> None:
    """Raise `BadInput` for what cannot be; `today` is the Japanese calendar day."""
    if not is_id(report.report):
        raise BadInput("ids are 22 characters of base64url", pointer="report")
    if _AFFAIR.fullmatch(report.affair) is None:
        raise BadInput("the id of an affair, such as b081, or nothing", pointer="affair")
    if (report.state == "suspected") != (report.corrected_on is None):
        raise BadInput("the day of a correction, and only of one", pointer="corrected_on")
    if report.corrected_on is not None and report.corrected_on > today:
        raise BadInput("that day has not come", pointer="corrected_on")
