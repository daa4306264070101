"""The machine with the leading database dies while clerks ask; the long form is `leader_fails.py`.

A commit that was acknowledged is on a second machine, and that one leads next. Where it is not, the
checker says what was lost. What a superuser wrote before and after is told of; what rooms wrote is not.
"""

import time

import pytest

from kumihimo.run.cli import build, run
from tests.federation import behind_rooms
from tests.federation.clerks import AFTERWARDS
from tests.federation.clusters import towns_on_a_cluster
from tests.federation.processes import EAST, NEEDED, WEST, until
from tests.federation.standing import each_stands_once, rows

TOLD_WITHIN_S = 60.0


@pytest.fixture(scope="module")
def towns():
    with towns_on_a_cluster() as found:
        yield found


def test_what_was_acknowledged_before_the_leader_died_stands_once_and_what_was_not_synchronous_is_missed(
    towns, telling
):
    cluster = towns.cluster
    leader, standby = cluster.leader(), cluster.standby()
    behind_rooms.are_taken_along(cluster, standby, len(NEEDED))
    with towns.asked_all_the_time() as load:
        is_told_within_a_minute(cluster, "linkage", times=1)
        behind_rooms.change(cluster, "ledger")
        leader.kill()
        assert towns.another_leads(leader).name == standby.name
        load.batches(AFTERWARDS)
        behind_rooms.tells_of(cluster, "ledger", 1)  # what nobody had looked at when it died
        is_told_within_a_minute(cluster, "linkage", times=2)
    telling("the leader dies", load)
    towns.all_stands_once()
    assert {room: behind_rooms.told(cluster, room) for room in (EAST, WEST)} == {EAST: [], WEST: []}
    for room in ("linkage", "ledger"):
        config = towns.rooms.rooms[room].settings
        assert run(build(), ["operations", "prove", room, "--config", str(config)]) == 0
    leader.start()
    cluster.wait_until_safe()
    # The twin: nobody waits for a second machine, and the machine that has everything is gone.
    lose_what_is_not_synchronous(towns)
    with pytest.raises(AssertionError, match="lost"):
        each_stands_once(towns.rooms, cluster, towns.acknowledged, unheard=True)


def is_told_within_a_minute(cluster, room, *, times):
    behind_rooms.change(cluster, room)
    since = time.monotonic()
    behind_rooms.tells_of(cluster, room, times)
    assert time.monotonic() - since < TOLD_WITHIN_S


def lose_what_is_not_synchronous(towns):
    cluster, leader = towns.cluster, towns.cluster.leader()
    # Nor would Patroni let a server lead that is a megabyte behind, or was away for long.
    cluster.configure(
        synchronous_mode=False,
        synchronous_mode_strict=False,
        maximum_lag_on_failover=1 << 30,
        failsafe_mode=False,
    )
    names = "SELECT setting FROM pg_settings WHERE name = 'synchronous_standby_names'"
    until(lambda: rows(cluster, "linkage", names) == [("",)])
    others = [node for node in cluster.nodes.values() if node.name != leader.name]
    for node in others:
        node.kill()
    with towns.asked_all_the_time() as load:
        load.batches(1)
    leader.kill()
    for node in others:
        node.start()
    towns.another_leads(leader)
