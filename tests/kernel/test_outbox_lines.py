"""Letters of one sender to one destination are a line of their own, and no line waits for another."""

import asyncio
from contextlib import suppress

import attrs
import pytest
from tests.federation.street import START

from kumihimo.kernel import outbox
from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SeededEntropy
from kumihimo.kernel.fair import worked_for
from kumihimo.kernel.outbox import BEGIN_FOR, CLAIM_FOR, Outbox
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.sql import Database

LETTERS = 20_000


class Post:
    """Takes letters; a destination that hangs takes one and never answers."""

    def __init__(self, clock):
        self.clock = clock
        self.taken = []
        self.names = []
        self.asked = []
        self.hanging: dict[str, asyncio.Event] = {}
        self.broken = set()
        self.slow = set()
        self.turn = asyncio.Condition()

    async def deliver(self, letter):
        self.names.append(worked_for())
        self.asked.append(letter.destination)
        if letter.destination in self.slow:
            self.clock.advance(BEGIN_FOR)
            raise Unavailable
        if letter.destination in self.broken:
            raise LookupError(letter.destination)
        if letter.destination in self.hanging:
            await self.hanging[letter.destination].wait()
        async with self.turn:
            self.taken.append((letter.destination, letter.body))
            self.turn.notify_all()

    async def took(self, destination, count):
        """Wait until a destination has so many letters."""

        def so_many():
            return len([to for to, _ in self.taken if to == destination]) >= count

        async with self.turn:
            await self.turn.wait_for(so_many)


@pytest.fixture
def at_post(new_room):
    _, reached = new_room("linkage")

    def run(story):
        async def whole():
            database = Database(reached.runtime, pool_max=4)
            await database.open()
            clock = HandClock(START)
            post = Post(clock)
            box = Outbox(database, post.deliver, clock, SeededEntropy(1))
            try:
                async with asyncio.timeout(60):  # who is forgotten would wait for ever
                    await story(box, post)
            finally:
                await box.stop()
                await database.close()

        asyncio.run(whole())

    return run


async def put(box, destination, *bodies, sender=""):
    async with box.database.transaction() as tx:
        for body in bodies:
            await outbox.put(
                tx,
                topic="/x",
                destination=destination,
                body=body,
                at=box.clock.now(),
                sender=sender,
            )


async def ended(box):
    """Wait until no line is being sent."""
    while box._lines:
        await asyncio.gather(*box._lines.values(), return_exceptions=True)


def test_a_destination_that_hangs_delays_no_other_also_what_is_put_later(at_post):
    async def story(box, post):
        hang = post.hanging["osaka"] = asyncio.Event()
        await put(box, "osaka", b"1", b"2")
        await put(box, "nagoya", b"3")
        assert await box.begin() == 0
        await post.took("nagoya", 1)
        for number in range(3):
            await put(box, "nagoya", b"%d" % number)
            await put(box, "osaka", b"more")
            while (await box.depth())[0] > 2 + number + 1:  # what nagoya took is forgotten
                await box.begin()
                await asyncio.gather(*(t for line, t in box._lines.items() if line[1] == "nagoya"))
        assert [to for to, _ in post.taken] == ["nagoya"] * 4
        assert post.asked.count("osaka") == 1
        hang.set()
        await ended(box)
        assert len(post.taken) == 9

    at_post(story)


def test_one_senders_long_line_delays_no_other_sender(at_post):
    async def story(box, post):
        await put(box, "linkage", *(b"%d" % number for number in range(50)), sender="minato")
        await put(box, "linkage", b"one", sender="osaka")
        assert await box.run_once(limit=2) == 3
        assert [body for _, body in post.taken] == [b"0", b"1", b"one"]
        assert await box.run_once(limit=2) == 2

    at_post(story)


def test_what_is_sent_is_sent_in_the_name_of_its_sender(at_post):
    async def story(box, post):
        await put(box, "linkage", b"1", sender="minato")
        await put(box, "linkage", b"2", sender="osaka")
        await box.begin()
        await ended(box)
        assert sorted(post.names) == ["minato", "osaka"]

    at_post(story)


@pytest.mark.parametrize(("gathers", "taken"), [(True, 1), (False, 2)])
def test_a_line_that_gathers_lets_what_comes_meanwhile_wait_for_more(at_post, gathers, taken):
    async def story(box, post):
        hang = post.hanging["ledger"] = asyncio.Event()
        await put(box, "ledger", b"1")
        await box.begin(gathers=gathers)
        await put(box, "ledger", b"2")
        hang.set()
        await ended(box)
        assert len(post.taken) == taken

    at_post(story)


def test_a_line_that_gathers_does_not_rest_while_more_may_wait(at_post):
    async def story(box, post):
        await put(box, "ledger", *(b"%d" % number for number in range(5)))
        await box.begin(gathers=True, limit=2)
        await ended(box)
        assert len(post.taken) == 5

    at_post(story)


def test_a_bug_in_one_line_is_told_once_and_the_others_go_on(at_post):
    async def story(box, post):
        post.broken.add("osaka")
        await put(box, "osaka", b"1")
        await put(box, "nagoya", b"2")
        await box.begin()
        await ended(box)
        assert post.taken == [("nagoya", b"2")]
        with pytest.raises(LookupError, match="osaka"):
            await box.begin()
        assert await box.begin() == 0

    at_post(story)


def test_of_a_line_whose_destination_is_slow_nothing_outlasts_its_claim(at_post):
    async def story(box, post):
        post.slow.add("osaka")
        await put(box, "osaka", *(b"%d" % number for number in range(5)))
        await box.run_once()
        assert len(post.names) == 2
        post.slow.clear()
        box.clock.advance(CLAIM_FOR)
        assert await box.run_once() == 5

    at_post(story)


def test_when_as_many_lines_hang_as_may_be_sent_the_next_waits_for_the_first_to_end(
    at_post, monkeypatch
):
    monkeypatch.setattr(outbox, "LINES_MAX", 2)

    async def story(box, post):
        for name in ("osaka", "nagoya"):
            post.hanging[name] = asyncio.Event()
            await put(box, name, b"1")
        await box.begin()
        await put(box, "minato", b"2")
        await box.begin()
        assert len(box._lines) == 2
        post.hanging["osaka"].set()
        await post.took("osaka", 1)
        came = asyncio.create_task(post.took("minato", 1))
        while not came.done():
            lines = list(box._lines.values())  # one that ends while others are begun has ended here
            await box.begin()
            lines += box._lines.values()
            await asyncio.wait([came, *lines], return_when=asyncio.FIRST_COMPLETED)

    at_post(story)


def test_a_claim_reads_the_first_letters_of_each_line_however_long_a_line_is(at_post):
    async def story(box, post):
        async with box.database.transaction() as tx:
            await tx.put(
                "INSERT INTO outbox (sender, topic, destination, body, put_at, next_try_at)"
                " SELECT 'minato', '/x', CASE WHEN n %% 1000 = 0 THEN 'nagoya' ELSE 'osaka' END,"
                " 'x', %(at)s, %(at)s FROM generate_series(1, %(letters)s) AS n",
                {"at": box.clock.now(), "letters": LETTERS},
            )
            await tx.put("ANALYZE outbox")
            plan = await tx.value(
                "EXPLAIN (ANALYZE, FORMAT JSON) " + outbox._CLAIM,
                {
                    "lease": box.clock.now() + CLAIM_FOR,
                    "now": box.clock.now(),
                    "limit": 64,
                    "lines": 256,
                    "senders": [],
                    "destinations": [],
                },
            )
        assert max(read(plan[0]["Plan"])) <= 100
        assert await box.run_once() == 64  # EXPLAIN ANALYZE has taken the first of both lines

    at_post(story)


def read(plan):
    """Yield how many rows each step of a plan gave."""
    yield plan["Actual Rows"] * plan["Actual Loops"]
    yield plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    for below in plan.get("Plans", ()):
        yield from read(below)


def test_a_line_that_is_left_off_sends_no_further_letters_though_the_sending_swallowed_that(
    at_post,
):
    async def story(box, post):
        whole, begun = post.deliver, asyncio.Event()

        async def swallow(letter):
            if not begun.is_set():
                begun.set()
                with suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()
            await whole(letter)

        await put(box, "osaka", b"1", b"2", b"3")
        slow = attrs.evolve(box, deliver=swallow)
        await slow.begin(limit=1)
        await begun.wait()
        await slow.stop()
        assert [body for _, body in post.taken] == [b"1"]
        await box.run_once()
        assert [body for _, body in post.taken] == [b"1", b"2", b"3"]

    at_post(story)
