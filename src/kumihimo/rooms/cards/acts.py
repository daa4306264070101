"""The acts that a counter does on a chip: who may ask, what is written, what is done when it is."""

import hashlib
from collections.abc import Callable
from datetime import date
from typing import Final, Literal

import attrs
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from kumihimo.card import applications as ap
from kumihimo.card.contents import attribute_fields, attributes_file
from kumihimo.card.cv import BadCertificate, CvKey, check_signature
from kumihimo.card.holding import Holder
from kumihimo.card.tlv import BadTlv, parse, parse_one, tlv
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.sql import Tx
from kumihimo.kernel.withheld import Withheld
from kumihimo.people.births import BirthDate
from kumihimo.rooms.cards import api, lives
from kumihimo.rooms.cards import store_applications as applications
from kumihimo.rooms.cards import store_cards as store
from kumihimo.rooms.cards.applications import agent_of
from kumihimo.rooms.cards.certifier import Pair, Subject
from kumihimo.rooms.cards.context import Cards, municipality_of
from kumihimo.rooms.cards.domain.applying import pins_of
from kumihimo.rooms.cards.domain.continuation import Move, lapses_on
from kumihimo.rooms.cards.domain.dates import age_on, counted_from
from kumihimo.rooms.cards.domain.pins import PIN_KINDS
from kumihimo.rooms.cards.domain.receiving import Visit, check_visit, identified
from kumihimo.rooms.cards.domain.refusals import (
    NotEligible,
    ProxyNotAccepted,
    SecondOfficerNeeded,
    TooLate,
    UnknownCard,
    WrongChip,
    WrongState,
)
from kumihimo.rooms.cards.production import subject_of
from kumihimo.rooms.cards.store_applications import ApplicationRow
from kumihimo.rooms.cards.store_cards import CardRow, NewCertificates
from kumihimo.rooms.cards.store_sessions import SessionRow

WITH_TEXT: Final = frozenset({"update", "abroad"})
KeyKind = Literal["auth", "sign"]


def check(
    asked: api.BeginSession,
    card: CardRow,
    application: ApplicationRow,
    *,
    office: str,
    today: date,
) -> None:
    """Raise what the law refuses before anything is done with the chip."""
    here = card.municipality == municipality_of(office)
    if not here:
        # Never more than that it is not theirs: the chip may have been found in the street.
        raise UnknownCard
    if asked.kind == "activate":
        _check_handing_over(asked, card, application, today)
        return
    _check_presence(asked, card, today)
    _CHECKS[asked.kind](asked, card, today)


def _check_handing_over(
    asked: api.BeginSession, card: CardRow, application: ApplicationRow, today: date
) -> None:
    if card.state != "notified":
        raise WrongState("this card is not waiting to be handed over")
    if asked.form != application.form:
        raise WrongChip("the paper is of another card than the chip")
    if not asked.second_officer or asked.officer == asked.second_officer:
        raise SecondOfficerNeeded("two officers compare face, card and papers")
    visit = Visit(
        holder_present=asked.holder_present,
        holder_papers=frozenset(asked.papers),
        agent=agent_of(asked.agent),
    )
    check_visit(visit, age=_age(card, today), ward=card.ward)


def _check_presence(asked: api.BeginSession, card: CardRow, today: date) -> None:
    """See that the holder, or who represents her, is there, and who she is beside the card."""
    visit = Visit(
        holder_present=asked.holder_present,
        holder_papers=frozenset({*asked.papers, "my-number-card"}),
        agent=agent_of(asked.agent),
    )
    if not asked.holder_present and (asked.agent is None or asked.agent.kind == "proxy"):
        raise ProxyNotAccepted("the holder comes herself", pointer="holder_present")
    check_visit(visit, age=_age(card, today), ward=card.ward)
    needs_more = asked.kind in {"pins", "found"}
    if needs_more and asked.holder_present and not identified(frozenset(asked.papers)):
        # Who has found or stolen a card has it in hand as well.
        raise ProxyNotAccepted("another paper than the card proves who she is", pointer="papers")


def _age(card: CardRow, today: date) -> int:
    return age_on(counted_from(BirthDate.parse(card.birth)), today)


def _check_pins(asked: api.BeginSession, card: CardRow, _: date) -> None:
    _active(card)
    able = pins_of(card.kind, certificates=card.certificates)
    if not asked.pins or not set(asked.pins) <= able:
        raise BadInput("name secrets that this card has", pointer="pins")


def _check_update(_: api.BeginSession, card: CardRow, today: date) -> None:
    _active(card)
    if card.lapses_on is not None and today >= card.lapses_on:
        raise TooLate("the card has lapsed")


def _check_certificates(_: api.BeginSession, card: CardRow, today: date) -> None:
    _active(card)
    if not card.certificates:
        raise NotEligible("this card was asked for without certificates")
    if today > card.last_day:
        raise TooLate("the card has ended")


def _check_found(_: api.BeginSession, card: CardRow, today: date) -> None:
    if card.state != "held":
        raise WrongState("this card is not stopped")
    if today > card.last_day:
        raise TooLate("the card has ended")


def _check_abroad(asked: api.BeginSession, card: CardRow, today: date) -> None:
    _active(card)
    if asked.leaves_on is None or asked.leaves_on <= today:
        raise TooLate("no later than the day before leaving", pointer="leaves_on")


def _active(card: CardRow) -> None:
    if card.state != "active":
        raise WrongState(f"this cannot be done with a card that is {card.state}")


_CHECKS: Final[dict[str, Callable[[api.BeginSession, CardRow, date], None]]] = {
    "pins": _check_pins,
    "update": _check_update,
    "certificates": _check_certificates,
    "found": _check_found,
    "abroad": _check_abroad,
}


def pins(asked: api.BeginSession, card: CardRow) -> tuple[str, ...]:
    """Return the secrets that are set in a session."""
    if asked.kind == "activate":
        wanted = set(pins_of(card.kind, certificates=card.certificates))
    else:
        wanted = set(asked.pins) if asked.kind == "pins" else set[str]()
    return tuple(kind for kind in PIN_KINDS if kind in wanted)


def keys(kind: api.SessionKind, card: CardRow) -> tuple[KeyKind, ...]:
    """Return the keys that the chip makes anew."""
    if not card.certificates:
        return ()
    able: tuple[KeyKind, ...] = ("auth", "sign") if card.kind == "standard" else ("auth",)
    match kind:
        case "certificates" | "found" | "abroad":
            return able
        case "activate":
            return able if card.new_certificates else ()
        case "update":
            wanted: tuple[KeyKind, ...] = able[1:] if card.new_certificates == "sign" else able
            return wanted if card.new_certificates else ()
        case "pins":
            return ()


def files(cards: Cards, row: SessionRow, card: CardRow, text: bytes) -> tuple[api.ChipFile, ...]:
    """Return the files to write. Raises `WrongChip` when what the chip says of itself is false."""
    if row.kind not in WITH_TEXT:
        return ()
    address = card.address
    if row.kind == "abroad":
        assert card.leaves_on is not None, "it was named when the session began"
        address = f"国外転出（{card.leaves_on:%Y年%m月%d日}）"
    fields = attribute_fields(_holder(card, address))
    digest = hashlib.sha256(b"".join(fields)).digest()
    issuer = cards.issuing.issuer(card.made_in).text
    number_digest = _number_digest(text, issuer)
    return (
        _file(ap.TEXT.name, ap.ATTRIBUTES, attributes_file(_holder(card, address))),
        _file(ap.TEXT.name, ap.INTEGRITY, _integrity(number_digest, digest, issuer)),
    )


def _holder(card: CardRow, address: str) -> Holder:
    """Return the holder as the text application writes her; her number is not known here."""
    return Holder(
        name=Withheld(card.name),
        address=Withheld(address),
        birth=Withheld(counted_from(BirthDate.parse(card.birth))),
        sex=Withheld(card.sex or "0"),
        number=Withheld(""),
        resident_code=Withheld(""),
    )


def _number_digest(text: bytes, issuer: CvKey) -> bytes:
    """Return the digest of the number's file out of EF 0003, which the issuer signed.

    It is used and not kept: a digest of a number is searched in hours.
    """
    try:
        parts = dict(parse(parse_one(text)[1]))
        signed = tlv(0xDF31, parts[0xDF31]) + tlv(0xDF32, parts[0xDF32])
        public = issuer.private.public_key()
        assert isinstance(public, RSAPublicKey), "every issuing key is RSA"
        check_signature(public, parts[0xDF33], signed)
    except (BadTlv, KeyError, BadCertificate) as error:
        raise WrongChip("what the chip says of its text is not signed") from error
    return parts[0xDF31]


def _integrity(number_digest: bytes, digest: bytes, issuer: CvKey) -> bytes:
    digests = tlv(0xDF31, number_digest) + tlv(0xDF32, digest)
    return tlv(0xFF30, digests + tlv(0xDF33, issuer.sign(digests)))


def _file(application: str, fid: int, content: bytes) -> api.ChipFile:
    return api.ChipFile(application=application, file=fid, content=content)


def certificate_files(pair: Pair) -> tuple[api.ChipFile, ...]:
    """Return the files that certificates stand in."""
    written = (
        (ap.AUTH_CERTIFICATE, pair.auth),
        (ap.AUTH_CA, pair.auth_ca if pair.auth else b""),
        (ap.SIGN_CERTIFICATE, pair.sign),
        (ap.SIGN_CA, pair.sign_ca if pair.sign else b""),
    )
    return tuple(_file(ap.JPKI.name, fid, der) for fid, der in written if der)


def subject(row: SessionRow, card: CardRow) -> Subject:
    """Return whose certificates are ordered in a session."""
    found = subject_of(card, card.last_day)
    return attrs.evolve(found, abroad=row.kind == "abroad", before_delivery=row.kind == "activate")


async def done(cards: Cards, tx: Tx, row: SessionRow, card: CardRow) -> CardRow:
    """Record that everything is in the chip; returns the card as it is then."""
    officers = row.officers.split()
    if row.order_id:
        card = await _certified(cards, tx, row, card)
    match row.kind:
        case "activate":
            return await lives.deliver(cards, tx, card, actor=row.office, officers=officers)
        case "found":
            card = attrs.evolve(card, state="active")
        case "update":
            card = _continued(card, cards.today())
        case "pins" | "certificates" | "abroad":
            pass
    await store.save(tx, card)
    await lives.note(cards, tx, card, row.kind, actor=row.office, officers=officers)
    return card


async def _certified(cards: Cards, tx: Tx, row: SessionRow, card: CardRow) -> CardRow:
    """Take the new certificates for the card's own; what they replace is superseded."""
    await applications.use_order(tx, row.order_id)
    none: NewCertificates = ""
    made = keys(row.kind, card)
    for which in made if row.kind != "found" else ():  # what was stopped stays stopped for ever
        await lives.tell_authority(cards, tx, card, "replaced", only=which)
    return attrs.evolve(
        card,
        auth_order=row.order_id if "auth" in made else card.auth_order,
        sign_order=row.order_id if "sign" in made else card.sign_order,
        new_certificates=none,
    )


def _continued(card: CardRow, today: date) -> CardRow:
    """Record the procedure of continued use, where the card waits for it."""
    if card.notified_on is None or card.continued_on is not None:
        return card
    moved = attrs.evolve(card, continued_on=today)
    return attrs.evolve(moved, lapses_on=lapses_on(move_of(moved)))


def move_of(card: CardRow) -> Move:
    """Return what is known of the card's last move."""
    return Move(
        planned_out_on=card.planned_out_on,
        moved_on=card.moved_on,
        notified_on=card.notified_on,
        continued_on=card.continued_on,
    )
