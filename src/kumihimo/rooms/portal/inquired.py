"""Which offices asked register about her (住基ネット): told at her login, and told anew while she is here.

Register's answer is sealed to the portal and stands in the visit alone. It brings a handle, by which
jpki has register tell it anew; who reads is not told to jpki.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import msgspec

from kumihimo.kernel.keys import NotSealedForUs, open_payload
from kumihimo.kernel.refusal import Unavailable
from kumihimo.pages.visits import Visit
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.register.api import DISCLOSE_PATH, READ_AGAIN_PATH, AboutMe, OfficeAsked

OFFICES: Final = "offices"  # in `kept`
# Our choice: with the page itself, well within the minute in which each look is there.
FRESH_FOR: Final = timedelta(seconds=20)
WAIT_S: Final = 3.0  # no page waits longer for what it has an older answer to
LATEST: Final = 50  # of how many it is told which are new


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """Register's log of her, the latest first. `at`: as of when, `tried_at`: when it was last asked for.

    None where another release of the portal wrote it down, which does not ask again.
    """

    inquiries: tuple[OfficeAsked, ...] = ()
    handle: bytes = b""
    at: datetime | None = None
    tried_at: datetime | None = None

    @property
    def is_fresh(self) -> bool:
        """Whether it is told anew, and was when it was last asked for."""
        return bool(self.handle) and self.at == self.tried_at


def latest(log: Log) -> list[OfficeAsked]:
    """Return the latest that can be told apart: a register that is older gives them no ids."""
    return [one for one in log.inquiries if one.inquiry][:LATEST]


def name_of(one: OfficeAsked) -> str:
    """Return what one is called here: an office gives each of its inquiries another id."""
    return f"{one.office} {one.inquiry}"


def keep(portal: Portal, visit: Visit, told: bytes) -> None:
    """Keep what came with the ticket of her login. Raises `Unavailable` for what does not open."""
    _keep(visit, _opened(portal, told, DISCLOSE_PATH))


async def read(portal: Portal, visit: Visit) -> Log:
    """Return register's log of her: told anew if some time went by, and else what was told before."""
    log = msgspec.json.decode(visit.kept.get(OFFICES, "{}"), type=Log)
    now = portal.clock.now()
    if not log.handle or (log.tried_at is not None and now < log.tried_at + FRESH_FOR):
        return log
    found = await _again(portal, log.handle)
    return _keep(visit, found or msgspec.structs.replace(log, tried_at=now))


async def _again(portal: Portal, handle: bytes) -> Log | None:
    try:
        async with asyncio.timeout(WAIT_S):
            told = await portal.identity.inquiries(handle)
        return None if told is None else _opened(portal, told, READ_AGAIN_PATH)
    except (Unavailable, TimeoutError):
        return None


def _keep(visit: Visit, log: Log) -> Log:
    visit.kept[OFFICES] = msgspec.json.encode(log).decode()
    return log


def _opened(portal: Portal, told: bytes, path: str) -> Log:
    try:
        content = open_payload(told, key=portal.keys.payload, context=path.encode())
    except NotSealedForUs as error:
        raise Unavailable("register sealed its answer to another key") from error
    about = msgspec.json.decode(content, type=AboutMe)
    now = portal.clock.now()
    return Log(inquiries=about.inquiries, handle=about.handle, at=now, tried_at=now)
