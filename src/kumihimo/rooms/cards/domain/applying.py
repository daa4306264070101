"""What an application is asked: who may have which card, how soon, at what price (card_jpki 3.2-3.4).

Fees are yen.
"""

from datetime import date, timedelta
from typing import Final, Literal

import attrs

from kumihimo.people.births import BirthDate
from kumihimo.rooms.cards.domain.dates import age_on, birthday, counted_from
from kumihimo.rooms.cards.domain.pins import PinKind
from kumihimo.rooms.cards.domain.refusals import BadApplication, NotEligible, TooLate
from kumihimo.rooms.cards.domain.tables import express_reasons

Channel = Literal["post", "pc", "smartphone", "booth", "counter"]
Handover = Literal["counter", "checked-at-application", "direct"]
CardKind = Literal["standard", "without-sign", "face"]

LEGAL_AGE: Final = 15  # below it a legal representative acts, and there is no sign certificate
PHOTO_FROM: Final = 1
EXPRESS_DAYS: Final = (5, 7)  # at best, at most
ORDINARY_DAYS: Final = 30  # about a month; one to two in the source document
_FEE_CARD: Final = 800
_FEE_CERTIFICATES: Final = 200
_FEE_EXPRESS: Final = 1_000  # what express issue adds where the person is at fault


@attrs.frozen(kw_only=True)
class Wish:
    """What the applicant asks for. `event_on` is the day of the event that express issue needs.

    `replaces` names why there was a card before ("" for a first card); `ward` is an adult under
    guardianship (成年被後見人). Days are Japanese.
    """

    channel: Channel
    handover: Handover = "counter"
    kind: CardKind = "standard"
    certificates: bool = True
    express: str = ""
    event_on: date | None = None
    replaces: Literal["", "expiry", "lost", "damaged", "renewal", "not-own-fault"] = ""
    ward: bool = False


@attrs.frozen(kw_only=True)
class Terms:
    """What becomes of an application that may be made."""

    kind: CardKind
    photo_needed: bool
    representative_needed: bool
    pins: frozenset[PinKind]
    due_from: date
    due_by: date
    fee: int


def terms(wish: Wish, birth: BirthDate, *, today: date) -> Terms:
    """Decide an application. Raises `BadApplication`, `NotEligible`, `TooLate`."""
    born = counted_from(birth)
    if born > today:
        raise BadApplication("the birth date lies in the future", pointer="birth")
    age = age_on(born, today)
    _check_handover(wish)
    if wish.express:
        _check_express(wish, born, today)
    elif wish.event_on is not None:
        raise BadApplication("an event is named for express issue only", pointer="event_on")
    soonest, latest = EXPRESS_DAYS if wish.express else (ORDINARY_DAYS, 2 * ORDINARY_DAYS)
    kind = _kind(wish, age)
    return Terms(
        kind=kind,
        photo_needed=age >= PHOTO_FROM,
        representative_needed=age < LEGAL_AGE or wish.ward,
        pins=pins_of(kind, certificates=wish.certificates),
        due_from=today + timedelta(days=soonest),
        due_by=today + timedelta(days=latest),
        fee=_fee(wish),
    )


def pins_of(kind: CardKind, *, certificates: bool) -> frozenset[PinKind]:
    """Return the secrets that the holder of such a card sets; a face card has none."""
    match kind:
        case "face":
            return frozenset()
        case "without-sign":
            with_certificates = frozenset[PinKind]({"auth"})
        case "standard":
            with_certificates = frozenset[PinKind]({"auth", "sign"})
    plain = frozenset[PinKind]({"register", "text"})
    return plain | with_certificates if certificates else plain


def _check_handover(wish: Wish) -> None:
    """Refuse a way of handing over that does not go with the way of applying."""
    at_counter = wish.channel == "counter"
    if wish.handover == "checked-at-application" and not at_counter:
        raise NotEligible("who wants the card posted is identified at the counter")
    if wish.handover == "direct" and not (at_counter and wish.express):
        raise NotEligible("only express issue is posted by the maker, and it is asked at a counter")
    if wish.express and wish.handover != "direct":
        raise NotEligible("an express card is posted by the maker")


def _check_express(wish: Wish, born: date, today: date) -> None:
    reason = express_reasons().get(wish.express)
    if reason is None:
        raise BadApplication("no such reason for express issue", pointer="express")
    if wish.express == "infant":
        if today >= birthday(born, born.year + 1):
            raise TooLate("until the day before the first birthday", pointer="express")
        return
    if wish.event_on is None or wish.event_on > today:
        raise BadApplication("the day of the event is needed", pointer="event_on")
    if today > wish.event_on + timedelta(days=reason.within_days):
        raise TooLate(f"within {reason.within_days} days of the event", pointer="event_on")


def _kind(wish: Wish, age: int) -> CardKind:
    if wish.kind == "standard" and (age < LEGAL_AGE or wish.ward):
        return "without-sign"
    return wish.kind


def _fee(wish: Wish) -> int:
    """Return the fee: only a card that replaces one through the person's own fault costs."""
    express = express_reasons().get(wish.express)
    own_fault = express.own_fault if express is not None else wish.replaces in {"lost", "damaged"}
    if not own_fault:
        return 0
    fee = _FEE_CARD + (_FEE_CERTIFICATES if wish.certificates else 0)
    return fee + _FEE_EXPRESS if express is not None else fee
