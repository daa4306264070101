"""The portal and a desk, composed from their settings files: what they wrote down stands in the log."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any, cast

import attrs
import pytest

from kumihimo.kernel import journal
from kumihimo.kernel.journal import JournalLine
from kumihimo.kernel.keys import save_master
from kumihimo.kernel.settings import BadSettings, load
from kumihimo.kernel.sql import Database
from kumihimo.pages.officers import Passcode, save_officer
from kumihimo.rooms.oversight.client import DirectoryBook
from kumihimo.rooms.oversight.service import alarms, found
from kumihimo.run.check_config_cli import settings_form
from kumihimo.run.loopback import served
from kumihimo.run.prove import prove
from kumihimo.run.serving import compose
from tests.rooms.ledger.house import DESK
from tests.rooms.ledger.test_witnessed import by_superuser, overseen

IN_TIME_S = 240
PARTIES = {"portal": "portal", "review": DESK}
OWN = {
    "portal": (
        'origin = "http://127.0.0.1:8410"\njpki = "http://127.0.0.1:1"\n'
        'jpki_token = { file = "token" }\nledger = "http://127.0.0.1:1"\n'
    ),
    "review": (
        f'party = "{DESK}"\nofficers = "officers"\ngateway = "http://127.0.0.1:1"\n'
        'gateway_token = { file = "token" }\n'
    ),
}


@attrs.frozen
class Pages:
    """A room of pages with its settings file, beside a ledger and oversight that serve."""

    house: Any
    oversight: Any
    room: str
    config: Any
    database: Database
    name: str
    postgres: Any

    async def write(self, count):
        for number in range(count):
            async with self.database.transaction() as tx:
                line = JournalLine(act="tested", actor="tester", detail={"n": number})
                await journal.write(tx, line, at=self.house.clock.now())

    async def serve_until(self, told):
        """Serve the room with its workers until `told` says so; returns how it says it is."""
        given = {"clock": self.house.clock, "entropy": self.house.entropy}
        service: Any = compose(self.room, self.config, **given, report=self.house.bug)
        await service.database.open()
        await service.watch.database.open()
        try:
            await service.follower.fetch()
            async with served(service.app), asyncio.timeout(IN_TIME_S):
                while not await told():  # noqa: ASYNC110 - a database is looked at
                    await asyncio.sleep(0.1)
            return await service.watch.health()
        finally:
            await service.follower.close()
            await service.net.close()
            await service.watch.database.close()
            await service.database.close()

    async def anchored(self):
        """Say whether the newest line has its anchor, and the anchor its place in the log."""
        async with self.database.transaction() as tx:
            return await tx.value(
                "SELECT count(*) > 0 FROM journal_head h JOIN journal_anchor a ON a.seq = h.seq"
                " WHERE a.place IS NOT NULL"
            )

    async def alarmed(self):
        return {one.requester for one in await alarms(self.oversight)}

    async def proven(self):
        clock, entropy = self.house.clock, self.house.entropy
        return await prove(self.room, self.config, 0, clock=clock, entropy=entropy)

    def superuser(self, *statements):
        by_superuser(self.postgres, attrs.make_class("Named", ["name"])(self.name), *statements)


def written(folder, room, reached, house, peers):
    """Write a room's settings file and what it names."""
    save_master(folder / "room.key", house.keys[PARTIES[room]].master)
    for name, content in (("dsn", reached.runtime.reveal()), ("token", "t" * 22)):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(content)
    save_officer(folder / "officers", "sato", Passcode.of("c", bytes(16)), role="reviewer")
    path = folder / f"{room}.toml"
    lines = "".join(f'{party} = "{address}"\n' for party, address in peers.items())
    path.write_text(
        'database = { file = "dsn" }\nkey = "room.key"\n'
        f'{OWN[room]}oversight_key = "{house.book.pinned.hex()}"\n[peers]\n{lines}'
    )
    return path


@pytest.fixture
def in_pages(in_house, new_room, postgres, tmp_path):
    def run(story, room):
        async def whole(house):
            async with overseen(house, new_room) as oversight, AsyncExitStack() as stack:
                entries = house.book.current().entries.values()
                apart = attrs.evolve(oversight, book=DirectoryBook(house.book.pinned))
                await found(apart, [one for one in entries if one.party != "oversight"])
                apps = {"oversight": house.oversight_app, "ledger": house.room.app}
                peers = {
                    name: await stack.enter_async_context(served(app)) for name, app in apps.items()
                }
                name, reached = new_room(room)
                config = written(tmp_path, room, reached, house, peers)
                database = Database(reached.runtime, pool_max=2)
                await database.open()
                try:
                    await story(Pages(house, oversight, room, config, database, name, postgres))
                finally:
                    await database.close()

        in_house(whole)

    return run


@pytest.mark.parametrize("room", PARTIES)
def test_a_room_of_pages_that_serves_is_proven_complete_and_what_it_loses_is_told(in_pages, room):
    async def story(pages):
        await pages.write(3)
        health = await pages.serve_until(pages.anchored)
        assert health.state != "damaged"
        told = await pages.proven()
        assert told.complete, told.lines
        assert any("All 1 leaves" in line for line in told.lines), told.lines
        assert not await pages.alarmed()
        pages.superuser("DELETE FROM journal_anchor")
        told = await pages.proven()
        assert not told.complete
        assert any("MISSING HERE: 1 x" in line and "heads" in line for line in told.lines)

    in_pages(story, room)


@pytest.mark.parametrize("room", PARTIES)
def test_a_line_that_a_superuser_edits_is_told_by_the_room_to_oversight(in_pages, room):
    async def story(pages):
        await pages.write(3)
        await pages.serve_until(pages.anchored)
        pages.superuser("UPDATE journal SET actor = 'another' WHERE seq = 2")
        assert (await pages.serve_until(pages.alarmed)).state == "damaged"
        assert await pages.alarmed() == {PARTIES[room]}
        assert not (await pages.proven()).complete

    in_pages(story, room)


@pytest.mark.parametrize("room", PARTIES)
def test_a_room_of_pages_without_a_way_to_the_log_serves_and_proves_nothing(in_pages, room):
    async def story(pages):
        lines = pages.config.read_text().splitlines()
        kept = [one for one in lines[:-3] if not one.startswith(("oversight_key", "party"))]
        pages.config.write_text("\n".join(kept))
        given = {"clock": pages.house.clock, "entropy": pages.house.entropy}
        service = compose(room, pages.config, **given, report=pages.house.bug)
        assert service.follower is None
        with pytest.raises(BadSettings, match="no way to the log"):
            await pages.proven()

    in_pages(story, room)


WHOLE = {
    "oversight_key": f'"{"ab" * 32}"',
    "peers": '{ oversight = "http://127.0.0.1:1", ledger = "http://127.0.0.1:1" }',
}


@pytest.mark.parametrize("room", PARTIES)
@pytest.mark.parametrize(
    "changes",
    [
        {"oversight_key": '""'},
        {"oversight_key": '"zz"'},
        {"peers": "{}"},
        {"peers": '{ ledger = "http://127.0.0.1:1" }'},
        {"peers": '{ oversight = "http://127.0.0.1:1" }'},
        {"peers": '{ oversight = "ftp://x", ledger = "http://127.0.0.1:1" }'},
    ],
)
def test_half_a_way_to_the_log_is_refused(room, changes, tmp_path):
    path, form = tmp_path / "x.toml", cast("Any", settings_form(room))

    def federation(way):
        lines = "".join(f"{key} = {value}\n" for key, value in way.items())
        path.write_text(f'database = {{ file = "dsn" }}\nkey = "k"\n{OWN[room]}{lines}')
        found = load(path, form).federation()
        return found.book(), found.net()

    federation(WHOLE)
    with pytest.raises(BadSettings, match=r"^(peers|oversight_key)"):
        federation(WHOLE | changes)


def test_a_desk_with_a_way_and_no_name_or_a_name_and_no_way_is_refused(tmp_path):
    path, form = tmp_path / "x.toml", cast("Any", settings_form("review"))
    own = 'database = { file = "dsn" }\nkey = "k"\n' + OWN["review"]
    way = "".join(f"{key} = {value}\n" for key, value in WHOLE.items())
    for text in (own, own.replace(f'party = "{DESK}"', "") + way):
        path.write_text(text)
        with pytest.raises(BadSettings, match=r"^party"):
            load(path, form).federation()
