"""Register's doors: residents and numbers, the strict inquiry, and its half of acquisition.

Numbers and names cross only here, between register and an institution that may hold them, sealed
by HPKE to the receiver inside the signed message: every question is a `Sealed`, and every answer
too but `EventsTaken` (a count) and `DisclosureTicket` (sealed to the ledger). No code of any
institution ever comes here.
"""

import hashlib
from datetime import date
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidSignature

from kumihimo.kernel.keys import verification_key
from kumihimo.kernel.message import KeyBook, party_of
from kumihimo.kernel.refusal import NotAuthentic
from kumihimo.people.address_levels import AddressLevel
from kumihimo.people.birth_levels import BirthLevel, SexLevel
from kumihimo.people.levels import NameLevel

PARTY = "register"

EVENTS_PATH = "/events"
DESIGNATE_PATH = "/numbers"
STRICT_PATH = "/inquiries/strict"
ACQUIRE_PATH = "/acquisitions/begin"
TICKET_PATH = "/tickets"
ABOUT_ME_PATH = "/inquiries/about-me"
HOLDER_PATH = "/holders"
HANDLE_PATH = "/holders/now"
LATEST_PATH = "/holders/latest"
DISCLOSE_PATH = "/holders/disclosure"
READ_AGAIN_PATH = "/holders/disclosure/again"
LINKS_PATH = "/links/compare"
RESIDENTS_CHANGED_PATH = "/residents/changed"  # at jpki and at cards

BATCH_MAX = 1_000
CHANGES_MAX = BATCH_MAX  # no batch of events touches more people


class Attributes(msgspec.Struct, frozen=True, kw_only=True):
    """The four attributes (基本4情報) as an office wrote them. `sex` is "" where not supplied."""

    name: str
    birth: str
    sex: str
    address: str
    municipality: str = ""


class Sealed(msgspec.Struct, frozen=True):
    """JSON of another struct, HPKE-sealed to the receiver; the context is the path."""

    payload: bytes


class StrictInquiry(msgspec.Struct, frozen=True, kw_only=True):
    """Find one number: all four attributes, or three where the scheme has no sex by law."""

    inquiry: str
    affair: str
    attributes: Attributes
    sexless_scheme: bool = False


class StrictBatch(msgspec.Struct, frozen=True):
    """At most 1,000 strict inquiries of one office."""

    inquiries: tuple[StrictInquiry, ...]


class StrictAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly one match gives the number and the attributes as held; all else is silence."""

    inquiry: str
    answered: bool
    number: str = ""
    attributes: Attributes | None = None


class StrictAnswers(msgspec.Struct, frozen=True):
    """In the order asked."""

    answers: tuple[StrictAnswer, ...]


LinkVerdict = Literal["EQUAL", "SPELLING", "MOVED", "MISMATCH", "DEAD", "NOT_FOUND"]


class HeldAttributes(msgspec.Struct, frozen=True, kw_only=True):
    """What an institution holds of a person, as written; "" where it holds none."""

    name: str = ""
    kana: str = ""
    birth: str = ""
    sex: str = ""
    address: str = ""


class LinkHeld(msgspec.Struct, frozen=True, kw_only=True):
    """One link to compare: a number, and what the institution holds of whom it ties to it."""

    inquiry: str
    affair: str
    number: str
    held: HeldAttributes


class LinkBatch(msgspec.Struct, frozen=True):
    """1 to 1,000 links of one office."""

    links: tuple[LinkHeld, ...]


class LinkLevels(msgspec.Struct, frozen=True, kw_only=True):
    """How far each attribute agrees with register's."""

    name: NameLevel
    kana: NameLevel
    birth: BirthLevel
    sex: SexLevel
    address: AddressLevel


class LinkJudged(msgspec.Struct, frozen=True, kw_only=True):
    """What register says of one link; no value that it holds is in it.

    EQUAL, SPELLING: the same person, as written or but for ways of writing. MOVED: the same but for
    the address. MISMATCH: another person, or a grave error. DEAD: the same, who has died. NOT_FOUND:
    nobody has this number now. `homonym`: whether somebody else shares reading and birth date with
    whose number it is; None where that cannot be said.
    """

    inquiry: str
    verdict: LinkVerdict
    levels: LinkLevels
    homonym: bool | None


class LinksJudged(msgspec.Struct, frozen=True):
    """In the order asked."""

    links: tuple[LinkJudged, ...]


class Acquire(msgspec.Struct, frozen=True, kw_only=True):
    """One person whose code the institution wants: an acquisition number and the number."""

    acquisition: str
    number: str


class AcquireBatch(msgspec.Struct, frozen=True, kw_only=True):
    """At most 1,000 persons, for one domain (the sender's own)."""

    acquisitions: tuple[Acquire, ...]


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """Register's answer to one: the blinding r (32 bytes), or why not.

    A ticket to the ledger travels through a counter and a person, outside any signed message, so
    it carries register's own signature (`verify_ticket`).
    """

    acquisition: str
    state: Literal["begun", "no-such-person", "duplicate"]
    blinding: bytes = b""
    key_id: str = ""
    signature: bytes = b""


class Tickets(msgspec.Struct, frozen=True):
    """In the order asked; always inside a `Sealed`."""

    tickets: tuple[Ticket, ...]


class DisclosureAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A counter that has identified a person (art. 16) asks for her ticket to the ledger."""

    number: str
    attributes: Attributes


class DisclosureTicket(msgspec.Struct, frozen=True, kw_only=True):
    """(t, r) sealed to the ledger's payload key: the person carries it, nobody else opens it."""

    acquisition: str
    sealed: bytes


class OfficeAsked(msgspec.Struct, frozen=True, kw_only=True):
    """That an office asked for this person's number, for which affair, on which day.

    `compared`: it had the number, and asked whether what it held of her agreed. `inquiry` is the
    office's own id of it, by which a person says what she means; "" from a register that is older.
    """

    office: str
    affair: str
    on: date
    answered: bool
    compared: bool = False
    inquiry: str = ""


class AboutMe(msgspec.Struct, frozen=True):
    """Every strict inquiry about the person who asks (by `DisclosureAsked`), latest first.

    By `handle` a portal reads them again (`HolderReadsAgain`), for one session; no counter has one.
    """

    inquiries: tuple[OfficeAsked, ...]
    handle: bytes = b""


EventKind = Literal[
    "birth", "foreign-registration", "move-in", "move-out", "move-within", "name-change",
    "former-surname", "correction", "restoration", "departure-abroad", "return", "death",
    "number-change", "resident-code-change", "protection", "protection-end",
]  # fmt: skip


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An event of the resident register (異動), as a municipality sends it.

    `resident_code` names the person; attributes that the event leaves alone are None. A
    correction ex officio names two officers and a reason (`officers`, `reason`), and so does a
    restoration, which takes back a death or a departure that never was, dated the day of it.
    """

    event: str
    kind: EventKind
    resident_code: str
    effective_on: date
    name: str | None = None
    kana: str | None = None
    birth: str | None = None
    sex: str | None = None
    address: str | None = None
    municipality: str | None = None
    former_surname: str | None = None
    alias: str | None = None
    new_resident_code: str | None = None
    officers: tuple[str, ...] = ()
    reason: str = ""


class EventBatch(msgspec.Struct, frozen=True):
    """At most 1,000 events, inside a `Sealed`."""

    events: tuple[Event, ...]


class HolderAsked(msgspec.Struct, frozen=True, kw_only=True):
    """cards asks who applies for a card: the number and all four attributes must fit."""

    number: str
    attributes: Attributes


class HolderFound(msgspec.Struct, frozen=True, kw_only=True):
    """Who applies, as held, and the references (32 bytes) that each of the two rooms knows her by.

    Neither room can tell the other's reference, the number or the person's id from its own.
    `attributes` has the municipality; `version` counts the changes of the record so far; `handle`
    opens the record again for cards (`HolderNow`), and says nothing to anybody. Inside a `Sealed`.
    """

    for_cards: bytes
    for_jpki: bytes
    handle: bytes
    version: int
    resident_code: str
    attributes: Attributes
    kana: str
    standing: Literal["resident", "leaving", "abroad", "dead"]


class HolderNow(msgspec.Struct, frozen=True):
    """cards asks for the record of a holder as it is now, by the handle that register gave it."""

    handle: bytes


class LatestAsked(msgspec.Struct, frozen=True, kw_only=True):
    """jpki asks for the attributes of a holder as they are now, by its own reference of her.

    Without `tell` it asks only so that its asking does not differ: it is told nothing.
    """

    holder: bytes
    tell: bool


class LatestTold(msgspec.Struct, frozen=True, kw_only=True):
    """The four attributes of a holder (no municipality), or none; inside a `Sealed`.

    `gone`: she has died or left Japan. What may not be told is absent, and not marked.
    """

    gone: bool
    attributes: Attributes | None = None


class HolderDiscloses(msgspec.Struct, frozen=True, kw_only=True):
    """jpki asks for a holder who has just proved at a portal, with her card, who she is.

    By its own reference of her; `seal_to` is the portal's X25519 key (32 bytes).
    """

    holder: bytes
    seal_to: bytes


class HolderDisclosure(msgspec.Struct, frozen=True, kw_only=True):
    """Her ticket to the ledger, which opens it alone; and JSON of `AboutMe`, sealed to the portal.

    `inquiries` is sealed with `DISCLOSE_PATH` as its context. Inside a `Sealed`.
    """

    ticket: DisclosureTicket
    inquiries: bytes


class HolderReadsAgain(msgspec.Struct, frozen=True):
    """jpki hands on a portal's handle. The answer, `AboutMe`, is sealed to the portal, then to jpki."""

    handle: bytes


WhatChanged = Literal["name", "birth", "sex", "address", "number", "resident-code"]


class ResidentChanged(msgspec.Struct, frozen=True, kw_only=True):
    """That the record of a person is another one now; what it says is not told.

    `holder` is the reference of the room that is told, `version` as in `HolderFound`: of two
    messages the one with the higher is the later, in whatever order they come.
    """

    holder: bytes
    version: int
    changed: tuple[WhatChanged, ...]
    standing: Literal["resident", "leaving", "abroad", "dead"]
    effective_on: date


class ResidentsChanged(msgspec.Struct, frozen=True):
    """At most 1,000 changes, each person once; sent to jpki and to cards by the outbox."""

    changes: tuple[ResidentChanged, ...]


class EventsTaken(msgspec.Struct, frozen=True, kw_only=True):
    """How many events were new. A batch with one bad event is refused whole."""

    new: int


class Designate(msgspec.Struct, frozen=True):
    """Residents of the sender that have no number yet (Number Act art. 7, 8)."""

    resident_codes: tuple[str, ...]


class Designated(msgspec.Struct, frozen=True, kw_only=True):
    """A resident code and the number designated for it."""

    resident_code: str
    number: str


class Designations(msgspec.Struct, frozen=True):
    """Inside a `Sealed`; the same code always gives the same number."""

    designated: tuple[Designated, ...]


def ticket_signed_bytes(ticket: Ticket) -> bytes:
    """Return what a ticket's signature covers, apart from every other kind of signature."""
    content = f"{ticket.acquisition}\n{ticket.state}\n".encode() + ticket.blinding
    return b"kumihimo-ticket-v1\n" + hashlib.sha256(content).digest()


def verify_ticket(ticket: Ticket, book: KeyBook) -> None:
    """Raise `NotAuthentic` unless register signed this ticket."""
    key = book.signing_key(ticket.key_id)
    if key is None or party_of(ticket.key_id) != PARTY:
        raise NotAuthentic
    try:
        verification_key(key).verify(ticket.signature, ticket_signed_bytes(ticket))
    except InvalidSignature as error:
        raise NotAuthentic from error
