"""cards learns who applies, under references that no other room can make."""

import pytest

from kumihimo.kernel.keys import PartyKeys, new_master
from kumihimo.kernel.net import Refused
from kumihimo.rooms.register import api
from kumihimo.rooms.register.api import HolderAsked, HolderFound, HolderNow
from tests.rooms.register.made import MINATO, attributes, birth, code, event

HANAKO = birth(1)


async def registered(house):
    house.keys["cards"] = PartyKeys("cards", new_master(house.entropy))
    house.publish()
    await house.tell(HANAKO)
    [number] = await house.designate(code(1))
    return number


async def ask(house, number, written, party="cards"):
    asked = HolderAsked(number=number, attributes=written)
    return await house.ask(party, api.HOLDER_PATH, asked, HolderFound)


def test_cards_learns_who_applies_and_what_each_room_calls_her(in_house):
    async def story(house):
        number = await registered(house)
        found = await ask(house, number, attributes(HANAKO))
        assert found.attributes == attributes(HANAKO, municipality="131032")
        assert found.resident_code == code(1)
        assert found.for_cards != found.for_jpki

    in_house(story)


def test_a_new_number_and_a_new_resident_code_leave_the_references_as_they_are(in_house):
    async def story(house):
        number = await registered(house)
        before = await ask(house, number, attributes(HANAKO))
        await house.tell(event("number-change", 1, reason="漏えいのおそれ"))
        await house.tell(event("resident-code-change", 1, new_resident_code=code(2)))
        [changed] = await house.designate(code(2))
        assert changed != number
        after = await ask(house, changed, attributes(HANAKO))
        assert (after.for_cards, after.for_jpki) == (before.for_cards, before.for_jpki)

    in_house(story)


@pytest.mark.parametrize("wrong", [{"name": "別 人"}, {"birth": "1990-04-02"}, {"sex": "1"}])
def test_one_attribute_that_differs_finds_nobody(in_house, wrong):
    async def story(house):
        number = await registered(house)
        with pytest.raises(Refused) as refused:
            await ask(house, number, attributes(HANAKO, **wrong))
        assert refused.value.reason == "not-found"

    in_house(story)


def test_nobody_but_cards_may_ask(in_house):
    async def story(house):
        number = await registered(house)
        for party in (MINATO, "linkage", "ledger"):
            with pytest.raises(Refused) as refused:
                await ask(house, number, attributes(HANAKO), party)
            assert refused.value.reason == "not-allowed"

    in_house(story)


async def now(house, handle, party="cards"):
    return await house.ask(party, api.HANDLE_PATH, HolderNow(handle), HolderFound)


def test_cards_learns_what_changed_by_a_handle_that_only_register_opens(in_house):
    async def story(house):
        number = await registered(house)
        before = await ask(house, number, attributes(HANAKO))
        await house.tell(event("move-within", 1, address="東京都港区芝公園一丁目1番1号"))
        after = await now(house, before.handle)
        assert after.attributes.address == "東京都港区芝公園一丁目1番1号"
        assert after.for_cards == before.for_cards
        assert (before.version, after.version) == (1, 2)

    in_house(story)


def test_two_handles_of_one_person_have_nothing_in_common(in_house):
    async def story(house):
        number = await registered(house)
        one = await ask(house, number, attributes(HANAKO))
        other = await ask(house, number, attributes(HANAKO))
        assert one.handle != other.handle

    in_house(story)


@pytest.mark.parametrize("forged", [b"", b"x", bytes(36)])
def test_a_forged_handle_opens_nothing(in_house, forged):
    async def story(house):
        await registered(house)
        with pytest.raises(Refused) as refused:
            await now(house, forged)
        assert refused.value.reason == "not-found"

    in_house(story)


def test_a_handle_opens_nothing_for_another_party(in_house):
    async def story(house):
        number = await registered(house)
        found = await ask(house, number, attributes(HANAKO))
        with pytest.raises(Refused) as refused:
            await now(house, found.handle, MINATO)
        assert refused.value.reason == "not-allowed"

    in_house(story)
