"""A federation whose rooms are on a cluster, clerks who ask all the time, and how long nobody was told yes."""

import sys
import time
from contextlib import closing, contextmanager
from itertools import pairwise
from threading import Event, Thread

import attrs
import psycopg

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.gateway.client import BusinessClient
from kumihimo.run.cluster.servers import Cluster, lay_out
from kumihimo.run.federation import Federation
from tests.databases import server_folder
from tests.federation.processes import outcomes, questions_about, settle, towns_on, until
from tests.federation.standing import at_rest
from tests.federation.street import MINATO, OSAKA

PEOPLE = 12
AT_ONCE = 4
CLERKS = 2  # one that waits for a room that does not answer does not stop the other
PAUSE_S = 0.5  # it is no benchmark
AFTERWARDS = 10  # batches that are acknowledged once all is well again


@attrs.define
class Load:
    """What clerks were told that it was taken, and when."""

    towns: "Towns"
    taken: list[str] = attrs.field(factory=list)
    at: list[float] = attrs.field(factory=list)
    refused: list[str] = attrs.field(factory=list)
    over: Event = attrs.field(factory=Event)

    def ask(self):
        while not self.over.is_set():
            try:
                found = self.towns.minato.ask(questions_about(self.towns.names[:AT_ONCE]))
            except (Unavailable, Refused) as refusal:
                self.refused.append(refusal.code)
            else:
                self.taken.extend(accepted.inquiry for accepted in found)
                self.at.append(time.monotonic())
            self.over.wait(PAUSE_S)

    def batches(self, more):
        """Wait until so many more batches are acknowledged."""
        wanted = len(self.at) + more
        until(lambda: len(self.at) >= wanted)

    @property
    def gap_s(self):
        """The longest time in which nothing was acknowledged."""
        return max(after - before for before, after in pairwise(self.at))


@attrs.define
class Towns:
    cluster: Cluster
    rooms: Federation
    minato: BusinessClient
    names: list[str]
    acknowledged: list[str] = attrs.field(factory=list)

    @contextmanager
    def asked_all_the_time(self):
        """Let clerks ask until the block ends; what they were told is waited for by `settled`."""
        load = Load(self)
        clerks = [Thread(target=load.ask) for _ in range(CLERKS)]
        for clerk in clerks:
            clerk.start()
        try:
            load.batches(2)
            yield load
        finally:
            load.over.set()
            for clerk in clerks:
                clerk.join()
            self.acknowledged += load.taken

    def settled(self):
        """Wait until all that was acknowledged is answered, and nobody has anything left to tell."""
        until(lambda: outcomes(self.minato, self.acknowledged) == {"OK"})
        until(lambda: at_rest(self.cluster))

    def another_leads(self, before):
        """Wait until a server leads that did not, and is reached; returns it."""

        def led():
            try:
                if self.cluster.leader().name == before.name:
                    return False
                psycopg.connect(self.cluster.admin("postgres").reveal()).close()
            except (Unavailable, psycopg.OperationalError):
                return False
            return True

        until(led)
        return self.cluster.leader()


@contextmanager
def towns_on_a_cluster(*, etcd_members=1):
    with server_folder() as folder:
        cluster = lay_out(folder / "servers", entropy=SystemEntropy(), etcd_members=etcd_members)
        try:
            cluster.start()
            with (
                towns_on(cluster, folder / "rooms") as rooms,
                closing(rooms.client(MINATO)) as minato,
                closing(rooms.client(OSAKA)) as osaka,
            ):
                yield Towns(cluster, rooms, minato, settle(rooms, minato, osaka, PEOPLE))
        finally:
            cluster.kill()


def told(capsys, load, what="the leader dies"):
    """Say what was measured: a figure is for whoever reads it, and no bar of a busy machine."""
    with capsys.disabled():
        sys.stderr.write(
            f"{what}: {len(load.taken)} acknowledged, {len(load.refused)} requests refused,"
            f" longest gap {load.gap_s:.1f} s\n"
        )
