"""What an order leads to: refused by name, or certificates with a last day each."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final, Literal

import attrs

from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.ids import is_id
from kumihimo.kernel.refusal import BadInput
from kumihimo.people.births import BirthDate
from kumihimo.rooms.jpki.api import Ca, Carrier, CertificateOrder
from kumihimo.rooms.jpki.domain.keys import PublicKey, kind_of
from kumihimo.rooms.jpki.domain.profiles import Generation, profiles
from kumihimo.rooms.jpki.domain.refusals import (
    CardEnded,
    HolderEnded,
    NothingToRestOn,
    StaleOrder,
    TooYoung,
)
from kumihimo.rooms.jpki.domain.validity import Facts, end_of, last_day, may_sign
from kumihimo.rooms.jpki.domain.weak_keys import admit_key

Standing = Literal["resident", "leaving", "abroad", "dead"]
HOLDER_BYTES: Final = 32
_VERSION_MAX: Final = (1 << 31) - 1
PHONES: Final[tuple[Carrier, ...]] = ("android", "iphone")


@attrs.frozen
class Living:
    """A good certificate of a person that has not ended."""

    ca: Ca
    serial: int
    carrier: Carrier
    not_after: datetime


@attrs.frozen
class Holder:
    """What register said last of a person. A version counts the changes of her record."""

    version: int
    attributes_version: int
    standing: Standing


def like(carrier: Carrier) -> tuple[Carrier, ...]:
    """Return the carriers of which a person has one at a time: the card, or one phone."""
    return ("card",) if carrier == "card" else PHONES


def check_form(order: CertificateOrder) -> Mapping[Ca, PublicKey]:
    """Return the keys to certify; raises `BadInput`, `WeakKey`."""
    if not is_id(order.order):
        raise BadInput("an order id is 22 characters of base64url", pointer="order")
    if len(order.holder) != HOLDER_BYTES:
        raise BadInput("a holder reference is 32 bytes", pointer="holder")
    if not 0 <= order.version <= _VERSION_MAX:
        raise BadInput("a version is a small count", pointer="version")
    given: dict[Ca, bytes] = {"auth": order.auth_key, "sign": order.sign_key}
    keys: dict[Ca, PublicKey] = {ca: admit_key(spki) for ca, spki in given.items() if spki}
    if not keys:
        raise BadInput("an order asks for a certificate at least", pointer="sign_key")
    if len({kind_of(key) for key in keys.values()}) > 1:
        raise BadInput("both keys are of one kind", pointer="auth_key")
    return keys


def check_holder(order: CertificateOrder, holder: Holder | None) -> None:
    """Raise `HolderEnded` or `StaleOrder` where register knows better than the order."""
    if holder is None:
        return
    if holder.standing == "dead" or (holder.standing == "abroad" and not order.abroad):
        raise HolderEnded
    if order.sign_key and order.version < holder.attributes_version:
        raise StaleOrder


def generation_of(key: PublicKey) -> Generation:
    """Return the generation of cards that has keys of this kind."""
    kind = kind_of(key)
    return next(one for one in profiles().generation.values() if one.key == kind)


def last_days(
    order: CertificateOrder,
    keys: Mapping[Ca, PublicKey],
    living: Sequence[Living],
    *,
    today: date,
) -> dict[Ca, date]:
    """Return the last day of each certificate of an order, auth first.

    Raises `TooYoung`, `CardEnded`, `NothingToRestOn`.
    """
    birth = BirthDate.parse(order.attributes.birth).reveal_day()
    if "sign" in keys and not order.exceptional and not may_sign(birth, today):
        raise TooYoung
    days: dict[Ca, date] = {}
    for ca, key in sorted(keys.items()):
        facts = Facts(
            issued_on=today,
            birth=birth,
            card_ends_on=order.card_ends_on,
            old_ends_on=_old_end(ca, order.carrier, living),
            cap=_cap(ca, order.carrier, living, days),
        )
        days[ca] = last_day(facts, generation_of(key))
        if days[ca] < today:
            raise CardEnded
    return days


def _ends(one: Living) -> date:
    return legal_day(one.not_after)


def _old_end(ca: Ca, carrier: Carrier, living: Sequence[Living]) -> date | None:
    ends = [_ends(one) for one in living if one.ca == ca and one.carrier in like(carrier)]
    return max(ends, default=None)


def _cap(
    ca: Ca, carrier: Carrier, living: Sequence[Living], days: Mapping[Ca, date]
) -> date | None:
    """Return the day of what a certificate rests on, None for a card's auth certificate."""
    if carrier in PHONES:
        rests_on = [_ends(one) for one in living if one.ca == ca and one.carrier == "card"]
    elif ca == "auth":
        return None
    elif "auth" in days:
        rests_on = [days["auth"]]
    else:
        rests_on = [_ends(one) for one in living if one.ca == "auth" and one.carrier == "card"]
    if not rests_on:
        raise NothingToRestOn
    ends = max(rests_on)
    if carrier in PHONES and ca == "sign" and "auth" in days:
        return min(ends, days["auth"])
    return ends


def lifetime(days: Mapping[Ca, date], ca: Ca, now: datetime) -> tuple[datetime, datetime]:
    """Return from when to when a certificate is valid, in whole seconds of UTC."""
    return now.astimezone(UTC).replace(microsecond=0), end_of(days[ca])
