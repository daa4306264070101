"""Registering persons (団体内統合宛名): one integrated id for each, whatever systems call her.

A number enters only from a card or from a strict inquiry, never by hand, and rests in the vault
under the institution's key. Two addressee numbers with one number are one person.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

import attrs
import msgspec
from psycopg.errors import UniqueViolation

from kumihimo.kernel import journal
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import NotSealedForUs, open_payload, seal_payload
from kumihimo.kernel.refusal import BadInput, Conflict, NotFound, Unavailable
from kumihimo.kernel.wire import decode_strictly
from kumihimo.people.identity import FourAttributes, strict_match
from kumihimo.people.numbers import IndividualNumber
from kumihimo.rooms.gateway import store_persons as store
from kumihimo.rooms.gateway.business import (
    BATCH_MAX,
    Flags,
    NewNumber,
    Outcome,
    PersonStatus,
    Provenance,
    Registered,
    Registration,
    RegistrationReport,
)
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.domain.acquisition import after
from kumihimo.rooms.gateway.locked import VAULT_BLOCK, PersonFlags, lock_flags, unlock_flags
from kumihimo.rooms.register import api as register

T = TypeVar("T")

NUMBER_LABEL: Final = b"individual-number"


class ReadFrom(msgspec.Struct, frozen=True, kw_only=True):
    """Where a number was read: the card by a keyed tag of its serial, which says nothing outside."""

    provenance: Provenance
    card: bytes


class VaultEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What the vault keeps of a person, locked: the number, and whom it was said to be."""

    number: str
    attributes: register.Attributes
    provenance: ReadFrom | None = None


@attrs.frozen(repr=False)
class _Found:
    """One registration whose number is known, in memory only."""

    addressee: str
    source: str
    tag: bytes
    entry: VaultEntry


def vault_label(tenant: Tenant, person: str) -> bytes:
    """Return what binds a vault entry to its row."""
    return f"{tenant.institution}|vault|{person}".encode()


async def register_persons(
    gateway: Gateway, tenant: Tenant, persons: Sequence[Registration]
) -> RegistrationReport:
    """Register a batch; answers in its order. Raises `BadInput` for the batch as a whole.

    `Unavailable` when register is needed and does not answer: nothing was stored then.
    """
    _check(persons)
    found = await _numbers(gateway, tenant, persons)
    try:
        outcomes = await _store(gateway, tenant, [f for f in found if f is not None])
    except UniqueViolation:
        raise Conflict("the same persons are being registered elsewhere; send again") from None
    return RegistrationReport(
        tuple(
            Registered(
                addressee=person.addressee,
                outcome="NO_MATCH" if one is None else outcomes[person.addressee],
            )
            for person, one in zip(persons, found, strict=True)
        )
    )


async def register_read(
    gateway: Gateway, tenant: Tenant, addressee: str, entry: VaultEntry
) -> Registered:
    """Register whom a chip named, and let her entry say where it was read.

    Raises `Conflict` when another office does the same at this moment.
    """
    tag = tenant.locker.tag(entry.number.encode(), label=NUMBER_LABEL)
    found = _Found(addressee, "card", tag, entry)
    try:
        outcome = (await _store(gateway, tenant, [found]))[addressee]
    except UniqueViolation:
        raise Conflict("the same person is being registered elsewhere; send again") from None
    if outcome in {"ATTACHED", "KNOWN"}:
        await _write_again(gateway, tenant, found)
    return Registered(addressee=addressee, outcome=outcome)


async def _write_again(gateway: Gateway, tenant: Tenant, found: _Found) -> None:
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        person = (await store.by_number(tx, [found.tag])).get(found.tag)
        if person is not None:
            await store.replace_number(
                tx,
                person,
                number_tag=found.tag,
                locked=_lock_entry(tenant, person, found.entry),
                source=found.source,
            )


def require_batch(size: int, what: str) -> None:
    """Raise `BadInput` unless a batch has 1 to `BATCH_MAX` members."""
    if not 1 <= size <= BATCH_MAX:
        raise BadInput(f"1 to {BATCH_MAX} {what} are taken at once", pointer=what)


def _check(persons: Sequence[Registration]) -> None:
    require_batch(len(persons), "persons")
    seen: set[str] = set()
    for index, person in enumerate(persons):
        where = f"persons[{index}]"
        if person.addressee in seen:
            raise BadInput("this addressee number stands twice here", pointer=f"{where}.addressee")
        seen.add(person.addressee)
        if person.source == "card" and not person.number:
            raise BadInput("a card gives a number", pointer=f"{where}.number")
        if person.source == "strict-inquiry" and (person.number or not person.affair):
            raise BadInput(
                "a strict inquiry names an affair and no number", pointer=f"{where}.affair"
            )


async def _numbers(
    gateway: Gateway, tenant: Tenant, persons: Sequence[Registration]
) -> list[_Found | None]:
    """Return each person's number, read from the card or asked of register; None without one."""
    answers = await _ask_register(
        gateway, tenant, [p for p in persons if p.source == "strict-inquiry"]
    )
    found: list[_Found | None] = []
    for index, person in enumerate(persons):
        if person.source == "card":
            found.append(_read_card(gateway, tenant, person, f"persons[{index}].number"))
            continue
        answer = answers[person.addressee]
        if not answer.answered or answer.attributes is None:
            found.append(None)
            continue
        entry = VaultEntry(number=answer.number, attributes=answer.attributes)
        found.append(_found(tenant, person, entry))
    return found


def _read_card(
    gateway: Gateway, tenant: Tenant, person: Registration | NewNumber, pointer: str
) -> _Found:
    try:
        number = IndividualNumber.parse(person.number, space=gateway.space)
    except BadInput as refusal:
        raise type(refusal)(refusal.detail, pointer=pointer) from None
    written = person.attributes
    attributes = register.Attributes(
        name=written.name, birth=written.birth, sex=written.sex, address=written.address
    )
    return _found(tenant, person, VaultEntry(number=number.reveal(), attributes=attributes))


def _found(tenant: Tenant, person: Registration | NewNumber, entry: VaultEntry) -> _Found:
    tag = tenant.locker.tag(entry.number.encode(), label=NUMBER_LABEL)
    source = person.source if isinstance(person, Registration) else "card"
    return _Found(person.addressee, source, tag, entry)


async def _ask_register(
    gateway: Gateway, tenant: Tenant, persons: Sequence[Registration]
) -> Mapping[str, register.StrictAnswer]:
    if not persons:
        return {}
    asked = {person.addressee: _inquiry(gateway, person) for person in persons}
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
    try:
        asked, found = _four(inquiry.attributes), _four(held)
    except BadInput:
        return False
    return strict_match(asked, found, sex_required=not inquiry.sexless_scheme)


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


async def _store(gateway: Gateway, tenant: Tenant, found: Sequence[_Found]) -> dict[str, Outcome]:
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        known = await store.by_number(tx, [f.tag for f in found])
        taken = await store.by_addressee(tx, [f.addressee for f in found])
        new: dict[bytes, store.NewPerson] = {}
        attached: list[store.Attached] = []
        outcomes: dict[str, Outcome] = {}
        for one in found:
            person = known.get(one.tag) or (new[one.tag].person if one.tag in new else None)
            outcomes[one.addressee] = _outcome(taken.get(one.addressee), person)
            if one.addressee in taken:
                continue
            if person is None:
                new[one.tag] = _new(gateway, tenant, one)
                person = new[one.tag].person
            attached.append(store.Attached(one.addressee, person))
        await store.add_persons(tx, tenant.institution, list(new.values()))
        await store.attach(tx, tenant.institution, attached)
        detail = {"new": len(new), "attached": len(attached)}
        line = journal.JournalLine(
            act="persons-registered", actor=tenant.institution, detail=detail
        )
        await journal.write(tx, line, at=gateway.clock.now())
    return outcomes


def _outcome(taken_by: str | None, person: str | None) -> Outcome:
    if taken_by is not None:
        return "KNOWN" if taken_by == person else "TAKEN"
    return "REGISTERED" if person is None else "ATTACHED"


def _new(gateway: Gateway, tenant: Tenant, found: _Found) -> store.NewPerson:
    person = new_id(gateway.entropy)
    return store.NewPerson(
        person=person,
        number_tag=found.tag,
        locked=_lock_entry(tenant, person, found.entry),
        source=found.source,
        flags_locked=lock_flags(tenant, person, PersonFlags()),
    )


def _lock_entry(tenant: Tenant, person: str, entry: VaultEntry) -> bytes:
    label = vault_label(tenant, person)
    return tenant.locker.lock(msgspec.json.encode(entry), label=label, block=VAULT_BLOCK)


async def replace_number(gateway: Gateway, tenant: Tenant, new: NewNumber) -> None:
    """Put a person's new number into the vault, after a change; her code stays what it is.

    Raises `NotFound` for an unknown addressee number and `Conflict` when the number is that of
    another person here. An acquisition that the old number had brought to an end begins again.
    """
    found = _read_card(gateway, tenant, new, "number")
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        person = (await store.by_addressee(tx, [new.addressee])).get(new.addressee)
        if person is None:
            raise unknown_addressee("addressee")
        holder = (await store.by_number(tx, [found.tag])).get(found.tag)
        if holder not in {None, person}:
            raise Conflict("this number is that of another person here", pointer="number")
        await store.replace_number(
            tx,
            person,
            number_tag=found.tag,
            locked=_lock_entry(tenant, person, found.entry),
            source=found.source,
        )
        await store.move(tx, [person], old="REJECTED", new=after("REJECTED", "retry"))
        line = journal.JournalLine(
            act="number-replaced", actor=tenant.institution, detail={"persons": 1}
        )
        await journal.write(tx, line, at=gateway.clock.now())


async def status(
    gateway: Gateway, tenant: Tenant, addressees: Sequence[str]
) -> tuple[PersonStatus, ...]:
    """Return how far registrations are, in the order asked; `NotFound` for one not registered."""
    require_batch(len(addressees), "addressees")
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        rows = await store.statuses(tx, addressees)
    for index, addressee in enumerate(addressees):
        if addressee not in rows:
            raise unknown_addressee(f"addressees[{index}]")
    return tuple(_status(tenant, rows[name]) for name in addressees)


def _status(tenant: Tenant, row: store.Status) -> PersonStatus:
    flags = unlock_flags(tenant, row.person, row.flags_locked)
    return PersonStatus(
        addressee=row.addressee,
        state=row.acquisition_state,
        rejected_because=row.rejected_because,
        no_self_information=flags.no_self_information,
        hidden=flags.hidden,
    )


def unknown_addressee(pointer: str) -> NotFound:
    """Return the refusal for an addressee number that stands for nobody."""
    return NotFound("no person is registered under this addressee number", pointer=pointer)


async def set_flags(gateway: Gateway, tenant: Tenant, flags: Flags) -> None:
    """Set what this institution withholds of a person; `NotFound` when she is not registered."""
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        person = (await store.by_addressee(tx, [flags.addressee])).get(flags.addressee)
        if person is None:
            raise unknown_addressee("addressee")
        held = PersonFlags(no_self_information=flags.no_self_information, hidden=flags.hidden)
        await store.set_flags(tx, person, lock_flags(tenant, person, held))
        detail = {
            "no_self_information": int(flags.no_self_information),
            "hidden": int(flags.hidden),
        }
        line = journal.JournalLine(act="flags-set", actor=tenant.institution, detail=detail)
        await journal.write(tx, line, at=gateway.clock.now())
