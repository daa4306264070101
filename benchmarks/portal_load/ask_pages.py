"""Asks a server for pages, as many browsers would: at a steady rate, or as fast as answers come.

A process of its own. Reads what to ask as one JSON object, and prints as another what came.
"""

import asyncio
import json
import sys
import time
from typing import Any, Final

import uvloop

CONNECTIONS_MAX: Final = 64


class Browser:
    """One connection that stays open."""

    def __init__(self, host: str, port: int) -> None:
        self._at = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, path: str, cookie: str) -> tuple[int, bytes]:
        """Return status and body of a page."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._at, limit=1 << 20)
        reader, writer = self._streams
        host, port = self._at
        writer.write(
            f"GET {path} HTTP/1.1\r\nhost: {host}:{port}\r\ncookie: {cookie}\r\n\r\n".encode()
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = head.partition("content-length:")[2].partition("\r\n")[0]
        return int(head.split(" ", 2)[1]), await reader.readexactly(int(length))

    def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            self._streams[1].close()


class Load:
    """What is asked, by whom, and what came of it."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.pages: list[list[str]] = asked["pages"]  # path and a word that stands on it
        self.cookies: list[str] = asked["cookies"]
        self.seconds: float = asked["seconds"]
        self.per_second: int = asked["per_second"]
        self.host, port = asked["address"].removeprefix("http://").split(":")
        self.port = int(port)
        self.took: dict[str, list[float]] = {path: [] for path, _ in self.pages}
        self.sizes: dict[str, int] = {}
        self.wrong: list[str] = []

    async def one(self, browser: Browser, turn: int, due: float) -> None:
        """Ask for the page whose turn it is; its time begins when it was due."""
        path, word = self.pages[turn % len(self.pages)]
        cookie = self.cookies[turn // len(self.pages) * 7919 % len(self.cookies)]
        status, body = await browser.ask(path, cookie)
        self.took[path].append((time.perf_counter() - due) * 1_000)
        self.sizes[path] = max(self.sizes.get(path, 0), len(body))
        if status != 200 or word.encode() not in body:  # noqa: PLR2004 - what a page has
            self.wrong.append(f"{path}: {status}")

    async def steadily(self) -> None:
        """Ask so often a second, whatever the answers take: none hides behind a late start."""
        free: asyncio.LifoQueue[Browser] = asyncio.LifoQueue()
        for _ in range(CONNECTIONS_MAX):
            free.put_nowait(Browser(self.host, self.port))

        async def ask(turn: int, due: float) -> None:
            browser = await free.get()
            await self.one(browser, turn, due)
            free.put_nowait(browser)

        begun = time.perf_counter() + 0.1
        async with asyncio.TaskGroup() as group:
            for turn in range(int(self.seconds * self.per_second)):
                due = begun + turn / self.per_second
                await asyncio.sleep(max(due - time.perf_counter(), 0.0))
                group.create_task(ask(turn, due))
        while not free.empty():
            free.get_nowait().close()

    async def as_fast_as_it_goes(self, at_once: int) -> float:
        """Ask anew when an answer came, on so many connections; returns pages a second."""
        turns = iter(range(sys.maxsize))
        begun = time.perf_counter()

        async def lane() -> None:
            browser = Browser(self.host, self.port)
            while time.perf_counter() - begun < self.seconds:
                await self.one(browser, next(turns), time.perf_counter())
            browser.close()

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(lane())
        return sum(map(len, self.took.values())) / (time.perf_counter() - begun)


def main() -> None:
    """Ask, and print what came."""
    asked = json.loads(sys.stdin.read())
    load = Load(asked)
    rate = 0.0
    if load.per_second:
        uvloop.run(load.steadily())
    else:
        rate = uvloop.run(load.as_fast_as_it_goes(asked["at_once"]))
    print(
        json.dumps(
            {
                "rate": rate,
                "took": load.took,
                "sizes": load.sizes,
                "wrong": load.wrong,
                "cpu_s": time.process_time(),
            }
        )
    )


if __name__ == "__main__":
    main()
