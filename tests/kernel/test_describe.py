"""The description of a room's doors: readable by people and programs, and nothing from elsewhere."""

import asyncio
import re

import httpx2
import msgspec
import pytest
from tests.meta.rooms import as_described, rooms_of_messages

from kumihimo.kernel.door import own_routes

ROOMS = rooms_of_messages()


def fetch(app, path):
    async def whole():
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://room") as http:
            return await http.get(path, follow_redirects=True)

    return asyncio.run(whole())


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_every_door_stands_on_the_page_with_its_law_and_its_callers(room):
    app = ROOMS[room]
    page = fetch(app, "/schema")
    assert page.status_code == 200
    for path, handler in own_routes(app):
        assert as_described(path) in page.text
        assert handler.opt["authority"] in page.text
        for caller in handler.opt["callers"]:
            assert caller in page.text


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_the_page_needs_no_script_and_nothing_from_elsewhere(room):
    text = fetch(ROOMS[room], "/schema").text
    assert "<script" not in text
    leads = re.findall(r"(?:src|href)=['\"]?([^'\" >]+)", text)
    assert [place for place in leads if not place.startswith("#")] == ["openapi.json"]
    assert "url(" not in text


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_the_contents_lead_to_every_door_and_nowhere_else(room):
    text = fetch(ROOMS[room], "/schema").text
    leads = re.findall(r"href='#([^']+)'", text)
    sections = re.findall(r"<section id='([^']+)'>", text)
    assert leads == sections
    assert len(set(sections)) == len(own_routes(ROOMS[room]))


def test_the_doors_for_business_systems_come_first_and_say_what_to_show():
    text = fetch(ROOMS["gateway"], "/schema").text
    places = [
        text.index(f"<section id='{one}'>") for one in ("post-v1-inquiries", "post-provisions")
    ]
    assert places == sorted(places)
    doors = own_routes(ROOMS["gateway"])
    signed = [path for path, handler in doors if not handler.opt.get("unsigned")]
    assert text.count("<dd>a signed message</dd>") == len(signed)


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_programs_read_the_same_doors(room):
    answer = fetch(ROOMS[room], "/schema/openapi.json")
    described = msgspec.json.decode(answer.content)
    assert set(described["paths"]) == {as_described(path) for path, _ in own_routes(ROOMS[room])}


def test_the_words_of_the_code_stand_in_the_description():
    described = msgspec.json.decode(fetch(ROOMS["gateway"], "/schema/openapi.json").content)
    registration = described["components"]["schemas"]["Registration"]
    assert registration["description"].startswith("One person to register.")
    cases = described["paths"]["/v1/cases"]["post"]
    assert cases["description"].startswith("Open cases; without an open case")


def test_a_refusal_is_described_as_what_it_is():
    described = msgspec.json.decode(fetch(ROOMS["gateway"], "/schema/openapi.json").content)
    for operations in described["paths"].values():
        for operation in operations.values():
            assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}
            assert not {"400", "422", "500"} & operation["responses"].keys()
    problem = described["components"]["responses"]["Problem"]["content"]
    assert set(problem) == {"application/problem+json"}


def test_a_form_is_described_as_strictly_as_it_is_checked():
    described = msgspec.json.decode(fetch(ROOMS["gateway"], "/schema/openapi.json").content)
    recipients = described["components"]["schemas"]["RecipientsOf"]
    assert recipients["additionalProperties"] is False
    assert recipients["properties"]["copies"]["items"] == {"type": "integer"}
