import asyncio

import httpx2
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumihimo.kernel.door import own_routes
from kumihimo.kernel.keys import seal_payload
from kumihimo.kernel.net import Refused
from kumihimo.rooms.register import api
from tests.rooms.register.made import MINATO, OSAKA, birth, code, event

PATHS = (
    api.EVENTS_PATH,
    api.DESIGNATE_PATH,
    api.STRICT_PATH,
    api.ABOUT_ME_PATH,
    api.ACQUIRE_PATH,
    api.TICKET_PATH,
    api.HOLDER_PATH,
    api.HANDLE_PATH,
    api.LATEST_PATH,
    api.DISCLOSE_PATH,
    api.READ_AGAIN_PATH,
    api.LINKS_PATH,
)


def test_every_door_names_its_law_and_its_callers(in_house):
    async def story(house):
        doors = own_routes(house.room.app)
        assert {path for path, _ in doors} == set(PATHS)
        assert all(handler.opt["authority"] and handler.opt["callers"] for _, handler in doors)

    in_house(story)


@pytest.mark.parametrize("path", PATHS)
def test_no_door_opens_without_a_signature(in_house, path):
    async def story(house):
        transport = httpx2.ASGITransport(house.room.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://register") as client:
            answer = await client.post(path, json={"payload": ""})
        assert answer.status_code == 401

    in_house(story)


@pytest.mark.parametrize("path", PATHS)
def test_what_is_not_sealed_for_that_door_is_refused_in_the_same_words(in_house, path):
    async def story(house):
        other = PATHS[PATHS.index(path) - 1]
        question = api.EventBatch((birth(1),))
        body = msgspec.json.encode(question)
        elsewhere = seal_payload(
            body, to=house.keys["linkage"].public.payload, context=path.encode()
        )
        told = []
        for sealed in (house.sealed(question, other), api.Sealed(elsewhere), api.Sealed(b"short")):
            with pytest.raises(Refused) as refused:
                await house.caller(MINATO).call("register", path, sealed, api.Sealed)
            told.append(refused.value.remote)
        assert told[0] == told[1] == told[2]
        assert told[0].status == 400

    in_house(story)


@pytest.mark.parametrize("path", PATHS)
def test_no_party_but_an_institution_gets_past_a_door(in_house, path):
    questions = {
        api.EVENTS_PATH: api.EventBatch((birth(1),)),
        api.DESIGNATE_PATH: api.Designate((code(1),)),
        api.STRICT_PATH: api.StrictBatch(()),
        api.ACQUIRE_PATH: api.AcquireBatch(acquisitions=()),
    }
    nobody = api.Attributes(name="名", birth="1990-01-01", sex="1", address="港区芝1-1")
    asked = api.DisclosureAsked(number="", attributes=nobody)

    async def story(house):
        for party in ("linkage", "ledger"):
            with pytest.raises(Refused) as refused:
                await house.ask(party, path, questions.get(path, asked), api.Sealed)
            assert refused.value.remote.status in {400, 403}
            if path in {api.ABOUT_ME_PATH, api.TICKET_PATH, api.DESIGNATE_PATH}:
                assert refused.value.reason == "not-allowed"

    in_house(story)


def test_no_sealed_bytes_make_a_door_fail_otherwise_than_by_refusal(in_house):
    async def story(house):
        attempts = []

        @settings(max_examples=40)
        @given(st.sampled_from(PATHS), st.binary(max_size=200) | st.text().map(str.encode))
        def draw(path, payload):
            attempts.append((path, payload))

        await asyncio.to_thread(draw)
        to = house.keys["register"].public.payload
        for path, payload in attempts:
            sealed = api.Sealed(seal_payload(payload, to=to, context=path.encode()))
            with pytest.raises(Refused) as refused:
                await house.caller(MINATO).call("register", path, sealed, api.Sealed)
            assert refused.value.remote.status == 400

    in_house(story)


def test_hostile_values_in_well_formed_events_are_refused_without_being_quoted(in_house):
    hostile = ["\x00", "\ud7ff\u202e", "'; DROP TABLE resident; --" * 30, "　", "A" * 10_000]

    async def story(house):
        for value in hostile:
            for attribute in ("name", "birth", "sex", "address", "municipality"):
                if (value, attribute) == ("　", "sex"):
                    continue  # an empty sex is an unknown one
                bad = msgspec.structs.replace(birth(1), **{attribute: value})
                with pytest.raises(Refused) as refused:
                    await house.tell(bad)
                assert refused.value.remote.status == 400
                assert refused.value.remote.pointer == f"events[0].{attribute}"
                assert value not in refused.value.remote.detail or value == "　"
        assert await house.tell(birth(1, name="DROP TABLE'; resident")) == 1

    in_house(story)


def test_two_batches_about_one_person_at_once_are_both_recorded_or_refused_by_name(in_house):
    async def story(house):
        await house.tell(birth(1))
        moves = [event("move-within", 1, address=f"東京都港区芝{n}-1") for n in range(1, 6)]
        assert sum(await asyncio.gather(*(house.tell(move) for move in moves))) == 5
        outcomes = await asyncio.gather(
            *(house.tell(birth(2)) for _ in range(3)), return_exceptions=True
        )
        assert outcomes.count(1) == 1
        refused = [one for one in outcomes if isinstance(one, Refused)]
        assert {one.reason for one in refused} <= {"conflict", "already-registered"}
        assert len(refused) == 2
        assert OSAKA != MINATO

    in_house(story)
