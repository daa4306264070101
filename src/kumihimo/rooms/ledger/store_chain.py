"""The ledger's SQL for the numbered chains: who has one, what may be linked, and what is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.ledger import store
from kumihimo.rooms.ledger.domain.chain import Chain
from kumihimo.rooms.ledger.domain.codes import Coded

# Nothing can hide it any more: both sides said their last word, or the core refused it.
_CERTAIN: Final[LiteralString] = (
    " FROM record r"
    " LEFT JOIN LATERAL (SELECT * FROM record_end"
    "  WHERE permit = r.permit AND side = 'requester' OFFSET 0) AS q ON true"
    " LEFT JOIN LATERAL (SELECT * FROM record_end"
    "  WHERE permit = r.permit AND side = 'provider' OFFSET 0) AS p ON true"
    " WHERE r.permit = ANY(%(permits)s) AND r.salt IS NOT NULL"
    " AND NOT (r.hidden OR coalesce(q.hidden, false) OR coalesce(p.hidden, false))"
    " AND (r.outcome <> 'OK' OR (q.outcome <> 'PENDING_MANUAL' AND p.outcome <> 'PENDING_MANUAL'))"
    " AND (r.requester <> 'ledger' OR coalesce(q.outcome, p.outcome, r.outcome) = 'OK')"
)


@attrs.frozen(kw_only=True)
class RecordRow:
    """A record as its leaf has it, with the codes of whom it is about: both, where the ends differ."""

    record: str
    permit: str
    person: bytes
    version: int
    other: bytes | None
    other_version: int | None
    requester: str
    provider: str
    affair: str
    items: Sequence[str]
    basis: Sequence[str]
    list_version: str
    outcome: str
    requested_at: datetime
    sealed_digest: bytes
    hidden: bool
    salt: bytes
    leaf: int | None
    office: str | None
    role: str | None


RECORD: Final[LiteralString] = (
    "SELECT r.record, r.permit, r.person, r.version, p.person AS other,"
    " CASE WHEN p.person IS NOT NULL THEN p.version END AS other_version,"
    " r.requester, r.provider, r.affair, r.items, r.basis,"
    " coalesce(r.list_version, '') AS list_version, r.outcome, r.requested_at,"
    " coalesce(r.sealed_digest, '') AS sealed_digest, r.hidden,"
    " coalesce(r.salt, decode(repeat('00', 16), 'hex')) AS salt, r.leaf,"
    " r.office, r.role"
)


@attrs.frozen(kw_only=True)
class ChainRow:
    """A chain: whose it is, how far it is, and up to which number it was forgotten by age."""

    chain: str
    person: bytes
    version: int
    number: int
    head: bytes | None
    head_at: datetime | None
    forgotten: int


@attrs.frozen(kw_only=True)
class LinkRow:
    """One number of a chain. `place` is None until its leaf is in the log."""

    chain: str
    number: int
    record: str
    before: bytes | None
    before_at: datetime | None
    leaf: bytes
    place: int | None


@attrs.frozen
class NameRow:
    """Which record stands in which chain."""

    chain: str
    record: str


async def certain(tx: Tx, permits: Sequence[str]) -> list[RecordRow]:
    """Return those of these records that get a number: their persons read them, and always will."""
    return await tx.rows(RECORD + _CERTAIN, {"permits": list(permits)}, RecordRow)


async def lock(tx: Tx, persons: Sequence[bytes]) -> list[ChainRow]:
    """Lock the chains of these codes, and return them."""
    return await tx.rows(
        "SELECT chain, person, version, number, head, head_at, forgotten FROM person_chain"
        " WHERE person = ANY(%(persons)s::bytea[]) ORDER BY chain FOR UPDATE",
        {"persons": list(persons)},
        ChainRow,
    )


async def linked(tx: Tx, chains: Sequence[str], records: Sequence[str]) -> set[tuple[str, str]]:
    """Return which of these records have a number in which of these chains."""
    rows = await tx.rows(
        "SELECT chain, record FROM person_link"
        " WHERE record = ANY(%(records)s) AND chain = ANY(%(chains)s)",
        {"records": list(records), "chains": list(chains)},
        NameRow,
    )
    return {(row.chain, row.record) for row in rows}


async def begin(tx: Tx, chains: Sequence[tuple[Coded, Chain]]) -> None:
    """Begin chains of persons who have none, as far as they are with their first links."""
    if not chains:
        return
    await tx.put(
        "INSERT INTO person_chain (chain, person, version, number, head, head_at)"
        " SELECT chain, person, version, number, head, head_at"
        " FROM unnest(%(chains)s::text[], %(persons)s::bytea[], %(versions)s::integer[],"
        " %(numbers)s::bigint[], %(heads)s::bytea[], %(times)s::timestamptz[])"
        " AS new (chain, person, version, number, head, head_at)",
        {
            "chains": [chain.chain for _, chain in chains],
            "persons": [bytes(person.code) for person, _ in chains],
            "versions": [person.version for person, _ in chains],
            "numbers": [chain.number for _, chain in chains],
            "heads": [chain.head for _, chain in chains],
            "times": [chain.head_at for _, chain in chains],
        },
    )


async def add(tx: Tx, links: Sequence[LinkRow]) -> None:
    """Write links down, and in the same transaction how far their chains are."""
    await tx.put(
        "INSERT INTO person_link (chain, number, record, before, before_at, leaf)"
        " SELECT chain, number, record, before, before_at, leaf"
        " FROM unnest(%(chains)s::text[], %(numbers)s::bigint[], %(records)s::text[],"
        " %(before)s::bytea[], %(before_at)s::timestamptz[], %(leaves)s::bytea[])"
        " AS new (chain, number, record, before, before_at, leaf)",
        {
            "chains": [one.chain for one in links],
            "numbers": [one.number for one in links],
            "records": [one.record for one in links],
            "before": [one.before for one in links],
            "before_at": [one.before_at for one in links],
            "leaves": [one.leaf for one in links],
        },
    )


async def advance(tx: Tx, chains: Sequence[Chain]) -> None:
    """Write down how far chains are."""
    if not chains:
        return
    await tx.put(
        "UPDATE person_chain SET number = new.number, head = new.head, head_at = new.head_at"
        " FROM unnest(%(chains)s::text[], %(numbers)s::bigint[], %(heads)s::bytea[],"
        " %(times)s::timestamptz[]) AS new (chain, number, head, head_at)"
        " WHERE person_chain.chain = new.chain",
        {
            "chains": [one.chain for one in chains],
            "numbers": [one.number for one in chains],
            "heads": [one.head for one in chains],
            "times": [one.head_at for one in chains],
        },
    )


async def leave(tx: Tx, permits: Sequence[str]) -> int:
    """Make nobody's those chains in which one of these records stands that is hidden by now."""
    return await tx.execute(
        "WITH gone AS MATERIALIZED (SELECT r.record FROM unnest(%(permits)s::text[]) AS a (permit)"
        "  CROSS JOIN LATERAL (SELECT record, hidden FROM record"
        "   WHERE permit = a.permit OFFSET 0) AS r"
        "  CROSS JOIN LATERAL (SELECT bool_or(hidden) AS hidden FROM record_end"
        "   WHERE permit = a.permit) AS e WHERE r.hidden OR e.hidden)"
        " UPDATE person_chain SET person = NULL WHERE person IS NOT NULL AND chain IN ("
        "  SELECT l.chain FROM gone CROSS JOIN LATERAL (SELECT chain FROM person_link"
        "   WHERE record = gone.record OFFSET 0) AS l)",
        {"permits": list(permits)},
    )


async def unplaced(tx: Tx, limit: int) -> list[LinkRow]:
    """Return links whose leaves may not be in the log yet, in the order of their numbers."""
    return await tx.rows(
        "SELECT chain, number, record, before, before_at, leaf, place FROM person_link"
        " WHERE place IS NULL ORDER BY chain, number LIMIT %(limit)s",
        {"limit": limit},
        LinkRow,
    )


async def place(tx: Tx, placed: Sequence[tuple[LinkRow, int]]) -> None:
    """Write down where leaves of links stand in the log."""
    await tx.put(
        "UPDATE person_link SET place = new.place"
        " FROM unnest(%(chains)s::text[], %(numbers)s::bigint[], %(places)s::bigint[])"
        " AS new (chain, number, place) WHERE person_link.chain = new.chain"
        " AND person_link.number = new.number AND person_link.place IS NULL",
        {
            "chains": [row.chain for row, _ in placed],
            "numbers": [row.number for row, _ in placed],
            "places": [place for _, place in placed],
        },
    )


async def links(tx: Tx, chain: str) -> list[LinkRow]:
    """Return the links of a chain, by their numbers."""
    return await tx.rows(
        "SELECT chain, number, record, before, before_at, leaf, place FROM person_link"
        " WHERE chain = %(chain)s ORDER BY number",
        {"chain": chain},
        LinkRow,
    )


@attrs.frozen(kw_only=True)
class EndRow:
    """The last word of one side of an exchange, as its leaf has it."""

    permit: str
    side: str
    outcome: str
    at: datetime
    leaf: int | None


async def visible(tx: Tx, reader: store.Reader, limit: int) -> list[RecordRow]:
    """Return what a person reads of herself, the oldest first."""
    return await tx.rows(
        RECORD
        + store.WITH_ENDS
        + store.OF_PERSON
        + " ORDER BY r.requested_at, r.record LIMIT %(limit)s",
        {
            "persons": list(reader.persons),
            "silent_before": reader.silent_before,
            "limit": limit,
        },
        RecordRow,
    )


@attrs.frozen
class PartiesRow:
    """An exchange, and the two bodies."""

    permit: str
    requester: str
    provider: str


async def parties(tx: Tx, records: Sequence[str]) -> PartiesRow | None:
    """Return whom one of these records is between; None where none of them is there."""
    return await tx.row(
        "SELECT permit, requester, provider FROM record WHERE record = ANY(%(records)s) LIMIT 1",
        {"records": list(records)},
        PartiesRow,
    )


async def unlinked(tx: Tx, persons: Sequence[bytes], records: Sequence[str]) -> set[str]:
    """Return those of these records that have no number in the chain of these codes."""
    rows = await tx.rows(
        "SELECT l.chain, l.record FROM person_link l JOIN person_chain c ON c.chain = l.chain"
        " WHERE l.record = ANY(%(records)s) AND c.person = ANY(%(persons)s::bytea[])",
        {"records": list(records), "persons": list(persons)},
        NameRow,
    )
    return set(records) - {row.record for row in rows}


async def ends(tx: Tx, permits: Sequence[str]) -> list[EndRow]:
    """Return what the sides of these permits said last; who waits for a person did not yet."""
    return await tx.rows(
        "SELECT permit, side, outcome, at, leaf FROM record_end"
        " WHERE permit = ANY(%(permits)s) AND outcome <> 'PENDING_MANUAL'"
        " ORDER BY permit, side DESC",
        {"permits": list(permits)},
        EndRow,
    )
