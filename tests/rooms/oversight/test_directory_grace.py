"""A room that is cut off from oversight goes on for a day, and then believes nobody."""

import asyncio
import hashlib
from datetime import timedelta

import msgspec
import psycopg
import pytest

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.keys import PartyKeys, new_master
from kumihimo.kernel.message import key_id_of
from kumihimo.kernel.refusal import Conflict, Unavailable
from kumihimo.kernel.sql import Database
from kumihimo.operations.graces import DIRECTORY, DirectoryTooOld, grace_of
from kumihimo.rooms.oversight.api import (
    DIRECTORY_PATH,
    HEAD_PATH,
    HeadBody,
    SignedHead,
    head_signed_bytes,
)
from kumihimo.rooms.oversight.client import DirectoryBook, DirectoryFollower
from tests.federation.street import START
from tests.rooms.oversight.test_directory import ENTROPY
from tests.rooms.oversight.test_kept_directory import OVERSIGHT, TOWN, Door, directory

SECOND = timedelta(seconds=1)
TOWNS_KEY = key_id_of(TOWN.party, TOWN.public.signing)


def head(of, at, keys=OVERSIGHT):
    body = msgspec.json.encode(
        HeadBody(
            version=msgspec.json.decode(of.body)["version"],
            digest=hashlib.sha256(of.body).digest(),
            at=at,
        )
    )
    return SignedHead(body, keys.signing.sign(head_signed_bytes(body)))


class House:
    """A room that may start again and again on one database, its clock, and oversight's door."""

    def __init__(self, reached):
        self.reached = reached
        self.door = Door()
        self.clock = HandClock(START)
        self.databases = []

    def speak(self, shown, at=None):
        """Let oversight show this directory, and say that it is the latest."""
        self.door.shows = shown
        self.door.head = head(shown, at or self.clock.now())

    async def start(self):
        database = Database(self.reached.runtime, pool_max=2)
        await database.open()
        self.databases.append(database)
        book = DirectoryBook(OVERSIGHT.public.signing)
        book.expire(grace_of("linkage", "oversight"), self.clock)
        follower = DirectoryFollower(book, "http://oversight", database, transport=self.door)
        await follower.start()
        return book, follower


@pytest.fixture
def in_house(new_room):
    _, reached = new_room("linkage")

    def run(story):
        async def whole():
            house = House(reached)
            try:
                await story(house)
            finally:
                for database in house.databases:
                    await database.close()

        asyncio.run(whole())

    return run


def believes(book):
    return book.current().active(TOWN.party) is not None and book.signing_key(TOWNS_KEY) is not None


def refuses(book):
    for ask in (book.current, lambda: book.signing_key(TOWNS_KEY)):
        with pytest.raises(DirectoryTooOld):
            ask()
    return True


def test_a_room_that_is_cut_off_from_oversight_refuses_after_its_grace_and_not_before(in_house):
    async def story(house):
        house.speak(directory(1))
        book, follower = await house.start()
        house.door.shows = None
        house.clock.advance(DIRECTORY - SECOND)
        with pytest.raises(Unavailable):
            await follower.fetch()
        assert believes(book)
        house.clock.advance(SECOND)
        assert refuses(book)
        house.speak(directory(1))
        await follower.fetch()
        assert believes(book), "it goes on as soon as oversight speaks"

    in_house(story)


def test_who_shows_an_old_directory_again_and_again_does_not_keep_a_room_going(in_house):
    async def story(house):
        house.speak(directory(1))
        book, follower = await house.start()
        house.clock.advance(DIRECTORY)
        await follower.fetch()  # the same directory, and the same head: both a day old
        assert refuses(book)
        house.door.head = None  # as if oversight were of an older program
        await follower.fetch()
        assert refuses(book)

    in_house(story)


def test_a_directory_that_did_not_change_for_months_is_as_good_as_oversights_last_word(in_house):
    async def story(house):
        shown = directory(1)
        house.clock.advance(timedelta(days=90))
        house.speak(shown)
        book, follower = await house.start()
        assert believes(book)
        house.door.asked.clear()
        for _ in range(10):
            house.clock.advance(timedelta(hours=12))
            house.speak(shown)
            await follower.fetch()
            assert believes(book)
        assert house.door.asked == [HEAD_PATH] * 10, "the directory itself is not sent again"

    in_house(story)


def test_a_new_directory_is_fetched_when_its_head_is_shown(in_house):
    async def story(house):
        house.speak(directory(1))
        book, follower = await house.start()
        house.door.asked.clear()
        house.speak(directory(2, "suspended"))
        assert await follower.fetch()
        assert house.door.asked == [HEAD_PATH, DIRECTORY_PATH]
        assert book.current().active(TOWN.party) is None

    in_house(story)


def test_a_head_of_a_directory_that_is_withheld_confirms_nothing(in_house):
    async def story(house):
        house.speak(directory(1))
        book, follower = await house.start()
        house.clock.advance(DIRECTORY)
        house.door.head = head(directory(2, "suspended"), house.clock.now())
        await follower.fetch()
        assert refuses(book)

    in_house(story)


def test_a_restart_knows_how_old_the_directory_is(in_house):
    async def story(house):
        house.clock.advance(timedelta(days=7))
        house.speak(directory(1))
        await house.start()
        house.door.shows = None
        house.clock.advance(DIRECTORY - SECOND)
        book, _ = await house.start()
        assert believes(book)
        house.clock.advance(SECOND)
        book, _ = await house.start()
        assert refuses(book)

    in_house(story)


def test_what_one_process_of_a_room_heard_the_other_knows(in_house):
    async def story(house):
        house.speak(directory(1))
        book, follower = await house.start()
        house.clock.advance(timedelta(days=2))
        house.speak(directory(1))
        await house.start()
        house.door.shows = None
        assert refuses(book)
        with pytest.raises(Unavailable):
            await follower.fetch()
        assert believes(book)

    in_house(story)


def test_a_head_that_oversight_did_not_sign_is_told_and_not_taken(in_house):
    async def story(house):
        house.speak(directory(1))
        book, follower = await house.start()
        house.clock.advance(DIRECTORY)
        stranger = PartyKeys("oversight", new_master(ENTROPY))
        house.door.head = head(directory(1), house.clock.now(), keys=stranger)
        with pytest.raises(Unavailable, match="no directory that oversight signed"):
            await follower.fetch()
        assert refuses(book)

    in_house(story)


def test_a_head_that_was_altered_in_the_database_is_told(in_house):
    async def story(house):
        house.speak(directory(1))
        await house.start()
        with psycopg.connect(house.reached.owner.reveal()) as owner:
            owner.execute(
                "UPDATE kept_statement SET version = version + 1, signature = %s"
                " WHERE what = 'directory-head'",
                (bytes(64),),
            )
        with pytest.raises(Conflict, match="kept_statement"):
            await house.start()

    in_house(story)


def test_a_clock_of_oversight_that_is_ahead_does_not_make_a_directory_good_for_longer(in_house):
    async def story(house):
        house.speak(directory(1), at=START + timedelta(days=365))
        book, _ = await house.start()
        house.door.shows = None
        house.clock.advance(DIRECTORY)
        assert refuses(book)

    in_house(story)


def test_a_book_that_nobody_told_to_expire_speaks_for_ever():
    """The negative twin: oversight's own, and what all rooms of one process share."""
    book = DirectoryBook(OVERSIGHT.public.signing)
    book.update(directory(1))
    assert believes(book)
