"""Connections to a room on which nothing is said: how many it bears, and what becomes of the next."""

import asyncio
import resource
from contextlib import asynccontextmanager

import httpx2
import pytest
from litestar import Litestar, get

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.log import Log
from kumihimo.kernel.net import HttpNet
from kumihimo.run import serve_cli
from kumihimo.run.loopback import HOST, answering, free_port
from kumihimo.run.service import Service

SILENT = 300  # more than twice what the server bears by itself
IN_TIME_S = 30  # a bound for a machine that is busy, not a wait


@get("/")
async def hello() -> str:
    return "here"


async def nothing():
    pass


@pytest.fixture(autouse=True)
def files():
    """Give the process back the limit that a room raises."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def at_a_room(story):
    """Run a story at the address of a room that is served as every room is."""

    async def whole():
        port, stop = free_port(), asyncio.Event()
        service = Service(
            room="ledger",
            app=Litestar([hello]),
            host=HOST,
            port=port,
            database=None,
            net=HttpNet({}),
            follower=None,
            ready=nothing,
        )
        serving = asyncio.create_task(serve_cli._serve(service, Log("ledger", SystemClock()), stop))
        address = f"http://{HOST}:{port}"
        await answering(address)
        try:
            await story(address, port)
        finally:
            stop.set()
            await serving

    asyncio.run(whole())


@asynccontextmanager
async def silent(port, count):
    """Hold connections on which nothing is said until the block ends."""
    held = [(await asyncio.open_connection(HOST, port))[1] for _ in range(count)]
    try:
        yield
    finally:
        for one in held:
            one.close()


async def ask(address, timeout_s=IN_TIME_S):
    async with httpx2.AsyncClient(timeout=timeout_s, trust_env=False) as http:
        return (await http.get(address)).text


def test_three_hundred_connections_that_say_nothing_shut_nobody_out():
    async def story(address, port):
        async with silent(port, SILENT):
            assert await ask(address) == "here"

    at_a_room(story)


def test_past_the_bound_the_next_waits_until_another_has_gone(monkeypatch):
    monkeypatch.setattr(serve_cli, "connections_allowed", lambda: 8)

    async def story(address, port):
        async with silent(port, 16):
            with pytest.raises(httpx2.ReadTimeout):
                await ask(address, timeout_s=2)
        assert await ask(address) == "here"

    at_a_room(story)


def test_a_room_takes_as_many_files_as_its_connections_need_and_no_more_than_it_may(files):
    _, most = files
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, most), most))
    allowed = serve_cli.connections_allowed()
    now, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert allowed <= serve_cli.CONNECTIONS_MAX
    assert now >= allowed + serve_cli.FILES_BESIDE or now == most


def test_where_few_files_are_allowed_some_are_left_for_everything_else(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_024, 1_024))
    assert serve_cli.connections_allowed() == 1_024 - serve_cli.FILES_BESIDE
