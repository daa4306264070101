"""Reading who looked, and one's own data: through the ledger, by the person's session, stored nowhere.

A visit keeps the check of its login. The first page that needs the ledger gets a ticket by it, once,
and opens a session there; its token stands encrypted in the visit and ends with it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import ClassVar, Final, TypeVar

import attrs
import msgspec

from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import BadInput, NotFound, Refusal, Unavailable
from kumihimo.pages.visits import Visit
from kumihimo.rooms.jpki.forms import Disclosure
from kumihimo.rooms.ledger.api import (
    HearBells,
    MyClaim,
    MyNotice,
    MyRecord,
    MyRecords,
    Overview,
    OwnInformation,
    TellClaim,
)
from kumihimo.rooms.portal import inquired, wording
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.inquired import Log

T = TypeVar("T")

VERIFICATION: Final = "verification"  # in `kept`: the check that a ticket is had by
TICKET: Final = "ticket"
SESSION: Final = "ledger"
UNTIL: Final = "ledger-until"
TRIES: Final = 12
PAUSE_S: Final = 0.25
SPARE: Final = timedelta(seconds=20)  # a page that is being made must not lose its session
PAGE: Final = 20
WHOLE_PAGE: Final = 200
WHOLE_MAX: Final = 20_000  # records of one export; ten years of a busy person are far fewer


class FreshCardNeeded(Refusal):
    """The ledger's session is over: it is opened by the card, as the portal's is."""

    code: ClassVar[str] = "fresh-card-needed"
    title: ClassVar[str] = "Confirm with your card again to read your records"
    status: ClassVar[int] = 403


@attrs.frozen(kw_only=True)
class Filter:
    """Which records: "" leaves a filter out. Days are ISO, Japanese time, both included.

    `acts_before` is when the page before ended, as it shows it: what proxies read stands between.
    """

    since: str = ""
    until: str = ""
    requester: str = ""
    outcome: str = ""
    cursor: str = ""
    acts_before: str = ""

    @property
    def narrows(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.since or self.until or self.requester or self.outcome)

    def wanted(self, limit: int) -> dict[str, str]:
        """Return the ledger's parameters."""
        found = {
            "since": self.since,
            "until": _next_day(self.until),
            "requester": self.requester,
            "outcome": self.outcome,
            "cursor": self.cursor,
            "limit": str(limit),
        }
        return {name: value for name, value in found.items() if value}


def is_day(text: str) -> bool:
    """Say whether a text is a day, as YYYY-MM-DD."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _next_day(day: str) -> str:
    return (datetime.fromisoformat(day) + timedelta(days=1)).date().isoformat() if day else ""


async def records(portal: Portal, visit: Visit, wanted: Filter) -> MyRecords:
    """Return a page of her records, with what others read for her.

    Raises `FreshCardNeeded`, `Unavailable`.
    """
    token = await _token(portal, visit)
    asked = wanted.wanted(PAGE) | {"acts": "true"}
    return await _believed(visit, portal.ledger.records(token, asked))


async def overview(portal: Portal, visit: Visit) -> Overview:
    """Return what the first page shows, by one question. Raises `FreshCardNeeded`, `Unavailable`."""
    token = await _token(portal, visit)
    return await _believed(visit, portal.ledger.overview(token))


async def latest(portal: Portal, visit: Visit) -> MyRecords:
    """Return the latest of her records, as many as one page of an export."""
    token = await _token(portal, visit)
    return await _believed(visit, portal.ledger.records(token, Filter().wanted(WHOLE_PAGE)))


async def every_record(portal: Portal, visit: Visit, wanted: Filter) -> list[MyRecord]:
    """Return all of her records that fit, the newest first, for an export."""
    token = await _token(portal, visit)
    found: list[MyRecord] = []
    while len(found) < WHOLE_MAX:
        asked = portal.ledger.records(token, wanted.wanted(WHOLE_PAGE))
        page = await _believed(visit, asked)
        found.extend(page.records)
        if not page.next:
            break
        wanted = attrs.evolve(wanted, cursor=page.next)
    return found


async def history(portal: Portal, visit: Visit) -> bytes:
    """Return her history with what proves it, byte for byte as the ledger signed it."""
    token = await _token(portal, visit)
    return await _believed(visit, portal.ledger.history(token))


async def own(portal: Portal, visit: Visit) -> OwnInformation:
    """Return what she asked about herself in this session, and what came."""
    token = await _token(portal, visit)
    return await _believed(visit, portal.ledger.own(token))


async def ask_own(portal: Portal, visit: Visit, information: str) -> None:
    """Have the institutions asked, and wait a moment for those that answer at once.

    Raises `BadInput` for a kind of information that nobody can be asked for.
    """
    if information not in wording.kinds():
        raise BadInput("choose one", pointer="information")
    token = await _token(portal, visit)
    found = await _believed(visit, portal.ledger.ask_own(token, information))
    for _ in range(TRIES):
        if not any(one.waiting for one in found.asked):
            return
        await asyncio.sleep(PAUSE_S)
        found = await _believed(visit, portal.ledger.own(token))


async def claims(portal: Portal, visit: Visit) -> tuple[MyClaim, ...]:
    """Return how what she said of exchanges stands."""
    token = await _token(portal, visit)
    return (await _believed(visit, portal.ledger.claims(token))).claims


async def notices(portal: Portal, visit: Visit) -> tuple[MyNotice, ...]:
    """Return what institutions tell her."""
    token = await _token(portal, visit)
    return (await _believed(visit, portal.ledger.notices(token))).notices


async def with_session(portal: Portal, visit: Visit, ask: Callable[[str], Awaitable[T]]) -> T:
    """Return what the ledger answers to her session. Raises `Refused` but for a session that is over."""
    token = await _token(portal, visit)
    try:
        return await ask(token)
    except Refused as refused:
        if refused.reason != "not-authentic":
            raise
        _forget(visit)
        raise FreshCardNeeded from refused


async def take_down(portal: Portal, bell: str) -> None:
    """Have a bell taken down; where the ledger is silent it is forgotten there in time."""
    try:
        await portal.ledger.hear_bells(HearBells(bells=(), down=(bell,)))
    except (Refused, Unavailable):
        return


async def tell_claim(portal: Portal, visit: Visit, told: TellClaim) -> tuple[MyClaim, ...]:
    """Have carried what she says of an exchange. Raises `NotFound` while the ledger lacks it."""
    token = await _token(portal, visit)
    try:
        return (await portal.ledger.tell_claim(token, told)).claims
    except Refused as refused:
        if refused.reason == "not-authentic":
            _forget(visit)
            raise FreshCardNeeded from refused
        raise NotFound from refused


async def offices(portal: Portal, visit: Visit) -> Log:
    """Return which offices asked register for her number (住基ネット), the latest first."""
    await _token(portal, visit)
    return await inquired.read(portal, visit)


async def end(portal: Portal, visit: Visit) -> None:
    """End the session at the ledger with the visit; that it is over there is as good."""
    token = visit.kept.pop(SESSION, "")
    if token:
        try:
            await portal.ledger.close_session(token)
        except (Refused, Unavailable):
            return


async def _token(portal: Portal, visit: Visit) -> str:
    until = visit.kept.get(UNTIL, "")
    if until and portal.clock.now() < datetime.fromisoformat(until) - SPARE:
        return visit.kept[SESSION]
    disclosure = await _disclosure(portal, visit)
    for again in range(TRIES):
        try:
            session = await portal.ledger.open_session(disclosure)
        except Refused as refused:
            _forget(visit)
            raise FreshCardNeeded from refused
        except Unavailable:
            if again + 1 == TRIES:
                raise
            await asyncio.sleep(PAUSE_S)
        else:
            visit.kept.pop(TICKET, None)
            visit.kept |= {SESSION: session.token, UNTIL: session.expires_at.isoformat()}
            return session.token
    raise AssertionError("the last try raises")


async def _disclosure(portal: Portal, visit: Visit) -> Disclosure:
    """Return the ticket of this login; what it was had by is used up."""
    kept = visit.kept.get(TICKET)
    if kept is not None:
        return msgspec.json.decode(kept, type=Disclosure)
    verification = visit.kept.pop(VERIFICATION, "")
    found = await portal.identity.disclosure(verification) if verification else None
    if found is None:
        _forget(visit)
        raise FreshCardNeeded
    visit.kept[TICKET] = msgspec.json.encode(found).decode()
    inquired.keep(portal, visit, found.inquiries)
    return found


async def _believed(visit: Visit, asked: Awaitable[T]) -> T:
    try:
        return await asked
    except Refused as refused:
        if refused.reason == "not-authentic":
            _forget(visit)
            raise FreshCardNeeded from refused
        raise Unavailable("the ledger does not answer this") from refused


def _forget(visit: Visit) -> None:
    for name in (SESSION, UNTIL, TICKET):
        visit.kept.pop(name, None)
