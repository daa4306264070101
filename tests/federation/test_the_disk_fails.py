"""The machine's disk gives errors, or is full, while clerks ask; the long form is `parts_fail.py`.

Rooms refuse meanwhile and say that they are not well, and go on by themselves. What was acknowledged
stands once with each of the four; where nobody waited for the disk, the checker says what was lost.
"""

import httpx2
import psutil
import psycopg
import pytest

from tests.federation.clerks import AFTERWARDS, towns_with_clerks
from tests.federation.failing_disks import SYNCS, WRITES, failing
from tests.federation.processes import until
from tests.federation.standing import FOUR, each_stands_once

WELL, NO_DATABASE = (200, "ok"), (503, "no-database")


@pytest.fixture(scope="module")
def towns():
    with towns_with_clerks(on_disk=False) as found:
        yield found


def health(towns):
    told = [httpx2.get(f"{towns.rooms.rooms[room].operators}/health", timeout=20) for room in FOUR]
    return {(one.status_code, one.json()["state"]) for one in told}


def fails_under_a_load(towns, error, calls, telling):
    with towns.asked_all_the_time() as load:
        with failing(towns.rooms, towns.server, error, calls):
            until(lambda: health(towns) == {NO_DATABASE})
            before = len(load.refused)
            until(lambda: len(load.refused) > before)
        load.batches(AFTERWARDS)
    telling(f"the disk: {error}", load)
    assert set(load.refused) == {"unavailable"}


def loses_what_waited_for_no_disk(towns):
    with psycopg.connect(towns.server.admin("postgres").reveal(), autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET synchronous_commit = off")
        admin.execute("SELECT pg_reload_conf()")
        query = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'"
        [(pid,)] = admin.execute(query).fetchall()
    writer = psutil.Process(pid)
    with towns.asked_all_the_time() as load:
        writer.suspend()
        load.batches(1)
        with failing(towns.rooms, towns.server, "EIO", WRITES):
            writer.resume()
            until(lambda: health(towns) == {NO_DATABASE})


def test_a_disk_that_fails_or_is_full_makes_rooms_refuse_and_what_was_acknowledged_stands_once_and_what_waited_for_no_disk_is_missed(
    towns, telling
):
    until(lambda: health(towns) == {WELL})
    fails_under_a_load(towns, "EIO", SYNCS, telling)
    fails_under_a_load(towns, "ENOSPC", WRITES, telling)
    until(lambda: health(towns) == {WELL})
    towns.all_stands_once()
    loses_what_waited_for_no_disk(towns)
    with pytest.raises(AssertionError, match="lost"):
        each_stands_once(towns.rooms, towns.server, towns.acknowledged, unheard=True)
