"""The doors of the Estonian data tracker, for any room that keeps who used a person's data.

Translation only: names and forms are those of the specification (docs/reference/tracker.md), not
ours. Whose uses they are, and which of them she may see, is the room's to say.
"""

import base64
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import attrs
import msgspec
from litestar import Request, Router
from litestar.params import HeaderParameter, QueryParameter

from kumihimo.kernel.admission import PERSONS
from kumihimo.kernel.clock import JST
from kumihimo.kernel.door import BearerDoor, bearer_of, behind, lawful
from kumihimo.kernel.refusal import BadInput, NotAllowed
from kumihimo.kernel.routes import get

USAGES_MAX: Final = 1_000  # the specification's default
USER_CODE_LENGTH: Final = 22
_INT32_MAX: Final = 2**31 - 1
_CODE: Final[dict[str, Any]] = {"min_length": USER_CODE_LENGTH, "max_length": USER_CODE_LENGTH}


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


@attrs.frozen(kw_only=True)
class UsesAsked:
    """Which uses: from `since` until before `until`, without the `skip` newest, at most `limit`."""

    since: datetime | None = None
    until: datetime | None = None
    skip: int = 0
    limit: int = USAGES_MAX


class UsesReader(ABC):
    """Whoever was let in, with what she may read."""

    @property
    @abstractmethod
    def user_code(self) -> str:
        """What she is called here, for as long as her session lasts."""

    @abstractmethod
    async def find(self, asked: UsesAsked) -> FindUsageResponse:
        """Return a page of who used her data."""

    @abstractmethod
    async def kept_since(self) -> datetime:
        """Return since when uses are kept, by the law that says how long."""


def user_code(token: str) -> str:
    """Return what these doors call whoever has a session: it lasts as long as that.

    It may stand in an address: it tells neither who she is nor her token, and is new each time.
    """
    told = hashlib.sha256(b"kumihimo user code " + token.encode()).digest()
    return base64.urlsafe_b64encode(told).decode()[:USER_CODE_LENGTH]


def tracker_routes(
    authenticate: Callable[[str], Awaitable[UsesReader]],
    *,
    authority: str,
    callers: Sequence[str],
) -> Router:
    """Return the three doors of the specification; `authenticate` raises `NotAuthentic`."""
    opt = lawful(authority=authority, callers=callers)

    @get("/findUsage", opt=opt, operation_id="findUsage")
    async def find_usage(
        request: Request[Any, Any, Any],
        *,
        asks: Annotated[
            str, HeaderParameter(name="X-Road-UserId", description="Who asks.", **_CODE)
        ],
        about: Annotated[
            str, QueryParameter(name="userCode", description="Whom it is about.", **_CODE)
        ],
        since: Annotated[str, QueryParameter(name="periodStart", format="date-time")] = "",
        until: Annotated[str, QueryParameter(name="periodEnd", format="date-time")] = "",
        offset: Annotated[int, QueryParameter(ge=0, le=_INT32_MAX)] = 0,
        limit: Annotated[int, QueryParameter(ge=1, le=USAGES_MAX)] = USAGES_MAX,
    ) -> FindUsageResponse:
        """Read who used my data, newest first, as the Estonian data tracker asks for it."""
        asked = UsesAsked(
            since=moment(since, pointer="periodStart"),
            until=moment(until, pointer="periodEnd"),
            skip=offset,
            limit=limit,
        )
        reader = bearer_of(request, UsesReader)
        if (asks, about) != (reader.user_code, reader.user_code):
            raise NotAllowed("a session reads its own person's records")
        return await reader.find(asked)

    @get("/usagePeriod", opt=opt, operation_id="usagePeriod")
    async def usage_period(request: Request[Any, Any, Any]) -> UsagePeriodResponse:
        """Read since when uses are kept."""
        reader = bearer_of(request, UsesReader)
        return UsagePeriodResponse(period_start=await reader.kept_since())

    @get("/heartbeat", opt=opt, operation_id="heartbeat", sync_to_thread=False)
    def heartbeat() -> HeartbeatResponse:
        """Read whether uses can be read now."""
        # Who was let in here was found in the database just now; while that is silent, nobody is.
        return HeartbeatResponse("OK", "uses can be read")

    door = BearerDoor(authenticate, consumer_of=_name, bounds=PERSONS)
    return behind(door, "/tracker/v2", [find_usage, usage_period, heartbeat])


def _name(reader: UsesReader) -> str:
    return reader.user_code


def moment(text: str, *, pointer: str) -> datetime | None:
    """Return the instant that a text names; one without a zone is Japanese time, "" names none.

    Raises `BadInput` for what is not a date-time of RFC 3339.
    """
    if not text:
        return None
    try:
        found = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        raise BadInput(
            "a moment is YYYY-MM-DDThh:mm:ss, with or without its zone", pointer=pointer
        ) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=JST)
