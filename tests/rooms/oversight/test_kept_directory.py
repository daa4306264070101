"""Who shows a room an old directory brings nothing back: not after a restart of the room either."""

import asyncio

import httpx2
import msgspec
import psycopg
import pytest

from kumihimo.kernel.keys import PartyKeys, new_master
from kumihimo.kernel.refusal import Conflict, NotAuthentic, Unavailable
from kumihimo.kernel.sql import Database
from kumihimo.rooms.oversight.api import (
    HEAD_PATH,
    Directory,
    Entry,
    SignedDirectory,
    SignedHead,
    Standing,
    new_body,
    signed_bytes,
)
from kumihimo.rooms.oversight.client import DirectoryBook, DirectoryFollower
from tests.federation.street import START
from tests.rooms.oversight.test_directory import ENTROPY, entry_of, keys_of

OVERSIGHT = keys_of("oversight")
TOWN = keys_of("lg-131032")


def directory(version, standing: Standing = "active", keys: PartyKeys = OVERSIGHT):
    entry: Entry = entry_of(TOWN, standing=standing)
    _, body = new_body(version, START, {TOWN.party: entry})
    return SignedDirectory(body, keys.signing.sign(signed_bytes(body)))


class Door(httpx2.AsyncBaseTransport):
    """Oversight's door, or whoever stands in front of it: shows what it is told to, or nothing.

    Without a head it is of a program that has no heads yet.
    """

    def __init__(self):
        self.shows: SignedDirectory | None = None
        self.head: SignedHead | None = None
        self.asked: list[str] = []

    async def handle_async_request(self, request):
        if self.shows is None:
            raise httpx2.ConnectError("down", request=request)
        self.asked.append(request.url.path)
        shown = self.head if request.url.path == HEAD_PATH else self.shows
        if shown is None:
            return httpx2.Response(404, request=request)
        return httpx2.Response(200, content=msgspec.json.encode(shown), request=request)


@pytest.fixture
def reached(new_room):
    _, found = new_room("linkage")
    return found


@pytest.fixture
def on_door(reached):
    """Run a story in which a room starts as often as it likes, on one database."""

    def run(story):
        async def whole():
            door = Door()
            open_databases = []

            async def start(*, pinned=OVERSIGHT, keeping=True):
                database = Database(reached.runtime, pool_max=2)
                await database.open()
                open_databases.append(database)
                book = DirectoryBook(pinned.public.signing)
                follower = DirectoryFollower(
                    book, "http://oversight", database if keeping else None, transport=door
                )
                await follower.start()
                return book, follower

            try:
                await story(door, start)
            finally:
                for database in open_databases:
                    await database.close()

        asyncio.run(whole())

    return run


def test_a_suspended_party_stays_suspended_when_an_old_directory_is_shown_after_a_restart(on_door):
    async def story(door, start):
        door.shows = directory(2, "suspended")
        await start()
        door.shows = directory(1, "active")
        book, follower = await start()
        assert book.current().active(TOWN.party) is None
        with pytest.raises(Unavailable, match="older"):
            await follower.fetch()
        assert book.version == 2

    on_door(story)


def test_a_room_that_keeps_nothing_is_led_back_by_a_restart(on_door):
    """The negative twin: what the test above catches."""

    async def story(door, start):
        door.shows = directory(2, "suspended")
        await start(keeping=False)
        door.shows = directory(1, "active")
        book, _ = await start(keeping=False)
        assert book.current().active(TOWN.party) is not None

    on_door(story)


def test_a_room_starts_from_what_it_kept_while_oversight_is_silent_and_goes_on_later(on_door):
    async def story(door, start):
        door.shows = directory(2, "suspended")
        await start()
        door.shows = None
        book, follower = await start()
        assert book.version == 2
        with pytest.raises(Unavailable, match="does not answer"):
            await follower.fetch()
        door.shows = directory(3, "active")
        assert await follower.fetch()
        assert book.current().active(TOWN.party) is not None

    on_door(story)


def test_a_room_that_never_saw_a_directory_does_not_start_without_oversight(on_door):
    async def story(_door, start):
        with pytest.raises(Unavailable, match="does not answer"):
            await start()

    on_door(story)


def test_what_is_not_signed_by_oversight_is_never_kept(on_door, reached):
    async def story(door, start):
        door.shows = directory(9, keys=PartyKeys("oversight", new_master(ENTROPY)))
        with pytest.raises(Unavailable, match="no directory that oversight signed"):
            await start()
        with psycopg.connect(reached.owner.reveal()) as owner:
            assert owner.execute("SELECT count(*) FROM kept_statement").fetchone() == (0,)

    on_door(story)


def test_what_was_altered_in_the_database_is_told_and_not_taken(on_door, reached):
    async def story(door, start):
        door.shows = directory(2, "suspended")
        await start()
        forged = directory(3, keys=PartyKeys("oversight", new_master(ENTROPY)))
        with psycopg.connect(reached.owner.reveal()) as owner:
            owner.execute(
                "UPDATE kept_statement SET version = 3, body = %s, signature = %s",
                (forged.body, forged.signature),
            )
        with pytest.raises(Conflict, match="kept_statement"):
            await start()

    on_door(story)


def test_two_processes_of_a_room_know_what_either_was_told(on_door):
    async def story(door, start):
        door.shows = directory(1)
        one, _ = await start()
        other, follower = await start()
        door.shows = directory(2, "suspended")
        await start()
        door.shows = directory(1)
        assert (one.version, other.version) == (1, 1)
        with pytest.raises(Unavailable, match="older"):
            await follower.fetch()
        assert other.version == 2

    on_door(story)


def test_under_a_new_pinned_key_everything_begins_anew(on_door):
    async def story(door, start):
        door.shows = directory(7)
        await start()
        new = PartyKeys("oversight", new_master(ENTROPY))
        door.shows = directory(1, keys=new)
        book, _ = await start(pinned=new)
        assert book.version == 1

    on_door(story)


def test_a_second_directory_of_one_version_is_not_taken():
    book = DirectoryBook(OVERSIGHT.public.signing)
    assert book.update(directory(1))
    assert not book.update(directory(1))
    with pytest.raises(NotAuthentic, match="two directories"):
        book.update(directory(1, "suspended"))
    assert isinstance(book.current(), Directory)
    assert book.current().active(TOWN.party) is not None
