"""A network between the rooms that loses, delays, doubles and reorders, as a seed says.

Each message's fate hangs on the seed, the step, the door and how often that door was called in the
step, never on the order in which tasks happen to run: so a seed can be run again.
"""

import asyncio
import random
from collections import Counter

import httpx2

from tests.federation.street import Transport
from tests.simulation.disk import Disks, Stopped

KINDS = (
    "lost",
    "answer-lost",
    "late",
    "doubled",
    "slow",
    "receiver-stops",
    "sender-stops-before",
    "sender-stops-after",
)


class FaultyTransport(Transport):
    def __init__(self, seed, clock, restart):
        super().__init__()
        self.seed = seed
        self.clock = clock
        self.restart = restart
        self.step = 0
        self.roughness = 0.0
        self.late = []
        self.seen = Counter()
        self.trace = []
        self.stops: Counter[str] = Counter()
        self.disks = Disks(seed, self.seen, self.trace)
        self._calls = Counter()
        self._handled: Counter[str] = Counter()
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def begin(self, step):
        self.step = step
        self._calls.clear()
        self.disks.begin(step)

    async def idle(self):
        """Wait until nothing is in flight: calls whose sender stopped come to nothing."""
        await self._idle.wait()

    def heal(self):
        self.roughness = self.disks.roughness = 0.0
        self.down.clear()

    async def handle_async_request(self, request):
        self._in_flight += 1
        self._idle.clear()
        try:
            return await self._carry(request)
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()

    async def _carry(self, request):
        host, path = request.url.host, request.url.path
        fate = "down" if host in self.down else self._fate(host, path)
        if fate is None:
            return await self._reach(request)
        self._note(fate, host, path)
        copy = await _copy(request)
        match fate:
            case "slow":
                self.clock.tick(3)
                answer = await self._reach(request)
                self.clock.tick(4)
            case "doubled":
                answer = await self._reach(request)
                await self.hand_over(copy)
            case "lost" | "late" | "down" | "sender-stops-before":
                raise self._never_there(fate, copy)
            case _:
                await self.hand_over(copy)
                raise self._no_answer(fate, copy)
        return answer

    def _never_there(self, fate, request):
        if fate == "sender-stops-before":
            return Stopped()
        if fate == "late":
            self.late.append((request, self._handled[request.url.host]))
        return httpx2.ConnectError(fate, request=request)

    def _no_answer(self, fate, request):
        if fate == "sender-stops-after":
            return Stopped()
        if fate == "receiver-stops":
            self.restart(request.url.host)
        return httpx2.ReadError("the answer was lost", request=request)

    async def hand_over(self, request):
        """Let a room handle a request whose answer nobody waits for."""
        try:
            answer = await self._reach(request)
        except httpx2.ReadError:
            return
        await answer.aread()

    async def _reach(self, request):
        host = request.url.host
        self._handled[host] += 1
        stops = self.stops[host]
        answer = await self.apps[host].handle_async_request(request)
        if self.stops[host] != stops:
            raise httpx2.ReadError("the room stopped", request=request)
        return answer

    async def hand_over_late(self, rng):
        """Let some of the late messages arrive, in any order."""
        rng.shuffle(self.late)
        count = rng.randint(0, len(self.late))
        arriving, self.late = self.late[:count], self.late[count:]
        for request, handled in arriving:
            host = request.url.host
            if host not in self.down:
                self.seen["reordered"] += self._handled[host] > handled
                await self.hand_over(request)

    def _fate(self, host, path):
        self._calls[host, path] += 1
        name = f"{self.seed}|{self.step}|{host}|{path}|{self._calls[host, path]}"
        rng = random.Random(name)
        return rng.choice(KINDS) if rng.random() < self.roughness else None

    def _note(self, fate, host, path):
        self.seen[fate] += 1
        self.trace.append(f"{self.step} {fate} {host}{path}")


async def _copy(request):
    return httpx2.Request(
        request.method, request.url, headers=request.headers, content=await request.aread()
    )
