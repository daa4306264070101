"""The ledger's SQL for delegations, and for what proxies read by them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, LiteralString

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(kw_only=True, repr=False)
class DelegationRow:
    """A delegation: who gave it, by code; who holds it, by a tag that its secret is needed for."""

    delegation: str
    person: bytes
    version: int
    purpose: str
    secret_hash: bytes
    given_on: date
    until: date
    proxy_tag: bytes | None = None
    ended_on: date | None = None


@attrs.frozen(kw_only=True)
class ActRow:
    """One time that something was read by a delegation."""

    act: str
    delegation: str
    purpose: str
    at: datetime


async def add(tx: Tx, row: DelegationRow) -> None:
    """Write a delegation down."""
    await tx.put(
        "INSERT INTO delegation (delegation, person, version, purpose, secret_hash, given_on, until)"
        " VALUES (%(delegation)s, %(person)s, %(version)s, %(purpose)s, %(secret_hash)s,"
        " %(given_on)s, %(until)s)",
        attrs.asdict(row),
    )


async def count_open(tx: Tx, persons: Sequence[bytes], on: date) -> int:
    """Return how many that somebody gave are not over; `persons` are her codes by key version."""
    return await tx.value(
        "SELECT count(*) FROM delegation WHERE person = ANY(%(persons)s::bytea[])"
        " AND ended_on IS NULL AND until >= %(on)s",
        {"persons": list(persons), "on": on},
    )


async def by_secrets(tx: Tx, hashes: Sequence[bytes]) -> list[DelegationRow]:
    """Return delegations by what is known of their secrets, alone with them."""
    return await tx.rows(
        "SELECT delegation, person, version, purpose, secret_hash, given_on, until, proxy_tag,"
        " ended_on FROM delegation WHERE secret_hash = ANY(%(hashes)s::bytea[])"
        " ORDER BY delegation FOR UPDATE",
        {"hashes": list(hashes)},
        DelegationRow,
    )


async def hold(tx: Tx, delegation: str, proxy_tag: bytes) -> None:
    """Write down whose it is."""
    await tx.put(
        "UPDATE delegation SET proxy_tag = %(tag)s WHERE delegation = %(delegation)s",
        {"delegation": delegation, "tag": proxy_tag},
    )


async def end(tx: Tx, secret_hash: bytes, on: date) -> int:
    """End a delegation; returns how many ended now."""
    return await tx.execute(
        "UPDATE delegation SET ended_on = greatest(given_on, %(on)s)"
        " WHERE secret_hash = %(hash)s AND ended_on IS NULL",
        {"hash": secret_hash, "on": on},
    )


async def add_act(tx: Tx, act: str, delegation: str, at: datetime) -> None:
    """Write down that something is read."""
    await tx.put(
        "INSERT INTO delegated_act (act, delegation, at) VALUES (%(act)s, %(delegation)s, %(at)s)",
        {"act": act, "delegation": delegation, "at": at},
    )


ACTS_ON: Final[LiteralString] = (
    "SELECT a.act, a.delegation, d.purpose, a.at FROM delegated_act a"
    " JOIN delegation d ON d.delegation = a.delegation"
    " WHERE d.person = ANY(%(persons)s::bytea[]) ORDER BY a.at DESC, a.act LIMIT %(acts_most)s"
)


async def acts_on(tx: Tx, persons: Sequence[bytes], most: int) -> list[ActRow]:
    """Return what was read for a person, the latest first; `persons` are her codes."""
    return await tx.rows(ACTS_ON, {"persons": list(persons), "acts_most": most}, ActRow)


async def act_on(tx: Tx, persons: Sequence[bytes], act: str) -> ActRow | None:
    """Return what was read for a person, by its id; None for what was read for somebody else."""
    return await tx.row(
        "SELECT a.act, a.delegation, d.purpose, a.at FROM delegated_act a"
        " JOIN delegation d ON d.delegation = a.delegation"
        " WHERE d.person = ANY(%(persons)s::bytea[]) AND a.act = %(act)s",
        {"persons": list(persons), "act": act},
        ActRow,
    )


async def acts_by(tx: Tx, delegations: Sequence[str], most: int) -> list[ActRow]:
    """Return what was read by these delegations, the latest first."""
    return await tx.rows(
        "SELECT a.act, a.delegation, d.purpose, a.at FROM delegated_act a"
        " JOIN delegation d ON d.delegation = a.delegation"
        " WHERE a.delegation = ANY(%(delegations)s) ORDER BY a.at DESC, a.act LIMIT %(most)s",
        {"delegations": list(delegations), "most": most},
        ActRow,
    )
