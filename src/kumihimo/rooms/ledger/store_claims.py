"""The ledger's SQL for what persons say of an exchange."""

from collections.abc import Sequence
from datetime import date
from typing import Final, LiteralString

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(kw_only=True, repr=False)
class ClaimRow:
    """What a person said, and how it stands."""

    claim: str
    person: bytes
    version: int
    kind: str
    addressee: str
    permit: str
    told_on: date
    due_on: date
    state: str = "sent"
    decision: str | None = None
    answer_sealed: bytes | None = None
    answered_on: date | None = None


@attrs.frozen(kw_only=True)
class OpenRow:
    """One that is not answered yet, and whom it is for."""

    claim: str
    addressee: str


async def add(tx: Tx, row: ClaimRow) -> int:
    """Write a claim down; returns how many were new."""
    return await tx.execute(
        "INSERT INTO claim (claim, person, version, kind, addressee, permit, told_on, due_on, state)"
        " VALUES (%(claim)s, %(person)s, %(version)s, %(kind)s, %(addressee)s, %(permit)s,"
        " %(told_on)s, %(due_on)s, %(state)s) ON CONFLICT DO NOTHING",
        attrs.asdict(row),
    )


MINE: Final[LiteralString] = (
    "SELECT claim, person, version, kind, addressee, permit, told_on, due_on, state, decision,"
    " answer_sealed, answered_on FROM claim WHERE person = ANY(%(persons)s::bytea[])"
    " ORDER BY told_on DESC, claim LIMIT %(claims_most)s"
)


async def mine(tx: Tx, persons: Sequence[bytes], most: int) -> list[ClaimRow]:
    """Return a person's claims, the latest first; `persons` are her codes by key version."""
    return await tx.rows(MINE, {"persons": list(persons), "claims_most": most}, ClaimRow)


async def unanswered(tx: Tx, most: int) -> list[OpenRow]:
    """Return what is not answered yet, the longest open first."""
    return await tx.rows(
        "SELECT claim, addressee FROM claim WHERE state <> 'answered'"
        " ORDER BY told_on, claim LIMIT %(most)s",
        {"most": most},
        OpenRow,
    )


async def stands(
    tx: Tx, claim: str, *, state: str, decision: str | None, sealed: bytes | None, on: date | None
) -> int:
    """Write down how a claim stands; an answer stays. Returns how many changed."""
    return await tx.execute(
        "UPDATE claim SET state = %(state)s, decision = %(decision)s, answer_sealed = %(sealed)s,"
        " answered_on = %(on)s WHERE claim = %(claim)s AND state <> 'answered'"
        " AND state <> %(state)s",
        {"claim": claim, "state": state, "decision": decision, "sealed": sealed, "on": on},
    )


@attrs.frozen(kw_only=True)
class OverdueRow:
    """One whose day is over without an answer, about which exchange, and who owes it."""

    claim: str
    addressee: str
    permit: str


async def overdue(tx: Tx, on: date, most: int) -> list[OverdueRow]:
    """Return what was due before a day, is not answered, and oversight was not told of."""
    return await tx.rows(
        "SELECT claim, addressee, permit FROM claim WHERE state <> 'answered'"
        " AND due_on < %(on)s AND NOT overdue_told ORDER BY due_on, claim LIMIT %(most)s"
        " FOR UPDATE SKIP LOCKED",
        {"on": on, "most": most},
        OverdueRow,
    )


async def told_overdue(tx: Tx, names: Sequence[str]) -> None:
    """Write down that oversight was told."""
    await tx.put(
        "UPDATE claim SET overdue_told = true WHERE claim = ANY(%(names)s)", {"names": list(names)}
    )


@attrs.frozen
class PersonName:
    """One column."""

    person: bytes


async def persons_of(tx: Tx, names: Sequence[str]) -> list[bytes]:
    """Return whose claims these are."""
    rows = await tx.rows(
        "SELECT DISTINCT person FROM claim WHERE claim = ANY(%(names)s)",
        {"names": list(names)},
        PersonName,
    )
    return [bytes(row.person) for row in rows]
