"""Applying for a card: an id, a photo bound to it, the application, and what becomes of it."""

import hashlib
from hmac import compare_digest
from typing import Final, get_args

import attrs
import msgspec

from kumihimo.kernel.ids import is_id
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.sql import Tx
from kumihimo.people.births import BirthDate
from kumihimo.people.names import NAME_FORM_VERSION, canonical_name
from kumihimo.rooms.cards import api, store_cards
from kumihimo.rooms.cards import store_applications as store
from kumihimo.rooms.cards.context import Cards, municipality_of
from kumihimo.rooms.cards.domain.application_ids import ApplicationId
from kumihimo.rooms.cards.domain.applying import Terms, Wish, terms
from kumihimo.rooms.cards.domain.dates import age_on, counted_from
from kumihimo.rooms.cards.domain.pins import PinKind, Pins
from kumihimo.rooms.cards.domain.receiving import Agent, Visit, check_visit
from kumihimo.rooms.cards.domain.refusals import (
    BadApplication,
    LookTwice,
    NotEligible,
    PhotoBoundElsewhere,
    PhotoNotBound,
    UnknownApplication,
)
from kumihimo.rooms.cards.domain.states import application_after
from kumihimo.rooms.cards.domain.validity import Stay, renewable_from
from kumihimo.rooms.cards.store_applications import ApplicationRow, PhotoRow
from kumihimo.rooms.cards.store_cards import CardRow
from kumihimo.rooms.register.api import HOLDER_PATH, HolderAsked, HolderFound

WORKING: Final = frozenset({"active", "held"})


class OnApplication(msgspec.Struct, frozen=True):
    """What stands on an application until the card is made, locked."""

    number: str
    resident_code: str


async def open_application(
    cards: Cards, office: str, asked: api.OpenApplication
) -> api.OpenedApplication:
    """Give a resident of the sender an application id; the same again gives the same.

    A person has one application that is not finished; a second one is refused. Raises
    `UnknownApplication` for nobody of that number and attributes, `NotEligible`.
    """
    cards.office(office)
    if not is_id(asked.application):
        raise BadInput("an id is 22 characters of base64url", pointer="application")
    holder = await _holder(cards, asked)
    if holder.attributes.municipality != municipality_of(office):
        raise UnknownApplication
    if holder.standing != "resident":
        raise NotEligible("only a resident applies for a card")
    row = _opened(cards, office, asked, holder)
    async with cards.database.transaction() as tx:
        if not await store.add(tx, row):
            known = await store.lock(tx, application=asked.application)
            if known is None or known.holder != row.holder or known.sender != office:
                raise NotEligible("this person has an application that is not finished")
            row = known
        else:
            await cards.journal(tx, "application-opened", office)
    return api.OpenedApplication(application=row.application, form=row.form)


async def _holder(cards: Cards, asked: api.OpenApplication) -> HolderFound:
    question = HolderAsked(number=asked.number, attributes=asked.attributes)
    return await cards.ask_register(HOLDER_PATH, question, HolderFound)


def _opened(
    cards: Cards, office: str, asked: api.OpenApplication, holder: HolderFound
) -> ApplicationRow:
    written = holder.attributes
    content = msgspec.json.encode(OnApplication(asked.number, holder.resident_code))
    return ApplicationRow(
        application=asked.application,
        form=ApplicationId.draw(cards.entropy, space=cards.space).reveal(),
        sender=office,
        holder=holder.for_cards,
        jpki_holder=holder.for_jpki,
        handle=holder.handle,
        version=holder.version,
        municipality=written.municipality,
        name=written.name,
        kana=holder.kana,
        birth=written.birth,
        sex=written.sex,
        address=written.address,
        name_key=name_key(written.name, written.birth),
        number_locked=cards.locker.lock(content, label=asked.application.encode()),
        opened_on=cards.today(),
    )


def name_key(name: str, birth: str) -> str:
    """Return what two namesakes share: canonical name with its version, and birth date."""
    return f"{NAME_FORM_VERSION}:{canonical_name(name)}\n{BirthDate.parse(birth).reveal()}"


async def take_photo(cards: Cards, office: str, taken: api.TakePhoto) -> api.PhotoTaken:
    """Bind a photo to an application; another photo for the same one takes the first one's place.

    Raises `PhotoBoundElsewhere` for a photo that was taken for another application.
    """
    if not 0 < len(taken.photo) <= api.PHOTO_BYTES_MAX:
        raise BadInput(f"a photo has at most {api.PHOTO_BYTES_MAX} bytes", pointer="photo")
    digest = hashlib.sha256(taken.photo).digest()
    row = PhotoRow(
        digest=digest,
        application=taken.application,
        bond=bond(cards, taken.application, digest),
        picture=taken.photo,
    )
    async with cards.database.transaction() as tx:
        application = await _own(tx, office, application=taken.application)
        if application.state not in {"open", "sent-back"}:
            raise PhotoNotBound("a photo is taken before the application is made")
        if not await store.bind_photo(tx, row, on=cards.today()):
            raise PhotoBoundElsewhere(pointer="photo")
        await cards.journal(tx, "photo-bound", office)
    return api.PhotoTaken(application=taken.application, bond=row.bond)


def bond(cards: Cards, application: str, digest: bytes) -> bytes:
    """Return what binds a photo to an application: nobody outside can make one."""
    return cards.locker.tag(application.encode() + digest, label=b"photo")


def check_bond(cards: Cards, photo: PhotoRow | None, application: str) -> bytes:
    """Return the picture if it is the one that was bound. Raises `PhotoNotBound`."""
    if photo is None or photo.picture is None:
        raise PhotoNotBound
    digest = hashlib.sha256(photo.picture).digest()
    whole = compare_digest(bond(cards, application, digest), photo.bond)
    if not whole or photo.application != application:
        raise PhotoNotBound
    return photo.picture


async def submit(cards: Cards, office: str, asked: api.Submit) -> api.Application:
    """Apply. Raises what `domain` refuses, `PhotoNotBound`, and `LookTwice` for a namesake."""
    wish = _wish(asked)
    stay = Stay(
        kind=asked.stay,
        until=asked.stay_until,
        renewal_asked_on=asked.stay_renewal_asked_on,
    )
    async with cards.database.transaction() as tx:
        row = await _own(tx, office, application=asked.application)
        state = application_after(row.state, "submit")
        found = terms(wish, BirthDate.parse(row.birth), today=cards.today())
        _check_presence(row, wish, found, asked, cards)
        if found.photo_needed:
            check_bond(cards, await store.photo_of(tx, row.application), row.application)
        _check_card_before(await store_cards.of_holder(tx, row.holder), wish, cards)
        alike = await store_cards.namesakes(tx, row.name_key, row.holder)
        if alike and not asked.looked_twice:
            raise LookTwice(f"{alike} other people share name and birth date")
        row = attrs.evolve(
            row,
            state=state,
            because="",
            handover=wish.handover,
            kind=found.kind,
            certificates=wish.certificates,
            ward=wish.ward,
            stay=stay.kind,
            stay_until=stay.until,
            stay_renewal_asked_on=stay.renewal_asked_on,
            photo_needed=found.photo_needed,
            applied_on=cards.today(),
            due_from=found.due_from,
            due_by=found.due_by,
            fee=found.fee,
            pins_locked=_locked_pins(cards, row, found, asked),
        )
        await store.save(tx, row)
        await cards.journal(tx, "applied", office, namesakes=alike)
    return shown(row, "")


def _wish(asked: api.Submit) -> Wish:
    return Wish(
        channel=asked.channel,
        handover=asked.handover,
        kind=asked.kind,
        certificates=asked.certificates,
        express=asked.express,
        event_on=asked.event_on,
        replaces=asked.replaces,
        ward=asked.ward,
    )


def _check_presence(
    row: ApplicationRow, wish: Wish, found: Terms, asked: api.Submit, cards: Cards
) -> None:
    """Whoever has the card posted is identified now, and sets her PINs now."""
    if wish.handover == "counter":
        if found.representative_needed and asked.agent is None:
            raise BadApplication("a legal representative applies", pointer="agent")
        return
    visit = Visit(
        holder_present=True, holder_papers=frozenset(asked.papers), agent=agent_of(asked.agent)
    )
    age = age_on(counted_from(BirthDate.parse(row.birth)), cards.today())
    check_visit(visit, age=age, ward=wish.ward)


def agent_of(shown_agent: api.AgentShown | None) -> Agent | None:
    """Return an agent as the rules know one."""
    if shown_agent is None:
        return None
    return Agent(
        kind=shown_agent.kind, reason=shown_agent.reason, papers=frozenset(shown_agent.papers)
    )


def _locked_pins(
    cards: Cards, row: ApplicationRow, found: Terms, asked: api.Submit
) -> bytes | None:
    if asked.handover == "counter":
        if asked.pins:
            raise BadApplication("PINs are set when the card is handed over", pointer="pins")
        return None
    kinds = {kind: asked.pins.get(kind, "") for kind in get_args(PinKind)}
    pins = Pins.parse(kinds, wanted=found.pins, birth=BirthDate.parse(row.birth))
    content = msgspec.json.encode({kind: one.reveal() for kind, one in pins.values.items()})
    return cards.locker.lock(content, label=b"pins/" + row.application.encode())


def _check_card_before(present: list[CardRow], wish: Wish, cards: Cards) -> None:
    """Let a second card be asked for only in place of the first, and for a reason."""
    working = [card for card in present if card.state in WORKING]
    if any(card.state not in WORKING and card.state != "void" for card in present):
        raise NotEligible("a card of this person is on its way")
    if not working:
        return
    replaces = "lost" if wish.express == "lost" else wish.replaces or wish.express
    if not replaces:
        raise NotEligible("this person has a card; say what the new one replaces it for")
    if replaces in {"expiry", "renewal"} and cards.today() < renewable_from(working[0].last_day):
        raise NotEligible("a card is renewed from three months before its last day")
    if replaces == "lost" and working[0].state != "held":
        raise NotEligible("a lost card is stopped first")


async def decide(cards: Cards, office: str, asked: api.DecideApplication) -> api.Application:
    """Send back, reject or withdraw; a rejected or withdrawn application loses its number."""
    async with cards.database.transaction() as tx:
        row = await _own(tx, office, application=asked.application)
        row = attrs.evolve(
            row, state=application_after(row.state, asked.event), because=asked.because
        )
        row = await close(tx, row) if row.state != "sent-back" else row
        await store.save(tx, row)
        await cards.journal(tx, f"application-{asked.event}", office)
    return shown(row, "")


async def close(tx: Tx, row: ApplicationRow) -> ApplicationRow:
    """Return an application without number and PINs; its pictures go."""
    await store.forget_picture(tx, row.application)
    return attrs.evolve(row, number_locked=None, pins_locked=None)


async def show(cards: Cards, office: str, asked: api.ShowApplication) -> api.Application:
    """Return an application of the sender's by one of its ids. Raises `UnknownApplication`."""
    form = ""
    if asked.form:
        form = ApplicationId.parse(asked.form, space=cards.space).reveal()
    async with cards.database.transaction() as tx:
        row = await _own(tx, office, application=asked.application, form=form)
        card = await store_cards.lock(tx, application=row.application)
        await cards.journal(tx, "application-shown", office)
    return shown(row, card.card if card is not None else "")


async def _own(tx: Tx, office: str, *, application: str = "", form: str = "") -> ApplicationRow:
    """Return an application of this office; raises `UnknownApplication` for any other."""
    row = await store.lock(tx, application=application, form=form)
    if row is None or row.municipality != municipality_of(office):
        raise UnknownApplication
    return row


def shown(row: ApplicationRow, card: str) -> api.Application:
    """Return an application as a counter sees it."""
    return api.Application(
        application=row.application,
        form=row.form,
        state=row.state,
        because=row.because,
        name=row.name,
        due_from=row.due_from,
        due_by=row.due_by,
        fee=row.fee,
        card=card,
    )
