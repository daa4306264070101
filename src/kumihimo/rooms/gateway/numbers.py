"""Where a number may come from: a card that was read, register's strict inquiry, or a form.

A number from a form was typed by hand. It counts only when register names the same number for the
attributes that stand beside it, and when two people of the institution stand for it.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

import attrs
import msgspec

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import NotSealedForUs, open_payload, seal_payload
from kumihimo.kernel.refusal import BadInput, Unavailable
from kumihimo.kernel.wire import decode_strictly
from kumihimo.people.identity import FourAttributes, strict_match
from kumihimo.people.numbers import IndividualNumber
from kumihimo.rooms.gateway.asked import remember
from kumihimo.rooms.gateway.business import NewNumber, Provenance, Registration
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.register import api as register

T = TypeVar("T")

NUMBER_LABEL: Final = b"individual-number"


class ReadFrom(msgspec.Struct, frozen=True, kw_only=True):
    """Where a number came from; a chip by a keyed tag of its serial, which says nothing outside."""

    provenance: Provenance
    card: bytes = b""


class VaultEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What the vault keeps of a person, locked: the number, and whom it was said to be."""

    number: str
    attributes: register.Attributes
    provenance: ReadFrom | None = None


@attrs.frozen(repr=False)
class Found:
    """One registration whose number is known, in memory only."""

    addressee: str
    source: str
    tag: bytes
    entry: VaultEntry
    household: tuple[str, ...] = ()


async def numbers_of(
    gateway: Gateway, tenant: Tenant, persons: Sequence[Registration]
) -> list[Found | None]:
    """Return each person's number, read from the card or told by register; None without one.

    What a form says is None too unless register names that number. Raises `BadNumber` for a number
    that is none, `BadInput` unless `check_source` is content.
    """
    read: dict[str, Found] = {}
    for index, person in enumerate(persons):
        check_source(person, f"persons[{index}]")
        if person.source != "strict-inquiry":
            read[person.addressee] = read_card(gateway, tenant, person, f"persons[{index}].number")
    answers = await _ask_register(gateway, tenant, [p for p in persons if p.source != "card"])
    return [
        read[person.addressee]
        if person.source == "card"
        else _told(gateway, tenant, person, answers[person.addressee], read.get(person.addressee))
        for person in persons
    ]


def check_source(person: Registration, where: str) -> None:
    """Raise `BadInput` unless a registration brings what its source needs, and no more.

    A number that was typed by hand needs two different people: who typed it, and who compared it.
    """
    if person.source == "card" and not person.number:
        raise BadInput("a card gives a number", pointer=f"{where}.number")
    if person.source == "strict-inquiry" and (person.number or not person.affair):
        raise BadInput("a strict inquiry names an affair and no number", pointer=f"{where}.affair")
    if person.source == "form":
        if not (person.number and person.affair):
            raise BadInput("a form gives a number for an affair", pointer=f"{where}.affair")
        require_two(person.officer, person.approver, f"{where}.approver")


def require_two(officer: str, approver: str, pointer: str) -> None:
    """Raise `BadInput` unless two different people of the institution stand for an act."""
    if not officer or not approver:
        raise BadInput("two people stand for this: officer and approver", pointer=pointer)
    if officer.casefold() == approver.casefold():
        raise BadInput("the approver is another person than the officer", pointer=pointer)


def _told(
    gateway: Gateway,
    tenant: Tenant,
    person: Registration,
    answer: register.StrictAnswer,
    typed: Found | None,
) -> Found | None:
    if not answer.answered or answer.attributes is None:
        return None
    found = _found(gateway, tenant, person, answer.number, answer.attributes)
    return found if typed is None or typed.tag == found.tag else None


def read_card(
    gateway: Gateway, tenant: Tenant, person: Registration | NewNumber, pointer: str
) -> Found:
    """Take a number as a card or a form gives it, with its check digit; raises `BadNumber`."""
    try:
        number = IndividualNumber.parse(person.number, space=gateway.space)
    except BadInput as refusal:
        raise type(refusal)(refusal.detail, pointer=pointer) from None
    written = person.attributes
    attributes = register.Attributes(
        name=written.name, birth=written.birth, sex=written.sex, address=written.address
    )
    return _found(gateway, tenant, person, number.reveal(), attributes)


def _found(
    gateway: Gateway,
    tenant: Tenant,
    person: Registration | NewNumber,
    number: str,
    attributes: register.Attributes,
) -> Found:
    tag = tenant.locker.tag(number.encode(), label=NUMBER_LABEL)
    named = person if isinstance(person, Registration) else None
    provenance = Provenance(
        affair=named.affair if named else "",
        officer=named.officer if named else "",
        terminal="",
        read_on=gateway.today(),
        source=named.source if named else "card",
        approver=named.approver if named else "",
        case=named.case if named else "",
    )
    entry = VaultEntry(
        number=number, attributes=attributes, provenance=ReadFrom(provenance=provenance)
    )
    household = named.household if named else ()
    return Found(person.addressee, provenance.source, tag, entry, household)


def other_person(one: register.Attributes, other: register.Attributes) -> bool:
    """Say whether two sets of attributes are of two people, whatever their addresses: people move.

    What cannot be read is taken for another person: somebody has to look.
    """
    try:
        mine, theirs = _four(one), _four(other)
    except BadInput:
        return one != other
    return (
        mine.name.reveal_canonical() != theirs.name.reveal_canonical()
        or mine.birth != theirs.birth
        or (mine.sex is not None and theirs.sex is not None and mine.sex is not theirs.sex)
    )


async def _ask_register(
    gateway: Gateway, tenant: Tenant, persons: Sequence[Registration]
) -> Mapping[str, register.StrictAnswer]:
    if not persons:
        return {}
    asked = {person.addressee: _inquiry(gateway, person) for person in persons}
    records = {inquiry.inquiry: (addressee,) for addressee, inquiry in asked.items()}
    await remember(gateway, tenant, records)
    batch = register.StrictBatch(tuple(asked.values()))
    found = await ask_sealed(gateway, tenant, register.STRICT_PATH, batch, register.StrictAnswers)
    # By id and never by place: what stands n-th in a queue is not therefore the n-th person's.
    by_id = {answer.inquiry: answer for answer in found.answers}
    if by_id.keys() != {inquiry.inquiry for inquiry in asked.values()}:
        raise Unavailable("register answered another batch")
    answers = {addressee: by_id[inquiry.inquiry] for addressee, inquiry in asked.items()}
    for addressee, inquiry in asked.items():
        if answers[addressee].answered and not answers_inquiry(answers[addressee], inquiry):
            raise Unavailable("register answered about another person than the one asked for")
    return answers


def _inquiry(gateway: Gateway, person: Registration) -> register.StrictInquiry:
    written = person.attributes
    return register.StrictInquiry(
        inquiry=new_id(gateway.entropy),
        affair=person.affair,
        attributes=register.Attributes(
            name=written.name, birth=written.birth, sex=written.sex, address=written.address
        ),
        sexless_scheme=person.sexless_scheme,
    )


def answers_inquiry(answer: register.StrictAnswer, inquiry: register.StrictInquiry) -> bool:
    """Say whether the person answered is strictly the one asked for: register may be wrong too."""
    held = answer.attributes
    if held is None:
        return False
    return same_person(inquiry.attributes, held, sex_required=not inquiry.sexless_scheme)


def same_person(
    one: register.Attributes, other: register.Attributes, *, sex_required: bool
) -> bool:
    """Say whether two sets of attributes name one person strictly; what cannot be read does not."""
    try:
        return strict_match(_four(one), _four(other), sex_required=sex_required)
    except BadInput:
        return False


def _four(written: register.Attributes) -> FourAttributes:
    return FourAttributes.parse(
        name=written.name, birth=written.birth, sex=written.sex, address=written.address
    )


async def ask_sealed(
    gateway: Gateway,
    tenant: Tenant,
    path: str,
    question: msgspec.Struct,
    reply: type[T],
) -> T:
    """Ask register under seal; numbers and names cross in no other way."""
    entry = gateway.book.current().active(register.PARTY)
    if entry is None:
        raise Unavailable("the directory lists no register in good standing")
    context = path.encode()
    sealed = seal_payload(msgspec.json.encode(question), to=entry.keys.payload, context=context)
    answer, _ = await gateway.caller(tenant).call(
        register.PARTY, path, register.Sealed(sealed), register.Sealed
    )
    try:
        opened = open_payload(answer.payload, key=tenant.keys.payload, context=context)
        return decode_strictly(opened, reply)
    except (NotSealedForUs, BadInput, ValueError):
        raise Unavailable("register's answer does not open") from None
