"""The gateway's SQL for links in doubt."""

from collections.abc import Sequence
from datetime import date, datetime

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.gateway.store_exchange import PASSING


@attrs.frozen(kw_only=True)
class SuspensionRow:
    """A link that is or was in doubt; who it is about stands under the institution's key."""

    suspension: str
    review_case: str
    addressee_tag: bytes
    person_tag: bytes
    ground: str
    state: str
    suspended_at: datetime
    settled_at: datetime | None
    detail_locked: bytes


@attrs.frozen
class WaitingPermit:
    """A permit that waits for a decision, with whom it is about, locked."""

    permit: str
    received_at: datetime
    manual_locked: bytes


@attrs.frozen
class Received:
    """An answer that was received and is still kept, with whom it is about, locked."""

    inquiry: str
    person_locked: bytes


@attrs.frozen(kw_only=True)
class MovedCopy:
    """A copy that stands under a person, with its content, locked."""

    copy: int
    info: str
    layout: str
    as_of: date
    current: bool
    locked: bytes


async def suspend(tx: Tx, institution: str, rows: Sequence[SuspensionRow]) -> None:
    """Note links in doubt; `UniqueViolation` when another doubt was a moment faster."""
    await tx.put(
        "INSERT INTO suspension (institution, suspension, review_case, addressee_tag, person_tag,"
        " ground, state, suspended_at, detail_locked)"
        " SELECT %(institution)s, suspension, review_case, addressee_tag, person_tag, ground,"
        " 'SUSPENDED', suspended_at, detail_locked"
        " FROM unnest(%(suspension)s::text[], %(review_case)s::text[], %(addressee_tag)s::bytea[],"
        " %(person_tag)s::bytea[], %(ground)s::text[], %(suspended_at)s::timestamptz[],"
        " %(detail_locked)s::bytea[]) AS new (suspension, review_case, addressee_tag, person_tag,"
        " ground, suspended_at, detail_locked) ORDER BY suspension",
        {
            "institution": institution,
            "suspension": [r.suspension for r in rows],
            "review_case": [r.review_case for r in rows],
            "addressee_tag": [r.addressee_tag for r in rows],
            "person_tag": [r.person_tag for r in rows],
            "ground": [r.ground for r in rows],
            "suspended_at": [r.suspended_at for r in rows],
            "detail_locked": [r.detail_locked for r in rows],
        },
    )


async def of_addressees(tx: Tx, tags: Sequence[bytes]) -> list[SuspensionRow]:
    """Return every doubt about these records, the latest first, locked for a change."""
    return await tx.rows(
        "SELECT suspension, review_case, addressee_tag, person_tag, ground, state, suspended_at,"
        " settled_at, detail_locked FROM suspension WHERE addressee_tag = ANY(%(tags)s)"
        " ORDER BY suspended_at DESC, suspension FOR UPDATE",
        {"tags": list(tags)},
        SuspensionRow,
    )


async def settle(tx: Tx, suspension: str, *, state: str, at: datetime, detail: bytes) -> None:
    """Say what became of a doubt."""
    await tx.put(
        "UPDATE suspension SET state = %(state)s, settled_at = %(at)s, detail_locked = %(detail)s"
        " WHERE suspension = %(suspension)s AND state = 'SUSPENDED'",
        {"suspension": suspension, "state": state, "at": at, "detail": detail},
    )


async def open_for_person(tx: Tx, person_tag: bytes) -> int:
    """Count the doubts that are open about a person."""
    found = await tx.value(
        "SELECT count(*) FROM suspension WHERE person_tag = %(tag)s AND state = 'SUSPENDED'",
        {"tag": person_tag},
    )
    return int(found)


async def take_back_answers(tx: Tx, permits: Sequence[str]) -> int:
    """Refuse from now on what was answered to these permits; returns how many there were."""
    return await tx.execute(
        "UPDATE provision SET outcome = 'REFUSED_FLAG', answer = NULL"
        " WHERE permit = ANY(%(permits)s) AND outcome = 'OK'",
        {"permits": list(permits)},
    )


async def waiting_permits(tx: Tx) -> list[WaitingPermit]:
    """Return every permit that waits for a decision, locked for a change."""
    return await tx.rows(
        "SELECT permit, received_at, manual_locked FROM provision"
        " WHERE outcome = 'PENDING_MANUAL' AND manual_locked IS NOT NULL FOR UPDATE",
        {},
        WaitingPermit,
    )


async def received(tx: Tx) -> list[Received]:
    """Return every question whose answer is kept here or may still come."""
    return await tx.rows(
        "SELECT inquiry, person_locked FROM inquiry WHERE result_locked IS NOT NULL"
        " OR outcome IS NULL OR outcome = ANY(%(passing)s)",
        {"passing": list(PASSING)},
        Received,
    )


async def withhold(tx: Tx, inquiries: Sequence[str], because: str, *, was: Sequence[str]) -> None:
    """Say why the answers to these questions are not shown, or "" to show them again.

    Only where it `was` one of these words: what was withheld for a graver reason stays so.
    """
    await tx.put(
        "UPDATE inquiry SET withheld = %(because)s"
        " WHERE inquiry = ANY(%(inquiries)s) AND withheld = ANY(%(was)s)",
        {"inquiries": list(inquiries), "because": because, "was": list(was)},
    )


async def drop_results(tx: Tx, inquiries: Sequence[str]) -> None:
    """Forget answers that were about another person."""
    await tx.put(
        "UPDATE inquiry SET result_locked = NULL WHERE inquiry = ANY(%(inquiries)s)",
        {"inquiries": list(inquiries)},
    )


async def copies_of(tx: Tx, person: str) -> list[MovedCopy]:
    """Return every copy under a person, the latest first."""
    return await tx.rows(
        "SELECT copy, info, layout, as_of, current, locked FROM copy"
        " WHERE person = %(person)s ORDER BY copy DESC",
        {"person": person},
        MovedCopy,
    )


async def move_copy(tx: Tx, institution: str, copy: int, person: str, locked: bytes) -> None:
    """Register a copy again, under another person: a new copy that supersedes the old one."""
    await tx.put(
        "INSERT INTO copy (institution, person, info, layout, as_of, load, supersedes, locked)"
        " SELECT %(institution)s, %(person)s, info, layout, as_of, load, copy, %(locked)s"
        " FROM copy WHERE copy = %(copy)s",
        {"institution": institution, "person": person, "copy": copy, "locked": locked},
    )


async def addressees_of(tx: Tx, person: str) -> list[str]:
    """Return the addressee numbers of a person."""
    found = await tx.value(
        "SELECT coalesce(array_agg(addressee ORDER BY addressee), '{}') FROM addressee"
        " WHERE person = %(person)s",
        {"person": person},
    )
    return list(found)


async def reattach(tx: Tx, addressee: str, person: str) -> None:
    """Tie an addressee number to another person."""
    await tx.put(
        "UPDATE addressee SET person = %(person)s WHERE addressee = %(addressee)s",
        {"addressee": addressee, "person": person},
    )


async def unbind(tx: Tx, person: str) -> None:
    """Take number, code and acquisition from an integrated id that stands for nobody any more."""
    await tx.put("DELETE FROM acquisition WHERE person = %(person)s", {"person": person})
    await tx.put("DELETE FROM vault WHERE person = %(person)s", {"person": person})
    await tx.put(
        "UPDATE person SET acquisition_state = 'NONE', rejected_because = '', code = NULL,"
        " code_version = NULL WHERE person = %(person)s",
        {"person": person},
    )


async def move_cases(tx: Tx, old: bytes, new: bytes) -> None:
    """Let a person's cases be another's."""
    await tx.put(
        "UPDATE case_file SET person_tag = %(new)s WHERE person_tag = %(old)s",
        {"old": old, "new": new},
    )


async def add_person(tx: Tx, institution: str, person: str, flags_locked: bytes) -> None:
    """Store a person without a number."""
    await tx.put(
        "INSERT INTO person (institution, person, flags_locked)"
        " VALUES (%(institution)s, %(person)s, %(flags)s)",
        {"institution": institution, "person": person, "flags": flags_locked},
    )


async def of_suspension(tx: Tx, suspension: str) -> SuspensionRow:
    """Return one doubt."""
    return await tx.one(
        "SELECT suspension, review_case, addressee_tag, person_tag, ground, state, suspended_at,"
        " settled_at, detail_locked FROM suspension WHERE suspension = %(suspension)s",
        {"suspension": suspension},
        SuspensionRow,
    )


async def of_case(tx: Tx, review_case: str) -> list[SuspensionRow]:
    """Return every doubt of one case of the institution, in no order that tells anything."""
    return await tx.rows(
        "SELECT suspension, review_case, addressee_tag, person_tag, ground, state, suspended_at,"
        " settled_at, detail_locked FROM suspension WHERE review_case = %(case)s"
        " ORDER BY suspension",
        {"case": review_case},
        SuspensionRow,
    )
