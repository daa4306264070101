"""The long form of `test_the_leader_dies.py`: everything that a federation on a cluster stands on fails, in turn.

`./kumihimo chaos --leader` runs it; it is in no other run. After each failure what was acknowledged
stands once with each of the four, and how long nothing was acknowledged is told.
"""

import time

import pytest

from kumihimo.kernel.refusal import Unavailable
from kumihimo.run.cli import build, run
from kumihimo.run.cluster.parts import end
from kumihimo.run.cluster.texts import AGREED
from tests.federation.clerks import AFTERWARDS, STILL_S
from tests.federation.clusters import towns_on_a_cluster
from tests.federation.processes import EAST, NEEDED, WEST


@pytest.fixture(scope="module")
def towns():
    with towns_on_a_cluster(etcd_members=3) as found:
        yield found


def dies(node):
    node.kill()
    return node.start


def stands_still(node):
    node.freeze()
    return node.thaw


def loses_postgres(node):
    end(node.postgres())
    return lambda: None  # its Patroni starts it again


def loses_patroni(node):
    end(node.patroni())
    return node.start


@pytest.mark.parametrize("fails", [dies, stands_still, loses_postgres, loses_patroni])
def test_whatever_happens_to_the_leader_another_leads_and_nothing_acknowledged_is_lost(
    towns, fails, telling
):
    cluster = towns.cluster
    leader, standby = cluster.leader(), cluster.standby()
    with towns.asked_all_the_time() as load:
        mend = fails(leader)
        assert towns.another_leads(leader).name == standby.name
        load.batches(AFTERWARDS)
        mend()
        cluster.wait_until_safe()  # it follows now, and what it had alone is gone from it
        load.batches(AFTERWARDS)
    telling(f"the leader {fails.__name__.replace('_', ' ')}", load)
    towns.all_stands_once()


@pytest.mark.parametrize("part", ["etcd-1", "haproxy", "pgbouncer"])
def test_what_leads_to_the_leader_may_die_and_come_back(towns, part, telling):
    [chosen] = [one for one in towns.cluster.parts() if one.name == part]
    with towns.asked_all_the_time() as load:
        chosen.kill()
        time.sleep(STILL_S)  # as long as systemd waits
        chosen.start()
        load.batches(AFTERWARDS)
    telling(f"{part} dies", load)
    towns.all_stands_once()


@pytest.mark.parametrize("room", NEEDED)
def test_each_room_may_die_and_come_back(towns, room, telling):
    with towns.asked_all_the_time() as load:
        towns.rooms.rooms[room].kill()
        time.sleep(STILL_S)
        towns.rooms.restart(room)
        load.batches(AFTERWARDS)
    telling(f"{room} dies", load)
    towns.all_stands_once()


def test_without_a_second_machine_nobody_is_told_yes_and_nobody_else_leads(towns, telling):
    cluster, leader = towns.cluster, towns.cluster.leader()
    others = [node for node in cluster.nodes.values() if node.name != leader.name]
    with towns.asked_all_the_time() as load:
        for node in others:
            node.kill()
        time.sleep(1)  # for what was on its way
        before = len(load.taken)
        time.sleep(STILL_S)
        assert len(load.taken) == before
        leader.kill()
        for node in others:
            node.start()
        time.sleep(AGREED["ttl"] + STILL_S)
        with pytest.raises(Unavailable):
            cluster.leader()  # the others do not know what it may have promised to whom
        leader.start()
        cluster.wait_until_safe()
        load.batches(AFTERWARDS)
    telling("two of three die, then the last", load)
    towns.all_stands_once()


@pytest.mark.parametrize("room", ["linkage", "ledger", EAST, WEST])
def test_after_all_that_the_log_proves_of_each_room_that_nothing_is_missing(towns, room, capsys):
    kind, config = towns.rooms.rooms[room].kind, towns.rooms.rooms[room].settings
    assert run(build(), ["operations", "prove", kind, "--config", str(config)]) == 0
    assert "Complete" in capsys.readouterr().out
