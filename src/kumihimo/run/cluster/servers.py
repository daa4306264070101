"""A cluster on loopback, all of it in one folder: three servers of PostgreSQL, and the way to their leader.

Rooms reach the leader through a pooler (PgBouncer), which reaches it through HAProxy, which asks
Patroni who it is. Patroni keeps that in etcd. What a room's commit waits for is on two servers.
"""

import json
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final

import attrs
import httpx2
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.postgres import (
    ADMIN,
    RoomDatabase,
    binaries,
    make_room,
    new_password,
    unprivileged,
)
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.withheld import Withheld
from kumihimo.run.cluster import texts
from kumihimo.run.cluster.parts import Node, Part, own
from kumihimo.run.cluster.patroni import ensure_patroni
from kumihimo.run.loopback import HOST, free_ports
from kumihimo.run.system_packages import Program, ensure_servers

NAMES: Final = ("one", "two", "three")
START_LIMIT_S: Final = 120.0
_PAUSE_S: Final = 0.25
_ASK_S: Final = 2.0
_SERVER: Final = {"unix_socket_directories": "", "log_min_messages": "warning"}

Tell = Callable[[str], None]


@attrs.frozen
class Member:
    """A server as its Patroni tells of it: `role` is `leader`, `sync_standby`, `replica` or so."""

    name: str
    role: str
    state: str
    timeline: int | None


@attrs.frozen
class Cluster:
    """The parts, in the order in which they start; `users` knows who may pass the pooler."""

    folder: Path
    etcd: tuple[Part, ...]
    nodes: dict[str, Node]
    haproxy: Part
    pgbouncer: Part
    leader_port: int
    pooler_port: int
    accounts: dict[str, tuple[str, str]]
    users: dict[str, str]

    def parts(self) -> Iterator[Part]:
        """Yield every part."""
        yield from (*self.etcd, *self.nodes.values(), self.haproxy, self.pgbouncer)

    def start(self, tell: Tell = lambda _: None) -> None:
        """Start all of it; returns once a leader has its synchronous standby."""
        for part in self.etcd:
            part.start()
        tell("etcd")
        for part in (*self.nodes.values(), self.haproxy, self.pgbouncer):
            part.start()
        self.wait(lambda members: any(one.role == "leader" for one in members))
        tell(f"PostgreSQL {self.leader().name}: leader")  # the others copy it
        self.wait_until_safe()
        for one in self.members():
            if one.role != "leader":
                tell(f"PostgreSQL {one.name}: {one.role}")
        self._wait_for_pooler()
        tell("HAProxy, PgBouncer")

    def stop(self) -> None:
        """Stop all of it, the leader last: it waits for whoever follows it."""
        leader = self._leader_or_none()
        for node in self.nodes.values():
            node.thaw()
        followers = [node for node in self.nodes.values() if node.name != leader]
        with ThreadPoolExecutor(len(self.nodes)) as threads:
            list(threads.map(Part.stop, (self.pgbouncer, self.haproxy, *followers)))
        for part in (*self.nodes.values(), *self.etcd):
            part.stop()
        for node in self.nodes.values():
            node.clear()

    def kill(self) -> None:
        """End all of it at once: for who throws the folder away."""
        for part in self.parts():
            part.kill()

    def members(self) -> list[Member]:
        """Return the servers as whichever Patroni answers tells of them; raises `Unavailable`."""
        for node in self.nodes.values():
            if (told := _ask(node.rest, "/cluster")) is not None:
                return [
                    Member(one["name"], one["role"], one["state"], one.get("timeline"))
                    for one in told["members"]
                ]
        raise Unavailable("no Patroni answers")

    def leader(self) -> Node:
        """Return the server that leads; raises `Unavailable` while none does."""
        name = self._leader_or_none()
        if name is None:
            raise Unavailable("no server leads")
        return self.nodes[name]

    def standby(self) -> Node:
        """Return the server that holds every acknowledged commit besides the leader."""
        for one in self.members():
            if one.role == "sync_standby":
                return self.nodes[one.name]
        raise Unavailable("no standby is synchronous")

    def _leader_or_none(self) -> str | None:
        for node in self.nodes.values():
            if _ask(node.rest, "/primary") is not None:
                return node.name
        return None

    def wait_until_safe(self) -> None:
        """Wait until a leader has a synchronous standby, and every server follows."""
        self.wait(
            lambda members: (
                len(members) == len(self.nodes)
                and {"leader", "sync_standby"} <= {one.role for one in members}
                and all(one.state in {"running", "streaming"} for one in members)
            )
        )

    def wait(self, holds: Callable[[Sequence[Member]], bool]) -> None:
        """Wait for the servers to be as asked; raises `Unavailable` when a part ends or it is late."""
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            members: list[Member] = []
            with suppress(Unavailable):
                members = self.members()
                if holds(members):
                    return
            if time.monotonic() > deadline:
                told = ", ".join(f"{one.name} {one.role} {one.state}" for one in members)
                raise Unavailable(f"the servers are not together ({told}); see {self.folder}/*.log")
            for part in self.parts():
                if part.process is not None:
                    part.require()
            time.sleep(_PAUSE_S)

    def configure(self, **settings: object) -> None:
        """Change what all servers agree on."""
        _, password = self.accounts["superuser"]
        answer = httpx2.patch(
            f"http://{HOST}:{self.leader().rest}/config",
            json=settings,
            auth=(ADMIN, password),  # as the settings of every Patroni say
            trust_env=False,
        )
        answer.raise_for_status()

    def admin(self, database: str) -> Withheld[str]:
        """Return the superuser's DSN at the leader."""
        return self.admin_at(self.leader_port, database)

    def admin_at(self, port: int, database: str = "postgres") -> Withheld[str]:
        """Return the superuser's DSN at one server."""
        user, password = self.accounts["superuser"]
        return Withheld(
            make_conninfo(host=HOST, port=port, dbname=database, user=user, password=password)
        )

    def room(self, name: str, packages: Sequence[str], *, entropy: Entropy) -> RoomDatabase:
        """Make a room's database: its owner reaches the leader itself, the room the pooler."""
        made = make_room(self.admin("postgres"), name, packages, entropy=entropy)
        told = conninfo_to_dict(made.runtime.reveal())
        self.users[made.role] = str(told["password"])
        _write_users(self.folder, self.pgbouncer.user, self.users)
        with psycopg.connect(self._pooler_admin().reveal(), autocommit=True) as console:
            psycopg.ClientCursor(console).execute("RELOAD")
        runtime = make_conninfo(made.runtime.reveal(), port=self.pooler_port)
        return attrs.evolve(made, runtime=Withheld(runtime), pooler=True)

    def _pooler_admin(self) -> Withheld[str]:
        return Withheld(
            make_conninfo(
                host=HOST,
                port=self.pooler_port,
                dbname="pgbouncer",
                user=texts.POOLER_ADMIN,
                password=self.users[texts.POOLER_ADMIN],
            )
        )

    def _wait_for_pooler(self) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            self.pgbouncer.require()
            try:
                for dsn in (self._pooler_admin(), self.admin("postgres")):
                    with psycopg.connect(dsn.reveal(), autocommit=True):
                        pass
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise Unavailable("nobody leads to the leader") from error
                time.sleep(_PAUSE_S)
            else:
                return


def lay_out(folder: Path, *, entropy: Entropy, etcd_members: int = 3) -> Cluster:
    """Write the settings of every part into a folder that is not there yet; nothing starts.

    Raises `Unavailable` where a program cannot be had.
    """
    programs = ensure_servers()
    patroni = ensure_patroni()
    user = unprivileged()
    folder.mkdir(parents=True)
    own(folder, user)
    ports = iter(free_ports(2 * etcd_members + 2 * len(NAMES) + 2))
    places = [(next(ports), next(ports)) for _ in range(etcd_members)]
    etcd = [_etcd(folder, programs["etcd"], user, places, index) for index in range(etcd_members)]
    accounts = {
        role: (name, new_password(entropy).reveal())
        for role, name in (
            ("superuser", ADMIN),
            ("replication", "replicator"),
            ("rewind", "rewinder"),
        )
    }
    asks = [f"{HOST}:{client}" for client, _ in places]
    nodes = {
        name: _node(folder, name, patroni, user, (next(ports), next(ports)), asks, accounts)
        for name in NAMES
    }
    leader_port, pooler_port = next(ports), next(ports)
    users = {texts.POOLER_ADMIN: new_password(entropy).reveal()}
    _write_users(folder, user, users)
    servers = {name: (f"{HOST}:{node.port}", node.rest) for name, node in nodes.items()}
    _write(folder / "haproxy.cfg", texts.haproxy(f"{HOST}:{leader_port}", servers), user)
    told = texts.pgbouncer(
        (HOST, pooler_port), (HOST, leader_port), str(folder / "pgbouncer-users.txt")
    )
    _write(folder / "pgbouncer.ini", told, user)
    return Cluster(
        folder,
        tuple(etcd),
        nodes,
        Part("haproxy", programs["haproxy"], ("-db", "-f", "haproxy.cfg"), folder, user),
        Part("pgbouncer", programs["pgbouncer"], ("pgbouncer.ini",), folder, user, signal.SIGINT),
        leader_port,
        pooler_port,
        accounts,
        users,
    )


def _etcd(
    folder: Path, program: Program, user: str | None, places: Sequence[tuple[int, int]], index: int
) -> Part:
    """Return one member; `places` are each member's ports for clients and for its peers."""
    client, peer = places[index]
    names = [f"etcd-{number}" for number in range(1, len(places) + 1)]
    together = ",".join(
        f"{name}=http://{HOST}:{port}" for name, (_, port) in zip(names, places, strict=True)
    )
    name = names[index]
    arguments = {
        "name": name,
        "data-dir": str(folder / name),
        "listen-client-urls": f"http://{HOST}:{client}",
        "advertise-client-urls": f"http://{HOST}:{client}",
        "listen-peer-urls": f"http://{HOST}:{peer}",
        "initial-advertise-peer-urls": f"http://{HOST}:{peer}",
        "initial-cluster": together,
        "initial-cluster-token": folder.name,
        "auto-compaction-retention": "1",
    }
    return Part(
        name, program, [f"--{key}={value}" for key, value in arguments.items()], folder, user
    )


def _node(
    folder: Path,
    name: str,
    patroni: Path,
    user: str | None,
    ports: tuple[int, int],
    etcd: Sequence[str],
    accounts: Mapping[str, tuple[str, str]],
) -> Node:
    """Return a server; `ports` are PostgreSQL's and its Patroni's."""
    port, rest = ports
    data = folder / name
    told = texts.patroni(
        name,
        etcd=etcd,
        rest=f"{HOST}:{rest}",
        postgres=f"{HOST}:{port}",
        data=str(data),
        programs=str(binaries()),
        accounts=accounts,
        networks=[f"{HOST}/32"],
        parameters=_SERVER,
    )
    told["postgresql"]["pgpass"] = str(folder / f"{name}.pgpass")
    settings = folder / f"{name}.yml"
    _write(settings, json.dumps(told, indent=2), user)  # YAML reads JSON
    return Node(
        name, Program(patroni), (str(settings),), folder, user, data=data, port=port, rest=rest
    )


def _write_users(folder: Path, user: str | None, users: Mapping[str, str]) -> None:
    lines = "".join(f'"{name}" "{password}"\n' for name, password in users.items())
    _write(folder / "pgbouncer-users.txt", lines, user)


def _write(path: Path, text: str, user: str | None) -> None:
    """Write a file that its reader alone may read: most hold passwords."""
    path.touch(mode=0o600)
    path.write_text(text, "utf-8")
    own(path, user)


def _ask(port: int, path: str) -> dict[str, Any] | None:
    """Ask a Patroni; None where it says no, or nothing."""
    patroni = HTTPConnection(HOST, port, timeout=_ASK_S)
    try:
        patroni.request("GET", path)
        answer = patroni.getresponse()
        told = answer.read()
    except (OSError, HTTPException):
        return None
    finally:
        patroni.close()
    return json.loads(told) if answer.status == HTTPStatus.OK else None
