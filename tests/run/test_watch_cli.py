"""Whoever runs a room on a server of her own lets it see who wrote, and migrates it unsuspected."""

import asyncio
from contextlib import closing

import pytest

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import new_master, save_master
from kumihimo.run.cli import build, run
from tests.databases import Databases
from tests.kernel.watched import KEYS, Room, telling_server


@pytest.fixture
def town(tmp_path):
    """A room's database whose superuser has not let it see yet, and a way to type commands."""
    with telling_server() as server, closing(Databases(server)) as databases:
        of_room = Room(server, *databases.make("linkage"))
        of_room.superuser("DROP SCHEMA kumihimo_watch CASCADE")
        of_room.superuser("DROP PUBLICATION kumihimo")
        dsns = {
            "superuser": server.admin(f"kumihimo_{of_room.name}"),
            "owner": of_room.reached.owner,
        }
        for name, dsn in dsns.items():
            (tmp_path / name).touch(mode=0o600)
            (tmp_path / name).write_text(dsn.reveal())
        save_master(tmp_path / "linkage.key", KEYS.master)
        save_master(tmp_path / "other.key", new_master(SystemEntropy()))
        for key in ("linkage", "other"):
            (tmp_path / f"{key}.toml").write_text(
                f'key = "{key}.key"\ndatabase = {{ file = "owner" }}\noversight_key = "{"00" * 32}"\n'
                '[peers]\noversight = "http://127.0.0.1:1"\n'
            )
        yield of_room


def typed(folder, *words):
    return run(build(), [word.replace("@", f"{folder}/") for word in words])


def test_a_room_sees_who_wrote_once_it_is_let(town, tmp_path, capsys):
    role = town.reached.role
    assert typed(tmp_path, "watch", "--superuser", "@owner", "--role", role) != 0
    assert typed(tmp_path, "watch", "--superuser", "@superuser", "--role", "nobody-here") != 0
    told = capsys.readouterr().err
    assert "--superuser: this role is no superuser" in told
    assert "--role: the database has no such role" in told

    async def story(of_room):
        process = await of_room.process()
        await process.look()
        assert process.anchoring.watching.seen_at is None
        for _ in range(2):  # again, without harm
            assert typed(tmp_path, "watch", "--superuser", "@superuser", "--role", role) == 0
        await process.look()
        assert process.anchoring.watching.seen_at is not None
        migrate = ("migrate", "linkage", "--owner", "@owner", "--role", role)
        for config, told in (("@linkage.toml", set()), ("@other.toml", {"migration"})):
            of_room.superuser("DROP TABLE month_counted")
            of_room.superuser("DELETE FROM migration WHERE name LIKE '0006_statistics%'")
            await process.look()
            assert await asyncio.to_thread(typed, tmp_path, *migrate, "--config", config) == 0
            assert await process.tables() == told

    asyncio.run(town.lives(story))
    assert "wal_level" not in capsys.readouterr().out


def test_on_a_server_that_cannot_tell_she_is_told_what_is_missing(
    new_room, postgres, tmp_path, capsys
):
    name, reached = new_room("linkage")
    (tmp_path / "superuser").touch(mode=0o600)
    (tmp_path / "superuser").write_text(postgres.admin(f"kumihimo_{name}").reveal())
    words = ("watch", "--superuser", "@superuser", "--role", reached.role)
    assert typed(tmp_path, *words) == 0
    assert "wal_level: set it to logical" in capsys.readouterr().out
