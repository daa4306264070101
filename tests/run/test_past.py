"""The past that benchmarks make is what the core itself reads, finds and forgets."""

import asyncio
import shutil
from datetime import UTC, date, datetime

import psycopg
import pytest

from kumihimo.kernel import retention
from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.sql import Database
from kumihimo.rooms.linkage.months import Months
from kumihimo.rooms.linkage.store_exchange import parties_of
from kumihimo.run.past import (
    EXCHANGE_BYTES,
    SPARE_BYTES,
    fill_past,
    months_until,
    require_disk,
)

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
RECORDS = 430  # five in each of 86 months


def test_a_past_is_read_found_and_forgotten_as_if_the_core_had_made_it(new_room, postgres):
    name, reached = new_room("linkage")
    with psycopg.connect(postgres.admin(f"kumihimo_{name}").reveal()) as admin:

        def asked(query):
            [found] = admin.execute(query.encode()).fetchall()
            return found

        asyncio.run(here(reached, lambda database: Months(database).ready(NOW)))
        fill_past(admin, RECORDS, months=months_until(NOW), entropy=SystemEntropy())
        assert asked("SELECT count(*), count(DISTINCT permit) FROM exchange_record") == (
            *(RECORDS, RECORDS),
        )
        assert asked(
            "SELECT count(*) FILTER (WHERE side = 'provider' AND length(e.person) = 64),"
            " count(*) FILTER (WHERE side = 'requester' AND length(e.person) = 0)"
            " FROM exchange_end e JOIN exchange_record USING (permit) WHERE at > requested_at"
        ) == (RECORDS, RECORDS)
        assert asked(
            "SELECT count(DISTINCT month), min(month), max(month), count(DISTINCT person),"
            " bool_and(requested_at >= month AND requested_at < month + interval '1 month')"
            " FROM exchange"
        ) == (86, date(2019, 5, 1), date(2026, 6, 1), RECORDS, True)
        [oldest] = asked("SELECT permit FROM exchange_record ORDER BY requested_at LIMIT 1")

    async def found_and_forgotten(database):
        async with database.transaction() as tx:
            found = await parties_of(tx, [oldest], months_until(NOW)[-2:])
        assert found[oldest].month == date(2019, 5, 1)
        clock = HandClock(NOW)
        gone = [await retention.forget(database, clock=clock, actor="linkage") for _ in range(2)]
        assert gone == [5, 0]

    asyncio.run(here(reached, found_and_forgotten))


async def here(reached, story):
    database = Database(reached.runtime)
    await database.open()
    try:
        await story(database)
    finally:
        await database.close()


def test_a_past_for_which_the_disk_is_too_small_is_refused_before_anything_is_written(tmp_path):
    fits = (shutil.disk_usage(tmp_path).free - SPARE_BYTES) // EXCHANGE_BYTES
    require_disk(tmp_path, fits - 5_000_000)  # others use the disk meanwhile
    with pytest.raises(BadInput, match="GB are free"):
        require_disk(tmp_path, fits + 5_000_000)
