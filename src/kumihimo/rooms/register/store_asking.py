"""Register's SQL on those who ask: strict inquiries, quotas, acquisition numbers."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, LiteralString

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.register.domain.quota import Bucket, Counted
from kumihimo.rooms.register.domain.residents import Standing
from kumihimo.rooms.register.domain.strict import Asked


@attrs.frozen(kw_only=True, repr=False)
class Match:
    """A living person who fits the inquiry in that place of the batch."""

    place: int
    name: str
    birth: str
    sex: str
    address: str
    municipality: str
    number_body: str


@attrs.frozen(kw_only=True)
class InquiryRow:
    """One line of the inquiry log."""

    inquiry: str
    affair: str
    person_tag: bytes
    answered: bool
    compared: bool = False


@attrs.frozen(kw_only=True)
class AskedRow:
    """That an office asked about somebody."""

    inquiry: str
    office: str
    affair: str
    asked_on: date
    answered: bool
    compared: bool


@attrs.frozen(repr=False)
class Holder:
    """Who has a number now."""

    number_body: str
    person: int
    name: str
    birth: str
    sex: str
    address: str


@attrs.frozen(repr=False)
class Present:
    """A person as the register holds her now."""

    person: int
    version: int
    resident_code: str
    municipality: str
    standing: Standing
    name: str
    kana: str
    birth: str
    sex: str
    address: str
    protected: bool


@attrs.frozen
class _Seen:
    tag: bytes
    binding: bytes


@attrs.frozen
class _Tagged:
    inquiry: str
    person_tag: bytes
    affair: str


@attrs.frozen(repr=False)
class _Written:
    name: str
    birth: str
    sex: str
    address: str


async def matches(tx: Tx, asked: Sequence[Asked]) -> list[Match]:
    """Return at most two living persons for each place: two are enough to be silent.

    One statement for the batch, and the same index descents for each inquiry, whether or not it
    can match: the cost does not tell the outcome. Nobody matches while a key of her birth day is
    of an older form (`rekey`): a second match could hide behind it.
    """
    return await tx.rows(
        "SELECT (k.place - 1)::integer AS place, r.name, r.birth, r.sex, r.address,"
        " r.municipality, coalesce(r.number_body, '') AS number_body"
        " FROM unnest(%(names)s::text[], %(births)s::date[], %(addresses)s::text[],"
        " %(prefectures)s::text[], %(kinds)s::text[], %(municipalities)s::text[],"
        " %(sexes)s::text[])"
        " WITH ORDINALITY AS k (name, birth, address, prefecture, kind, municipality, sex, place)"
        " CROSS JOIN LATERAL (SELECT * FROM resident WHERE birth_key = k.birth"
        " AND name_key = k.name AND address_key = k.address"
        " AND standing IN ('resident', 'leaving')"
        " AND k.prefecture IN ('', left(resident.municipality, 2))"
        " AND (k.kind = '' OR lot_kind IN ('', k.kind))"
        " AND k.municipality IN ('', resident.municipality)"
        " AND k.sex IN ('', sex_key) LIMIT 2) AS r"
        " WHERE NOT EXISTS (SELECT FROM resident AS old WHERE old.birth_key = k.birth"
        " AND NOT starts_with(old.name_key, '3:'))",
        {
            "names": [a.name for a in asked],
            "births": [a.birth for a in asked],
            "addresses": [a.address for a in asked],
            "prefectures": [a.prefecture for a in asked],
            "kinds": [a.lot_kind for a in asked],
            "municipalities": [a.municipality for a in asked],
            "sexes": [a.sex for a in asked],
        },
        Match,
    )


async def log_inquiries(
    tx: Tx, office: str, rows: Sequence[InquiryRow], *, on: date
) -> tuple[frozenset[str], frozenset[str]]:
    """Log a batch; returns the new ids, and those that the office used before for another inquiry."""
    added = await tx.rows(
        "INSERT INTO strict_inquiry (office, inquiry, affair, person_tag, answered, asked_on,"
        " compared) SELECT %(office)s, inquiry, affair, tag, answered, %(on)s, compared"
        " FROM unnest(%(inquiries)s::text[], %(affairs)s::text[], %(tags)s::bytea[],"
        " %(answered)s::boolean[], %(compared)s::boolean[])"
        " AS new (inquiry, affair, tag, answered, compared)"
        " ON CONFLICT (office, inquiry) DO NOTHING RETURNING inquiry, person_tag, affair",
        {
            "office": office,
            "inquiries": [row.inquiry for row in rows],
            "affairs": [row.affair for row in rows],
            "tags": [row.person_tag for row in rows],
            "answered": [row.answered for row in rows],
            "compared": [row.compared for row in rows],
            "on": on,
        },
        _Tagged,
    )
    logged = await tx.rows(
        "SELECT inquiry, person_tag, affair FROM strict_inquiry"
        " WHERE office = %(office)s AND inquiry = ANY(%(inquiries)s)",
        {"office": office, "inquiries": [row.inquiry for row in rows]},
        _Tagged,
    )
    known = {row.inquiry: (bytes(row.person_tag), row.affair) for row in logged}
    reused = [r.inquiry for r in rows if known[r.inquiry] != (r.person_tag, r.affair)]
    return frozenset(row.inquiry for row in added), frozenset(reused)


async def inquiries_about(tx: Tx, tags: Sequence[bytes]) -> list[AskedRow]:
    """Return who asked about a person, latest first."""
    return await tx.rows(
        "SELECT inquiry, office, affair, asked_on, answered, compared FROM strict_inquiry"
        " WHERE person_tag = ANY(%(tags)s) ORDER BY asked_on DESC, office, inquiry",
        {"tags": list(tags)},
        AskedRow,
    )


async def written_of(tx: Tx, person: int) -> list[tuple[str, str, str, str]]:
    """Return every (name, birth, sex, address) that was ever recorded of a person."""
    rows = await tx.rows(
        "SELECT DISTINCT name, birth, sex, address FROM resident_period WHERE person = %(p)s",
        {"p": person},
        _Written,
    )
    return [(row.name, row.birth, row.sex, row.address) for row in rows]


@attrs.frozen
class _Quota:
    """One table of quotas: how an office's row begins, is locked, and is stored."""

    begin: LiteralString
    lock: LiteralString
    save: LiteralString


_QUOTAS: Final[Mapping[Counted, _Quota]] = {
    "inquiries": _Quota(
        "INSERT INTO office_quota (office, tokens, at, day, used)"
        " VALUES (%(office)s, %(tokens)s, %(at)s, %(day)s, %(used)s) ON CONFLICT DO NOTHING",
        "SELECT tokens, at, day, used FROM office_quota WHERE office = %(office)s FOR UPDATE",
        "UPDATE office_quota SET tokens = %(tokens)s, at = %(at)s, day = %(day)s, used = %(used)s"
        " WHERE office = %(office)s",
    ),
    "acquisitions": _Quota(
        "INSERT INTO acquisition_quota (office, tokens, at, day, used)"
        " VALUES (%(office)s, %(tokens)s, %(at)s, %(day)s, %(used)s) ON CONFLICT DO NOTHING",
        "SELECT tokens, at, day, used FROM acquisition_quota WHERE office = %(office)s FOR UPDATE",
        "UPDATE acquisition_quota SET tokens = %(tokens)s, at = %(at)s, day = %(day)s,"
        " used = %(used)s WHERE office = %(office)s",
    ),
    "comparisons": _Quota(
        "INSERT INTO comparison_quota (office, tokens, at, day, used)"
        " VALUES (%(office)s, %(tokens)s, %(at)s, %(day)s, %(used)s) ON CONFLICT DO NOTHING",
        "SELECT tokens, at, day, used FROM comparison_quota WHERE office = %(office)s FOR UPDATE",
        "UPDATE comparison_quota SET tokens = %(tokens)s, at = %(at)s, day = %(day)s,"
        " used = %(used)s WHERE office = %(office)s",
    ),
}


async def lock_bucket(tx: Tx, of: Counted, office: str, fresh: Bucket) -> Bucket:
    """Return an office's quota, locked; one that never asked begins with `fresh`."""
    await tx.put(_QUOTAS[of].begin, {"office": office, **attrs.asdict(fresh)})
    return await tx.one(_QUOTAS[of].lock, {"office": office}, Bucket)


async def save_bucket(tx: Tx, of: Counted, office: str, bucket: Bucket) -> None:
    """Store what an office has left."""
    await tx.put(_QUOTAS[of].save, {"office": office, **attrs.asdict(bucket)})


async def holders_of(tx: Tx, bodies: Sequence[str]) -> dict[str, Holder]:
    """Return who has each number now; a replaced number is nobody's."""
    rows = await tx.rows(
        "SELECT number_body, person, name, birth, sex, address FROM resident"
        " WHERE number_body = ANY(%(bodies)s)",
        {"bodies": list(bodies)},
        Holder,
    )
    return {row.number_body: row for row in rows}


async def see(
    tx: Tx, tags: Sequence[bytes], bindings: Sequence[bytes], *, on: date
) -> tuple[set[bytes], dict[bytes, bytes]]:
    """Mark acquisition numbers as used; returns the tags that are new, and each one's binding."""
    params = {"tags": list(tags), "bindings": list(bindings), "on": on}
    new = await tx.rows(
        "INSERT INTO acquisition_seen (tag, binding, seen_on)"
        " SELECT tag, binding, %(on)s FROM unnest(%(tags)s::bytea[], %(bindings)s::bytea[])"
        " AS new (tag, binding) ON CONFLICT (tag) DO NOTHING RETURNING tag, binding",
        params,
        _Seen,
    )
    known = await tx.rows(
        "SELECT tag, binding FROM acquisition_seen WHERE tag = ANY(%(tags)s)", params, _Seen
    )
    return {bytes(r.tag) for r in new}, {bytes(r.tag): bytes(r.binding) for r in known}


async def forget_seen(tx: Tx, before: date) -> int:
    """Drop the tags of acquisition numbers used before a day; returns how many."""
    return await tx.execute("DELETE FROM acquisition_seen WHERE seen_on < %(d)s", {"d": before})


async def present(tx: Tx, person: int) -> Present | None:
    """Return a person as she is held now."""
    return await tx.row(
        "SELECT r.person, r.resident_code, r.municipality, r.standing, r.name, p.kana, r.birth,"
        " r.sex, r.address, p.protected, (SELECT count(*) FROM resident_event e WHERE e.person = r.person)"
        " AS version FROM resident r JOIN resident_period p ON p.person = r.person"
        " AND p.recorded_to IS NULL AND p.valid_to IS NULL WHERE r.person = %(person)s",
        {"person": person},
        Present,
    )


async def know_holder(tx: Tx, tag: bytes, person: int) -> None:
    """Keep the tag of the name that jpki knows a person by."""
    await tx.put(
        "INSERT INTO jpki_holder (tag, person) VALUES (%(tag)s, %(person)s) ON CONFLICT DO NOTHING",
        {"tag": tag, "person": person},
    )


async def person_of(tx: Tx, tag: bytes) -> int | None:
    """Return whom jpki knows by a name, or None when cards was never told of her."""
    return await tx.value("SELECT person FROM jpki_holder WHERE tag = %(tag)s", {"tag": tag})
