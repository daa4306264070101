"""No door without a law and a list of callers, none without a lock, none that nobody describes."""

import asyncio
import importlib
import re

import httpx2
import pytest

from kumihimo.kernel.door import own_routes
from kumihimo.kernel.message import PROBLEM_TYPE
from tests.meta.project import PACKAGE
from tests.meta.rooms import OF_PAGES, applications, as_described

APPLICATIONS = applications()
DOORS = [
    (room, path, handler) for room, app in APPLICATIONS.items() for path, handler in own_routes(app)
]

# Doors that whoever comes may knock at, and why.
OPEN = {
    ("oversight", "/directory"): "public keys, signed: everybody must be able to check a signature",
    ("oversight", "/directory/head"): "as above: which is the latest, and when oversight said so",
    ("oversight", "/"): "the page of public statistics",
    ("oversight", "/style/tokens.css"): "its style",
    ("oversight", "/style/components.css"): "its style",
    ("oversight", "/statistics"): "of which months there are public statistics",
    ("oversight", "/statistics/{month:str}"): "public: institutions, words and counts in tens",
    ("jpki", "/authorities"): "the roots of all certificates: everybody must be able to check one",
    ("jpki", "/ocsp"): "OCSP tells `unauthorized` inside its own answer (RFC 6960, 2.3)",
    ("jpki", "/ocsp/{asked:path}"): "as above",
    ("ledger", "/log/checkpoint"): "public, signed: everybody must be able to check the log",
    ("ledger", "/log/cosigned"): "as above",
    ("ledger", "/log/tile/{tile:path}"): "as above: hashes, and commitments that name nobody",
    ("ledger", "/bells/hear"): "the secrets inside the body; each tells one bit",
    ("ledger", "/delegations/end"): "the secret inside the body; it only ever ends what it opens",
    ("ledger", "/sessions"): "the ticket inside the body, sealed by register, is what lets in",
}
# Pages of a room whose other doors are for other rooms.
FOR_BROWSERS = {("oversight", "/")} | {
    ("oversight", f"/style/{sheet}.css") for sheet in ("tokens", "components")
}
CALLERS = {
    "institution",
    "institution: municipality",
    "institution: counter",
    "institution: ministry",
    "register",
    "linkage",
    "ledger",
    "cards",
    "jpki",
    "agency",
    "portal",
    "desk",
    "oversight",
    "oversight-operator",
    "business system of the institution",
    "a person with a ticket of register",
    "the person herself",
    "her proxy",
    "whoever holds a delegation",
    "whoever holds a bell",
    "operator",
    "registered verifier",
    "anyone",
    "reviewer",
    "supervisor",
}
AUTHORITY = re.compile(
    r"(Number Act|Basic Resident Register Act|JPKI Act) (suppl\. )?art\. [0-9]"
    r"|operations(: .+)?"  # health, readiness: no law speaks of them and no person is in them
)


def each(doors):
    names = [f"{room} {'/'.join(handler.http_methods)} {path}" for room, path, handler in doors]
    return pytest.mark.parametrize(("room", "path", "handler"), doors, ids=names)


def knock(app, handler, path):
    async def ask():
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://room") as client:
            [method] = handler.http_methods
            return await client.request(method, path, content=b"{}")

    return asyncio.run(ask())


def test_every_room_is_walked():
    rooms = {path.parent.name for path in (PACKAGE / "rooms").glob("*/app.py")}
    assert rooms == set(APPLICATIONS)


@each(DOORS)
def test_every_door_rests_on_a_law_and_lists_its_callers(room, path, handler):
    assert AUTHORITY.match(handler.opt["authority"])
    assert set(handler.opt["callers"]) <= CALLERS


@each(DOORS)
def test_every_door_says_what_it_is_for(room, path, handler):
    assert handler.fn.__doc__


@each([door for door in DOORS if door[:2] not in OPEN and door[0] not in OF_PAGES])
def test_no_door_lets_in_whoever_shows_neither_signature_nor_token(room, path, handler):
    answer = knock(APPLICATIONS[room], handler, path)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == PROBLEM_TYPE
    assert answer.json()["type"] == "urn:kumihimo:not-authentic"


@each([door for door in DOORS if door[0] in OF_PAGES and door[2].opt["callers"] != ("anyone",)])
def test_no_page_shows_or_does_anything_for_whoever_is_not_signed_in(room, path, handler):
    answer = knock(APPLICATIONS[room], handler, path)
    told = "/sign-in?over=yes" if "POST" in handler.http_methods else "/sign-in"
    assert (answer.status_code, answer.headers["location"]) == (303, told)


@pytest.mark.parametrize("room", sorted(set(APPLICATIONS) - OF_PAGES))
def test_all_signed_doors_of_a_room_refuse_a_stranger_in_the_same_words(room):
    answers = {
        knock(APPLICATIONS[room], handler, path).content
        for path, handler in own_routes(APPLICATIONS[room])
        if not handler.opt.get("unsigned")
    }
    assert len(answers) == 1


def test_every_open_door_is_one_that_exists():
    assert {door[:2] for door in DOORS} >= set(OPEN)


ESTONIAN = "/tracker/"  # doors of another country's specification, for its clients


def paths(room):
    api = importlib.import_module(f"kumihimo.rooms.{room}.api")
    return {f"{room}.{name}": path for name, path in vars(api).items() if name.endswith("_PATH")}


def own_paths():
    """Return the paths each room declares; a name brought in from another room counts there."""
    found = {}
    for room in sorted(APPLICATIONS):
        text = (PACKAGE / "rooms" / room / "api.py").read_text("utf-8")
        found |= {
            name: path
            for name, path in paths(room).items()
            if re.search(rf"^{name.partition('.')[2]} = ", text, re.MULTILINE)
        }
    return found


def test_every_path_in_an_api_has_a_door_behind_it():
    served = {path for app in APPLICATIONS.values() for path, _ in own_routes(app)}
    assert {name for name, path in own_paths().items() if path not in served} == set()


def test_every_door_between_rooms_stands_in_an_api():
    known = set(own_paths().values())
    inner = {
        path
        for room, path, _ in DOORS
        if room not in OF_PAGES
        and (room, path) not in FOR_BROWSERS
        and not path.startswith(("/v1/", "/health", ESTONIAN))
    }
    assert inner <= known


@pytest.mark.parametrize("room", sorted(set(APPLICATIONS) - OF_PAGES))
def test_every_room_describes_its_doors_by_openapi(room):
    described = APPLICATIONS[room].openapi_schema.paths or {}
    served = {as_described(path) for path, _ in own_routes(APPLICATIONS[room])}
    assert set(described) == served


@pytest.mark.parametrize("room", sorted(APPLICATIONS))
def test_no_room_keeps_a_log_of_who_called(room):
    app = APPLICATIONS[room]
    assert app.logging_config is None
    assert app.logger is None
