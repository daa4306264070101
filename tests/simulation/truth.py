"""What the simulation knows to be true, so that it can tell a right answer from a wrong one."""

from datetime import date, datetime, timedelta

import attrs

from kumihimo.rooms.gateway.context import RESULT_LIFETIME
from kumihimo.rooms.linkage.domain.sheets import PERMIT_LIFETIME

BACKWARD = timedelta(seconds=25)  # how far the clock may go back
REVISIONS = 10_000
OFF_LIST = {
    "provider": "REFUSED_PROVIDER",
    "item": "REFUSED_ITEM",
    "affair": "REFUSED_AFFAIR",
}


@attrs.frozen(kw_only=True)
class Asked:
    """One inquiry that was taken, and what held when it was asked.

    One that is not `acknowledged` was stored, and the room stopped before it could say so.
    """

    inquiry: str
    requester: str
    provider: str
    person: int
    kind: str
    at: datetime
    had_case: bool
    had_code: bool
    provider_knew: bool
    provider_held: bool
    acknowledged: bool = True


@attrs.frozen
class Case:
    """An open case file."""

    name: str
    opened_on: date


@attrs.define
class Truth:
    asked: dict[str, Asked] = attrs.field(factory=dict)
    registered: set[tuple[str, int]] = attrs.field(factory=set)
    bound: set[tuple[str, int]] = attrs.field(factory=set)
    cases: dict[tuple[str, int, str], Case] = attrs.field(factory=dict)
    copies: dict[tuple[str, int], int] = attrs.field(factory=dict)
    flagged: set[tuple[str, int]] = attrs.field(factory=set)
    unpublished: set[str] = attrs.field(factory=set)
    sent: int = 0
    revision: int = 0

    def income(self, person):
        """Return a new amount that tells whose it is."""
        self.revision += 1
        return person * REVISIONS + self.revision

    def possible(self, asked, now, *, waited):
        """Return every final outcome that an honest federation may give by now."""
        if not asked.had_case:
            return {"REFUSED_CASE"}
        if not asked.had_code:
            return {"PENDING_ACQUISITION"}
        old = now >= asked.at + PERMIT_LIFETIME - BACKWARD
        forgotten = now >= asked.at + RESULT_LIFETIME - BACKWARD
        expired = {"EXPIRED"} if (forgotten if waited else old) else set()
        if asked.kind in OFF_LIST:
            return {OFF_LIST[asked.kind]} | expired
        found = {"stale": "STALE_LAYOUT", "no-data": "NO_DATA"}.get(asked.kind, "OK")
        outcomes = {found} | expired
        if not asked.provider_knew:
            outcomes.add("NO_PERSON")
        if not asked.provider_held:
            outcomes.add("NO_COPY")
        if (asked.provider, asked.person) in self.flagged:
            outcomes.add("REFUSED_FLAG")
        if self.unpublished & {asked.requester, asked.provider}:
            outcomes.add("REFUSED_PIA")
        return outcomes
