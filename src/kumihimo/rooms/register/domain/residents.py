"""A resident's history as a fold of events, ordered by the day on which they took effect.

Two times are kept apart. Valid time is the day an event took effect: it may lie before events
that are already recorded. Recorded time is the number of the event that made us know: it only
grows. Sorting by (effective day, number) and folding gives the periods that we know today.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final, Literal, get_args

import attrs
import msgspec

from kumihimo.rooms.register.api import Event, EventKind
from kumihimo.rooms.register.domain.refusals import BadEvent, ContradictsState

Standing = Literal["resident", "leaving", "abroad", "dead"]
LIVING: Final[frozenset[Standing]] = frozenset({"resident", "leaving", "abroad"})


@attrs.frozen(kw_only=True, repr=False)
class State:
    """What the register holds of one person during one period, as written."""

    resident_code: str
    name: str
    kana: str
    birth: str
    sex: str
    address: str
    municipality: str
    former_surname: str
    alias: str
    standing: Standing
    protected: bool


@attrs.frozen(kw_only=True)
class Period:
    """A state on days d with valid_from <= d < valid_to (None: until further notice)."""

    valid_from: date
    valid_to: date | None
    state: State


@attrs.frozen(repr=False)
class Entry:
    """An event with the number under which it was recorded."""

    seq: int
    event: Event


@attrs.frozen
class _Rule:
    """What a kind of event needs, may set, and in which standing it may happen."""

    needs: frozenset[str]
    may: frozenset[str]
    standings: frozenset[Standing]
    leads_to: Standing | None = None


def _rule(
    needs: str, standings: frozenset[Standing], *, may: str = "", to: Standing | None = None
) -> _Rule:
    needed = frozenset(needs.split())
    return _Rule(needed, needed | frozenset(may.split()), standings, to)


_WRITTEN = "name birth sex address municipality"
_HERE: Final[frozenset[Standing]] = frozenset({"resident"})
_NOT_DEAD = LIVING
_ANY: Final[frozenset[Standing]] = frozenset(get_args(Standing))
_NOBODY: Final[frozenset[Standing]] = frozenset()

RULES: Final[dict[EventKind, _Rule]] = {
    "birth": _rule(_WRITTEN, _NOBODY, may="kana former_surname alias", to="resident"),
    "foreign-registration": _rule(_WRITTEN, _NOBODY, may="kana alias", to="resident"),
    # The old municipality's notice of moving out may arrive after the new one's of moving in.
    "move-in": _rule("address municipality", frozenset({"resident", "leaving"}), to="resident"),
    "move-out": _rule("", _HERE, to="leaving"),
    "move-within": _rule("address", _HERE),
    "name-change": _rule("", _NOT_DEAD, may="name kana alias former_surname"),
    "former-surname": _rule("former_surname", _NOT_DEAD),
    "correction": _rule("", _ANY, may="name kana birth sex address alias former_surname"),
    "restoration": _rule("", frozenset({"leaving", "abroad", "dead"}), to="resident"),
    "departure-abroad": _rule("", frozenset({"resident", "leaving"}), to="abroad"),
    "return": _rule("address municipality", frozenset({"abroad"}), to="resident"),
    "death": _rule("", _NOT_DEAD, to="dead"),
    "number-change": _rule("", _NOT_DEAD),
    "resident-code-change": _rule("new_resident_code", _NOT_DEAD),
    "protection": _rule("", _NOT_DEAD),
    "protection-end": _rule("", _ANY),
}
BEGINNINGS: Final = frozenset(kind for kind, rule in RULES.items() if not rule.standings)
ARRIVALS: Final = BEGINNINGS | {"move-in", "return"}
SETTABLE: Final = (
    "name", "kana", "birth", "sex", "address", "municipality", "former_surname", "alias",
    "new_resident_code",
)  # fmt: skip


def after(state: State | None, event: Event) -> State:
    """Return the state that an event leads to; raises `ContradictsState` or `BadEvent`."""
    rule = RULES[event.kind]
    if state is None:
        if event.kind not in BEGINNINGS:
            raise ContradictsState("the person was not registered on that day")
        return _begun(event)
    if state.standing not in rule.standings:
        raise ContradictsState(f"{event.kind} cannot happen to a person who is {state.standing}")
    if event.kind == "move-in" and state.standing == "resident":
        _refuse_same_place(state, event)
    if event.kind in {"protection", "protection-end"}:
        return _protect(state, wanted=event.kind == "protection")
    changes = {n: v for n in SETTABLE[:-1] if (v := getattr(event, n)) is not None}
    if event.new_resident_code is not None:
        changes["resident_code"] = event.new_resident_code
    if rule.leads_to is not None:
        changes["standing"] = rule.leads_to
    return attrs.evolve(state, **changes)


def _begun(event: Event) -> State:
    needed = (event.name, event.birth, event.sex, event.address, event.municipality)
    name, birth, sex, address, municipality = (value or "" for value in needed)
    if not (name and birth and address and municipality):
        raise BadEvent("a beginning needs name, birth, sex, address and municipality")
    return State(
        resident_code=event.resident_code,
        name=name,
        kana=event.kana or "",
        birth=birth,
        sex=sex,
        address=address,
        municipality=municipality,
        former_surname=event.former_surname or "",
        alias=event.alias or "",
        standing="resident",
        protected=False,
    )


def _refuse_same_place(state: State, event: Event) -> None:
    if state.municipality == event.municipality:
        raise ContradictsState("the person lives in this municipality; that is a move within")


def _protect(state: State, *, wanted: bool) -> State:
    if state.protected == wanted:
        raise ContradictsState("the protection is already as the event says")
    return attrs.evolve(state, protected=wanted)


def timeline(entries: Sequence[Entry]) -> tuple[Period, ...]:
    """Fold all events of one person into periods, oldest first, without gap or overlap.

    Raises `ContradictsState` when the events cannot all have happened on their days.
    """
    periods: tuple[Period, ...] = ()
    for entry in sorted(entries, key=lambda e: (e.event.effective_on, e.seq)):
        periods = _followed(periods, entry.event)
    return periods


def _followed(periods: tuple[Period, ...], event: Event) -> tuple[Period, ...]:
    day = event.effective_on
    if not periods:
        return (Period(valid_from=day, valid_to=None, state=after(None, event)),)
    last = periods[-1]
    if event.kind == "restoration" and last.valid_from != day:
        raise ContradictsState("a restoration is dated the day of the event that it takes back")
    new = Period(valid_from=day, valid_to=None, state=after(last.state, event))
    if last.valid_from == day:  # two events of one day leave no period of no days between them
        return (*periods[:-1], new)
    return (*periods[:-1], attrs.evolve(last, valid_to=day), new)


def extended(periods: tuple[Period, ...], known: Sequence[Entry], new: Entry) -> tuple[Period, ...]:
    """Return the periods once `new` is known too; `known` are the events behind `periods`.

    Equal to `timeline((*known, new))`; only a back-dated event costs the whole fold.
    """
    if periods and new.event.effective_on < periods[-1].valid_from:
        return timeline((*known, new))
    return _followed(periods, new.event)


def state_on(periods: Sequence[Period], day: date) -> State | None:
    """Return the state at the end of a day, or None before the first."""
    found = [period for period in periods if period.valid_from <= day]
    return found[-1].state if found else None


def encode(event: Event) -> str:
    """Return the event as it is stored."""
    return msgspec.json.encode(event, order="deterministic").decode()


def decode(body: str) -> Event:
    """Read what `encode` wrote."""
    return msgspec.json.decode(body, type=Event)
