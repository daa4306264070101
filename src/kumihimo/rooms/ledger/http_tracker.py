"""The ledger's doors for a data tracker's client: translation only.

Names and forms are those of the Estonian specification (docs/reference/tracker.md), not ours.
"""

from typing import Annotated, Any, Final

from litestar import Request, Router, get
from litestar.params import HeaderParameter, QueryParameter

from kumihimo.kernel.door import BearerDoor, bearer_of, lawful
from kumihimo.rooms.ledger import sessions, tracker
from kumihimo.rooms.ledger.api import USER_CODE_LENGTH
from kumihimo.rooms.ledger.context import Ledger
from kumihimo.rooms.ledger.sessions import Person
from kumihimo.rooms.ledger.store import Wanted
from kumihimo.rooms.ledger.tracker_forms import (
    FindUsageResponse,
    HeartbeatResponse,
    UsagePeriodResponse,
)

_OPT: Final = lawful(authority="Number Act art. 23(3)", callers=("the person herself",))
_INT32_MAX: Final = 2**31 - 1
_CODE: Final[dict[str, Any]] = {"min_length": USER_CODE_LENGTH, "max_length": USER_CODE_LENGTH}


def tracker_routes(ledger: Ledger) -> Router:
    """Return the three doors of the specification."""

    async def authenticate(authorization: str) -> object:
        return await sessions.authenticate(ledger, authorization)

    @get("/findUsage", opt=_OPT, operation_id="findUsage")
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
        limit: Annotated[int, QueryParameter(ge=1, le=tracker.USAGES_MAX)] = tracker.USAGES_MAX,
    ) -> FindUsageResponse:
        """Read who used my data, newest first, as the Estonian data tracker asks for it."""
        wanted = Wanted(
            since=tracker.moment(since, pointer="periodStart"),
            until=tracker.moment(until, pointer="periodEnd"),
            skip=offset,
            limit=limit,
        )
        person = bearer_of(request, Person)
        return await tracker.find_usage(ledger, person, asks=asks, about=about, wanted=wanted)

    @get("/usagePeriod", opt=_OPT, operation_id="usagePeriod")
    async def usage_period() -> UsagePeriodResponse:
        """Read since when uses are kept."""
        return await tracker.usage_period(ledger)

    @get("/heartbeat", opt=_OPT, operation_id="heartbeat", sync_to_thread=False)
    def heartbeat() -> HeartbeatResponse:
        """Read whether uses can be read now."""
        return tracker.heartbeat()

    return Router(
        path="/tracker",
        route_handlers=[find_usage, usage_period, heartbeat],
        middleware=[BearerDoor(authenticate)],
        opt={"unsigned": True},
        security=[{"bearer": []}],
    )
