"""How a room does: what operators and their programs are told, and nothing about any person.

Ages are whole seconds. Counts and ages of what waits name parties and kinds of work, never an act,
so that what is told of two rooms joins nobody (decision 0002).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import attrs
import msgspec

from kumihimo.kernel import outbox
from kumihimo.kernel.clock import Clock
from kumihimo.kernel.crowd import Crowd
from kumihimo.kernel.grace import Running, Silence
from kumihimo.kernel.metrics import Meter
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.sql import Database, Tx

LOOK_TIMEOUT_S: Final = 2.0  # a room that answers later than that is not well
UNWRITTEN_FOR: Final = timedelta(seconds=30)  # our choice: a room at work has tried again by then

State = Literal["ok", "grace", "alarm", "damaged", "refusing", "no-database"]


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """What waits: of which kind, for whom, how many, and how old the oldest is."""

    queue: str
    party: str
    count: int
    oldest_s: int


class Age(msgspec.Struct, frozen=True, kw_only=True):
    """How long ago something was made or heard of; None when it never was."""

    what: str
    age_s: int | None


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm: in a queue for a party, or of an age, something is older than its limit.

    `party` is "" for an age.
    """

    of: str
    party: str
    age_s: int
    limit_s: int


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """A room as it stands.

    `ok`; `grace` while one runs; `alarm` while somebody has to look; `refusing` when a grace is over.

    `damaged`: something in its database is not as the room left it; `broken` says what, by how
    old the finding is. It serves all the same: people must look.
    """

    room: str
    at: datetime
    state: State
    queues: tuple[Queue, ...]
    ages: tuple[Age, ...]
    graces: tuple[Running, ...]
    alarms: tuple[Overdue, ...] = ()
    broken: tuple[Age, ...] = ()

    @property
    def serves(self) -> bool:
        """Whether a balancer should send requests here."""
        return self.state in {"ok", "grace", "alarm", "damaged"}


@attrs.frozen
class Waits:
    """Something that waits, as a room's own look finds it; `since` the oldest."""

    queue: str
    party: str
    count: int
    since: datetime


@attrs.frozen
class Made:
    """Something whose age tells whether a room is at work; `at` None: there was none yet."""

    what: str
    at: datetime | None


@attrs.frozen
class Broken:
    """Something in the database that is not as the room left it, and when that was found."""

    what: str
    at: datetime


Found = Waits | Made | Broken
Look = Callable[[Tx], Awaitable[Sequence[Found]]]


async def look_at_letters(tx: Tx) -> Sequence[Found]:
    """Find what waits in the room's outbox, and what was set aside there because it was refused."""
    waiting = [
        Waits("outbox", one.destination, one.count, one.oldest) for one in await outbox.waiting(tx)
    ]
    dead = [
        Waits("refused", one.destination, one.count, one.oldest) for one in await outbox.dead(tx)
    ]
    return _by_party([*waiting, *dead])


async def look_at_leaves(tx: Tx) -> Sequence[Found]:
    """Find the leaves of which nobody has written down yet that they are in the log."""
    count: int = await tx.value("SELECT count(*) FROM leaf_batch WHERE first IS NULL")
    if not count:
        return []
    since: datetime = await tx.value("SELECT min(put_at) FROM leaf_batch WHERE first IS NULL")
    return [Waits("leaves", "ledger", count, since)]


def _by_party(found: Sequence[Waits]) -> list[Waits]:
    """Add up what several senders of a room have for one destination."""
    joined: dict[tuple[str, str], Waits] = {}
    for one in found:
        key = (one.queue, one.party)
        known = joined.get(key)
        if known is not None:
            one = attrs.evolve(  # noqa: PLW2901 - the sum takes its place
                one, count=one.count + known.count, since=min(one.since, known.since)
            )
        joined[key] = one
    return list(joined.values())


@attrs.define(kw_only=True)
class Watch:
    """What tells how a room does. `database` is a connection that no crowd of requests takes.

    `crowd` tells of the connections that they take; `meter` counts what the doors answered.
    `limits` say at which age a queue's oldest, or something that is made again, is an alarm.
    """

    room: str
    database: Database
    clock: Clock
    meter: Meter = attrs.field(factory=Meter)
    crowd: Callable[[], Crowd] | None = None
    limits: Mapping[str, timedelta] = attrs.field(factory=dict[str, timedelta])
    looks: Sequence[Look] = (look_at_letters,)
    silences: Sequence[Silence] = ()
    ages: Callable[[], Sequence[Made]] = tuple
    _looking: asyncio.Task[list[Found]] | None = None
    _unwritten: int = 0
    _unwritten_at: datetime | None = None

    async def health(self) -> Health:
        """Look and tell; a database that does not answer in time is told as such."""
        found = await self._look()
        now = self.clock.now()
        answered = self._writes(now) and found is not None
        running = [one for silence in self.silences if (one := silence.running(now))]
        every = [*self.ages(), *(found or ())]
        queues = tuple(_queue(one, now) for one in every if isinstance(one, Waits))
        ages = tuple(_age(one, now) for one in every if isinstance(one, Made))
        alarms = tuple(self._overdue(queues, ages))
        broken = [Age(what=one.what, age_s=_seconds(one.at, now)) for one in _broken(every)]
        return Health(
            room=self.room,
            at=now,
            state=_state(running, answered=answered, alarmed=bool(alarms), damaged=bool(broken)),
            queues=queues,
            ages=ages,
            graces=tuple(running),
            alarms=alarms,
            broken=tuple(broken),
        )

    def _writes(self, now: datetime) -> bool:
        """Say whether the database took everything lately: to read it needs no room on its disk."""
        unwritten = 0 if self.crowd is None else self.crowd().unwritten
        if unwritten > self._unwritten:
            self._unwritten, self._unwritten_at = unwritten, now
        return self._unwritten_at is None or now - self._unwritten_at >= UNWRITTEN_FOR

    def _overdue(self, queues: Sequence[Queue], ages: Sequence[Age]) -> Iterator[Overdue]:
        aged = [(one.queue, one.party, one.oldest_s) for one in queues]
        aged += [(one.what, "", one.age_s) for one in ages if one.age_s is not None]
        for of, party, age_s in aged:
            limit = self.limits.get(of)
            if limit is not None and age_s >= limit.total_seconds():
                limit_s = int(limit.total_seconds())
                yield Overdue(of=of, party=party, age_s=age_s, limit_s=limit_s)

    async def _look(self) -> list[Found] | None:
        """Return what the looks find, None when the database does not answer in time.

        One look at a time: who asks while a database hangs waits for the same one, and leaves no
        further one behind.
        """
        if self._looking is None:
            self._looking = asyncio.create_task(self._all_looks(), name="health")
        looking = self._looking
        done, _ = await asyncio.wait({looking}, timeout=LOOK_TIMEOUT_S)
        if not done:
            return None
        if self._looking is looking:
            self._looking = None
        try:
            return looking.result()
        except Unavailable:
            return None

    async def _all_looks(self) -> list[Found]:
        async with self.database.transaction() as tx:
            return [one for look in self.looks for one in await look(tx)]


def _broken(found: Sequence[Found]) -> list[Broken]:
    return [one for one in found if isinstance(one, Broken)]


def _state(running: Sequence[Running], *, answered: bool, alarmed: bool, damaged: bool) -> State:
    if not answered:
        return "no-database"
    if any(not one.left_s for one in running):
        return "refusing"
    if damaged:
        return "damaged"
    if alarmed:
        return "alarm"
    return "grace" if running else "ok"


def _queue(one: Waits, now: datetime) -> Queue:
    return Queue(
        queue=one.queue, party=one.party, count=one.count, oldest_s=_seconds(one.since, now)
    )


def _age(one: Made, now: datetime) -> Age:
    return Age(what=one.what, age_s=None if one.at is None else _seconds(one.at, now))


def _seconds(since: datetime, now: datetime) -> int:
    return max(int((now - since).total_seconds()), 0)
