"""Rows that come inside another row are the rows that a question of their own brings."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import attrs
from tests.databases import run_on

from kumihimo.kernel.listed import listed, read_listed
from kumihimo.kernel.sql import Database


@attrs.frozen(kw_only=True)
class Row:
    n: int
    word: str
    flag: bool
    maybe: str | None
    content: bytes
    sealed: bytes | None
    words: Sequence[str]
    at: datetime
    on: date
    ended_on: date | None


VALUES = (
    "SELECT n, word, flag, maybe, content, sealed, words, at, on_day AS on, ended_on FROM (VALUES"
    " (2::bigint, E'「\"\\\\x41''\n\t葉𠮟', true, NULL, '\\x00ff'::bytea, NULL::bytea, ARRAY['a,b', '{}', 'null'],"
    "  '2026-06-01 00:00:00.123456+09'::timestamptz, '2026-06-01'::date, NULL::date),"
    " (1, '', false, E'\\\\x41', ''::bytea, '\\x41'::bytea, '{}'::text[],"
    "  '0044-03-15 12:00+00'::timestamptz, '1900-01-01', '9999-12-31'),"
    " (9007199254740993, '0', false, 'null', '\\x7b7d', ''::bytea, ARRAY['null'],"
    "  '2026-12-31 23:59:59.999999+00', '2024-02-29', '2024-02-29')"
    ") AS v (n, word, flag, maybe, content, sealed, words, at, on_day, ended_on) WHERE n > %(over)s"
    " ORDER BY n DESC"
)


@attrs.frozen
class Outer:
    rows: str
    none: str


def test_they_are_the_same_to_the_last_sign_and_in_the_same_order(new_room):
    _, reached = new_room("linkage")

    async def story(database):
        async with database.transaction() as tx:
            alone = await tx.rows(VALUES, {"over": 0}, Row)
            found = await tx.one(
                f"SELECT {listed(VALUES)} AS rows, {listed('SELECT 1 AS n WHERE false')} AS none",
                {"over": 0},
                Outer,
            )
        assert read_listed(found.none, Row) == []
        inside = read_listed(found.rows, Row)
        assert [one.n for one in inside] == [9007199254740993, 2, 1]
        for one, other in zip(inside, alone, strict=True):
            assert attrs.asdict(one) == attrs.asdict(other)
            assert one.at.tzinfo is not None
            assert one.at.astimezone(UTC) == other.at

    run_on(Database(reached.runtime, pool_max=1), story)
