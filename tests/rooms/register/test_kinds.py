"""Every kind of event through register's door: what it leaves, on which days, and who may send it."""

import asyncio
from datetime import timedelta
from typing import get_args

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumihimo.kernel.net import Refused
from kumihimo.people.identity import FourAttributes, match_key
from kumihimo.rooms.register import store
from kumihimo.rooms.register.api import EventKind
from kumihimo.rooms.register.domain.residents import timeline
from tests.rooms.register.made import (
    DAY,
    MINATO,
    OSAKA,
    birth,
    code,
    correction,
    event,
    restoration,
)

LATER = DAY + timedelta(days=100)
OSAKA_HOME = {"address": "大阪市北区梅田1-1-1", "municipality": "271004"}
HOME = {"address": "東京都港区芝9-9", "municipality": "131032"}
FOREIGN = {
    "name": "LI MEI", "kana": "リ メイ", "birth": "1988-02-03", "sex": "2", "alias": "高橋　美", **HOME,
}  # fmt: skip
# What stands before, the event, and what it leaves; whatever is not named stays as it was.
KINDS = {
    "birth": ((), lambda: birth(1, LATER, kana="タカハシ"), {"standing": "resident"}),
    "foreign-registration": (
        (),
        lambda: event("foreign-registration", 1, LATER, **FOREIGN),
        {"standing": "resident", "name": "LI MEI", "alias": "高橋　美"},
    ),
    "move-out": ((birth,), lambda: event("move-out", 1, LATER), {"standing": "leaving"}),
    "move-in": (
        (birth, lambda who: event("move-out", who, DAY + timedelta(days=90))),
        lambda: event("move-in", 1, LATER, **OSAKA_HOME),
        {"standing": "resident", **OSAKA_HOME},
    ),
    "move-within": (
        (birth,),
        lambda: event("move-within", 1, LATER, address="港区芝5-5"),
        {"address": "港区芝5-5"},
    ),
    "name-change": (
        (birth,),
        lambda: event("name-change", 1, LATER, name="鈴木　花", kana="スズキ　ハナ"),
        {"name": "鈴木　花", "kana": "スズキ　ハナ"},
    ),
    "former-surname": (
        (birth,),
        lambda: event("former-surname", 1, LATER, former_surname="鈴木"),
        {"former_surname": "鈴木"},
    ),
    "correction": (
        (birth,),
        lambda: correction(1, LATER, sex="1", birth="1990-04-02"),
        {"sex": "1", "birth": "1990-04-02"},
    ),
    "restoration": (
        (birth, lambda who: event("death", who, LATER)),
        lambda: restoration(1, LATER),
        {"standing": "resident"},
    ),
    "departure-abroad": (
        (birth,),
        lambda: event("departure-abroad", 1, LATER),
        {"standing": "abroad"},
    ),
    "return": (
        (birth, lambda who: event("departure-abroad", who, DAY + timedelta(days=50))),
        lambda: event("return", 1, LATER, **OSAKA_HOME),
        {"standing": "resident", **OSAKA_HOME},
    ),
    "death": ((birth,), lambda: event("death", 1, LATER), {"standing": "dead"}),
    "number-change": ((birth,), lambda: event("number-change", 1, LATER, reason="漏えい"), {}),
    "resident-code-change": (
        (birth,),
        lambda: event("resident-code-change", 1, LATER, new_resident_code=code(5)),
        {"resident_code": code(5)},
    ),
    "protection": ((birth,), lambda: event("protection", 1, LATER), {"protected": True}),
    "protection-end": (
        (birth, lambda who: event("protection", who, DAY + timedelta(days=50))),
        lambda: event("protection-end", 1, LATER),
        {"protected": False},
    ),
}


async def state(house, *, valid_on, recorded_on=None):
    on = recorded_on or house.register.today()
    async with house.database.transaction() as tx:
        return await store.state_known(tx, code(1), valid_on=valid_on, recorded_on=on)


def sender(one):
    return OSAKA if one.municipality == "271004" else MINATO


def test_every_kind_of_event_of_the_door_is_tried_here():
    assert set(KINDS) == set(get_args(EventKind))


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_holds_from_its_day_and_is_known_from_the_day_it_was_told(in_house, kind):
    before, make, leaves = KINDS[kind]

    async def story(house):
        for step in before:
            await house.tell(step(1))
        if before and kind == "number-change":
            await house.designate(code(1))
        day_before, told_before = LATER - timedelta(days=1), house.register.today()
        held = await state(house, valid_on=day_before)
        house.clock.advance(timedelta(days=3))
        one = make()
        assert await house.tell(one, office=sender(one)) == 1
        after = await state(house, valid_on=LATER)
        expected = leaves if held is None else {**attrs.asdict(held), **leaves}
        assert {name: getattr(after, name) for name in expected} == expected
        # Valid time: the day before is as it was. Recorded time: before it was told, nobody knew.
        assert await state(house, valid_on=day_before) == held
        known = await state(house, valid_on=LATER, recorded_on=told_before)
        assert known is None if held is None else known != after or kind == "number-change"

    in_house(story)


@pytest.mark.parametrize("kind", [kind for kind, (before, _, _) in KINDS.items() if before])
def test_an_event_of_somebody_who_is_not_there_is_refused(in_house, kind):
    async def story(house):
        one = KINDS[kind][1]()
        with pytest.raises(Refused) as refused:
            await house.tell(one, office=sender(one))
        assert refused.value.reason == "unknown-resident"

    in_house(story)


@pytest.mark.parametrize("kind", [kind for kind, (before, _, _) in KINDS.items() if before])
def test_another_municipality_cannot_tell_the_event(in_house, kind):
    before, make, _ = KINDS[kind]

    async def story(house):
        for step in before:
            await house.tell(step(1))
        one = make()
        with pytest.raises(Refused) as refused:
            await house.tell(one, office=OSAKA if sender(one) == MINATO else MINATO)
        assert refused.value.reason == "unknown-resident"

    in_house(story)


def test_whoever_moves_leaves_and_returns_keeps_the_number(in_house):
    async def story(house):
        await house.tell(birth(1))
        [number] = await house.designate(code(1))
        await house.tell(
            event("move-out", 1, LATER), event("departure-abroad", 1, LATER + timedelta(days=9))
        )
        back = event("return", 1, LATER + timedelta(days=99), **OSAKA_HOME)
        await house.tell(back, office=OSAKA)
        assert await house.designate(code(1), office=OSAKA) == [number]
        with pytest.raises(Refused):
            await house.designate(code(1))

    in_house(story)


def test_nobody_is_born_after_her_record_begins_or_after_today(in_house):
    async def story(house):
        for one in (
            birth(1, birth="2020-04-02"),
            birth(1, birth="2020-05-00"),
            birth(1, birth="令和9年"),
        ):
            with pytest.raises(Refused) as refused:
                await house.tell(one)
            assert refused.value.remote.pointer == "events[0].birth"
        await house.tell(birth(1, birth="2020-04-01"))
        with pytest.raises(Refused):
            await house.tell(correction(1, birth="2026-06-02"))
        assert await house.tell(correction(1, birth="2026-06-01")) == 1

    in_house(story)


CITIES = st.sampled_from([HOME, OSAKA_HOME])
STEPS = st.tuples(
    st.sampled_from([kind for kind in KINDS if kind not in {"birth", "foreign-registration"}]),
    st.integers(0, 12),
    CITIES,
    st.sampled_from([MINATO, OSAKA]),
)


def step(kind, who, days, home):
    day = DAY + timedelta(days=days)
    if kind in {"correction", "restoration"}:
        make, more = {
            "correction": (correction, {"birth": f"1990-04-{1 + days:02}"}),
            "restoration": (restoration, {}),
        }[kind]
        return make(who, day, **more)
    given_by_kind = {
        "move-in": home,
        "return": home,
        "move-within": {"address": f"港区芝{days}-1"},
        "name-change": {"name": f"鈴木　{chr(0x4E00 + days)}"},
        "former-surname": {"former_surname": "高橋"},
        "number-change": {"reason": "漏えい"},
        "resident-code-change": {"new_resident_code": code(10_000 + 100 * who + days)},
    }
    return event(kind, who, day, **given_by_kind.get(kind, {}))


def test_a_replay_of_the_stored_events_gives_the_stored_present_whatever_was_told(in_house):
    async def story(house):
        scripts = []

        @settings(max_examples=25)
        @given(st.lists(STEPS, min_size=3, max_size=14))
        def draw(steps):
            scripts.append(steps)

        await asyncio.to_thread(draw)
        taken, reasons = 0, set()
        for who, steps in enumerate(scripts, start=1):
            await house.tell(birth(who))
            await house.designate(code(who))
            for kind, days, home, office in steps:
                try:
                    taken += await house.tell(step(kind, who, days, home), office=office)
                except Refused as refused:
                    reasons.add(refused.reason)
        assert taken > 20
        # Of good form, all of them: only what the register knows can speak against an event.
        assert reasons <= {"unknown-resident", "contradicts-state", "already-registered"}
        await _hold_replayed(house)

    in_house(story)


async def _hold_replayed(house):
    async with house.database.transaction() as tx:
        persons = [
            person
            for (person,) in await (
                await tx.connection.execute("SELECT person FROM resident")
            ).fetchall()
        ]
        found = await store.histories(tx, persons)
        present = await (
            await tx.connection.execute(
                "SELECT person, resident_code, municipality, standing, name, birth, sex, address,"
                " name_key, address_key FROM resident"
            )
        ).fetchall()
    for person, *stored in present:
        replayed = timeline(found[person].entries)
        assert found[person].periods == replayed
        now = replayed[-1].state
        four = FourAttributes.parse(
            name=now.name, birth=now.birth, sex=now.sex, address=now.address
        )
        key = match_key(four)
        assert key is not None
        assert stored == [
            now.resident_code, now.municipality, now.standing, now.name, now.birth, now.sex,
            now.address, key.name, key.address,
        ]  # fmt: skip
