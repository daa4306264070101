"""Register's SQL on residents and numbers. A batch is one statement, whatever its size."""

from collections.abc import Iterable, Sequence
from datetime import date

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.people.identity import FourAttributes, MatchKey, match_key
from kumihimo.people.kana import canonical_kana
from kumihimo.rooms.register.domain.intake import History, Plan, Version
from kumihimo.rooms.register.domain.residents import (
    Entry,
    Period,
    Standing,
    State,
    decode,
    encode,
)


@attrs.frozen
class _Code:
    code: str
    person: int


@attrs.frozen
class _Event:
    event: str
    body: str


@attrs.frozen(repr=False)
class _Entry:
    person: int
    seq: int
    body: str


@attrs.frozen
class _Numbered:
    person: int
    numbered: bool


@attrs.frozen
class _Fresh:
    person: int
    seq: int


@attrs.frozen(repr=False)
class OutdatedRow:
    """A resident whose keys an older canonical form made."""

    person: int
    name: str
    birth: str
    sex: str
    address: str


@attrs.frozen(kw_only=True, repr=False)
class PeriodRow:
    """A period as it is stored."""

    person: int
    valid_from: date
    valid_to: date | None
    recorded_from: int
    recorded_to: int | None
    resident_code: str
    name: str
    kana: str
    birth: str
    sex: str
    address: str
    municipality: str
    former_surname: str
    alias: str
    standing: Standing
    protected: bool

    def version(self) -> Version:
        """Return the value that the domain works with."""
        names = [field.name for field in attrs.fields(State)]
        state = State(**{name: getattr(self, name) for name in names})
        period = Period(valid_from=self.valid_from, valid_to=self.valid_to, state=state)
        return Version(
            period=period, recorded_from=self.recorded_from, recorded_to=self.recorded_to
        )


async def fresh_ids(tx: Tx, count: int) -> list[tuple[int, int]]:
    """Return so many new pairs of a person's id and an event's number."""
    rows = await tx.rows(
        "SELECT nextval('person_seq') AS person, nextval('event_seq') AS seq"
        " FROM generate_series(1, %(count)s)",
        {"count": count},
        _Fresh,
    )
    return [(row.person, row.seq) for row in rows]


async def holders(tx: Tx, codes: Sequence[str]) -> dict[str, int]:
    """Return the person of each code that is or was anybody's, and lock those persons."""
    await tx.put(
        "SELECT r.person FROM resident r WHERE r.person IN"
        " (SELECT person FROM resident_code WHERE code = ANY(%(codes)s))"
        " ORDER BY r.person FOR UPDATE OF r",
        {"codes": list(codes)},
    )
    rows = await tx.rows(
        "SELECT code, person FROM resident_code WHERE code = ANY(%(codes)s)",
        {"codes": list(codes)},
        _Code,
    )
    return {row.code: row.person for row in rows}


async def known_events(tx: Tx, events: Sequence[str]) -> dict[str, str]:
    """Return the stored form of the events that are recorded already."""
    rows = await tx.rows(
        "SELECT event, body FROM resident_event WHERE event = ANY(%(events)s)",
        {"events": list(events)},
        _Event,
    )
    return {row.event: row.body for row in rows}


async def histories(tx: Tx, persons: Iterable[int]) -> dict[int, History]:
    """Return what is known of persons: their events, and the periods known today."""
    wanted = {"persons": list(persons)}
    found = {person: History() for person in wanted["persons"]}
    for entry in await tx.rows(
        "SELECT person, seq, body FROM resident_event WHERE person = ANY(%(persons)s) ORDER BY seq",
        wanted,
        _Entry,
    ):
        found[entry.person].entries.append(Entry(entry.seq, decode(entry.body)))
    for row in await tx.rows(
        "SELECT person, valid_from, valid_to, recorded_from, recorded_to, resident_code, name,"
        " kana, birth, sex, address, municipality, former_surname, alias, standing, protected"
        " FROM resident_period WHERE person = ANY(%(persons)s) AND recorded_to IS NULL"
        " ORDER BY valid_from",
        wanted,
        PeriodRow,
    ):
        found[row.person].open.append(row.version())
    for numbered in await tx.rows(
        "SELECT person, number_body IS NOT NULL AS numbered FROM resident"
        " WHERE person = ANY(%(persons)s)",
        wanted,
        _Numbered,
    ):
        found[numbered.person].numbered = numbered.numbered
    return found


async def state_known(tx: Tx, code: str, *, valid_on: date, recorded_on: date) -> State | None:
    """Return what the register knew at the end of one day about another (or the same) day."""
    row = await tx.row(
        "SELECT p.person, valid_from, valid_to, recorded_from, recorded_to, resident_code, name,"
        " kana, birth, sex, address, municipality, former_surname, alias, standing, protected"
        " FROM resident_period p JOIN resident_code c ON c.person = p.person"
        " CROSS JOIN (SELECT coalesce(max(seq), 0) AS seq FROM resident_event"
        " WHERE recorded_on <= %(recorded_on)s) AS known"
        " WHERE c.code = %(code)s AND valid_from <= %(valid_on)s"
        " AND (valid_to IS NULL OR valid_to > %(valid_on)s) AND recorded_from <= known.seq"
        " AND (recorded_to IS NULL OR recorded_to > known.seq)",
        {"code": code, "valid_on": valid_on, "recorded_on": recorded_on},
        PeriodRow,
    )
    return row.version().period.state if row else None


async def save(
    tx: Tx, plan: Plan, people: dict[int, History], *, sender: str, recorded_on: date
) -> bool:
    """Store a batch; False when another batch took one of its codes or ids meanwhile."""
    claimed = await tx.execute(
        "INSERT INTO resident_code (code, person)"
        " SELECT * FROM unnest(%(codes)s::text[], %(persons)s::bigint[]) ON CONFLICT DO NOTHING",
        {"codes": [c for c, _ in plan.codes], "persons": [p for _, p in plan.codes]},
    )
    entered = await tx.execute(
        "INSERT INTO resident_event (seq, event, person, sender, recorded_on, body)"
        " SELECT seq, event, person, %(sender)s, %(recorded_on)s, body"
        " FROM unnest(%(seqs)s::bigint[], %(events)s::text[], %(persons)s::bigint[],"
        " %(bodies)s::text[]) AS new (seq, event, person, body) ON CONFLICT DO NOTHING",
        {
            "sender": sender,
            "recorded_on": recorded_on,
            "seqs": [entry.seq for _, entry in plan.new],
            "events": [entry.event.event for _, entry in plan.new],
            "persons": [person for person, _ in plan.new],
            "bodies": [encode(entry.event) for _, entry in plan.new],
        },
    )
    if (claimed, entered) != (len(plan.codes), len(plan.new)):
        return False
    await _save_periods(tx, {person: people[person] for person in plan.touched})
    await _project(tx, {person: people[person].present for person in plan.touched})
    return True


async def _save_periods(tx: Tx, people: dict[int, History]) -> None:
    closed = [(p, v) for p, history in people.items() for v in history.closed]
    await tx.put(
        "UPDATE resident_period SET recorded_to = gone.until"
        " FROM unnest(%(persons)s::bigint[], %(froms)s::date[], %(seqs)s::bigint[],"
        " %(untils)s::bigint[]) AS gone (person, valid_from, seq, until)"
        " WHERE resident_period.person = gone.person"
        " AND resident_period.valid_from = gone.valid_from"
        " AND resident_period.recorded_from = gone.seq AND recorded_to IS NULL",
        {
            "persons": [person for person, _ in closed],
            "froms": [version.period.valid_from for _, version in closed],
            "seqs": [version.recorded_from for _, version in closed],
            "untils": [version.recorded_to for _, version in closed],
        },
    )
    rows = [
        _row(person, version)
        for person, history in people.items()
        for version in (*history.closed, *history.open)
    ]
    columns = {f.name: [getattr(row, f.name) for row in rows] for f in attrs.fields(PeriodRow)}
    # Versions that were stored before are met again here and left as they are.
    await tx.put(
        "INSERT INTO resident_period (person, valid_from, valid_to, recorded_from, recorded_to,"
        " resident_code, name, kana, birth, sex, address, municipality, former_surname, alias,"
        " standing, protected) SELECT * FROM unnest(%(person)s::bigint[], %(valid_from)s::date[],"
        " %(valid_to)s::date[], %(recorded_from)s::bigint[], %(recorded_to)s::bigint[],"
        " %(resident_code)s::text[], %(name)s::text[], %(kana)s::text[], %(birth)s::text[],"
        " %(sex)s::text[], %(address)s::text[], %(municipality)s::text[],"
        " %(former_surname)s::text[], %(alias)s::text[], %(standing)s::text[],"
        " %(protected)s::boolean[])"
        " ON CONFLICT (person, valid_from, recorded_from) DO NOTHING",
        columns,
    )


def _row(person: int, version: Version) -> PeriodRow:
    state = {field.name: getattr(version.period.state, field.name) for field in attrs.fields(State)}
    return PeriodRow(
        person=person,
        valid_from=version.period.valid_from,
        valid_to=version.period.valid_to,
        recorded_from=version.recorded_from,
        recorded_to=version.recorded_to,
        **state,
    )


async def outdated(tx: Tx, limit: int) -> list[OutdatedRow]:
    """Return residents whose keys are of another version than `MATCH_FORM_VERSION`, locked."""
    return await tx.rows(
        "SELECT person, name, birth, sex, address FROM resident"
        " WHERE NOT starts_with(name_key, '3:') ORDER BY birth_key, person"
        " LIMIT %(limit)s FOR UPDATE SKIP LOCKED",
        {"limit": limit},
        OutdatedRow,
    )


async def put_keys(tx: Tx, keys: Sequence[tuple[int, MatchKey | None]]) -> None:
    """Put new keys in the place of outdated ones; a person whose name lost its key has none."""
    await tx.put(
        "UPDATE resident SET name_key = k.name, birth_key = k.birth,"
        " address_key = coalesce(k.address, resident.address_key),"
        " lot_kind = coalesce(k.lot_kind, resident.lot_kind)"
        " FROM unnest(%(person)s::bigint[], %(name)s::text[], %(birth)s::date[],"
        " %(address)s::text[], %(lot_kind)s::text[]) AS k (person, name, birth, address, lot_kind)"
        " WHERE resident.person = k.person",
        {
            "person": [person for person, _ in keys],
            "name": [key.name if key else None for _, key in keys],
            "birth": [key.birth if key else None for _, key in keys],
            "address": [key.address if key else None for _, key in keys],
            "lot_kind": [key.lot_kind if key else None for _, key in keys],
        },
    )


async def _project(tx: Tx, present: dict[int, State]) -> None:
    four = [
        FourAttributes.parse(name=s.name, birth=s.birth, sex=s.sex, address=s.address)
        for s in present.values()
    ]
    keys = [match_key(attributes) for attributes in four]
    places = [attributes.address.reveal_parts() for attributes in four]
    states = list(present.values())
    await tx.put(
        "INSERT INTO resident (person, resident_code, municipality, standing, name, birth, sex,"
        " address, name_key, birth_key, sex_key, address_key, kana_key, lot_kind)"
        " SELECT * FROM unnest(%(person)s::bigint[], %(code)s::text[], %(municipality)s::text[],"
        " %(standing)s::text[], %(name)s::text[], %(birth)s::text[], %(sex)s::text[],"
        " %(address)s::text[], %(name_key)s::text[], %(birth_key)s::date[], %(sex_key)s::text[],"
        " %(address_key)s::text[], %(kana_key)s::text[], %(lot_kind)s::text[])"
        " ON CONFLICT (person) DO UPDATE SET resident_code = excluded.resident_code,"
        " municipality = excluded.municipality, standing = excluded.standing,"
        " name = excluded.name, birth = excluded.birth, sex = excluded.sex,"
        " address = excluded.address, name_key = excluded.name_key,"
        " birth_key = excluded.birth_key, sex_key = excluded.sex_key,"
        " address_key = excluded.address_key, kana_key = excluded.kana_key,"
        " lot_kind = excluded.lot_kind",
        {
            "person": list(present),
            "code": [state.resident_code for state in states],
            "municipality": [state.municipality for state in states],
            "standing": [state.standing for state in states],
            "name": [state.name for state in states],
            "birth": [state.birth for state in states],
            "sex": [state.sex for state in states],
            "address": [state.address for state in states],
            "name_key": [key.name if key else None for key in keys],
            "birth_key": [key.birth if key else None for key in keys],
            "sex_key": [a.sex.value if a.sex else "" for a in four],
            "address_key": [parts.core for parts in places],
            "kana_key": [canonical_kana(state.kana) for state in states],
            "lot_kind": [parts.lot_kind.value for parts in places],
        },
    )
