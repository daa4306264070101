"""A room's database runs out of disk in the middle of its work, and gets some again.

Whoever may mount a small disk runs this (`./kumihimo chaos` does, as root); it is in no other run.
The database of one room at a time lies on a disk of its own, the server's log elsewhere, as where
each room's storage is given to it in shares.
"""

import shutil
import subprocess
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import psycopg
import pytest

from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Unavailable
from tests.federation.processes import EAST, outcomes, questions_about, settle, two_towns, until
from tests.federation.standing import at_rest, each_stands_once, value
from tests.federation.street import MINATO, OSAKA

PEOPLE = 24
DISK = "96m"
LEFT_BYTES = 64 << 10
BATCHES = 40  # more than fits into what is left


@contextmanager
def small_disk(owner):
    """Mount a disk of `DISK`, for the account that the server runs under."""
    with TemporaryDirectory(prefix="kumihimo-small-", dir="/dev/shm") as name:
        folder = Path(name)
        folder.chmod(0o755)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", name], check=True)
        try:
            shutil.chown(folder, owner)
            yield folder
        finally:
            subprocess.run(["umount", name], check=True)


@contextmanager
def on_small_disk(rooms, server, room):
    """Let a room's database lie on a small disk until the block ends."""
    owner = Path(value(server, room, "SHOW data_directory")).owner()
    with small_disk(owner) as folder:
        _move(rooms, server, room, f"CREATE TABLESPACE small LOCATION '{folder}'", "small")
        yield folder
        _move(rooms, server, room, "SELECT", "pg_default")
        _by_admin(server, "DROP TABLESPACE small")


def _move(rooms, server, room, first, tablespace):
    database = f"kumihimo_{room.replace('-', '_')}"
    rooms.rooms[room].stop()
    _by_admin(server, first, f"ALTER DATABASE {database} SET TABLESPACE {tablespace}")
    rooms.restart(room)


def _by_admin(server, *statements):
    with psycopg.connect(server.admin("postgres").reveal(), autocommit=True) as admin:
        for statement in statements:
            admin.execute(statement.encode())


@contextmanager
def full(folder):
    """Let a disk be full but for a little until the block ends."""
    ballast = folder / "ballast"
    free = shutil.disk_usage(folder).free
    ballast.write_bytes(bytes(max(0, free - LEFT_BYTES)))
    try:
        yield
    finally:
        ballast.unlink()


class Towns:
    def __init__(self, rooms, server, minato, osaka):
        self.rooms, self.server, self.minato = rooms, server, minato
        self.names = settle(rooms, minato, osaka, PEOPLE)
        self.acknowledged = []
        self.refused = []

    def ask(self):
        try:
            taken = self.minato.ask(questions_about(self.names))
        except (Unavailable, Refused) as refusal:
            self.refused.append(refusal)
            return
        self.acknowledged += [accepted.inquiry for accepted in taken]


@pytest.fixture(scope="module")
def towns():
    with (
        two_towns(durable=True) as (rooms, server),
        closing(rooms.client(MINATO)) as minato,
        closing(rooms.client(OSAKA)) as osaka,
    ):
        yield Towns(rooms, server, minato, osaka)


def waiting(towns):
    """Return what was acknowledged and has no answer yet."""
    answers = towns.minato.answers(towns.acknowledged[-PEOPLE:])
    return [one.inquiry for one in answers if one.outcome != "OK"]


@pytest.mark.parametrize("room", [EAST, "linkage"])
def test_a_room_whose_disk_is_full_loses_and_doubles_nothing_and_says_that_it_takes_nothing(
    towns, room
):
    with on_small_disk(towns.rooms, towns.server, room) as folder:
        towns.refused.clear()
        with full(folder):
            for _ in range(BATCHES):
                towns.ask()
            health = httpx2.get(f"{towns.rooms.rooms[room].operators}/health", timeout=20)
            assert health.status_code == 503, "a balancer sends no more requests there"
            if room == EAST:
                assert towns.refused, "it took more than it had room for"
                assert {refusal.code for refusal in towns.refused} <= {"unavailable", "refused"}
            else:
                assert waiting(towns), "the core granted more than it had room for"
        towns.ask()
        until(lambda: outcomes(towns.minato, towns.acknowledged) == {"OK"})
        until(lambda: at_rest(towns.server))
        each_stands_once(towns.rooms, towns.server, towns.acknowledged)
