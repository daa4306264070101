"""What the description lets through and what it does not, sent by one who may knock.

Whatever is sent, the door does its work as described or refuses by name, and says nothing back of
what it was sent.
"""

import json
import re
from pathlib import Path

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core.transport import Response

from kumihimo.kernel.message import PROBLEM_TYPE
from kumihimo.kernel.refusal import Problem
from kumihimo.rooms.ledger.api import MY_RECORDS_PATH
from tests.hostile.doors import DOORS, SEALED
from tests.meta.rooms import as_described

WHOLE = Path(__file__).parents[2]
PAGE = WHOLE / "docs/reference/refusals.md"
TYPES = {
    f"urn:kumihimo:{code}"
    for code in re.findall(r"^\| `([a-z-]+)`", PAGE.read_text(), re.MULTILINE)
}
FEW = settings(
    max_examples=6,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=(
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
    ),
)
SENT = [
    (*door, mode)
    for door in DOORS
    for mode in GenerationMode
    if mode.is_positive
    or door[2] == "POST"
    or door[1] == MY_RECORDS_PATH  # where one sends anything
]
IDS = [f"{room}{path}-{mode.value}" for room, path, _, _, mode in SENT]
SHORT = 12  # characters: our own names are among shorter ones by chance
# Hypothesis tries the texts that it reads in our own code; what a door says of itself is no leak.
OURS = "\n".join(file.read_text("utf-8") for file in (WHOLE / "src").rglob("*.py"))


def texts(value):
    """Yield each text in a body, names of fields aside."""
    if isinstance(value, str):
        yield value
    for inner in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from texts(inner)


def check(answer, body):
    """Check that a door that did not do its work says why, and nothing of what it was sent."""
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == PROBLEM_TYPE
        problem = msgspec.json.decode(answer.content, type=Problem)
        assert problem.type in TYPES
        assert problem.status == answer.status_code
        for text in texts(body):
            assert len(text) < SHORT or text not in answer.text or text in OURS


@pytest.fixture(scope="session")
def described(town):
    """The description of each room, as programs read it."""
    found = {}
    for room, client in town.http.items():
        answer = town.loop.run_until_complete(client.get("/schema/openapi.json"))
        found[room] = schemathesis.openapi.from_dict(answer.json())
    return found


@pytest.mark.parametrize(("room", "path", "method", "handler", "mode"), SENT, ids=IDS)
def test_a_door_does_as_it_is_described(town, described, room, path, method, handler, mode):
    operation = described[room][as_described(path)][method]

    @FEW
    @given(operation.as_strategy(generation_mode=mode))
    def knocks(case):
        body = case.body if isinstance(case.body, dict | list | str) else None
        content = b"" if body is None else json.dumps(body).encode()
        query = {k: v for k, v in (case.query or {}).items() if v is not None} or None
        answer = town.knock(room, path, method, handler, content, query)
        assert not town.bugs, town.bugs
        check(answer, body)
        if answer.is_success and answer.status_code != 204:
            operation.validate_response(Response.from_any(answer), case=case)

    knocks()


def inside(room, path):
    """Describe the form behind the seal as if it went in the clear."""
    [form], components = msgspec.json.schema_components(
        [SEALED[room, path]], ref_template="#/components/schemas/{name}"
    )
    body = {"required": True, "content": {"application/json": {"schema": form}}}
    described = {
        "openapi": "3.1.0",
        "info": {"title": "inside", "version": "1"},
        "paths": {path: {"post": {"requestBody": body, "responses": {}}}},
        "components": {"schemas": components},
    }
    return schemathesis.openapi.from_dict(described)[path]["POST"]


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize(("room", "path"), SEALED)
def test_what_is_sealed_may_be_anything(town, room, path, mode):
    handler = next(door[3] for door in DOORS if door[:2] == (room, path))

    @FEW
    @given(inside(room, path).as_strategy(generation_mode=mode))
    def knocks(case):
        body = case.body if isinstance(case.body, dict | list | str) else None
        sealed = town.sealed(room, path, json.dumps(body).encode())
        answer = town.knock(room, path, "POST", handler, sealed)
        assert not town.bugs, town.bugs
        check(answer, body)

    knocks()
