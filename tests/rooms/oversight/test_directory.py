import asyncio
from datetime import date, timedelta
from typing import Any

import attrs
import httpx2
import msgspec
import pytest

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import PartyKeys, PublicKeys, new_master
from kumihimo.kernel.net import Caller, HttpNet, Refused
from kumihimo.kernel.refusal import NotAuthentic, NotFound, Unavailable
from kumihimo.kernel.sql import Database
from kumihimo.rooms.oversight.api import (
    ALARM_PATH,
    ENROL_PATH,
    HEAD_PATH,
    Alarm,
    Directory,
    Enrol,
    Entry,
    Kind,
    Received,
    SignedDirectory,
    SignedHead,
)
from kumihimo.rooms.oversight.app import build
from kumihimo.rooms.oversight.client import DirectoryBook
from kumihimo.rooms.oversight.service import OPERATOR, Oversight, alarms, directory, found, head
from tests.federation.street import START, transport_to

ENTROPY = SystemEntropy()


def keys_of(party):
    return PartyKeys(party, new_master(ENTROPY))


def entry_of(keys: PartyKeys, kind: Kind = "institution", **changes: Any) -> Entry:
    entry = Entry(party=keys.party, kind=kind, standing="active", keys=keys.public)
    return msgspec.structs.replace(entry, **changes)


@attrs.frozen
class Scene:
    oversight: Oversight
    net: HttpNet
    keys: dict[str, PartyKeys]

    def caller(self, name):
        clock = self.oversight.clock
        return Caller(self.keys[name], self.oversight.book, self.net, clock, ENTROPY)

    async def enrol(self, entry, by=OPERATOR):
        signed, _ = await self.caller(by).call(
            "oversight", ENROL_PATH, Enrol(entry=entry), SignedDirectory
        )
        return signed


@pytest.fixture
def at_oversight(new_room):
    _, reached = new_room("oversight")

    def run(story):
        async def whole():
            keys = {name: keys_of(name) for name in ("oversight", OPERATOR, "ledger", "lg-131032")}
            database = Database(reached.runtime, pool_max=2)
            await database.open()
            book = DirectoryBook(keys["oversight"].public.signing)
            oversight = Oversight(database, keys["oversight"], book, HandClock(START))
            await found(oversight, [entry_of(keys[OPERATOR], "oversight")])
            bugs = []
            app = build(oversight, entropy=ENTROPY, report=lambda *bug: bugs.append(bug)).app
            net = HttpNet({"oversight": "http://oversight"}, transport=transport_to(app))
            try:
                await story(Scene(oversight, net, keys))
            finally:
                await net.close()
                await database.close()
            assert bugs == []

        asyncio.run(whole())

    return run


def test_a_party_is_known_once_the_operator_enrolled_it_and_unknown_before(at_oversight):
    async def story(scene):
        book = scene.oversight.book
        assert book.current().active("lg-131032") is None
        entry = entry_of(scene.keys["lg-131032"], pia_published_on=date(2026, 4, 1))
        signed = await scene.enrol(entry)
        pinned = scene.keys["oversight"].public.signing
        directory = Directory.verify(signed, oversight=pinned)
        assert directory.active("lg-131032") == entry
        assert directory.pia_published("lg-131032", date(2026, 4, 1))
        assert not directory.pia_published("lg-131032", date(2026, 3, 31))

    at_oversight(story)


def test_nobody_but_the_operator_changes_the_directory(at_oversight):
    async def story(scene):
        await scene.enrol(entry_of(scene.keys["lg-131032"]))
        with pytest.raises(Refused) as refusal:
            await scene.enrol(entry_of(scene.keys["ledger"], "ledger"), by="lg-131032")
        assert refusal.value.reason == "not-allowed"
        assert scene.oversight.book.current().active("ledger") is None

    at_oversight(story)


def test_a_suspended_party_is_believed_by_nobody(at_oversight):
    async def story(scene):
        entry = entry_of(scene.keys["ledger"], "ledger")
        await scene.enrol(entry)
        await scene.enrol(msgspec.structs.replace(entry, standing="suspended"))
        with pytest.raises(Unavailable):
            await scene.caller("ledger").call("oversight", ALARM_PATH, an_alarm(), Received)

    at_oversight(story)


def an_alarm():
    return Alarm(
        alarm=new_id(ENTROPY),
        kind="ends-disagree",
        permit=new_id(ENTROPY),
        requester="lg-131032",
        provider="lg-271004",
        noticed_at=START,
    )


def test_an_alarm_is_taken_once_and_only_from_those_who_see_both_ends(at_oversight):
    async def story(scene):
        await scene.enrol(entry_of(scene.keys["ledger"], "ledger"))
        await scene.enrol(entry_of(scene.keys["lg-131032"]))
        alarm = an_alarm()
        for expected in (1, 0):
            answer, _ = await scene.caller("ledger").call("oversight", ALARM_PATH, alarm, Received)
            assert answer.new == expected
        with pytest.raises(Refused):
            await scene.caller("lg-131032").call("oversight", ALARM_PATH, an_alarm(), Received)
        assert [a.alarm for a in await alarms(scene.oversight)] == [alarm.alarm]

    at_oversight(story)


def test_an_answer_may_be_owed_on_what_no_permit_names_and_ends_disagree_on_an_exchange(
    at_oversight,
):
    async def story(scene):
        await scene.enrol(entry_of(scene.keys["ledger"], "ledger"))
        ledger = scene.caller("ledger")
        owed, disagree = (
            msgspec.structs.replace(an_alarm(), permit="", kind=kind)
            for kind in ("answer-overdue", "ends-disagree")
        )
        answer, _ = await ledger.call("oversight", ALARM_PATH, owed, Received)
        assert answer.new == 1
        with pytest.raises(Refused):
            await ledger.call("oversight", ALARM_PATH, disagree, Received)

    at_oversight(story)


def test_the_directory_is_open_to_all_and_signed(at_oversight):
    async def story(scene):
        app = build(scene.oversight, entropy=ENTROPY, report=lambda *_: None).app
        async with httpx2.AsyncClient(transport=transport_to(app)) as client:
            answer = await client.get("http://oversight/directory")
        signed = msgspec.json.decode(answer.content, type=SignedDirectory)
        book = DirectoryBook(scene.keys["oversight"].public.signing)
        assert book.update(signed)
        assert not book.update(signed)

    at_oversight(story)


def test_oversight_says_now_which_directory_is_the_latest_and_signs_it(at_oversight):
    async def story(scene):
        pinned = scene.keys["oversight"].public.signing
        app = build(scene.oversight, entropy=ENTROPY, report=lambda *_: None).app
        async with httpx2.AsyncClient(
            transport=transport_to(app), base_url="http://oversight"
        ) as client:

            async def say():
                answer = await client.get(HEAD_PATH)
                signed = msgspec.json.decode(answer.content, type=SignedHead)
                return signed.verify(oversight=pinned)

            first = await say()
            book = DirectoryBook(pinned)
            book.update(await directory(scene.oversight))
            scene.oversight.clock.advance(timedelta(hours=1))
            second = await say()
            assert (first.version, second.version) == (1, 1)
            assert second.at - first.at == timedelta(hours=1)
            assert book.confirm(second)
            assert book.confirmed_at == second.at
            await scene.enrol(entry_of(scene.keys["lg-131032"]))
            assert not book.confirm(await say()), "another one is the latest now"

    at_oversight(story)


def test_before_the_first_directory_oversight_names_none(new_room):
    _, reached = new_room("oversight")

    async def whole():
        database = Database(reached.runtime, pool_max=1)
        await database.open()
        keys = keys_of("oversight")
        book = DirectoryBook(keys.public.signing)
        try:
            with pytest.raises(NotFound):
                await head(Oversight(database, keys, book, HandClock(START)))
        finally:
            await database.close()

    asyncio.run(whole())


def test_a_forged_altered_or_older_directory_is_not_taken(at_oversight):
    async def story(scene):
        old = await scene.enrol(entry_of(scene.keys["ledger"], "ledger"))
        new = await scene.enrol(entry_of(scene.keys["lg-131032"]))
        book = DirectoryBook(scene.keys["oversight"].public.signing)
        book.update(new)
        altered = SignedDirectory(new.body.replace(b"lg-131032", b"lg-131041"), new.signature)
        for bad in (old, altered, SignedDirectory(new.body, bytes(64))):
            with pytest.raises(NotAuthentic):
                book.update(bad)
        assert book.current().active("lg-131032") is not None

    at_oversight(story)


def test_keys_that_are_no_keys_are_refused_with_the_place(at_oversight):
    async def story(scene):
        good = entry_of(scene.keys["lg-131032"])
        bad = PublicKeys(good.keys.signing, good.keys.payload, b"\xff" * 32)
        with pytest.raises(Refused) as refusal:
            await scene.enrol(msgspec.structs.replace(good, keys=bad))
        assert refusal.value.remote.pointer == "entry.keys.receiving"

    at_oversight(story)
