"""The form of a single event: what its kind needs, and whether each attribute can be held."""

from collections.abc import Callable
from datetime import date
from typing import Final

from kumihimo.kernel.ids import is_id
from kumihimo.kernel.refusal import Refusal
from kumihimo.people.addresses import Address
from kumihimo.people.births import BirthDate
from kumihimo.people.check_digits import NumberSpace
from kumihimo.people.kana import KanaName
from kumihimo.people.names import AliasName, FormerSurname, PersonName
from kumihimo.people.numbers import MunicipalityCode, ResidentCode
from kumihimo.people.sexes import Sex
from kumihimo.people.text import admit
from kumihimo.rooms.register.api import Event
from kumihimo.rooms.register.domain.refusals import (
    BadEvent,
    FutureEvent,
    TwoOfficersNeeded,
    at,
)
from kumihimo.rooms.register.domain.residents import BEGINNINGS, RULES, SETTABLE

OFFICERS_MAX: Final = 8
OFFICER_CHARS_MAX: Final = 64
REASON_CHARS_MAX: Final = 400
_MAY_BE_EMPTY: Final = frozenset({"kana", "former_surname", "alias"})
_TWO: Final = 2
# A change of number is allowed only after a leak (Number Act art. 7(2)); the reason is on record.
_EX_OFFICIO: Final = frozenset({"correction", "restoration"})
_NEEDS_REASON: Final = _EX_OFFICIO | {"number-change"}

_PARSERS: Final[dict[str, Callable[[str], object]]] = {
    "name": PersonName.parse,
    "kana": KanaName.parse,
    "birth": BirthDate.parse,
    "sex": Sex.parse,
    "address": Address.parse,
    "municipality": MunicipalityCode.parse,
    "former_surname": FormerSurname.parse,
    "alias": AliasName.parse,
}


def check_form(event: Event, *, space: NumberSpace, today: date) -> None:
    """Raise `BadEvent`, `FutureEvent`, `TwoOfficersNeeded` or a value's own refusal.

    `today` is the Japanese calendar day of recording. Refusals point at the attribute.
    """
    if not is_id(event.event):
        raise BadEvent("an event id is 22 characters of base64url", pointer="event")
    if event.effective_on > today:
        raise FutureEvent(pointer="effective_on")
    _check_attributes(event)
    _check_officers(event)
    _check_values(event, space)
    _check_born(event, today)


def _check_attributes(event: Event) -> None:
    rule = RULES[event.kind]
    given = {name for name in SETTABLE if getattr(event, name) is not None}
    for name in SETTABLE:
        if name in rule.needs and name not in given:
            raise BadEvent(f"{event.kind} needs this attribute", pointer=name)
        if name in given and name not in rule.may:
            raise BadEvent(f"{event.kind} does not set this attribute", pointer=name)
    if event.kind in {"name-change", "correction"} and not given:
        raise BadEvent(f"{event.kind} sets nothing")


def _check_officers(event: Event) -> None:
    if len(event.officers) > OFFICERS_MAX or any(
        not 0 < len(officer.strip()) <= OFFICER_CHARS_MAX for officer in event.officers
    ):
        raise BadEvent("officers are at most eight ids", pointer="officers")
    if event.kind in _NEEDS_REASON and not event.reason.strip():
        refusal = TwoOfficersNeeded if event.kind in _EX_OFFICIO else BadEvent
        raise refusal("a reason is needed", pointer="reason")
    if event.kind in _EX_OFFICIO and len({o.strip() for o in event.officers}) < _TWO:
        raise TwoOfficersNeeded("two different officers are needed", pointer="officers")


def _check_values(event: Event, space: NumberSpace) -> None:
    for officer in event.officers:
        _checked(
            "officers",
            lambda officer=officer: admit(officer, what="officer", limit=OFFICER_CHARS_MAX),
        )
    if event.reason:
        _checked("reason", lambda: admit(event.reason, what="reason", limit=REASON_CHARS_MAX))
    _checked("resident_code", lambda: _exact_code(event.resident_code, space))
    if (new := event.new_resident_code) is not None:
        _checked("new_resident_code", lambda: _exact_code(new, space))
    for name, parse in _PARSERS.items():
        value: str | None = getattr(event, name)
        if value is None or (value == "" and name in _MAY_BE_EMPTY):
            continue
        _checked(name, lambda parse=parse, value=value: parse(value))
    if event.municipality and not event.municipality.isascii():
        raise BadEvent("a municipality code is six ASCII digits", pointer="municipality")


def _check_born(event: Event, today: date) -> None:
    """Nobody is born after today, or after the day on which her record begins."""
    if event.birth is None:
        return
    year, month, day = BirthDate.parse(event.birth).reveal()
    latest = event.effective_on if event.kind in BEGINNINGS else today
    if date(year, month or 1, day or 1) > latest:
        raise BadEvent("nobody is born after the event or after today", pointer="birth")


def _exact_code(text: str, space: NumberSpace) -> None:
    # A code names a row: two notations of it would be two rows.
    if ResidentCode.parse(text, space=space).reveal() != text:
        raise BadEvent("a resident code is eleven ASCII digits")


def _checked(place: str, parse: Callable[[], object]) -> None:
    try:
        parse()
    except Refusal as refusal:
        raise at(refusal, place) from None
