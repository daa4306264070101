"""What rooms spend: processor time of each with its database's, and what its database holds."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Final

import attrs
import psutil
import psycopg

from kumihimo.kernel.postgres import EmbeddedPostgres
from kumihimo.run.federation import Federation

_PREFIX: Final = "kumihimo_"


@attrs.frozen
class Spent:
    """By room: processor seconds since its processes began, and bytes in its database."""

    cpu_s: Mapping[str, float]
    held: Mapping[str, int]

    def since(self, before: "Spent") -> "Spent":
        """Return what was spent, and what came into the databases, since another look."""
        return Spent(
            {room: now - before.cpu_s[room] for room, now in self.cpu_s.items()},
            {room: now - before.held[room] for room, now in self.held.items()},
        )


def spent(
    federation: Federation, server_of: Callable[[str], EmbeddedPostgres], rooms: Iterable[str]
) -> Spent:
    """Look at rooms that run, and at their servers, which this process has started.

    A connection that has ended took its processor time with it.
    """
    cpu = dict.fromkeys(rooms, 0.0)
    for room in cpu:
        process = federation.rooms[room].process
        assert process is not None, "the room runs"
        cpu[room] = _cpu_s(psutil.Process(process.pid))
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it ended while it was looked at
            room = _database_of(process)
            if room in cpu:
                cpu[room] += _cpu_s(process)
    return Spent(cpu, {room: held(server_of(room), room) for room in cpu})


def held(postgres: EmbeddedPostgres, room: str) -> int:
    """Return the bytes of a room's database: tables, indexes, what deleted rows left."""
    dsn = postgres.admin(_PREFIX + room.replace("-", "_"))
    with psycopg.connect(dsn.reveal()) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row is not None, "a size is a row"
    return int(row[0])


def _cpu_s(process: psutil.Process) -> float:
    return sum(process.cpu_times()[:4])  # its own and its ended children's


def _database_of(process: psutil.Process) -> str:
    """Return whose room's connection a process of PostgreSQL serves: `postgres: role database …`."""
    words = " ".join(process.cmdline()).split()
    if not words or not words[0].startswith("postgres:"):
        return ""
    named = [word.removeprefix(_PREFIX) for word in words if word.startswith(_PREFIX)]
    return named[-1].replace("_", "-") if named else ""
