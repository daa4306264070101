"""A federation of processes on one machine: a folder of settings, keys and DSNs, and its rooms.

Each room is a `kumihimo serve` of its own, with its own database role; nothing is shared but the
files that oversight's pinned key and the addresses stand in. For benchmarks, trials and tests.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs
import msgspec

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import PartyKeys, new_master, save_master
from kumihimo.kernel.net import Caller, HttpNet
from kumihimo.kernel.postgres import Postgres, RoomDatabase
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.settings import load
from kumihimo.kernel.sql import Database
from kumihimo.kernel.vouching import Voucher
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.gateway.client import BusinessClient
from kumihimo.rooms.gateway.clients import EVERY_AFFAIR
from kumihimo.rooms.jpki.authorities import CAS, found_generation
from kumihimo.rooms.jpki.settings import Settings as JpkiSettings
from kumihimo.rooms.oversight.client import DirectoryBook
from kumihimo.rooms.oversight.service import OPERATOR, Oversight, found
from kumihimo.run.gateway_cli import create_client
from kumihimo.run.loopback import HOST, free_ports
from kumihimo.run.plan import CENTRE, Plan, entries_of
from kumihimo.statute.deployment import Deployment, Named

READY_LIMIT_S: Final = 180.0  # on a machine with much else to do
STOP_LIMIT_S: Final = 20.0


@attrs.define
class Room:
    """A room of the federation: its settings file, its addresses, and its process while it runs.

    At `operators` operators read how it does.
    """

    name: str
    kind: str
    settings: Path
    address: str
    database: RoomDatabase
    process: subprocess.Popen[str] | None = None
    operators: str = ""

    def start(self) -> None:
        """Start the process; `wait` says when it answers."""
        log = self.settings.with_suffix(".log")
        with log.open("a") as stderr:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                [
                    sys.executable,
                    "-m",
                    "kumihimo",
                    "serve",
                    self.kind,
                    "--config",
                    str(self.settings),
                ],
                stdout=subprocess.PIPE,
                stderr=stderr,
                stdin=subprocess.DEVNULL,
                text=True,
            )

    def wait(self) -> None:
        """Wait until the room answers; raises `Unavailable` with the end of its log."""
        assert self.process is not None, "start comes first"
        assert self.process.stdout is not None, "its output is read here"
        deadline = time.monotonic() + READY_LIMIT_S
        line = self.process.stdout.readline()
        if not line.startswith("ready: ") or time.monotonic() > deadline:
            words = self.settings.with_suffix(".log").read_text()[-400:]
            raise Unavailable(f"room {self.name} did not start: {words.strip()}")

    def kill(self) -> None:
        """End the process at once, as a crash would."""
        if self.process is not None:
            self.process.kill()
            self._reap(self.process)

    def stop(self) -> None:
        """Ask the process to end, and see that it does."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._reap(self.process)

    def _reap(self, process: subprocess.Popen[str]) -> None:
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
        self.process = None


@attrs.frozen
class Federation:
    """Rooms as processes. `keys` are every party's, for whoever plays one."""

    plan: Plan
    folder: Path
    keys: Mapping[str, PartyKeys]
    rooms: Mapping[str, Room]
    book: DirectoryBook

    def only(self, *names: str) -> "Federation":
        """Return it with these rooms, where nobody needs the others."""
        return attrs.evolve(self, rooms={name: self.rooms[name] for name in names})

    def start(self) -> None:
        """Start every room and wait until all answer."""
        for room in self.rooms.values():
            room.start()
        for room in self.rooms.values():
            room.wait()

    def stop(self) -> None:
        """Stop every room."""
        for room in self.rooms.values():
            room.stop()

    def restart(self, name: str) -> None:
        """Start a room again after `kill`; it takes up what was committed."""
        self.rooms[name].start()
        self.rooms[name].wait()

    def address_of(self, party: str) -> str:
        """Return where a party is reached."""
        return self.rooms[self._room_of(party)].address

    def _room_of(self, party: str) -> str:
        return party if party in CENTRE else self.plan.gateway_of(party)

    def token(self, institution: str, client: str = "business") -> Withheld[str]:
        """Let a business system of an institution in, for every affair; returns its token."""
        config = self.rooms[self.plan.gateway_of(institution)].settings
        return asyncio.run(create_client(config, institution, client, (EVERY_AFFAIR,)))

    def client(self, institution: str, client: str = "business") -> BusinessClient:
        """Return the client of a business system that was not there before."""
        return BusinessClient(self.address_of(institution), self.token(institution, client))

    def net(self) -> HttpNet:
        """Return a way to every party, for whoever plays one."""
        return HttpNet({party: self.address_of(party) for party in self.parties()})

    def parties(self) -> list[str]:
        """Return every party that has an address."""
        everybody = [*CENTRE, *self.plan.institutions]
        return [party for party in everybody if self._room_of(party) in self.rooms]

    def caller(self, party: str, net: HttpNet, clock: Clock, entropy: Entropy) -> Caller:
        """Return a party's voice over HTTP."""
        return Caller(self.keys[party], self.book, net, clock, entropy)


def prepare(
    folder: Path, plan: Plan, *, postgres: Postgres, clock: Clock, entropy: Entropy
) -> Federation:
    """Write a federation's folder, make its databases, and have oversight list all parties."""
    folder.mkdir(parents=True, exist_ok=True)
    keys = {
        name: _new_keys(folder, name, entropy) for name in (*CENTRE, OPERATOR, *plan.institutions)
    }
    kinds = {**{name: name for name in CENTRE}, **dict.fromkeys(plan.gateways, "gateway")}
    ports = iter(free_ports(2 * len(kinds)))
    addresses = {name: f"http://{HOST}:{next(ports)}" for name in kinds}
    operators = {name: f"http://{HOST}:{next(ports)}" for name in kinds}
    peers = {
        **{name: addresses[name] for name in CENTRE},
        **{one: addresses[plan.gateway_of(one)] for one in plan.institutions},
    }
    _write_deployment(folder, plan)
    rooms: dict[str, Room] = {}
    for name, kind in kinds.items():
        reached = postgres.room(name.replace("-", "_"), [f"kumihimo.rooms.{kind}"], entropy=entropy)
        path = folder / f"{name}.toml"
        dsn = folder / f"{name}.dsn"
        dsn.touch(mode=0o600)
        dsn.write_text(reached.runtime.reveal())
        listens = {"listen": addresses[name], "operators": operators[name]}
        path.write_text(_settings(name, kind, plan, keys, peers, listens, pooler=reached.pooler))
        rooms[name] = Room(name, kind, path, addresses[name], reached, operators=operators[name])
    book = DirectoryBook(keys["oversight"].public.signing)
    asyncio.run(_found(plan, keys, rooms["oversight"], book, clock))
    asyncio.run(_ceremony(rooms["jpki"], book, clock, entropy))
    return Federation(plan, folder, keys, rooms, book)


def _new_keys(folder: Path, party: str, entropy: Entropy) -> PartyKeys:
    master = new_master(entropy)
    save_master(folder / f"{party}.key", master)
    return PartyKeys(party, master)


def _write_deployment(folder: Path, plan: Plan) -> None:
    named = tuple(
        Named(institution=one.institution, name=one.name, classes=one.classes) for one in plan.more
    )
    (folder / "deployment.json").write_bytes(msgspec.json.encode(Deployment(institutions=named)))


def _settings(
    name: str,
    kind: str,
    plan: Plan,
    keys: Mapping[str, PartyKeys],
    peers: Mapping[str, str],
    listens: Mapping[str, str],
    *,
    pooler: bool,
) -> str:
    """Return a settings file; JSON's strings are TOML's too."""
    lines = [
        *(f"{key} = {json.dumps(at.removeprefix('http://'))}" for key, at in listens.items()),
        f"oversight_key = {json.dumps(keys['oversight'].public.signing.hex())}",
        f"database = {{ file = {json.dumps(name + '.dsn')} }}",
    ]
    if pooler:
        lines.append("database_pooler = true")
    if kind != "gateway":
        lines.append(f"key = {json.dumps(name + '.key')}")
    if kind in {"gateway", "linkage"}:
        lines.append('law = "deployment.json"')
    if kind == "cards":
        lines.append('card_keys = "card-keys"')
        lines.append('tray = "tray"')
    if kind == "jpki":
        lines.append('authority_keys = "authority-keys"')
        lines.append(f"ocsp_url = {json.dumps(peers[kind] + '/ocsp')}")
    if kind == "register":
        lines.append(f"inquiries_per_minute = {plan.inquiries_per_minute}")
        lines.append(f"inquiries_per_day = {plan.inquiries_per_day}")
        lines.append(f"acquisitions_per_minute = {plan.inquiries_per_minute}")
        lines.append(f"acquisitions_per_day = {plan.inquiries_per_day}")
    lines.append("\n[peers]")
    lines += [f"{json.dumps(party)} = {json.dumps(address)}" for party, address in peers.items()]
    if kind == "gateway":
        lines.append("\n[tenants]")
        lines += [f"{json.dumps(one)} = {json.dumps(one + '.key')}" for one in plan.gateways[name]]
    return "\n".join(lines) + "\n"


async def _found(
    plan: Plan, keys: Mapping[str, PartyKeys], room: Room, book: DirectoryBook, clock: Clock
) -> None:
    database = Database(room.database.runtime, pool_max=2, pooler=room.database.pooler)
    database.vouched(Voucher.of(keys["oversight"]))
    await database.open()
    try:
        oversight = Oversight(database=database, keys=keys["oversight"], book=book, clock=clock)
        await found(oversight, entries_of(plan, keys))
    finally:
        await database.close()


async def _ceremony(room: Room, book: DirectoryBook, clock: Clock, entropy: Entropy) -> None:
    settings = load(room.settings, JpkiSettings)
    jpki = settings.jpki(beside=room.settings, book=book, clock=clock, entropy=entropy)
    await jpki.database.open()
    try:
        for ca in CAS:
            await found_generation(jpki, ca, named="present", actor="federation")
    finally:
        await jpki.database.close()
