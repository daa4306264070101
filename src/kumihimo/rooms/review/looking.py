"""What a reviewer does: takes the next record, sees both sides, answers, takes an answer back."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Final

import attrs

from kumihimo.kernel.clock import JST, legal_day
from kumihimo.kernel.entropy import below
from kumihimo.kernel.sql import Tx
from kumihimo.kernel.withheld import Withheld
from kumihimo.people.numbers import BadNumber, IndividualNumber, WrongNumberSpace
from kumihimo.rooms.review import sides, store, store_checks, store_effects, store_viewings
from kumihimo.rooms.review.api import Answer, ItemState
from kumihimo.rooms.review.context import Desk, officer_as_actor
from kumihimo.rooms.review.deciding import decide
from kumihimo.rooms.review.domain import answers
from kumihimo.rooms.review.domain.answers import Again, AskOffice, Decided, Look, Soon
from kumihimo.rooms.review.domain.refusals import NotYourItem, NumberNeeded, TooLateToTakeBack
from kumihimo.rooms.review.sides import Proposal, Sides
from kumihimo.rooms.review.store import ItemRow, LookRow
from kumihimo.rooms.review.store_checks import DoubtRow, FoundRow
from kumihimo.rooms.review.store_effects import EffectShown

_TRIES: Final = 8  # as many others may take an item in the moment between finding and holding it
_TAIL: Final = 4


@attrs.frozen(kw_only=True)
class Shown:
    """What the page of a record shows. Values are withheld until the page prints them."""

    item: str
    affair: str
    pattern: int
    audit_run: str
    verdict: str
    mechanism: str
    odds: float
    reason: str
    suspended: bool
    effects: Sequence[EffectShown]
    found: Sequence[FoundRow]
    doubts: Sequence[DoubtRow]
    sides: Withheld[Sides]
    proposal: Withheld[Proposal] | None
    numbers_shown: bool
    until: datetime


@attrs.frozen(kw_only=True)
class Given:
    """An answer as it was sent. `number`: typed, `proposed`: the audit's; neither: unknown."""

    item: str
    answer: Answer
    mechanism: str = ""
    number: str = ""
    proposed: bool = False


async def take(desk: Desk, officer: str, *, mechanism: str = "") -> bool:
    """Put the item that is worth most into an officer's hands; False when there is none for her.

    Whoever holds one already keeps that. A later look waits for its moment unless nothing else is
    left to do.
    """
    at = desk.clock.now()
    for _ in range(_TRIES):
        async with desk.database.transaction() as tx:
            if await store.held(tx, officer, at=at) is not None:
                return True
            item = await _best(tx, officer, mechanism, at)
            if item is None:
                return False
            until = at + answers.LEASE_FOR
            if not await store.hold(tx, item, officer, at=at, until=until):
                continue
            await desk.journal(tx, "item-taken", officer_as_actor(officer))
            return True
    return False


async def _best(tx: Tx, officer: str, mechanism: str, at: datetime) -> str | None:
    for due in (at, at + answers.LATER_WITHIN):
        later = await store.best_later(tx, officer, mechanism=mechanism, due=due, at=at)
        if later is not None:
            return later
        first = await store.best_first(tx, mechanism=mechanism, at=at)
        if first is not None:
            return first
    return None


async def show(desk: Desk, officer: str, *, numbers_of: str = "") -> Shown | None:
    """Return the record that an officer holds, and write down what she is shown of it.

    `numbers_of`: the item of which she asked for whole numbers; else she sees their last digits.
    None when she holds nothing. Each look at the page gives her the record for another while.
    """
    at = desk.clock.now()
    async with desk.database.transaction() as tx:
        item = await store.held(tx, officer, at=at)
        row = await store.lock_item(tx, item) if item is not None else None
        if row is None or row.sides_locked is None:
            return None
        until = at + answers.LEASE_FOR
        await store.hold(tx, row.item, officer, at=at, until=until)
        both = sides.sides(desk.locker, row.sides_locked, label=_label("sides", row))
        proposal = _proposal(desk, row)
        numbers = row.item == numbers_of
        seen = _seen(both, proposal, numbers=numbers)
        await store_viewings.add(tx, row.item, officer, " ".join(seen), at=at, since=_day_began(at))
        told = await store_effects.effects_of(tx, row.item)
        found = await store_checks.findings_of(tx, row.item)
        doubts = await store_checks.doubts_of(tx, row.item)
        await desk.journal(tx, "item-shown", officer_as_actor(officer), values=len(seen))
    return Shown(
        item=row.item,
        affair=row.affair,
        pattern=row.pattern,
        audit_run=row.audit_run,
        verdict=row.verdict,
        mechanism=row.mechanism,
        odds=row.odds,
        reason=row.reason,
        suspended=row.suspended,
        effects=told,
        found=found,
        doubts=doubts,
        sides=both,
        proposal=proposal,
        numbers_shown=numbers,
        until=until,
    )


def _day_began(at: datetime) -> datetime:
    return datetime.combine(legal_day(at), time.min, JST)


def _seen(
    both: Withheld[Sides], proposal: Withheld[Proposal] | None, *, numbers: bool
) -> Sequence[str]:
    """Name what is shown: side and attribute, no value."""
    whole = both.reveal()
    kind = "number" if numbers else "number-tail"
    return [
        *(f"own.{name}" for name, value in whole.own.items() if value),
        *(f"register.{name}" for name, value in whole.other.items() if value),
        *([f"own.{kind}"] if whole.number else []),
        *([f"proposed.{kind}"] if proposal is not None else []),
    ]


def tail(number: str) -> str:
    """Return a number with all but its last digits covered."""
    return "•" * max(0, len(number) - _TAIL) + number[-_TAIL:]


def _proposal(desk: Desk, row: ItemRow) -> Withheld[Proposal] | None:
    if row.proposal_locked is None:
        return None
    return sides.proposal(desk.locker, row.proposal_locked, label=_label("proposal", row))


def _label(what: str, row: ItemRow) -> bytes:
    return sides.label(what, row.affair, row.record_id)


async def leave(desk: Desk, officer: str) -> None:
    """Give the record back without an answer."""
    at = desk.clock.now()
    async with desk.database.transaction() as tx:
        item = await store.held(tx, officer, at=at)
        if item is not None:
            await store.let_go(tx, item, officer)
            await desk.journal(tx, "item-left", officer_as_actor(officer))


async def answer(desk: Desk, officer: str, given: Given) -> None:
    """Write an answer down and do what comes after it.

    Raises `NotYourItem`, `NumberNeeded`.
    """
    at = desk.clock.now()
    async with desk.database.transaction() as tx:
        row = await store.lock_item(tx, given.item)
        if row is None or not _holds(row, officer, at):
            raise NotYourItem
        number = _number(desk, row, given)
        locked = number and desk.locker.lock(number.encode(), label=_label("number", row))
        await store.add_look(
            tx,
            row,
            officer,
            given.answer,
            mechanism=given.mechanism if given.answer is Answer.WRONG else "",
            number_tag=desk.locker.tag(number.encode(), label=b"number") if number else b"",
            number_locked=locked or None,
            at=at,
        )
        await _go_on(desk, tx, row, await store.looks_at(tx, row), at)
        await desk.journal(tx, "look", officer_as_actor(officer), answer=given.answer)


def _holds(row: ItemRow, officer: str, at: datetime) -> bool:
    held = row.held_until is not None and row.held_until > at and row.held_by == officer
    return held and row.state == ItemState.OPEN


def _number(desk: Desk, row: ItemRow, given: Given) -> str:
    """Return the number that the record should carry, "" for none; raises `NumberNeeded`."""
    if given.answer is not Answer.WRONG or not (given.number or given.proposed):
        return ""
    proposal = _proposal(desk, row)
    typed = given.number or (proposal.reveal().number if proposal else "")
    try:
        number = IndividualNumber.parse(typed, space=desk.space).reveal()
    except (BadNumber, WrongNumberSpace):
        raise NumberNeeded("not well formed", pointer="number") from None
    assert row.sides_locked is not None, "an open item has its values"
    both = sides.sides(desk.locker, row.sides_locked, label=_label("sides", row)).reveal()
    if number == both.number:
        raise NumberNeeded("this is the number that is linked now", pointer="number")
    return number


async def _go_on(desk: Desk, tx: Tx, row: ItemRow, looks: list[LookRow], at: datetime) -> None:
    first = len(looks) == 1
    repeat = row.repeat if not first else below(desk.entropy, answers.REPEAT_ONE_IN) == 0
    found = [Look(one.officer, Answer(one.answer), bytes(one.number_tag)) for one in looks]
    due: datetime | None = None
    match answers.after(found, repeat=repeat, suspended=row.suspended):
        case Decided():
            await decide(desk, tx, row, looks, at=at)
            return
        case Again():
            state, due = ItemState.OPEN, at + _some_of(desk, answers.LATER_WITHIN)
        case Soon():
            state, due = ItemState.ANSWERED, at + answers.TAKE_BACK_FOR
        case AskOffice():
            state = ItemState.OFFICE
    await store.after_look(
        tx,
        row,
        looks=len(looks),
        first_by=looks[0].officer,
        last_by=looks[-1].officer,
        state=state,
        repeat=repeat and not row.suspended and answers.effect(found[0].answer) == "stay",
        due=due,
    )


def _some_of(desk: Desk, whole: timedelta) -> timedelta:
    return timedelta(seconds=below(desk.entropy, int(whole.total_seconds())))


async def take_back(desk: Desk, officer: str, item: str) -> None:
    """Take back one's own answer and hold the record again. Raises `TooLateToTakeBack`.

    It can be taken back while it is the only one and nobody else has begun to look. Whatever else
    she holds by then goes back into the queue.
    """
    at = desk.clock.now()
    async with desk.database.transaction() as tx:
        row = await store.lock_item(tx, item)
        looks = await store.looks_at(tx, row) if row is not None else []
        if row is None or not _can_take_back(row, looks, officer, at):
            raise TooLateToTakeBack
        await store.take_back(tx, looks[0].look)
        await store.after_look(
            tx,
            row,
            looks=0,
            first_by="",
            last_by="",
            state=ItemState.OPEN,
            repeat=False,
            due=None,
        )
        held = await store.held(tx, officer, at=at)
        if held is not None:
            await store.let_go(tx, held, officer)
        await store.hold(tx, row.item, officer, at=at, until=at + answers.LEASE_FOR)
        await desk.journal(tx, "look-taken-back", officer_as_actor(officer))


def _can_take_back(row: ItemRow, looks: list[LookRow], officer: str, at: datetime) -> bool:
    waits = row.state in {ItemState.OPEN, ItemState.ANSWERED, ItemState.OFFICE}
    begun = row.held_until is not None and row.held_until > at
    mine = len(looks) == 1 and looks[0].officer == officer
    return waits and mine and not begun
