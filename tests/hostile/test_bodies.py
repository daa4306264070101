"""Bodies that are not what any door asks for: refused by name, and nothing is written."""

import json

import pytest

from kumihimo.rooms.gateway.api import PROVISIONS_PATH
from kumihimo.rooms.register.api import Sealed
from tests.hostile.doors import DOORS, SEALED
from tests.hostile.test_openapi import check

POSTS = [door for door in DOORS if door[2] == "POST"]
DEEP = 100_000
LARGE = 9 * 1024 * 1024
BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "another form": b'"text"',
    "null": b"null",
    "brackets": b"[" * DEEP,
    "objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "larger than the door": b'"' + b"x" * LARGE + b'"',
    "no UTF-8": b'{"a": "\xff\xfe"}',
    "a NUL": b'{"a": "\\u0000"}',
    "a bare NUL": b'{"a": "\0"}',
    "half a pair": b'{"a": "\\ud800"}',
    "a number of thousands of digits": b'{"a": ' + b"9" * 5_000 + b"}",
    "not a number": b'{"a": NaN}',
    "a form": b"a=1&b=2",
    "another encoding": json.dumps({"a": "あ"}, ensure_ascii=False).encode("utf-16"),
}


def counts(town):
    """Count the rows of every table, but journals: that one knocked is on record there."""
    return town.loop.run_until_complete(town.count_rows())


@pytest.fixture(scope="module")
def settled(town):
    """Let what earlier tests began come to its end."""
    town.loop.run_until_complete(town.street.deliver())
    return town


@pytest.mark.parametrize(
    ("room", "path", "method", "handler"), POSTS, ids=[f"{door[0]}{door[1]}" for door in POSTS]
)
def test_a_body_that_no_door_asks_for_is_refused_and_nothing_is_written(
    settled, room, path, method, handler
):
    before = counts(settled)
    for name, body in BODIES.items():
        answer = settled.knock(room, path, method, handler, body)
        check(answer, None)
        assert 400 <= answer.status_code < 500, name
    assert settled.bugs == []
    assert counts(settled) == before


@pytest.mark.parametrize(("room", "path"), SEALED)
def test_what_no_door_asks_for_is_refused_behind_the_seal_too(settled, room, path):
    handler = next(door[3] for door in DOORS if door[:2] == (room, path))
    before = counts(settled)
    for name, body in BODIES.items():
        if name != "larger than the door":
            sealed = settled.sealed(room, path, body)
            answer = settled.knock(room, path, "POST", handler, sealed)
            check(answer, None)
            assert 400 <= answer.status_code < 500, name
    assert settled.bugs == []
    assert counts(settled) == before


def test_another_content_type_is_refused(settled):
    for room, path, method, handler in POSTS:
        if path.startswith("/v1/") and path != "/v1/copies/file":
            answer = settled.knock(room, path, method, handler, b"{}", content_type="text/plain")
            check(answer, None)
            assert 400 <= answer.status_code < 500


def test_whoever_is_not_known_learns_nothing_of_what_he_sent(settled):
    canary = "canary-1234567890"
    for room, path, method, handler in POSTS:
        body = json.dumps({"a": canary}).encode()
        answer = settled.knock(room, path, method, handler, body, known=False)
        check(answer, canary)
        assert answer.status_code in {400, 401, 404}, path
    assert PROVISIONS_PATH in {door[1] for door in POSTS}


def test_the_form_behind_every_seal_is_known():
    sealed = set()
    for room, path, _, handler in DOORS:
        taken = handler.parsed_fn_signature.parameters.get("data")
        if taken is not None and taken.annotation is Sealed:
            sealed.add((room, path))
    assert sealed == set(SEALED)
