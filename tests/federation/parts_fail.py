"""The long form of `test_the_disk_fails.py`: each room in turn, the database and its disk fail.

`./kumihimo chaos` runs it; it is in no other run. After each failure what was acknowledged stands
once with each of the four, and how long nobody was told anything is told.
"""

import time

import pytest

from kumihimo.run.cli import build, run
from tests.federation.clerks import AFTERWARDS, STILL_S, towns_with_clerks
from tests.federation.failing_disks import READS, SYNCS, WRITES, failing
from tests.federation.processes import NEEDED, until
from tests.federation.standing import FOUR

DISKS = {
    "what is written does not reach the disk (EIO)": ("EIO", SYNCS),
    "writing fails (EIO)": ("EIO", WRITES),
    "the disk is gone (EIO)": ("EIO", (*WRITES, *SYNCS, *READS)),
    "the disk is full (ENOSPC)": ("ENOSPC", WRITES),
}


@pytest.fixture(scope="module")
def towns():
    with towns_with_clerks() as found:
        yield found


@pytest.mark.parametrize("room", NEEDED)
def test_each_room_may_die_and_come_back(towns, room, telling):
    with towns.asked_all_the_time() as load:
        towns.rooms.rooms[room].kill()
        time.sleep(STILL_S)
        towns.rooms.restart(room)
        load.batches(AFTERWARDS)
    telling(f"{room} dies", load)
    towns.all_stands_once()


def test_the_database_may_die_and_come_back(towns, telling):
    with towns.asked_all_the_time() as load:
        towns.server.kill()
        time.sleep(STILL_S)
        towns.server.restart()
        load.batches(AFTERWARDS)
    telling("the database dies", load)
    towns.all_stands_once()


@pytest.mark.parametrize("disk", DISKS)
def test_the_disk_may_fail_and_be_mended(towns, disk, telling):
    with towns.asked_all_the_time() as load:
        with failing(towns.rooms, towns.server, *DISKS[disk]) as failed:
            until(lambda: failed.errors)
            time.sleep(STILL_S)
        load.batches(AFTERWARDS)
    telling(disk, load)
    towns.all_stands_once()


@pytest.mark.parametrize("room", FOUR)
def test_after_all_that_the_log_proves_of_each_room_that_nothing_is_missing(towns, room, capsys):
    kind, config = towns.rooms.rooms[room].kind, towns.rooms.rooms[room].settings
    assert run(build(), ["operations", "prove", kind, "--config", str(config)]) == 0
    assert "Complete" in capsys.readouterr().out
