"""Databases that refuse, and rooms that stop at a commit, as a seed says.

A fate hangs on the seed, the step, the room, who opens the transaction and how often he did so in
the step: never on the order in which tasks happen to run.
"""

import random
import sys
from collections import Counter
from contextlib import asynccontextmanager, contextmanager

from typing_extensions import override

from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.sql import Database

KINDS = (
    "database-refuses",
    "stops-before-commit",
    "stops-after-commit",
    "commit-unheard",
)


class Stopped(Exception):
    """A room stopped in the middle of what it did; `party` is None where it is the sender's."""

    def __init__(self, party=None):
        super().__init__(party)
        self.party = party


class Disks:
    """The weather over all databases: how often something happens, and what did."""

    def __init__(self, seed, seen, trace):
        self.seed = seed
        self.step = 0
        self.roughness = 0.0
        self.seen = seen
        self.trace = trace
        self.points: Counter[str] = Counter()
        self._calm = 0
        self._calls: Counter[str] = Counter()

    def begin(self, step):
        self.step = step
        self._calls.clear()

    @contextmanager
    def calm(self):
        """Let nothing happen until the block ends: for whoever looks, or asks by hand."""
        self._calm += 1
        try:
            yield
        finally:
            self._calm -= 1

    def fate(self, party, who):
        """Say what happens to this transaction: None, or one of `KINDS`."""
        if self._calm or not self.roughness:
            return None
        name = f"{self.seed}|{self.step}|{party}|{who}"
        self._calls[name] += 1
        rng = random.Random(f"disk|{name}|{self._calls[name]}")
        if rng.random() >= self.roughness:
            return None
        kind = rng.choice(KINDS)
        self.seen[kind] += 1
        self.points[f"{kind} {party} {who}"] += 1
        self.trace.append(f"{self.step} {kind} {party} in {who}")
        return kind


class Disk(Database):
    """A room's database. `used` counts what was begun, so that a watch knows where to look."""

    def __init__(self, dsn, *, pool_max, disks):
        super().__init__(dsn, pool_max=pool_max)
        self.disks = disks
        self.party = ""
        self.used = 0

    @override
    def transaction(self, *, institution=""):
        return self._transacted(self._fate(), super().transaction(institution=institution))

    @override
    def brief(self, *before):
        return self._transacted(self._fate(), super().brief(*before))

    @asynccontextmanager
    async def _transacted(self, fate, opening):
        if fate == "database-refuses":
            raise Unavailable("the database refuses")
        async with opening as tx:
            yield tx
            if fate == "stops-before-commit":
                raise Stopped(self.party)
        self._after(fate)

    @override
    async def alone(self, query, params=(), *, unsynced=False):
        fate = self._fate()
        self._before(fate)
        touched = await super().alone(query, params, unsynced=unsynced)
        self._after(fate)
        return touched

    @override
    async def look(self, query, params, row):
        fate = self._fate()
        self._before(fate)
        found = await super().look(query, params, row)
        self._after(fate)
        return found

    def _fate(self):
        self.used += 1
        return self.disks.fate(self.party, sys._getframe(2).f_code.co_qualname)

    def _before(self, fate):
        if fate == "database-refuses":
            raise Unavailable("the database refuses")
        if fate == "stops-before-commit":
            raise Stopped(self.party)

    def _after(self, fate):
        if fate == "stops-after-commit":
            raise Stopped(self.party)
        if fate == "commit-unheard":
            raise Unavailable("the database is silent")
