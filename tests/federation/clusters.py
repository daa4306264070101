"""A federation whose rooms are on a cluster, and clerks who ask all the time."""

from contextlib import closing, contextmanager

import attrs
import psycopg

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.refusal import Unavailable
from kumihimo.run.cluster.servers import Cluster, lay_out
from tests.databases import server_folder
from tests.federation.clerks import PEOPLE, Towns
from tests.federation.processes import settle, towns_on, until
from tests.federation.street import MINATO, OSAKA


@attrs.define
class TownsOnACluster(Towns):
    @property
    def cluster(self) -> Cluster:
        return self.server

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
                yield TownsOnACluster(cluster, rooms, minato, settle(rooms, minato, osaka, PEOPLE))
        finally:
            cluster.kill()
