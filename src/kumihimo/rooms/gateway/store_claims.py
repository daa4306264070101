"""The gateway's SQL for what persons say of an exchange."""

from collections.abc import Sequence
from datetime import date, datetime

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(kw_only=True, repr=False)
class ClaimRow:
    """A claim; what is sealed or locked stays so."""

    claim: str
    kind: str
    affair: str
    sealed: bytes
    detail_locked: bytes
    taken_on: date
    due_on: date
    decision: str | None = None
    answer_sealed: bytes | None = None
    answered_by: str | None = None
    answered_on: date | None = None


async def add(tx: Tx, institution: str, row: ClaimRow) -> int:
    """Write a claim down; returns how many were new."""
    return await tx.execute(
        "INSERT INTO claim (institution, claim, kind, affair, sealed, detail_locked, taken_on,"
        " due_on) VALUES (%(institution)s, %(claim)s, %(kind)s, %(affair)s, %(sealed)s,"
        " %(detail_locked)s, %(taken_on)s, %(due_on)s) ON CONFLICT DO NOTHING",
        {"institution": institution, **attrs.asdict(row)},
    )


async def named(tx: Tx, claims: Sequence[str]) -> list[ClaimRow]:
    """Return claims by their ids."""
    return await tx.rows(
        "SELECT claim, kind, affair, sealed, detail_locked, taken_on, due_on, decision,"
        " answer_sealed, answered_by, answered_on FROM claim WHERE claim = ANY(%(claims)s)",
        {"claims": list(claims)},
        ClaimRow,
    )


async def waiting(tx: Tx, affairs: Sequence[str] | None, most: int) -> list[ClaimRow]:
    """Return what waits for an answer, the one due first first; None: of every affair."""
    return await tx.rows(
        "SELECT claim, kind, affair, sealed, detail_locked, taken_on, due_on, decision,"
        " answer_sealed, answered_by, answered_on FROM claim WHERE answered_on IS NULL"
        " AND (%(affairs)s::text[] IS NULL OR affair = ANY(%(affairs)s::text[]))"
        " ORDER BY due_on, claim LIMIT %(most)s",
        {"affairs": None if affairs is None else list(affairs), "most": most},
        ClaimRow,
    )


async def answer(tx: Tx, claim: str, decision: str, sealed: bytes, officer: str, on: date) -> bool:
    """Write an answer down; False when there is one."""
    changed = await tx.execute(
        "UPDATE claim SET decision = %(decision)s, answer_sealed = %(sealed)s,"
        " answered_by = %(officer)s, answered_on = %(on)s"
        " WHERE claim = %(claim)s AND answered_on IS NULL",
        {"claim": claim, "decision": decision, "sealed": sealed, "officer": officer, "on": on},
    )
    return changed == 1


async def details(tx: Tx, side: str, since: datetime, until: datetime) -> list[bytes]:
    """Return the locked parts of the records of one side and a short time."""
    return [
        bytes(row.detail_locked)
        for row in await tx.rows(
            "SELECT detail_locked FROM exchange_record WHERE side = %(side)s"
            " AND requested_at BETWEEN %(since)s AND %(until)s",
            {"side": side, "since": since, "until": until},
            DetailRow,
        )
    ]


@attrs.frozen
class DetailRow:
    """One column."""

    detail_locked: bytes


async def inquiry_of(tx: Tx, permit: str) -> str | None:
    """Return the question that a permit was given for."""
    found = await tx.value(
        "SELECT max(inquiry) FROM inquiry WHERE permit = %(permit)s", {"permit": permit}
    )
    return None if found is None else str(found)
