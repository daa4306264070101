"""What others may know of the agency: how a mis-link is reported, and how a ministry reads of it.

Counts and codes only: no number, name, address or code of a person, and no id of a record.
"""

from datetime import date
from typing import Annotated, Literal

import msgspec

from kumihimo.rooms.oversight.api import LeakType

PARTY = "agency"

MISLINK_PATH = "/mislinks"
OF_MINISTRY_PATH = "/mislinks/of-ministry"

# How the link had gone wrong; the words are those of the gateway's doubts.
MislinkMechanism = Literal[
    "household", "homonym", "twin", "random", "shift", "mismatch", "reported"
]
# In the order of time: in doubt; found right, or put right; and everyone concerned has her letter.
MislinkState = Literal["suspected", "confirmed", "corrected", "told"]

Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]


class MislinkLeak(msgspec.Struct, frozen=True, kw_only=True):
    """The leak that came of it (Number Act art. 29-4), and by when oversight is owed its reports.

    `types` are words of `oversight.api.LeakType`; the days are the last of each time.
    """

    types: Annotated[tuple[LeakType, ...], msgspec.Meta(min_length=1, max_length=6)]
    preliminary_due: date
    final_due: date


class MislinkReported(msgspec.Struct, frozen=True, kw_only=True):
    """An institution tells of mis-links of one affair; a later state under the same id supersedes.

    `affair` is an id of 別表, "" where the institution does not know for which affair the link was
    used, or tells of the whole case. `persons` counts those whose data was shown to another, or
    taken for another's. `corrected_on` is a day of the Japanese calendar, None unless a number was
    put right. `case` is the id of the report that speaks of the whole case: what one doubt had led
    to in several affairs is one case ("": a report that is a case of its own).
    """

    report: str
    affair: Annotated[str, msgspec.Meta(max_length=64)]
    mechanism: MislinkMechanism
    links: Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
    persons: Count
    corrected_on: date | None
    state: MislinkState
    case: str = ""
    leak: MislinkLeak | None = None


class MislinksAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A ministry reads on from a place; 0 is the beginning."""

    after: Annotated[int, msgspec.Meta(ge=0, le=2**62)] = 0


class MislinkTold(msgspec.Struct, frozen=True, kw_only=True):
    """The latest state of a report, and who reported it."""

    institution: str
    reported: MislinkReported


class MislinksTold(msgspec.Struct, frozen=True, kw_only=True):
    """Up to 1,000 reports in the order in which they came; read on `after`, until none come.

    A report whose state changes comes again, later.
    """

    reports: tuple[MislinkTold, ...]
    after: int
