"""cards' SQL on cards, their trail, incidents and counts."""

from collections.abc import Sequence
from datetime import date
from typing import Final, Literal, LiteralString

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.cards.domain.applying import CardKind
from kumihimo.rooms.cards.domain.counting import CountKind, Entry
from kumihimo.rooms.cards.domain.states import CardState

IncidentState = Literal["open", "taken-back", "closed"]
NewCertificates = Literal["", "sign", "both"]


@attrs.frozen(kw_only=True, repr=False)
class CardRow:
    """A card as it is stored."""

    card: str
    serial: str
    application: str
    holder: bytes
    jpki_holder: bytes
    handle: bytes
    version: int
    municipality: str
    name: str
    birth: str
    sex: str
    address: str
    name_key: str
    kind: CardKind
    certificates: bool
    ward: bool
    state: CardState = "made"
    because: str = ""
    chip_key: bytes
    auth_order: str
    sign_order: str
    made_in: str
    made_on: date
    delivered_on: date | None = None
    delivered_in: str | None = None
    ended_on: date | None = None
    last_day: date
    last_by_age: date
    planned_out_on: date | None = None
    moved_on: date | None = None
    notified_on: date | None = None
    continued_on: date | None = None
    lapses_on: date | None = None
    leaves_on: date | None = None
    new_certificates: NewCertificates = ""


@attrs.frozen(kw_only=True)
class IncidentRow:
    """An incident as it is stored."""

    incident: str
    card: str
    kind: str
    state: IncidentState


@attrs.frozen
class ActRow:
    """One line of a card's trail."""

    act: str
    done_on: date
    actor: str
    officers: str


@attrs.frozen
class _Entry:
    on: date
    delivered_on: date
    municipality: str
    born: date
    kind: CountKind


_SELECT: Final[LiteralString] = (
    "SELECT card, serial, application, holder, jpki_holder, handle, version, municipality,"
    " name, birth,"
    " sex, address, name_key, kind, certificates, ward, state, because, chip_key,"
    " auth_order, sign_order, made_in, made_on, delivered_on, delivered_in, ended_on, last_day, last_by_age,"
    " planned_out_on, moved_on, notified_on, continued_on, lapses_on, leaves_on,"
    " new_certificates FROM card"
)


async def add(tx: Tx, row: CardRow) -> None:
    """Store a new card."""
    await tx.put(
        "INSERT INTO card (card, serial, application, holder, jpki_holder, handle, version,"
        " municipality, name, birth, sex, address, name_key, kind, certificates, ward, state, because, chip_key,"
        " auth_order, sign_order, made_in,"
        " made_on, delivered_on, delivered_in, ended_on, last_day, last_by_age,"
        " planned_out_on, moved_on, notified_on, continued_on, lapses_on, leaves_on,"
        " new_certificates) VALUES (%(card)s, %(serial)s, %(application)s,"
        " %(holder)s, %(jpki_holder)s, %(handle)s, %(version)s, %(municipality)s, %(name)s, %(birth)s, %(sex)s,"
        " %(address)s, %(name_key)s, %(kind)s, %(certificates)s, %(ward)s, %(state)s,"
        " %(because)s, %(chip_key)s, %(auth_order)s, %(sign_order)s, %(made_in)s,"
        " %(made_on)s, %(delivered_on)s,"
        " %(delivered_in)s, %(ended_on)s, %(last_day)s, %(last_by_age)s, %(planned_out_on)s,"
        " %(moved_on)s, %(notified_on)s, %(continued_on)s, %(lapses_on)s, %(leaves_on)s,"
        " %(new_certificates)s)",
        attrs.asdict(row),
    )


async def save(tx: Tx, row: CardRow) -> None:
    """Store what may change of a card."""
    await tx.put(
        "UPDATE card SET municipality = %(municipality)s, name = %(name)s, birth = %(birth)s,"
        " sex = %(sex)s, address = %(address)s, name_key = %(name_key)s, kind = %(kind)s,"
        " state = %(state)s, because = %(because)s, version = %(version)s,"
        " auth_order = %(auth_order)s, sign_order = %(sign_order)s,"
        " delivered_on = %(delivered_on)s, delivered_in = %(delivered_in)s,"
        " ended_on = %(ended_on)s, last_day = %(last_day)s, planned_out_on = %(planned_out_on)s,"
        " moved_on = %(moved_on)s, notified_on = %(notified_on)s,"
        " continued_on = %(continued_on)s, lapses_on = %(lapses_on)s, leaves_on = %(leaves_on)s,"
        " new_certificates = %(new_certificates)s WHERE card = %(card)s",
        attrs.asdict(row),
    )


async def lock(
    tx: Tx, *, card: str = "", serial: str = "", application: str = ""
) -> CardRow | None:
    """Return a card by one of its ids, locked."""
    return await tx.row(
        _SELECT + " WHERE card = %(card)s OR serial = %(serial)s"
        " OR application = %(application)s FOR UPDATE",
        {"card": card, "serial": serial, "application": application},
        CardRow,
    )


async def of_holder(tx: Tx, holder: bytes) -> list[CardRow]:
    """Return every card of a person that is not at its end, locked, oldest first."""
    return await tx.rows(
        _SELECT + " WHERE holder = %(holder)s"
        " AND state NOT IN ('abolished', 'discarded') ORDER BY made_on, card FOR UPDATE",
        {"holder": holder},
        CardRow,
    )


async def of_name(tx: Tx, name_key: str) -> list[CardRow]:
    """Return the cards in hand of everybody with this name and birth date, locked.

    Cards of the same birth date whose key an older form made come too (`rekey`).
    """
    return await tx.rows(
        _SELECT + " WHERE (name_key = %(key)s OR (NOT starts_with(name_key, '2:')"
        " AND split_part(name_key, E'\\n', 2) = split_part(%(key)s, E'\\n', 2)))"
        " AND state IN ('active', 'held', 'void')"
        " ORDER BY card FOR UPDATE",
        {"key": name_key},
        CardRow,
    )


async def ending(tx: Tx, today: date, limit: int) -> list[CardRow]:
    """Return cards whose last day is over, or that lapse by today, locked."""
    return await tx.rows(
        _SELECT + " WHERE (state IN ('active', 'held', 'void')"
        " AND last_day < %(today)s) OR (state IN ('active', 'held') AND lapses_on <= %(today)s)"
        " ORDER BY card LIMIT %(limit)s FOR UPDATE SKIP LOCKED",
        {"today": today, "limit": limit},
        CardRow,
    )


async def namesakes(tx: Tx, name_key: str, holder: bytes) -> int:
    """Return how many other people with this name and birth date have or ask for a card."""
    return await tx.value(
        "SELECT count(DISTINCT holder) FROM ("
        "SELECT holder FROM application WHERE name_key = %(key)s"
        " UNION SELECT holder FROM card WHERE name_key = %(key)s) AS alike"
        " WHERE holder <> %(holder)s",
        {"key": name_key, "holder": holder},
    )


async def add_act(
    tx: Tx, card: str, act: str, *, on: date, actor: str, officers: Sequence[str]
) -> None:
    """Add a line to a card's trail."""
    await tx.put(
        "INSERT INTO card_act (card, act, done_on, actor, officers)"
        " VALUES (%(card)s, %(act)s, %(on)s, %(actor)s, %(officers)s)",
        {"card": card, "act": act, "on": on, "actor": actor, "officers": " ".join(officers)},
    )


async def trail(tx: Tx, card: str) -> list[ActRow]:
    """Return a card's trail, oldest first."""
    return await tx.rows(
        "SELECT act, done_on, actor, officers FROM card_act WHERE card = %(card)s ORDER BY act_id",
        {"card": card},
        ActRow,
    )


async def add_count(tx: Tx, card: str, entry: Entry) -> None:
    """Add a change of counts."""
    await tx.put(
        "INSERT INTO card_count (card, kind, counted_on, delivered_on, municipality, born)"
        " VALUES (%(card)s, %(kind)s, %(on)s, %(delivered_on)s, %(municipality)s, %(born)s)",
        attrs.asdict(entry) | {"card": card},
    )


async def counted(tx: Tx, day: date) -> list[Entry]:
    """Return every change of counts up to a day."""
    rows = await tx.rows(
        "SELECT counted_on AS on, delivered_on, municipality, born, kind FROM card_count"
        " WHERE counted_on <= %(day)s",
        {"day": day},
        _Entry,
    )
    return [Entry(**attrs.asdict(row)) for row in rows]


async def lock_incident(tx: Tx, incident: str) -> IncidentRow | None:
    """Return an incident, locked."""
    return await tx.row(
        "SELECT incident, card, kind, state FROM incident WHERE incident = %(incident)s FOR UPDATE",
        {"incident": incident},
        IncidentRow,
    )


async def incident_of(tx: Tx, card: str) -> IncidentRow | None:
    """Return the incident of a card that is not closed; there is at most one."""
    return await tx.row(
        "SELECT incident, card, kind, state FROM incident"
        " WHERE card = %(card)s AND state <> 'closed'",
        {"card": card},
        IncidentRow,
    )


async def add_incident(tx: Tx, row: IncidentRow, *, on: date) -> bool:
    """Open an incident; False when the card has another that is open."""
    added = await tx.execute(
        "INSERT INTO incident (incident, card, kind, state, opened_on)"
        " VALUES (%(incident)s, %(card)s, %(kind)s, %(state)s, %(on)s) ON CONFLICT DO NOTHING",
        attrs.asdict(row) | {"on": on},
    )
    return added == 1


async def save_incident(tx: Tx, incident: str, state: IncidentState, *, on: date) -> None:
    """Store the new state of an incident."""
    await tx.put(
        "UPDATE incident SET state = %(state)s, closed_on = CASE WHEN %(state)s = 'closed'"
        " THEN %(on)s END WHERE incident = %(incident)s",
        {"incident": incident, "state": state, "on": on},
    )
