"""What a room writes as lists is what stands in the database, whatever is in the lists."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import psycopg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from psycopg.adapt import PyFormat

from kumihimo.kernel.arrays import BatchDumper, adapters
from kumihimo.kernel.sql import Database

TEXTS = st.text(st.characters(exclude_characters="\0", codec="utf-8"))
INSTANTS = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from((UTC, timezone(timedelta(hours=9)))),
)
ODD = ["NULL", "", '"', "\\", ",", "{}", "\\x00", " a ", "\n\t", "組紐"]


def lists(values):
    return st.lists(values | st.none(), max_size=20)


@pytest.fixture(scope="module")
def connection(postgres):
    dsn = postgres.admin("postgres").reveal()
    with psycopg.connect(dsn, autocommit=True, context=adapters()) as found:
        yield found


@settings(max_examples=50)
@given(texts=lists(TEXTS), blobs=lists(st.binary()), instants=lists(INSTANTS))
@example(texts=ODD, blobs=[], instants=[])
@example(texts=['a "word"'], blobs=[], instants=[])
@example(texts=["a\\b"], blobs=[], instants=[])
@example(texts=[None, "null"], blobs=[None, b"", b"\\", b'"', b"\0"], instants=[None])
def test_every_list_comes_back_as_it_was_written(connection, texts, blobs, instants):
    query = "SELECT %s::text[], %s::bytea[], %s::timestamptz[]"
    row = connection.execute(query, (texts, blobs, instants)).fetchone()
    assert row == (texts, blobs, instants)


def test_a_text_that_no_column_can_hold_is_refused_and_not_cut(connection):
    with pytest.raises(psycopg.DataError, match="NUL"):
        connection.execute("SELECT %s::text[]", (["a\0b", "c"],))
    assert connection.execute("SELECT %s::text[]", (["ab"],)).fetchone() == (["ab"],)


def test_every_room_writes_its_lists_so(new_room):
    _, reached = new_room("linkage")

    async def story():
        database = Database(reached.runtime, pool_max=1)
        await database.open()
        try:
            async with database.transaction() as tx:
                kind = tx.connection.adapters.get_dumper(list, PyFormat.AUTO)
            assert issubclass(kind, BatchDumper)
        finally:
            await database.close()

    asyncio.run(story())
