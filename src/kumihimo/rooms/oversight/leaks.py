"""Taking reports of leaks, and raising an alarm for each report that does not come in time."""

from datetime import date
from typing import Final

import msgspec

from kumihimo.kernel import journal
from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.ids import is_id, new_id
from kumihimo.kernel.message import Verified
from kumihimo.kernel.refusal import BadInput, Conflict, NotAllowed
from kumihimo.rooms.oversight import store_leaks as store
from kumihimo.rooms.oversight.api import LeakReported, LeakStage, Received
from kumihimo.rooms.oversight.domain.leaks import Classified, classify
from kumihimo.rooms.oversight.service import Oversight
from kumihimo.rooms.oversight.store_leaks import ClockKind, LeakRow

_NEEDED: Final[dict[LeakStage, tuple[str, ...]]] = {
    "known": (),
    "preliminary": ("outline",),
    "final": (
        "outline",
        "items",
        "persons",
        "cause",
        "secondary_damage",
        "response_to_persons",
        "publication",
        "prevention",
    ),
}
_ANSWERS: Final[dict[LeakStage, tuple[ClockKind, ...]]] = {
    "known": (),
    "preliminary": ("preliminary-late", "preliminary-overdue"),
    "final": ("preliminary-late", "preliminary-overdue", "final-overdue"),
}
ALARMS_AT_ONCE: Final = 100


async def take_leak(oversight: Oversight, sender: Verified, report: LeakReported) -> Received:
    """Take what an institution says of a leak; a repeat changes nothing.

    The first word starts a clock for each report that is due. Raises `NotAllowed` for whoever is no
    institution in good standing, `BadInput` for what is not reportable or lacks contents, and
    `Conflict` for a stage that was told otherwise before.
    """
    entry = oversight.book.current().active(sender.sender)
    if entry is None or entry.kind != "institution":
        raise NotAllowed("only an institution in good standing reports leaks here")
    found = _check(report, legal_day(oversight.clock.now()))
    now = oversight.clock.now()
    body = msgspec.json.encode(report, order="deterministic")
    async with oversight.database.transaction() as tx:
        row = LeakRow(sender.sender, report.leak, report.stage, now, body)
        new = await store.add(tx, row)
        if not new and await store.body(tx, row) != body:
            raise Conflict("this stage was reported otherwise before", pointer="stage")
        if new:
            await store.start(tx, sender.sender, report.leak, _clocks(found))
            await store.close(tx, sender.sender, report.leak, _ANSWERS[report.stage], now)
            line = journal.JournalLine(
                act="leak-reported", actor=sender.sender, detail={"stage": report.stage}
            )
            await journal.write(tx, line, at=now)
    return Received(new)


def _check(report: LeakReported, today: date) -> Classified:
    if not is_id(report.leak):
        raise BadInput("ids are 22 characters of base64url", pointer="leak")
    if report.event.known_on > today:
        raise BadInput("nobody knows it yet", pointer="event.known_on")
    found = classify(report.event)
    if not found.types and not found.general_rule:
        raise BadInput("no such event is reported here", pointer="event")
    for name in _NEEDED[report.stage]:
        if not getattr(report.contents, name).strip():
            raise BadInput("this report needs it", pointer=f"contents.{name}")
    return found


def _clocks(found: Classified) -> dict[ClockKind, date]:
    return {
        "preliminary-late": found.preliminary_alarm,
        "preliminary-overdue": found.preliminary_due,
        "final-overdue": found.final_due,
    }


async def raise_overdue(oversight: Oversight, entropy: Entropy) -> int:
    """Raise an alarm for each report whose last day is over; returns how many, once each."""
    now = oversight.clock.now()
    async with oversight.database.transaction() as tx:
        late = await store.overdue(tx, legal_day(now), ALARMS_AT_ONCE)
        for clock in late:
            await store.raise_alarm(tx, clock, new_id(entropy), now)
        if late:
            line = journal.JournalLine(
                act="leak-reports-overdue",
                actor=oversight.keys.party,
                detail={"alarms": len(late)},
            )
            await journal.write(tx, line, at=now)
    return len(late)


async def reports(oversight: Oversight, limit: int = 100) -> list[LeakRow]:
    """Return the latest reports."""
    async with oversight.database.transaction() as tx:
        return await store.latest(tx, limit)
