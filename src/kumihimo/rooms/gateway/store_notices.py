"""The gateway's SQL for notices to persons."""

from collections.abc import Sequence
from datetime import date

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(kw_only=True, repr=False)
class NoticeRow:
    """A notice; its content is sealed to the ledger, whom it is for is locked."""

    notice: str
    reference_tag: bytes
    person_tag: bytes
    detail_locked: bytes
    sealed: bytes | None
    state: str
    sent_on: date
    until: date


@attrs.frozen
class CodeRow:
    """A person's code, by her id."""

    person: str
    code: bytes
    code_version: int


@attrs.frozen
class PersonRow:
    """One column."""

    person: str


async def hold(tx: Tx, persons: Sequence[str]) -> None:
    """Let nobody change what is withheld of these persons until this transaction ends."""
    await tx.rows(
        "SELECT person FROM person WHERE person = ANY(%(persons)s) ORDER BY person FOR UPDATE",
        {"persons": list(persons)},
        PersonRow,
    )


async def codes(tx: Tx, persons: Sequence[str]) -> dict[str, CodeRow]:
    """Return the codes of those who have one."""
    rows = await tx.rows(
        "SELECT person, code, code_version FROM person"
        " WHERE person = ANY(%(persons)s) AND code IS NOT NULL",
        {"persons": list(persons)},
        CodeRow,
    )
    return {row.person: row for row in rows}


async def add(tx: Tx, institution: str, rows: Sequence[NoticeRow]) -> None:
    """Write notices down, in the order of their random ids."""
    for row in sorted(rows, key=lambda one: one.notice):
        await tx.put(
            "INSERT INTO notice_sent (institution, notice, reference_tag, person_tag,"
            " detail_locked, sealed, state, sent_on, until) VALUES (%(institution)s, %(notice)s,"
            " %(reference_tag)s, %(person_tag)s, %(detail_locked)s, %(sealed)s, %(state)s,"
            " %(sent_on)s, %(until)s)",
            {"institution": institution, **attrs.asdict(row)},
        )


async def by_reference(tx: Tx, tags: Sequence[bytes]) -> dict[bytes, NoticeRow]:
    """Return the notices that were sent under these references."""
    rows = await tx.rows(
        "SELECT notice, reference_tag, person_tag, detail_locked, sealed, state, sent_on, until"
        " FROM notice_sent WHERE reference_tag = ANY(%(tags)s)",
        {"tags": list(tags)},
        NoticeRow,
    )
    return {bytes(row.reference_tag): row for row in rows}


async def named(tx: Tx, notice: str) -> NoticeRow | None:
    """Return a notice, alone with it until the transaction ends."""
    return await tx.row(
        "SELECT notice, reference_tag, person_tag, detail_locked, sealed, state, sent_on, until"
        " FROM notice_sent WHERE notice = %(notice)s FOR UPDATE",
        {"notice": notice},
        NoticeRow,
    )


async def of_persons(tx: Tx, tags: Sequence[bytes], most: int) -> list[NoticeRow]:
    """Return the notices to persons, the latest first."""
    return await tx.rows(
        "SELECT notice, reference_tag, person_tag, detail_locked, sealed, state, sent_on, until"
        " FROM notice_sent WHERE person_tag = ANY(%(tags)s)"
        " ORDER BY sent_on DESC, notice LIMIT %(most)s",
        {"tags": list(tags), "most": most},
        NoticeRow,
    )


async def shown(tx: Tx, tags: Sequence[bytes], on: date) -> list[NoticeRow]:
    """Return what persons can still see, alone with it until the transaction ends."""
    return await tx.rows(
        "SELECT notice, reference_tag, person_tag, detail_locked, sealed, state, sent_on, until"
        " FROM notice_sent WHERE person_tag = ANY(%(tags)s) AND state <> 'removed'"
        " AND until >= %(on)s ORDER BY notice FOR UPDATE",
        {"tags": list(tags), "on": on},
        NoticeRow,
    )


async def becomes(tx: Tx, notices: Sequence[str], state: str) -> None:
    """Say what became of notices; what is removed loses its content."""
    await tx.put(
        "UPDATE notice_sent SET state = %(state)s,"
        " sealed = CASE WHEN %(state)s = 'removed' THEN NULL ELSE sealed END"
        " WHERE notice = ANY(%(notices)s)",
        {"state": state, "notices": list(notices)},
    )
