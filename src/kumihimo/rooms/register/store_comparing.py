"""Register's SQL for comparing links: who has a number, with everything recorded of her."""

from collections.abc import Sequence

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.register.domain.residents import State
from kumihimo.rooms.register.store import PeriodRow


@attrs.frozen(repr=False)
class RecordedPerson:
    """Who has a number now: her state today, and every other that is known of her."""

    person: int
    now: State
    before: tuple[State, ...]


@attrs.frozen(repr=False)
class _Numbered:
    number_body: str
    person: int


@attrs.frozen
class _Homonym:
    person: int
    homonym: bool | None


@attrs.frozen(repr=False)
class Unread:
    """A record whose reading is not indexed yet."""

    person: int
    kana: str


async def recorded(tx: Tx, bodies: Sequence[str]) -> dict[str, RecordedPerson]:
    """Return who has each number, as the register knows her today; a replaced one is nobody's."""
    numbered = await tx.rows(
        "SELECT number_body, person FROM resident WHERE number_body = ANY(%(bodies)s)",
        {"bodies": list(bodies)},
        _Numbered,
    )
    periods = await tx.rows(
        "SELECT person, valid_from, valid_to, recorded_from, recorded_to, resident_code, name,"
        " kana, birth, sex, address, municipality, former_surname, alias, standing, protected"
        " FROM resident_period WHERE person = ANY(%(persons)s) AND recorded_to IS NULL"
        " ORDER BY person, valid_from DESC",
        {"persons": [row.person for row in numbered]},
        PeriodRow,
    )
    states: dict[int, list[State]] = {}
    for row in periods:
        states.setdefault(row.person, []).append(row.version().period.state)
    return {
        row.number_body: RecordedPerson(row.person, now, tuple(before))
        for row in numbered
        for now, *before in [states[row.person]]
    }


async def homonyms(tx: Tx, persons: Sequence[int]) -> dict[int, bool | None]:
    """Say of each person whether somebody else, living or dead, shares her reading and birth date.

    None where she has no reading, or while readings are being indexed.
    """
    rows = await tx.rows(
        "SELECT r.person, CASE WHEN coalesce(r.kana_key, '') = ''"
        " OR EXISTS (SELECT FROM resident WHERE kana_key IS NULL) THEN NULL"
        " ELSE EXISTS (SELECT FROM resident o WHERE o.birth_key = r.birth_key"
        " AND o.kana_key = r.kana_key AND o.person <> r.person) END AS homonym"
        " FROM resident r WHERE r.person = ANY(%(persons)s)",
        {"persons": list(persons)},
        _Homonym,
    )
    return {row.person: row.homonym for row in rows}


async def unread(tx: Tx, limit: int) -> list[Unread]:
    """Claim records whose reading is not indexed yet."""
    return await tx.rows(
        "SELECT r.person, p.kana FROM resident r JOIN resident_period p ON p.person = r.person"
        " AND p.recorded_to IS NULL AND p.valid_to IS NULL WHERE r.kana_key IS NULL"
        " LIMIT %(limit)s FOR UPDATE OF r SKIP LOCKED",
        {"limit": limit},
        Unread,
    )


async def set_kana(tx: Tx, persons: Sequence[int], keys: Sequence[str]) -> None:
    """Index the readings of records."""
    await tx.put(
        "UPDATE resident SET kana_key = new.key"
        " FROM unnest(%(persons)s::bigint[], %(keys)s::text[]) AS new (person, key)"
        " WHERE resident.person = new.person",
        {"persons": list(persons), "keys": list(keys)},
    )
