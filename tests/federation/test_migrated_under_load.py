"""The next release's migrations are applied while this program serves, and clerks notice nothing."""

import asyncio
from collections import Counter

import pytest

from kumihimo.kernel import migrations
from kumihimo.kernel.migrations import Migration, load, migrate
from tests.federation.street import MINATO, OSAKA, Street
from tests.federation.test_exchange import JANE, ask, jane_moves, question

# What a release does to the tables through which an inquiry goes: columns, indexes, tables, rules.
NEXT = {
    "linkage": (
        "ALTER TABLE exchange ADD COLUMN note text",
        "ALTER TABLE exchange_terms ADD COLUMN note text NOT NULL DEFAULT 'none'",
        "ALTER TABLE leaf_batch ADD COLUMN note text; ALTER TABLE journal ADD COLUMN note text",
        "CREATE TABLE told (line text); CREATE INDEX exchange_note ON exchange (record)",
    ),
    "ledger": (
        "ALTER TABLE record ADD COLUMN note text; ALTER TABLE record_end ADD COLUMN note text",
        "ALTER TABLE log_submission ADD COLUMN note text NOT NULL DEFAULT 'none'",
        "CREATE INDEX record_note ON record (requester)",
    ),
    "gateway": (
        "ALTER TABLE inquiry ADD COLUMN note text; ALTER TABLE batch ADD COLUMN note text",
        "ALTER TABLE exchange_record ADD COLUMN note text NOT NULL DEFAULT 'none'",
        "ALTER TABLE outbox ADD COLUMN note text; CREATE INDEX copy_note ON copy (info)",
    ),
}
AFTERWARDS = 3


def further(package):
    """Return this program's files with those of the next release."""
    own = load(package)
    _, _, room = package.rpartition(".")
    last = max(int(one.name[:4]) for one in own)
    return own + [
        Migration(package, f"{last + number:04}_next.pre.sql", text)
        for number, text in enumerate(NEXT.get(room, ()), start=1)
    ]


@pytest.fixture
def on_rooms(new_room):
    """Run a story on a street, with the ways in of the owner of each database."""

    def run(story):
        owners = []

        def noted(room):
            name, reached = new_room(room)
            owners.append((room, reached))
            return name, reached

        async def whole():
            street = Street()
            await street.start(noted)
            try:
                await story(street, owners)
            finally:
                await street.stop()
            assert street.bugs == []

        asyncio.run(whole())

    return run


class Clerks:
    """Clerks who ask one question after another until the release is there, and a few more."""

    def __init__(self, street):
        self.street = street
        self.asked = []
        self.answered = asyncio.Event()
        self.released = False

    async def ask(self):
        left = AFTERWARDS
        while left:
            left -= self.released
            [answer] = await ask(self.street, question())
            assert answer.outcome == "OK", "nobody is refused meanwhile"
            self.asked.append(answer.inquiry)
            self.answered.set()

    async def release(self, owners):
        """Migrate one database after another, with an answer between two at least."""
        try:
            for room, reached in owners:
                packages = [f"kumihimo.rooms.{room}"]
                applied = await asyncio.to_thread(
                    migrate, reached.owner, packages, runtime_role=reached.role, phase="pre"
                )
                assert len(applied) == len(NEXT[room])
                self.answered.clear()
                await self.answered.wait()
        finally:
            self.released = True


def test_what_clerks_ask_while_the_next_release_is_migrated_is_answered_and_on_record_once(
    on_rooms, monkeypatch
):
    async def story(street, owners):
        monkeypatch.setattr(migrations, "load", further)
        await jane_moves(street)
        clerks = Clerks(street)
        await asyncio.gather(clerks.ask(), clerks.ask(), clerks.release(owners))
        await street.deliver()
        count = len(clerks.asked)
        assert len(await street.records_of(JANE)) == count == len(set(clerks.asked))
        for name, side in ((MINATO, "requester"), (OSAKA, "provider")):
            database = street.gateways[name][0].gateway.database
            async with database.transaction(institution=name) as tx:
                found = await tx.connection.execute("SELECT side FROM exchange_record")
                assert Counter(one for (one,) in await found.fetchall()) == {side: count}
        for checker in (street.linkage.checker, street.ledger.checker):
            await checker.run_once()
            assert not checker.found

    on_rooms(story)
