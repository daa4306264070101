"""A batch of events against what is known: whole or not at all.

(1) form, (2) known already, (3) whose resident, (4) what the day allows, (5) the new periods.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

import attrs

from kumihimo.kernel.refusal import Refusal
from kumihimo.people.check_digits import NumberSpace
from kumihimo.rooms.register.api import Event
from kumihimo.rooms.register.domain.forms import check_form
from kumihimo.rooms.register.domain.refusals import (
    AlreadyRegistered,
    EventIdReused,
    NoNumberYet,
    UnknownResident,
    at,
)
from kumihimo.rooms.register.domain.residents import (
    ARRIVALS,
    BEGINNINGS,
    Entry,
    Period,
    State,
    extended,
    state_on,
)

LOCAL_GOVERNMENT: Final = "lg-"


@attrs.frozen(kw_only=True, repr=False)
class Version:
    """A period with its recorded time: known from one event on, until a later one."""

    period: Period
    recorded_from: int
    recorded_to: int | None = None


@attrs.define(repr=False)
class History:
    """One person while a batch is taken."""

    entries: list[Entry] = attrs.field(factory=list[Entry])
    open: list[Version] = attrs.field(factory=list[Version])
    closed: list[Version] = attrs.field(factory=list[Version])
    numbered: bool = False

    @property
    def periods(self) -> tuple[Period, ...]:
        """What is known today."""
        return tuple(version.period for version in self.open)

    @property
    def present(self) -> State:
        """The state of today."""
        return self.open[-1].period.state

    def learn(self, entry: Entry) -> None:
        """Take one more event; raises what the fold refuses, and then changes nothing."""
        periods = extended(self.periods, self.entries, entry)
        known = {version.period: version for version in self.open}
        kept = set(periods)
        self.closed += [
            attrs.evolve(version, recorded_to=entry.seq)
            for period, version in known.items()
            if period not in kept
        ]
        self.open = [
            known.get(period) or Version(period=period, recorded_from=entry.seq)
            for period in periods
        ]
        self.entries.append(entry)


@attrs.define
class Plan:
    """What a batch changes, in the order to store it."""

    new: list[tuple[int, Entry]] = attrs.field(factory=list[tuple[int, Entry]])
    codes: list[tuple[str, int]] = attrs.field(factory=list[tuple[str, int]])
    renumber: list[int] = attrs.field(factory=list[int])

    @property
    def touched(self) -> list[int]:
        """The persons that the batch touches, each once."""
        return list(dict.fromkeys(person for person, _ in self.new))


@attrs.define
class Book:
    """The part of the register that a batch may touch, loaded before.

    `codes` holds every code of the batch that is or was anybody's; `events` the stored form of
    each event of the batch that is known already; `ids` are fresh (person, event number) pairs.
    """

    people: dict[int, History]
    codes: dict[str, int]
    events: Mapping[str, str]
    ids: Sequence[tuple[int, int]]

    def holder(self, code: str) -> tuple[int, History] | None:
        """Return who has the code now; a replaced code names nobody."""
        person = self.codes.get(code)
        history = self.people.get(person) if person is not None else None
        if person is None or history is None or history.present.resident_code != code:
            return None
        return person, history


def codes_of(events: Iterable[Event]) -> list[str]:
    """Return every resident code that a batch names."""
    named = ((e.resident_code, e.new_resident_code) for e in events)
    return list(dict.fromkeys(code for pair in named for code in pair if code))


def take(
    book: Book,
    events: Sequence[tuple[Event, str]],
    *,
    sender: str,
    space: NumberSpace,
    today: date,
) -> Plan:
    """Take a batch of (event, stored form) into the book; returns what changed.

    Raises the first refusal, pointing at `events[i]`; the book is then worthless.
    """
    plan = Plan()
    stored = dict(book.events)
    for index, (event, body) in enumerate(events):
        try:
            known = stored.get(event.event)
            if known == body:
                continue
            if known is not None:
                raise EventIdReused(pointer="event")
            stored[event.event] = body
            check_form(event, space=space, today=today)
            _take_one(book, plan, event, sender=sender, fresh=book.ids[index])
        except Refusal as refusal:
            raise at(refusal, f"events[{index}]") from None
    return plan


def _take_one(book: Book, plan: Plan, event: Event, *, sender: str, fresh: tuple[int, int]) -> None:
    person, seq = fresh
    entry = Entry(seq, event)
    if event.kind in BEGINNINGS:
        if event.resident_code in book.codes:
            raise AlreadyRegistered(pointer="resident_code")
        _authorise(event, sender, None)
        history = book.people[person] = History()
        _claim(book, plan, event.resident_code, person)
    else:
        found = book.holder(event.resident_code)
        if found is None:
            raise UnknownResident(pointer="resident_code")
        person, history = found
        _authorise(event, sender, history)
    if event.kind == "number-change":
        if not history.numbered:
            raise NoNumberYet(pointer="resident_code")
        plan.renumber.append(person)
    history.learn(entry)
    if event.new_resident_code is not None:
        if event.new_resident_code in book.codes:
            raise AlreadyRegistered(pointer="new_resident_code")
        _claim(book, plan, event.new_resident_code, person)
    plan.new.append((person, entry))


def _claim(book: Book, plan: Plan, code: str, person: int) -> None:
    book.codes[code] = person
    plan.codes.append((code, person))


def _authorise(event: Event, sender: str, history: History | None) -> None:
    """Let a municipality write of its own residents only: of the day, to correct of today."""
    if history is None or event.kind in ARRIVALS:
        place = event.municipality
    elif event.kind == "correction":
        place = history.present.municipality
    else:
        state = state_on(history.periods, event.effective_on)
        place = (state or history.present).municipality
    if sender != f"{LOCAL_GOVERNMENT}{place}":
        raise UnknownResident(pointer="resident_code")
