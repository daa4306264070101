"""What an office does with cards: their way to the holder, stopping, ending, and misdelivery."""

from typing import Final

import attrs

from kumihimo.kernel.ids import is_id
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.sql import Tx
from kumihimo.people.identity import FourAttributes, strict_match
from kumihimo.rooms.cards import api, lives
from kumihimo.rooms.cards import store_applications as applications
from kumihimo.rooms.cards import store_cards as store
from kumihimo.rooms.cards import store_sessions as sessions
from kumihimo.rooms.cards.applications import name_key
from kumihimo.rooms.cards.context import Cards, municipality_of
from kumihimo.rooms.cards.domain.application_ids import ApplicationId
from kumihimo.rooms.cards.domain.applying import pins_of
from kumihimo.rooms.cards.domain.refusals import (
    NotEligible,
    SecondOfficerNeeded,
    UnknownCard,
    WrongState,
)
from kumihimo.rooms.cards.domain.states import IN_HAND, card_after
from kumihimo.rooms.cards.store_cards import CardRow, IncidentRow

POSTED: Final = frozenset({"checked-at-application", "direct"})


async def find(cards: Cards, office: str, asked: api.FindCard) -> api.CardShown:
    """Return a card by the serial of its chip, by its application's form, or by its id.

    A card that is in the reader is shown to any municipality: its holder brought it.
    """
    async with cards.database.transaction() as tx:
        card, form = await _found(cards, tx, office, asked)
        under_way = await sessions.under_way(tx, card.card)
        overdue = under_way is not None and under_way.expires_at <= cards.clock.now()
        incident = await store.incident_of(tx, card.card)
        await cards.journal(tx, "card-shown", office)
    pins = pins_of(card.kind, certificates=card.certificates)
    return api.CardShown(
        card=card.card,
        serial=card.serial,
        form=form,
        state=card.state,
        because=card.because,
        kind=card.kind,
        name=card.name,
        birth=card.birth,
        address=card.address,
        municipality=card.municipality,
        delivered_on=card.delivered_on,
        last_day=card.last_day,
        lapses_on=card.lapses_on,
        pins=tuple(sorted(pins)),
        overdue=overdue,
        incident=_shown(incident) if incident is not None else None,
    )


def _shown(row: IncidentRow) -> api.Incident:
    return api.Incident(incident=row.incident, state=row.state, kind=row.kind)


async def _found(cards: Cards, tx: Tx, office: str, asked: api.FindCard) -> tuple[CardRow, str]:
    form = asked.form and ApplicationId.parse(asked.form, space=cards.space).reveal()
    by_form = await applications.lock(tx, form=form) if form else None
    card = await store.lock(
        tx,
        card=asked.card,
        serial=asked.serial,
        application=by_form.application if by_form is not None else "",
    )
    if card is None or (not asked.serial and card.municipality != municipality_of(office)):
        raise UnknownCard
    application = await applications.lock(tx, application=card.application)
    assert application is not None, "every card has its application"
    return card, application.form


async def own_card(tx: Tx, office: str, card: str) -> CardRow:
    """Return a card of this office's residents, locked. Raises `UnknownCard` for any other."""
    row = await store.lock(tx, card=card)
    if row is None or row.municipality != municipality_of(office):
        raise UnknownCard
    return row


async def handle(cards: Cards, office: str, asked: api.HandleCard) -> api.CardAfter:
    """Record a step of a card's way. Raises `UnknownCard`, `WrongState`, `NotEligible`.

    A card that waits at the counter is delivered by a session with its chip, never here.
    """
    async with cards.database.transaction() as tx:
        card = await own_card(tx, office, asked.card)
        officers = (asked.officer,)
        match asked.event:
            case "deliver":
                if card.state != "posted":
                    raise WrongState("a card at the counter is delivered with its chip there")
                card = await lives.deliver(cards, tx, card, actor=office, officers=officers)
            case "discard":
                card = await lives.discard(cards, tx, card, actor=office, officers=officers)
            case "ship" | "notify" | "post" | "come-back":
                card = attrs.evolve(card, state=card_after(card.state, asked.event))
                if asked.event == "post":
                    await _may_be_posted(tx, card)
                await store.save(tx, card)
                await lives.note(cards, tx, card, asked.event, actor=office, officers=officers)
        await cards.journal(tx, f"card-{asked.event}", office)
    return api.CardAfter(card=card.card, state=card.state)


async def _may_be_posted(tx: Tx, card: CardRow) -> None:
    application = await applications.lock(tx, application=card.application)
    assert application is not None, "every card has its application"
    if application.handover not in POSTED:
        raise NotEligible("only a card whose holder was identified when applying is posted")


async def hold(cards: Cards, office: str, asked: api.HoldCard) -> api.Held:
    """Stop the card of whoever all four attributes name; nobody learns whether there is one."""
    written = asked.attributes
    four = FourAttributes.parse(
        name=written.name, birth=written.birth, sex=written.sex, address=written.address
    )
    stopped = 0
    async with cards.database.transaction() as tx:
        for card in await store.of_name(tx, name_key(written.name, written.birth)):
            held = FourAttributes.parse(
                name=card.name, birth=card.birth, sex=card.sex, address=card.address
            )
            if card.state == "active" and strict_match(four, held, sex_required=True):
                await lives.hold(cards, tx, card, actor=office)
                stopped += 1
        await cards.journal(tx, "hold-asked", office, channel=asked.channel, new=stopped)
    return api.Held(stopped)


async def end(cards: Cards, office: str, asked: api.EndCard) -> api.CardAfter:
    """Abolish a card that was handed back, lost for good, or lapsed."""
    async with cards.database.transaction() as tx:
        card = await own_card(tx, office, asked.card)
        card = await lives.abolish(
            cards, tx, card, because=asked.because, actor=office, officers=(asked.officer,)
        )
        await cards.journal(tx, "card-ended", office, because=asked.because)
    return api.CardAfter(card=card.card, state=card.state)


async def misdelivery(cards: Cards, office: str, asked: api.ReportMisdelivery) -> api.Incident:
    """Take a step of an incident; the same step again changes nothing.

    The card stops at once. When it is back, its delivery is reversed: counts, state, and the keys
    that a stranger had are gone; it is given to the right holder with new ones, or thrown away.
    """
    if not is_id(asked.incident):
        raise BadInput("an id is 22 characters of base64url", pointer="incident")
    if asked.officer == asked.second_officer or not asked.second_officer:
        raise SecondOfficerNeeded(pointer="second_officer")
    async with cards.database.transaction() as tx:
        card = await own_card(tx, office, asked.card)
        row = await store.lock_incident(tx, asked.incident)
        match asked.step, row.state if row is not None else "":
            case ("open", ""):
                row = await _open_incident(cards, tx, card, asked, office)
            case ("take-back", "open"):
                row = await _take_back(cards, tx, card, asked, office)
            case ("close", "taken-back" | "open"):
                row = IncidentRow(
                    incident=asked.incident, card=card.card, kind=asked.kind, state="closed"
                )
                await store.save_incident(tx, asked.incident, "closed", on=cards.today())
            case ("open", _) | ("take-back", "taken-back" | "closed") | ("close", "closed"):
                assert row is not None, "it has a state"
            case _:
                raise WrongState("the incident has not come so far")
        if row.card != card.card:
            raise UnknownCard
        await cards.journal(tx, f"misdelivery-{asked.step}", office, kind=asked.kind)
    return _shown(row)


async def _open_incident(
    cards: Cards, tx: Tx, card: CardRow, asked: api.ReportMisdelivery, office: str
) -> IncidentRow:
    row = IncidentRow(incident=asked.incident, card=card.card, kind=asked.kind, state="open")
    if not await store.add_incident(tx, row, on=cards.today()):
        raise WrongState("another incident of this card is open")
    officers = (asked.officer, asked.second_officer)
    if card.state == "active":
        card = await lives.hold(cards, tx, card, actor=office, officers=officers)
    await lives.note(cards, tx, card, f"incident-{asked.kind}", actor=office, officers=officers)
    return row


async def _take_back(
    cards: Cards, tx: Tx, card: CardRow, asked: api.ReportMisdelivery, office: str
) -> IncidentRow:
    officers = (asked.officer, asked.second_officer)
    if card.state in IN_HAND:
        await lives.undo_delivery(cards, tx, card, actor=office, officers=officers)
    await store.save_incident(tx, asked.incident, "taken-back", on=cards.today())
    return IncidentRow(incident=asked.incident, card=card.card, kind=asked.kind, state="taken-back")
