"""What a process counts of its doors: the program's own words, and nothing that a caller brought."""

import asyncio
from typing import Any

import httpx2
import pytest
from litestar import get
from litestar.params import FromPath
from tests.federation.street import transport_to

from kumihimo.kernel.door import lawful, room_app
from kumihimo.kernel.metrics import GONE, MeasuredDoors, Meter, meter_of
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Conflict, Problem

LAW = lawful(authority="Number Act art. 21", callers=("anyone",))
PERSON = "山田花子"


@get("/people/{person:str}", opt=LAW)
async def look(person: FromPath[str]) -> str:
    """Refuse as the last letter says."""
    match person[-1]:
        case "c":
            raise Conflict(PERSON)
        case "r":
            raise Refused("other", Problem(f"urn:kumihimo:{PERSON}", "t", 409))
        case "b":
            raise RuntimeError(PERSON)
        case _:
            return person


@pytest.fixture
def counted():
    """Ask paths of an application; gives what its meter counted and what it was asked."""
    app = room_app("house", [look], report=lambda *_: None)

    def ask(*paths):
        async def whole():
            async with httpx2.AsyncClient(transport=transport_to(app)) as http:
                return [(await http.get(f"http://house{path}")).status_code for path in paths]

        statuses = asyncio.run(whole())
        return statuses, samples(meter_of(app))

    return ask


def samples(meter):
    found = [one for family in meter.registry.collect() for one in family.samples]
    return {
        (one.name, *one.labels.values()): one.value
        for one in found
        if one.name.startswith("kumihimo_") and not one.name.endswith("_created")
    }


def answers(found):
    return {key[1:]: value for key, value in found.items() if key[0].endswith("_answers_total")}


def test_answers_are_counted_by_door_and_outcome(counted):
    statuses, found = counted("/people/1a", "/people/2a", "/people/1c", "/people/1b")
    assert statuses == [200, 200, 409, 500]
    assert answers(found) == {
        ("look", "ok"): 2,
        ("look", "conflict"): 1,
        ("look", "internal"): 1,
    }
    assert found["kumihimo_door_seconds_count", "look"] == 4
    assert found["kumihimo_door_seconds_sum", "look"] > 0


def test_no_value_of_a_caller_is_a_label(counted):
    _, found = counted(f"/people/{PERSON}a", f"/people/{PERSON}c", f"/people/{PERSON}b")
    assert PERSON not in "".join(word for key in found for word in key)


def test_what_another_party_calls_its_refusal_is_no_label(counted):
    statuses, found = counted("/people/1r")
    assert (statuses, answers(found)) == ([409], {("look", "409"): 1})


def test_what_is_no_door_is_not_counted(counted):
    statuses, found = counted("/schema", "/nowhere")
    assert statuses == [200, 404]
    assert answers(found) == {}


def test_who_does_not_wait_is_counted_as_gone_and_a_bug_outside_the_handler_as_a_bug():
    async def whole():
        meter = Meter()
        doors: Any = MeasuredDoors(meter)

        async def hang_up(*_):
            """Send nothing, as when the other end has closed."""

        async def break_down(*_):
            raise ZeroDivisionError

        app = room_app("house", [look], report=lambda *_: None)
        scope = {"route_handler": look, "litestar_app": app}
        await doors.handle(scope, None, None, hang_up)
        with pytest.raises(ZeroDivisionError):
            await doors.handle(scope, None, None, break_down)
        return meter

    meter = asyncio.run(whole())
    assert answers(samples(meter)) == {("look", GONE): 1, ("look", "internal"): 1}
