"""Registering persons (団体内統合宛名): one integrated id for each, whatever systems call her.

A number enters from a card, from a strict inquiry, or from a form that register and two people
confirm (`numbers`), and rests in the vault under the institution's key. Two addressee numbers with
one number are one person.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from psycopg.errors import UniqueViolation

from kumihimo.kernel import journal
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import BadInput, Conflict, NotFound
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.gateway import noticing
from kumihimo.rooms.gateway import store_persons as store
from kumihimo.rooms.gateway.business import (
    BATCH_MAX,
    Flags,
    NewNumber,
    Outcome,
    PersonStatus,
    Registered,
    Registration,
    RegistrationReport,
)
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.domain.acquisition import after
from kumihimo.rooms.gateway.locked import VAULT_BLOCK, PersonFlags, lock_flags, unlock_flags
from kumihimo.rooms.gateway.numbers import (
    NUMBER_LABEL,
    Found,
    VaultEntry,
    numbers_of,
    other_person,
    read_card,
)


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
    found = await numbers_of(gateway, tenant, persons)
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
    found = Found(addressee, "card", tag, entry)
    try:
        outcome = (await _store(gateway, tenant, [found]))[addressee]
    except UniqueViolation:
        raise Conflict("the same person is being registered elsewhere; send again") from None
    if outcome in {"ATTACHED", "KNOWN"}:
        await _write_again(gateway, tenant, found)
    return Registered(addressee=addressee, outcome=outcome)


async def _write_again(gateway: Gateway, tenant: Tenant, found: Found) -> None:
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
        if person.addressee in seen:
            pointer = f"persons[{index}].addressee"
            raise BadInput("this addressee number stands twice here", pointer=pointer)
        seen.add(person.addressee)


async def _store(gateway: Gateway, tenant: Tenant, found: Sequence[Found]) -> dict[str, Outcome]:
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        known = await store.by_number(tx, [f.tag for f in found])
        taken = await store.by_addressee(tx, [f.addressee for f in found])
        new: dict[bytes, store.NewPerson] = {}
        attached: list[store.Attached] = []
        outcomes: dict[str, Outcome] = {}
        held = await _entries(tx, tenant, known.values())
        families = await store.by_addressee(tx, [name for one in found for name in one.household])
        for one in found:
            person = known.get(one.tag) or (new[one.tag].person if one.tag in new else None)
            outcome = _outcome(taken.get(one.addressee), person)
            if outcome == "ATTACHED" and person is not None:
                outcome = _stop(one, person, held.get(person), families) or outcome
            outcomes[one.addressee] = outcome
            if outcome not in {"REGISTERED", "ATTACHED"}:
                continue
            if person is None:
                new[one.tag] = new_person(gateway, tenant, one)
                person = new[one.tag].person
                held[person] = one.entry
            attached.append(store.Attached(one.addressee, person))
        await store.add_persons(tx, tenant.institution, list(new.values()))
        await store.attach(tx, tenant.institution, attached)
        detail = {"new": len(new), "attached": len(attached)}
        line = journal.JournalLine(
            act="persons-registered", actor=tenant.institution, detail=detail
        )
        await journal.write(tx, line, at=gateway.clock.now())
    return outcomes


async def _entries(tx: Tx, tenant: Tenant, persons: Iterable[str]) -> dict[str, VaultEntry]:
    """Return what the vault holds of persons."""
    held: dict[str, VaultEntry] = {}
    for person in set(persons):
        locked = await store.vault_of(tx, person)
        if locked is not None:
            content = tenant.locker.unlock(locked, label=vault_label(tenant, person))
            held[person] = msgspec.json.decode(content, type=VaultEntry)
    return held


def _stop(
    found: Found, person: str, held: VaultEntry | None, families: Mapping[str, str]
) -> Outcome | None:
    """Say why a number that stands here already is not this record's too.

    The mistake that was made most often in 2023: a family member's number on the form.
    """
    if any(families.get(name) == person for name in found.household):
        return "HOUSEHOLD_NUMBER"
    if held is None or other_person(held.attributes, found.entry.attributes):
        return "OTHERS_NUMBER"
    return None


def _outcome(taken_by: str | None, person: str | None) -> Outcome:
    if taken_by is not None:
        return "KNOWN" if taken_by == person else "TAKEN"
    return "REGISTERED" if person is None else "ATTACHED"


def new_person(gateway: Gateway, tenant: Tenant, found: Found) -> store.NewPerson:
    """Return a person to store, with an integrated id of her own."""
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
    found = read_card(gateway, tenant, new, "number")
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        person = (await store.by_addressee(tx, [new.addressee])).get(new.addressee)
        if person is None:
            raise unknown_addressee("addressee")
        if unlock_flags(
            tenant, person, (await store.flags_of(tx, [person]))[person]
        ).link_suspended:
            raise Conflict("whose number this is is being checked", pointer="addressee")
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
        link_suspended=flags.link_suspended,
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
        locked = await store.flags_of(tx, [person])
        held = msgspec.structs.replace(
            unlock_flags(tenant, person, locked[person]),
            no_self_information=flags.no_self_information,
            hidden=flags.hidden,
        )
        await store.set_flags(tx, person, lock_flags(tenant, person, held))
        if flags.no_self_information or flags.hidden:
            await noticing.remove_all(gateway, tenant, tx, [person])
        detail = {
            "no_self_information": int(flags.no_self_information),
            "hidden": int(flags.hidden),
        }
        line = journal.JournalLine(act="flags-set", actor=tenant.institution, detail=detail)
        await journal.write(tx, line, at=gateway.clock.now())
