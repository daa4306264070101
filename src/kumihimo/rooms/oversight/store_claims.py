"""Oversight's SQL for objections of persons."""

from collections.abc import Sequence
from datetime import date

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(kw_only=True, repr=False)
class ObjectionRow:
    """An objection; what is sealed stays so."""

    claim: str
    permit: str
    requester: str
    provider: str
    sealed: bytes
    taken_on: date
    due_on: date
    decision: str | None = None
    answer_sealed: bytes | None = None
    answered_on: date | None = None


async def add(tx: Tx, row: ObjectionRow) -> int:
    """Write an objection down; returns how many were new."""
    return await tx.execute(
        "INSERT INTO objection (claim, permit, requester, provider, sealed, taken_on, due_on)"
        " VALUES (%(claim)s, %(permit)s, %(requester)s, %(provider)s, %(sealed)s, %(taken_on)s,"
        " %(due_on)s) ON CONFLICT DO NOTHING",
        attrs.asdict(row),
    )


async def named(tx: Tx, claims: Sequence[str]) -> list[ObjectionRow]:
    """Return objections by their ids."""
    return await tx.rows(
        "SELECT claim, permit, requester, provider, sealed, taken_on, due_on, decision,"
        " answer_sealed, answered_on FROM objection WHERE claim = ANY(%(claims)s)",
        {"claims": list(claims)},
        ObjectionRow,
    )


async def waiting(tx: Tx, most: int) -> list[ObjectionRow]:
    """Return what waits for an answer, the one due first first."""
    return await tx.rows(
        "SELECT claim, permit, requester, provider, sealed, taken_on, due_on, decision,"
        " answer_sealed, answered_on FROM objection WHERE answered_on IS NULL"
        " ORDER BY due_on, claim LIMIT %(most)s",
        {"most": most},
        ObjectionRow,
    )


async def answer(tx: Tx, claim: str, decision: str, sealed: bytes, on: date) -> bool:
    """Write an answer down; False when there is one."""
    changed = await tx.execute(
        "UPDATE objection SET decision = %(decision)s, answer_sealed = %(sealed)s,"
        " answered_on = %(on)s WHERE claim = %(claim)s AND answered_on IS NULL",
        {"claim": claim, "decision": decision, "sealed": sealed, "on": on},
    )
    return changed == 1
