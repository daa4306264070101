"""The gateway is told what was decided: in order for each record, until it has answered.

A letter that was told before its answer was written down is told again: the gateway knows the case,
and where it says that the case is settled, it is asked how.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import attrs

from kumihimo.kernel.net import Refused
from kumihimo.kernel.outbox import Letter
from kumihimo.kernel.refusal import NotFound, Unavailable
from kumihimo.rooms.gateway.business_links import (
    Ground,
    LinkCorrected,
    LinkSuspended,
    Suspension,
)
from kumihimo.rooms.gateway.business_looks import AFFAIR_OR_NONE
from kumihimo.rooms.review import sides, store_effects, store_viewings, telling_looks
from kumihimo.rooms.review.api import EffectKind
from kumihimo.rooms.review.context import Desk, officer_as_actor
from kumihimo.rooms.review.store_effects import EffectRow

PROGRAM: Final = "audit"  # how the gateway names who suspends before anybody has looked
GROUNDS: Final[dict[str, Ground]] = {
    "household": "household",
    "homonym": "homonym",
    "twin": "twin",
    "random": "random",
    "shift": "shift",
}


class Gateway(telling_looks.LooksGateway, Protocol):
    """The part of `gateway.client.BusinessClient` that the desk uses."""

    def suspend_links(
        self, suspended: Sequence[LinkSuspended], *, officer: str
    ) -> tuple[Suspension, ...]:
        """Suspend links."""
        ...

    def confirm_link(self, addressee: str, *, case: str, officer: str, approver: str) -> Suspension:
        """Lift a suspension."""
        ...

    def correct_link(self, order: LinkCorrected) -> Suspension:
        """Take a wrong number from a record."""
        ...

    def suspensions_of(self, addressee: str) -> tuple[Suspension, ...]:
        """Return the doubts about a record."""
        ...


@attrs.frozen
class _Ended:
    state: str
    reason: str = ""
    gateway_case: str = ""


def case_of(row: EffectRow) -> str:
    """Return how the gateway names the case: after one is settled, a new doubt is a new case.

    Where something else suspended the link first, such as its monthly check, that is the case.
    """
    return row.gateway_case or f"{row.item}-{row.case_round}"


async def deliver(desk: Desk, gateway: Gateway, letter: Letter) -> None:
    """Tell the gateway one thing, or that somebody looked. Raises `Unavailable` while an earlier one is not done."""
    if letter.topic == store_viewings.TOPIC:
        await telling_looks.tell(desk, gateway, letter)
        return
    async with desk.database.transaction() as tx:
        row = await store_effects.lock_effect(tx, int(letter.body))
    if row is None or row.state != "waiting":
        return
    if row.behind:
        raise Unavailable("what was asked for before is not done yet")
    ended = await asyncio.to_thread(_tell, desk, gateway, row)
    async with desk.database.transaction() as tx:
        await store_effects.end(
            tx,
            row,
            state=ended.state,
            reason=ended.reason,
            gateway_case=ended.gateway_case,
            at=desk.clock.now(),
        )
        await desk.journal(tx, f"link-{row.kind}", "desk", outcome=ended.state)


def _tell(desk: Desk, gateway: Gateway, row: EffectRow) -> _Ended:
    """Tell it, in a thread of its own: the client waits."""
    try:
        return _OF[EffectKind(row.kind)](desk, gateway, row)
    except Refused as refusal:
        if refusal.reason == "conflict" and _settled(gateway, row):
            return _Ended("done")
        return _Ended("refused", f"{refusal.reason} {refusal.remote.pointer}".strip())


def _settled(gateway: Gateway, row: EffectRow) -> bool:
    """Whether the gateway has done just this before, and only its answer was lost.

    Raises `Unavailable` where it was suspending the link for somebody else in that moment.
    """
    found = {one.case: one.state for one in gateway.suspensions_of(row.record_id)}
    match EffectKind(row.kind):
        case EffectKind.CONFIRM:
            return found.get(case_of(row)) == "CONFIRMED"
        case EffectKind.CORRECT:
            return found.get(case_of(row)) == "CORRECTED"
        case EffectKind.SUSPEND:
            if case_of(row) not in found:
                raise Unavailable("the link is being suspended elsewhere in this moment")
            return False


def _suspend(_: Desk, gateway: Gateway, row: EffectRow) -> _Ended:
    own = f"{row.item}-{row.case_round}"
    link = LinkSuspended(
        addressee=row.record_id,
        ground=GROUNDS.get(row.mechanism, "mismatch"),
        case=own,
        affair=row.affair if re.fullmatch(AFFAIR_OR_NONE, row.affair) else "",
    )
    officer = row.officers.partition(" ")[0] or PROGRAM
    [found] = gateway.suspend_links([link], officer=officer)
    # In doubt already: what is decided here settles that case.
    return _Ended("done", gateway_case="" if found.case == own else found.case)


def _confirm(_: Desk, gateway: Gateway, row: EffectRow) -> _Ended:
    officer, approver = _two(row)
    gateway.confirm_link(row.record_id, case=case_of(row), officer=officer, approver=approver)
    return _Ended("done")


def _correct(desk: Desk, gateway: Gateway, row: EffectRow) -> _Ended:
    officer, approver = _two(row)
    order = LinkCorrected(
        addressee=row.record_id,
        case=case_of(row),
        officer=officer,
        approver=approver,
        source="none",
    )
    if row.correction_locked is not None:
        label = sides.label("correction", row.affair, row.record_id)
        right = sides.correction(desk.locker, row.correction_locked, label=label).reveal()
        order = LinkCorrected(
            addressee=row.record_id,
            case=case_of(row),
            officer=officer,
            approver=approver,
            source="form",
            attributes=right.attributes,
            number=right.number,
            affair=row.affair,
            sexless_scheme=not right.attributes.sex,
        )
    found = gateway.correct_link(order)
    return _Ended("done", " ".join(["load-again", *found.load_again]) if found.load_again else "")


def _two(row: EffectRow) -> tuple[str, str]:
    agreed = row.officers.split()
    assert len(agreed) >= 2, "two people stand for what changes a link"  # noqa: PLR2004 - two
    return agreed[-2], agreed[-1]


_OF: Final[dict[EffectKind, Callable[[Desk, Gateway, EffectRow], _Ended]]] = {
    EffectKind.SUSPEND: _suspend,
    EffectKind.CONFIRM: _confirm,
    EffectKind.CORRECT: _correct,
}


async def tell_again(desk: Desk, officer: str, effect: int) -> None:
    """Try once more what the gateway refused. Raises `NotFound`."""
    async with desk.database.transaction() as tx:
        if not await store_effects.ask_again(tx, effect, at=desk.clock.now()):
            raise NotFound
        await desk.journal(tx, "link-tried-again", officer_as_actor(officer))
