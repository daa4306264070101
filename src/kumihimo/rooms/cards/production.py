"""Making cards, by the centre: certificates ordered, chip written, the number gone.

(1) The application goes into production with an order of certificates on record. (2) Keys are drawn
and certificates ordered. (3) The card is engraved. (4) One transaction enters the card and lets the
number, the PINs and the picture go. A crash before (4) leaves nothing but an order, which the next
attempt drops: its certificates are revoked, and a chip that nobody entered is worth nothing.
"""

import asyncio
from datetime import date
from typing import Final

import attrs
import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kumihimo.card.carriers import CARRIERS
from kumihimo.card.holding import Holder, HolderCertificates, HolderKeys, HolderPins, Printed
from kumihimo.card.personalise import Order, personalise
from kumihimo.card.running import PrivateKey
from kumihimo.kernel.entropy import below
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.sql import Tx
from kumihimo.kernel.withheld import Withheld
from kumihimo.people.births import BirthDate
from kumihimo.rooms.cards import store_applications as store
from kumihimo.rooms.cards import store_cards
from kumihimo.rooms.cards.applications import OnApplication, check_bond, close
from kumihimo.rooms.cards.certifier import NO_CERTIFICATES, Pair, Subject
from kumihimo.rooms.cards.context import Cards
from kumihimo.rooms.cards.domain.applying import CardKind
from kumihimo.rooms.cards.domain.dates import birthday_after, counted_from
from kumihimo.rooms.cards.domain.refusals import PhotoNotBound, WrongState
from kumihimo.rooms.cards.domain.states import application_after, card_after
from kumihimo.rooms.cards.domain.validity import (
    ADULT_BIRTHDAYS,
    MINOR_BIRTHDAYS,
    Stay,
    adult,
    last_day,
)
from kumihimo.rooms.cards.store_applications import ApplicationRow
from kumihimo.rooms.cards.store_cards import CardRow

ACTOR: Final = "cards"
CARRIER: Final[dict[CardKind, str]] = {
    "standard": "card",
    "without-sign": "child",
    "face": "pinless",
}
_SERIAL_BODY: Final = 14
NO_PHOTO: Final = b""  # an infant's card has none


@attrs.frozen(kw_only=True)
class Dates:
    """The days of a card that is being made."""

    made_on: date
    last_day: date
    last_by_age: date


@attrs.frozen(kw_only=True, repr=False)
class _Begun:
    """An application in production, with what is needed to make the card."""

    row: ApplicationRow
    order: str
    on_form: OnApplication
    pins: dict[str, str]
    picture: bytes
    later: bool


async def make_next(cards: Cards) -> int:
    """Make the next card that is due, express first; returns how many were made (0 or 1)."""
    async with cards.database.transaction() as tx:
        application = await store.to_make(tx)
    if application is None:
        return 0
    await make(cards, application)
    return 1


async def make(cards: Cards, application: str) -> str | None:
    """Make the card of an application; returns its id, or None when the photo sent it back."""
    begun = await _begin(cards, application)
    if begun is None:
        return None
    kind = begun.row.kind
    keys = await asyncio.to_thread(cards.draw)
    if kind != "standard":
        keys = attrs.evolve(keys, sign=None)
    dates = _dates(cards, begun.row)
    pair = await _certified(cards, begun, keys, dates)
    serial = f"9{below(cards.entropy, 10**_SERIAL_BODY):0{_SERIAL_BODY}}"
    contents = await asyncio.to_thread(_contents, cards, begun, keys, pair, serial, dates)
    await cards.factory.engrave(serial, contents, municipality=begun.row.municipality)
    return await _enter(cards, begun, serial, spki(keys.chip), dates)


async def _certified(cards: Cards, begun: _Begun, keys: HolderKeys, dates: Dates) -> Pair:
    if not begun.row.certificates or begun.later:
        return NO_CERTIFICATES
    return await cards.certifier.issue(
        begun.order,
        attrs.evolve(subject_of(begun.row, dates.last_day), before_delivery=True),
        auth=spki(keys.auth),
        sign=spki(keys.sign) if keys.sign is not None else b"",
    )


async def _begin(cards: Cards, application: str) -> _Begun | None:
    async with cards.database.transaction() as tx:
        row = await store.lock(tx, application=application)
        if row is None or row.state not in {"applied", "in-production"}:
            raise WrongState("only an application that was made becomes a card")
        for dropped in await store.drop_orders(tx, application=application):
            await cards.post(tx, cards.certifier.happened("never-delivered", dropped.order_id))
        try:
            photo = await store.photo_of(tx, application)
            picture = check_bond(cards, photo, application) if row.photo_needed else NO_PHOTO
        except PhotoNotBound:
            # 2023: cards with the photo of somebody else. What is not bound is not printed.
            row = attrs.evolve(row, state="sent-back", because="photo")
            await store.save(tx, row)
            await cards.journal(tx, "photo-refused", ACTOR)
            return None
        if row.state == "applied":
            row = attrs.evolve(row, state=application_after(row.state, "produce"))
            await store.save(tx, row)
        later = await _later(tx, row)
        order = new_id(cards.entropy)
        await store.add_order(tx, order, application=application, session=None)
        await cards.journal(tx, "production-begun", ACTOR)
    return _Begun(
        row=row,
        order=order,
        on_form=_on_form(cards, row),
        pins=_pins(cards, row),
        picture=picture,
        later=later,
    )


async def _later(tx: Tx, row: ApplicationRow) -> bool:
    """Say whether the certificates wait for the counter.

    Who still uses a card gets those of the new one when she comes for it: until then there is
    nothing that could be used in her name, and none that begins to run out.
    """
    working = [c for c in await store_cards.of_holder(tx, row.holder) if c.state == "active"]
    return bool(working) and row.handover == "counter"


def _on_form(cards: Cards, row: ApplicationRow) -> OnApplication:
    assert row.number_locked is not None, "the number stands on it until the card is made"
    content = cards.locker.unlock(bytes(row.number_locked), label=row.application.encode())
    return msgspec.json.decode(content, type=OnApplication)


def _pins(cards: Cards, row: ApplicationRow) -> dict[str, str]:
    if row.pins_locked is None:
        return {}
    label = b"pins/" + row.application.encode()
    content = cards.locker.unlock(bytes(row.pins_locked), label=label)
    return msgspec.json.decode(content, type=dict[str, str])


def _dates(cards: Cards, row: ApplicationRow) -> Dates:
    birth, today = BirthDate.parse(row.birth), cards.today()
    applied_on = row.applied_on or today
    count = ADULT_BIRTHDAYS if adult(birth, applied_on) else MINOR_BIRTHDAYS
    stay = Stay(kind=row.stay, until=row.stay_until, renewal_asked_on=row.stay_renewal_asked_on)
    return Dates(
        made_on=today,
        last_day=last_day(birth, applied_on=applied_on, made_on=today, stay=stay),
        last_by_age=birthday_after(counted_from(birth), today, count),
    )


def subject_of(row: ApplicationRow | CardRow, last: date) -> Subject:
    """Return whose certificates are ordered."""
    return Subject(
        holder=row.jpki_holder,
        version=row.version,
        name=row.name,
        birth=row.birth,
        sex=row.sex,
        address=row.address,
        municipality=row.municipality,
        last_day=last,
    )


def spki(key: PrivateKey) -> bytes:
    """Return the public half of a key (SPKI, DER)."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _contents(
    cards: Cards, begun: _Begun, keys: HolderKeys, pair: Pair, serial: str, dates: Dates
) -> dict[str, bytes]:
    """Return what the chip is written with."""
    row = begun.row
    order = Order(
        card=CARRIERS[CARRIER[row.kind]],
        holder=Holder(
            name=Withheld(row.name),
            address=Withheld(row.address),
            birth=Withheld(counted_from(BirthDate.parse(row.birth))),
            sex=Withheld(row.sex or "0"),
            number=Withheld(begun.on_form.number),
            resident_code=Withheld(begun.on_form.resident_code),
        ),
        printed=Printed(
            serial=serial,
            municipality=row.municipality[:5],
            expires=dates.last_day,
            security_code=Withheld(f"{below(cards.entropy, 10_000):04}"),
        ),
        keys=keys,
        certificates=HolderCertificates(
            auth=pair.auth,
            auth_ca=pair.auth_ca,
            sign=pair.sign or None,
            sign_ca=pair.sign_ca,
        ),
        pins=_written_pins(begun.pins),
        issuer=cards.issuing.issuer(row.municipality),
        photo=begun.picture,
    )
    return personalise(order, entropy=cards.entropy)


def _written_pins(pins: dict[str, str]) -> HolderPins:
    """Return the PINs of a card that is posted; one that is handed over has none yet."""
    given = {kind: Withheld(value.encode("ascii")) for kind, value in pins.items()}
    return HolderPins(
        auth=given.get("auth"),
        sign=given.get("sign"),
        text=given.get("text"),
        card=given.get("register"),
    )


async def _enter(
    cards: Cards, begun: _Begun, serial: str, chip_key: bytes, dates: Dates
) -> str | None:
    """Enter the card, or nothing when the application was closed meanwhile."""
    async with cards.database.transaction() as tx:
        row = await store.lock(tx, application=begun.row.application)
        assert row is not None, "an application is never removed"
        if row.state != "in-production":
            for dropped in await store.drop_orders(tx, application=row.application):
                letter = cards.certifier.happened("never-delivered", dropped.order_id)
                await cards.post(tx, letter)
            await cards.journal(tx, "production-stopped", ACTOR)
            return None
        card = _card(cards, row, begun, serial, chip_key, dates)
        row = await close(tx, attrs.evolve(row, state=application_after(row.state, "finish")))
        await store.save(tx, row)
        await store.use_order(tx, begun.order)
        await store_cards.add(tx, card)
        await store_cards.add_act(tx, card.card, "made", on=dates.made_on, actor=ACTOR, officers=())
        await cards.journal(tx, "card-made", ACTOR)
    return card.card


def _card(
    cards: Cards,
    row: ApplicationRow,
    begun: _Begun,
    serial: str,
    chip_key: bytes,
    dates: Dates,
) -> CardRow:
    order, later = begun.order, begun.later
    certified = row.certificates and not later
    return CardRow(
        card=new_id(cards.entropy),
        serial=serial,
        application=row.application,
        holder=row.holder,
        jpki_holder=row.jpki_holder,
        handle=row.handle,
        version=row.version,
        municipality=row.municipality,
        name=row.name,
        birth=row.birth,
        sex=row.sex,
        address=row.address,
        name_key=row.name_key,
        kind=row.kind,
        certificates=row.certificates,
        ward=row.ward,
        state=card_after("made", "post") if row.handover == "direct" else "made",
        chip_key=chip_key,
        auth_order=order if certified else "",
        sign_order=order if certified and row.kind == "standard" else "",
        new_certificates="both" if row.certificates and later else "",
        made_in=row.municipality,
        made_on=dates.made_on,
        last_day=dates.last_day,
        last_by_age=dates.last_by_age,
    )
