"""The machine with the leading database dies while clerks ask; the long form is `leader_fails.py`.

A commit that was acknowledged is on a second machine, and that one leads next. Where it is not, the
checker says what was lost.
"""

import pytest

from kumihimo.run.cli import build, run
from tests.federation.clerks import AFTERWARDS
from tests.federation.clusters import towns_on_a_cluster
from tests.federation.processes import until
from tests.federation.standing import each_stands_once, rows


@pytest.fixture(scope="module")
def towns():
    with towns_on_a_cluster() as found:
        yield found


def test_what_was_acknowledged_before_the_leader_died_stands_once_and_what_was_not_synchronous_is_missed(
    towns, telling
):
    cluster = towns.cluster
    leader, standby = cluster.leader(), cluster.standby()
    with towns.asked_all_the_time() as load:
        leader.kill()
        assert towns.another_leads(leader).name == standby.name
        load.batches(AFTERWARDS)
    telling("the leader dies", load)
    towns.all_stands_once()
    for room in ("linkage", "ledger"):
        config = towns.rooms.rooms[room].settings
        assert run(build(), ["operations", "prove", room, "--config", str(config)]) == 0
    leader.start()
    cluster.wait_until_safe()
    # The twin: nobody waits for a second machine, and the machine that has everything is gone.
    lose_what_is_not_synchronous(towns)
    with pytest.raises(AssertionError, match="lost"):
        each_stands_once(towns.rooms, cluster, towns.acknowledged, unheard=True)


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
