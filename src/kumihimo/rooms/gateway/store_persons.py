"""The gateway's SQL for persons, their numbers, the acquisition of their codes, and cases."""

from collections.abc import Sequence
from datetime import date

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(kw_only=True)
class NewPerson:
    """A person that this institution did not know, with what the vault keeps of her."""

    person: str
    number_tag: bytes
    locked: bytes
    source: str
    flags_locked: bytes


@attrs.frozen
class Held:
    """A person by her number's tag or by her addressee number."""

    key: bytes
    person: str


@attrs.frozen
class Attached:
    """An addressee number and the person behind it."""

    addressee: str
    person: str


@attrs.frozen(kw_only=True)
class Status:
    """How far a person's registration is."""

    addressee: str
    acquisition_state: str
    rejected_because: str
    person: str
    flags_locked: bytes


@attrs.frozen
class Waiting:
    """An acquisition on its way."""

    acquisition: str
    person: str
    vault: bytes | None
    blinding: bytes | None


@attrs.frozen
class PersonName:
    """One column."""

    person: str


@attrs.frozen(kw_only=True)
class CaseRow:
    """A case."""

    case_file: str
    affair: str
    opened_on: date
    closed_on: date | None


async def by_number(tx: Tx, tags: Sequence[bytes]) -> dict[bytes, str]:
    """Return the persons whose numbers have these tags."""
    rows = await tx.rows(
        "SELECT number_tag AS key, person FROM vault WHERE number_tag = ANY(%(tags)s)",
        {"tags": list(tags)},
        Held,
    )
    return {bytes(row.key): row.person for row in rows}


async def by_addressee(tx: Tx, addressees: Sequence[str]) -> dict[str, str]:
    """Return the persons behind addressee numbers."""
    rows = await tx.rows(
        "SELECT addressee, person FROM addressee WHERE addressee = ANY(%(addressees)s)",
        {"addressees": list(addressees)},
        Attached,
    )
    return {row.addressee: row.person for row in rows}


async def add_persons(tx: Tx, institution: str, new: Sequence[NewPerson]) -> None:
    """Store persons and their numbers; `psycopg.errors.UniqueViolation` when somebody was faster.

    Here and below a batch is written in the order of random ids: a dump shows rows in the order in
    which they were written, and two offices may be sent their people in one order, by name.
    """
    await tx.put(
        "INSERT INTO person (institution, person, flags_locked)"
        " SELECT %(institution)s, person, flags"
        " FROM unnest(%(persons)s::text[], %(flags)s::bytea[]) AS new (person, flags)"
        " ORDER BY person",
        {
            "institution": institution,
            "persons": [n.person for n in new],
            "flags": [n.flags_locked for n in new],
        },
    )
    await tx.put(
        "INSERT INTO vault (institution, person, number_tag, locked, source)"
        " SELECT %(institution)s, person, tag, locked, source"
        " FROM unnest(%(persons)s::text[], %(tags)s::bytea[], %(locked)s::bytea[],"
        " %(sources)s::text[]) AS new (person, tag, locked, source) ORDER BY person",
        {
            "institution": institution,
            "persons": [n.person for n in new],
            "tags": [n.number_tag for n in new],
            "locked": [n.locked for n in new],
            "sources": [n.source for n in new],
        },
    )


async def replace_number(
    tx: Tx, person: str, *, number_tag: bytes, locked: bytes, source: str
) -> int:
    """Put another number into a person's place in the vault; returns how many were replaced."""
    return await tx.execute(
        "UPDATE vault SET number_tag = %(tag)s, locked = %(locked)s, source = %(source)s"
        " WHERE person = %(person)s",
        {"person": person, "tag": number_tag, "locked": locked, "source": source},
    )


async def attach(tx: Tx, institution: str, addressees: Sequence[Attached]) -> None:
    """Tie addressee numbers to persons."""
    await tx.put(
        "INSERT INTO addressee (institution, addressee, person)"
        " SELECT %(institution)s, addressee, person"
        " FROM unnest(%(addressees)s::text[], %(persons)s::text[]) AS new (addressee, person)"
        " ORDER BY person",
        {
            "institution": institution,
            "addressees": [a.addressee for a in addressees],
            "persons": [a.person for a in addressees],
        },
    )


async def statuses(tx: Tx, addressees: Sequence[str]) -> dict[str, Status]:
    """Return how far registrations are."""
    rows = await tx.rows(
        "SELECT a.addressee, p.acquisition_state, p.rejected_because, p.person,"
        " p.flags_locked FROM addressee a JOIN person p USING (institution, person)"
        " WHERE a.addressee = ANY(%(addressees)s)",
        {"addressees": list(addressees)},
        Status,
    )
    return {row.addressee: row for row in rows}


async def set_flags(tx: Tx, person: str, flags_locked: bytes) -> None:
    """Set what the institution withholds of a person."""
    await tx.put(
        "UPDATE person SET flags_locked = %(flags)s WHERE person = %(person)s",
        {"person": person, "flags": flags_locked},
    )


@attrs.frozen
class FlagsOf:
    """A person's flags, locked."""

    person: str
    flags_locked: bytes


async def flags_of(tx: Tx, persons: Sequence[str]) -> dict[str, bytes]:
    """Return what the institution withholds of persons; nobody else changes it meanwhile."""
    rows = await tx.rows(
        "SELECT person, flags_locked FROM person WHERE person = ANY(%(persons)s)"
        " ORDER BY person FOR UPDATE",
        {"persons": list(persons)},
        FlagsOf,
    )
    return {row.person: bytes(row.flags_locked) for row in rows}


async def set_all_flags(tx: Tx, flags: Sequence[FlagsOf]) -> None:
    """Set what the institution withholds of persons."""
    await tx.put(
        "UPDATE person SET flags_locked = new.flags"
        " FROM unnest(%(persons)s::text[], %(flags)s::bytea[]) AS new (person, flags)"
        " WHERE person.person = new.person",
        {"persons": [f.person for f in flags], "flags": [f.flags_locked for f in flags]},
    )


async def lock_unsequenced(tx: Tx, states: Sequence[str], limit: int) -> list[str]:
    """Claim persons who have a number and wait for an acquisition number."""
    rows = await tx.rows(
        "SELECT p.person FROM person p JOIN vault v USING (institution, person)"
        " WHERE p.acquisition_state = ANY(%(states)s) LIMIT %(limit)s"
        " FOR UPDATE OF p SKIP LOCKED",
        {"states": list(states), "limit": limit},
        PersonName,
    )
    return [row.person for row in rows]


async def sequence(
    tx: Tx, institution: str, numbers: Sequence[str], persons: Sequence[str], until: date
) -> None:
    """Give persons their acquisition numbers."""
    await tx.put(
        "INSERT INTO acquisition (institution, acquisition, person, expires_on)"
        " SELECT %(institution)s, acquisition, person, %(until)s"
        " FROM unnest(%(numbers)s::text[], %(persons)s::text[]) AS new (acquisition, person)"
        " ORDER BY acquisition",
        {
            "institution": institution,
            "numbers": list(numbers),
            "persons": list(persons),
            "until": until,
        },
    )


async def move(tx: Tx, persons: Sequence[str], *, old: str, new: str, because: str = "") -> int:
    """Move persons from one state of acquisition to another; returns how many were in it."""
    return await tx.execute(
        "UPDATE person SET acquisition_state = %(new)s, rejected_because = %(because)s"
        " WHERE person = ANY(%(persons)s) AND acquisition_state = %(old)s",
        {"persons": list(persons), "old": old, "new": new, "because": because},
    )


async def anybody_waits(tx: Tx) -> bool:
    """Say whether any acquisition is under way."""
    return bool(await tx.value("SELECT EXISTS (SELECT FROM acquisition)"))


async def waiting(tx: Tx, state: str, limit: int) -> list[Waiting]:
    """Return acquisitions of persons in one state, in no order that tells anything."""
    return await tx.rows(
        "SELECT a.acquisition, a.person, v.locked AS vault, a.blinding_locked AS blinding"
        " FROM acquisition a JOIN person p USING (institution, person)"
        " LEFT JOIN vault v USING (institution, person)"
        " WHERE p.acquisition_state = %(state)s ORDER BY a.acquisition LIMIT %(limit)s",
        {"state": state, "limit": limit},
        Waiting,
    )


async def keep_blindings(tx: Tx, numbers: Sequence[str], locked: Sequence[bytes]) -> None:
    """Store what register gave, until the core's half is there."""
    await tx.put(
        "UPDATE acquisition SET blinding_locked = new.locked"
        " FROM unnest(%(numbers)s::text[], %(locked)s::bytea[]) AS new (acquisition, locked)"
        " WHERE acquisition.acquisition = new.acquisition",
        {"numbers": list(numbers), "locked": list(locked)},
    )


async def forget(tx: Tx, numbers: Sequence[str]) -> None:
    """Delete acquisition numbers and their blindings (Number Act art. 21-2(4))."""
    await tx.put(
        "DELETE FROM acquisition WHERE acquisition = ANY(%(numbers)s)", {"numbers": list(numbers)}
    )


async def overdue(tx: Tx, on: date) -> list[Waiting]:
    """Return acquisitions whose time is over."""
    return await tx.rows(
        "SELECT acquisition, person, NULL::bytea AS vault, NULL::bytea AS blinding"
        " FROM acquisition WHERE expires_on < %(on)s FOR UPDATE SKIP LOCKED",
        {"on": on},
        Waiting,
    )


async def holders_of_codes(tx: Tx, codes: Sequence[tuple[int, bytes]]) -> dict[bytes, str]:
    """Return persons that already have one of these codes."""
    rows = await tx.rows(
        "SELECT p.code AS key, p.person"
        " FROM unnest(%(versions)s::integer[], %(codes)s::bytea[]) AS asked (version, code)"
        " JOIN person p ON p.code_version = asked.version AND p.code = asked.code",
        {"versions": [v for v, _ in codes], "codes": [c for _, c in codes]},
        Held,
    )
    return {bytes(row.key): row.person for row in rows}


async def bind(tx: Tx, persons: Sequence[str], codes: Sequence[tuple[int, bytes]]) -> int:
    """Write codes to persons who wait for them; returns how many did."""
    return await tx.execute(
        "UPDATE person SET acquisition_state = 'BOUND', code = new.code, code_version = new.version"
        " FROM unnest(%(persons)s::text[], %(versions)s::integer[], %(codes)s::bytea[])"
        " AS new (person, version, code)"
        " WHERE person.person = new.person AND person.acquisition_state = 'REQUESTED'",
        {
            "persons": list(persons),
            "versions": [v for v, _ in codes],
            "codes": [c for _, c in codes],
        },
    )


async def add_cases(
    tx: Tx, institution: str, rows: Sequence[CaseRow], tags: Sequence[bytes]
) -> None:
    """Open cases, each for the person with a tag."""
    await tx.put(
        "INSERT INTO case_file (institution, case_file, person_tag, affair, opened_on)"
        " SELECT %(institution)s, case_file, person_tag, affair, opened_on"
        " FROM unnest(%(cases)s::text[], %(tags)s::bytea[], %(affairs)s::text[],"
        " %(opened)s::date[]) AS new (case_file, person_tag, affair, opened_on)"
        " ORDER BY case_file",
        {
            "institution": institution,
            "cases": [r.case_file for r in rows],
            "tags": list(tags),
            "affairs": [r.affair for r in rows],
            "opened": [r.opened_on for r in rows],
        },
    )


async def case(tx: Tx, case_file: str) -> CaseRow | None:
    """Return one case, locked for a change."""
    return await tx.row(
        "SELECT c.case_file, c.affair, c.opened_on, c.closed_on"
        " FROM case_file c WHERE c.case_file = %(case)s FOR UPDATE",
        {"case": case_file},
        CaseRow,
    )


async def close_case(tx: Tx, case_file: str, on: date) -> None:
    """Close a case."""
    await tx.put(
        "UPDATE case_file SET closed_on = %(on)s WHERE case_file = %(case)s",
        {"case": case_file, "on": on},
    )


async def cases_of(tx: Tx, tag: bytes) -> list[CaseRow]:
    """Return a person's cases, the latest first."""
    return await tx.rows(
        "SELECT case_file, affair, opened_on, closed_on FROM case_file"
        " WHERE person_tag = %(tag)s ORDER BY opened_on DESC, case_file",
        {"tag": tag},
        CaseRow,
    )


async def vault_of(tx: Tx, person: str) -> bytes | None:
    """Return what the vault keeps of a person, locked."""
    found = await tx.value("SELECT locked FROM vault WHERE person = %(person)s", {"person": person})
    return bytes(found) if found is not None else None
