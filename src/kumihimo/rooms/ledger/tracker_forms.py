"""What the data tracker's doors answer, in the words of its specification (docs/reference/tracker.md)."""

from datetime import datetime
from typing import Literal

import msgspec


class Usage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One use of her data: when it was asked for, what for in the law's words, and by whom."""

    logtime: datetime
    action: str
    receiver_code: str
    receiver_name: str
    receiver_system: str


class FindUsageResponse(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page, newest first. `total_usages` counts all that fit, and none that is hidden."""

    total_usages: int
    usages: tuple[Usage, ...]


class UsagePeriodResponse(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Since when uses are kept; they are there until now."""

    period_start: datetime


class HeartbeatResponse(msgspec.Struct, frozen=True):
    """Whether uses can be read now. The specification knows `FAIL` too; ours are refused instead."""

    status: Literal["OK", "FAIL"]
    message: str
