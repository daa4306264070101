"""jpki and cards hear that a record changed, under references that they cannot join."""

from datetime import timedelta
from typing import Any

import pytest
from litestar import Request, post
from litestar.params import JSONBody

from kumihimo.kernel.door import SignedDoor, lawful, room_app, verified_of
from kumihimo.kernel.keys import PartyKeys, new_master
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import NotAllowed
from kumihimo.rooms.register import api
from tests.rooms.register.made import DAY, OSAKA, birth, code, correction, event

OSAKA_ADDRESS = {"address": "大阪市北区梅田1-1-1", "municipality": "271004"}


def listening(house, room, heard):
    """Put up a room that keeps what register tells it."""
    house.keys[room] = PartyKeys(room, new_master(house.entropy))

    @post(
        api.RESIDENTS_CHANGED_PATH,
        status_code=200,
        opt=lawful(authority="JPKI Act art. 12", callers=("register",)),
    )
    async def take(
        request: Request[Any, Any, Any], data: JSONBody[api.ResidentsChanged]
    ) -> api.EventsTaken:
        if verified_of(request).sender != "register":
            raise NotAllowed
        heard.extend(data.changes)
        return api.EventsTaken(new=len(data.changes))

    door = SignedDoor(
        keys_of=lambda party: house.keys[room] if party == room else None,
        book=house.book,
        clock=house.clock,
        entropy=house.entropy,
    )
    house.apps[room] = room_app(f"fake {room}", [take], report=house._bug, door=door)


async def ready(house):
    """Let both rooms take part; returns what each hears."""
    heard = {"jpki": [], "cards": []}
    for room, changes in heard.items():
        listening(house, room, changes)
    house.publish()
    house.net._routes |= {room: f"http://{room}" for room in heard}
    await house.tell(birth(1), birth(2))
    await delivered(house)
    assert heard == {"jpki": [], "cards": []}
    return heard


async def delivered(house):
    while await house.room.outbox.run_once():
        pass


def test_a_move_is_told_to_both_rooms_under_different_names_and_without_the_address(in_house):
    async def story(house):
        heard = await ready(house)
        await house.tell(event("move-within", 1, DAY + timedelta(days=9), address="港区芝1-1"))
        await delivered(house)
        [one], [other] = heard["jpki"], heard["cards"]
        assert one.holder != other.holder
        assert (one.changed, one.version, one.standing) == (("address",), 2, "resident")
        assert one.effective_on == DAY + timedelta(days=9)
        assert set(one.__struct_fields__) == {
            "holder",
            "version",
            "changed",
            "standing",
            "effective_on",
        }

    in_house(story)


def test_each_kind_of_change_is_named_and_what_concerns_nobody_is_not_told(in_house):
    async def story(house):
        heard = await ready(house)
        await house.designate(code(1))
        later = iter(DAY + timedelta(days=n) for n in range(1, 99))
        told = [
            (event("name-change", 1, next(later), name="鈴木　花子"), ("name",)),
            (event("former-surname", 1, next(later), former_surname="山田"), ("name",)),
            (event("name-change", 1, next(later), kana="スズキ　ハナ"), None),
            (event("protection", 1, next(later)), None),
            (correction(1, next(later), birth="1990-05-05", sex="1"), ("birth", "sex")),
            (event("number-change", 1, next(later), reason="漏えい"), ("number",)),
            (event("departure-abroad", 1, next(later)), ()),
            (event("death", 1, next(later)), ()),
        ]
        for one, changed in told:
            heard["jpki"].clear()
            await house.tell(one)
            await delivered(house)
            assert [c.changed for c in heard["jpki"]] == ([] if changed is None else [changed])
        assert heard["jpki"][0].standing == "dead"
        assert heard["jpki"][0].version == 1 + len(told)

    in_house(story)


def test_a_move_between_municipalities_is_told_when_the_address_is_another_one(in_house):
    async def story(house):
        heard = await ready(house)
        await house.tell(event("move-out", 1, DAY + timedelta(days=3)))
        await house.tell(
            event("move-in", 1, DAY + timedelta(days=5), **OSAKA_ADDRESS), office=OSAKA
        )
        await delivered(house)
        assert [(c.changed, c.standing) for c in heard["cards"]] == [
            ((), "leaving"),
            (("address",), "resident"),
        ]

    in_house(story)


def test_a_late_event_about_a_time_that_is_over_is_not_told(in_house):
    async def story(house):
        heard = await ready(house)
        await house.tell(event("name-change", 1, DAY + timedelta(days=20), name="鈴木　花子"))
        await delivered(house)
        heard["jpki"].clear()
        await house.tell(event("name-change", 1, DAY + timedelta(days=10), name="佐藤　花子"))
        await delivered(house)
        assert heard["jpki"] == []

    in_house(story)


def test_a_batch_names_each_person_once(in_house):
    async def story(house):
        heard = await ready(house)
        await house.tell(
            event("move-within", 1, DAY + timedelta(days=1), address="港区芝1-1"),
            event("name-change", 1, DAY + timedelta(days=2), name="鈴木　花子"),
            event("move-within", 2, DAY + timedelta(days=2), address="港区芝2-2"),
        )
        await delivered(house)
        assert sorted(c.changed for c in heard["jpki"]) == [("address",), ("name", "address")]
        assert len({c.holder for c in heard["jpki"]}) == 2

    in_house(story)


def test_a_batch_that_is_refused_tells_nobody(in_house):
    async def story(house):
        heard = await ready(house)
        bad = event("move-within", 9, address="港区芝1-1")
        good = event("move-within", 1, DAY + timedelta(days=9), address="港区芝1-1")
        with pytest.raises(Refused):
            await house.tell(good, bad)
        await delivered(house)
        assert heard == {"jpki": [], "cards": []}

    in_house(story)


def test_no_message_is_kept_for_a_room_that_does_not_take_part(in_house):
    async def story(house):
        await house.tell(birth(1))
        await house.tell(event("move-within", 1, DAY + timedelta(days=9), address="港区芝1-1"))
        assert (await house.room.outbox.depth())[0] == 0

    in_house(story)


def test_neither_number_nor_resident_code_nor_attribute_is_in_the_message(in_house):
    async def story(house):
        await ready(house)
        [number] = await house.designate(code(1))
        await house.tell(
            event("move-within", 1, DAY + timedelta(days=9), address="港区芝公園9-9-9"),
            event("resident-code-change", 1, DAY + timedelta(days=9), new_resident_code=code(5)),
        )
        async with house.database.transaction() as tx:
            found = await tx.connection.execute("SELECT body FROM outbox")
            bodies = [bytes(body).decode() for (body,) in await found.fetchall()]
        assert len(bodies) == 2
        for body in bodies:
            for secret in (number, number[:11], code(1), code(5), "港区", "131032"):
                assert secret not in body

    in_house(story)
