"""Register's SQL on individual numbers. Numbers are only ever added."""

from collections.abc import Sequence
from datetime import date

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(repr=False)
class Candidate:
    """A resident who is to have a number: her code, and the number she has ("" for none)."""

    person: int
    resident_code: str
    municipality: str
    number_body: str


@attrs.frozen
class _Person:
    person: int


async def by_codes(tx: Tx, codes: Sequence[str]) -> dict[str, Candidate]:
    """Return and lock the residents who have these codes now."""
    rows = await tx.rows(
        "SELECT person, resident_code, municipality, coalesce(number_body, '') AS number_body"
        " FROM resident WHERE resident_code = ANY(%(codes)s) ORDER BY person FOR UPDATE",
        {"codes": list(codes)},
        Candidate,
    )
    return {row.resident_code: row for row in rows}


async def by_persons(tx: Tx, persons: Sequence[int]) -> dict[int, Candidate]:
    """Return and lock these residents."""
    rows = await tx.rows(
        "SELECT person, resident_code, municipality, coalesce(number_body, '') AS number_body"
        " FROM resident WHERE person = ANY(%(persons)s) ORDER BY person FOR UPDATE",
        {"persons": list(persons)},
        Candidate,
    )
    return {row.person: row for row in rows}


async def numberless(tx: Tx, municipality: str, limit: int) -> list[Candidate]:
    """Return and lock up to `limit` residents of a municipality who have no number."""
    return await tx.rows(
        "SELECT person, resident_code, municipality, '' AS number_body FROM resident"
        " WHERE municipality = %(municipality)s AND number_body IS NULL"
        " ORDER BY person LIMIT %(limit)s FOR UPDATE",
        {"municipality": municipality, "limit": limit},
        Candidate,
    )


async def count_numberless(tx: Tx, municipality: str) -> int:
    """Return how many residents of a municipality have no number."""
    found = await tx.value(
        "SELECT count(*) FROM resident WHERE municipality = %(m)s AND number_body IS NULL",
        {"m": municipality},
    )
    return int(found)


async def designate(tx: Tx, persons: Sequence[int], bodies: Sequence[str], *, on: date) -> set[int]:
    """Give each person, each once, the number with this body; returns those who got it.

    Whoever is left out met eleven digits that some person has or had.
    """
    rows = await tx.rows(
        "INSERT INTO individual_number (body, person, generation, designated_on)"
        " SELECT new.body, new.person, 1 + (SELECT count(*) FROM individual_number known"
        " WHERE known.person = new.person), %(on)s"
        " FROM unnest(%(bodies)s::text[], %(persons)s::bigint[]) AS new (body, person)"
        " ON CONFLICT (body) DO NOTHING RETURNING person",
        {"bodies": list(bodies), "persons": list(persons), "on": on},
        _Person,
    )
    got = {row.person for row in rows}
    chosen = [(p, b) for p, b in zip(persons, bodies, strict=True) if p in got]
    await tx.put(
        "UPDATE resident SET number_body = new.body"
        " FROM unnest(%(bodies)s::text[], %(persons)s::bigint[]) AS new (body, person)"
        " WHERE resident.person = new.person",
        {"bodies": [b for _, b in chosen], "persons": [p for p, _ in chosen]},
    )
    return got
