"""The rooms that are pages have an operators' door too, where their settings name one."""

import asyncio

import httpx2
import pytest

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import new_master, save_master
from kumihimo.pages.officers import Passcode, save_officer
from kumihimo.run.loopback import free_port
from kumihimo.run.operators_door import open_to_operators
from kumihimo.run.serving import compose
from tests.federation.street import START

ENTROPY = SystemEntropy()
PORTAL = """key = "room.key"
database = { file = "room.dsn" }
jpki_token = { file = "token" }
origin = "https://portal.example"
jpki = "http://jpki.example"
ledger = "http://ledger.example"
"""
REVIEW = """key = "room.key"
database = { file = "room.dsn" }
gateway_token = { file = "token" }
officers = "officers"
gateway = "http://gateway.example"
"""


@pytest.fixture(params=[("portal", PORTAL), ("review", REVIEW)], ids=["portal", "review"])
def composed(request, new_room, tmp_path):
    """Compose a room from its settings file and this line more; gives its name too."""
    room, settings = request.param
    _, reached = new_room(room)
    save_master(tmp_path / "room.key", new_master(ENTROPY))
    save_officer(tmp_path / "officers", "sato", Passcode(b"0" * 16, b"1" * 64), role="reviewer")
    for name, secret in (("room.dsn", reached.runtime.reveal()), ("token", "token")):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_text(secret)

    def compose_with(line):
        path = tmp_path / "room.toml"
        path.write_text(settings + line)
        clock = HandClock(START)
        return room, compose(room, path, clock=clock, entropy=ENTROPY, report=lambda *_: None)

    return compose_with


def test_its_operators_read_how_it_does_and_what_its_pages_answered(composed):
    port = free_port()
    room, service = composed(f'operators = "127.0.0.1:{port}"\n')

    async def whole():
        browser = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(service.app), base_url="http://here"
        )
        async with (
            open_to_operators(service.watch, service.operators, lambda *_: None),
            httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
            browser,
        ):
            await service.database.open()
            assert (await browser.get("/sign-in")).status_code == 200
            health, metrics = await http.get("/health"), await http.get("/metrics")
            await service.database.close()
        return health.json(), metrics.text

    health, metrics = asyncio.run(whole())
    assert (health["room"], health["state"]) == (room, "ok")
    assert 'kumihimo_door_answers_total{door="sign-in",outcome="ok"} 1.0' in metrics


def test_without_the_setting_nothing_listens(composed):
    _, service = composed("")
    assert service.operators is None
