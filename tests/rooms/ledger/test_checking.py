"""A ledger whose rows were changed behind its back says so: records, ends, chains, and the log itself."""

from datetime import timedelta

import psycopg
import pytest

from kumihimo.kernel.health import Watch
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.tlog.tiles import WIDTH
from kumihimo.rooms.ledger import chain
from kumihimo.rooms.ledger.checking import CHECKING_PAUSE_S, Checker
from kumihimo.rooms.linkage.asker_api import Asker
from tests.databases import may_write
from tests.rooms.ledger.chains import both, by_superuser
from tests.rooms.ledger.logs import leaves, submission

EACH = 5
DESK = Asker(office="税務課", role="窓口")


class Checked:
    """A ledger with the records of two people, numbered and in the log, and its checker."""

    def __init__(self, house, postgres):
        self.house = house
        self.postgres = postgres
        self.checker = Checker(house.ledger, WIDTH)

    async def fill(self):
        """Let five exchanges of each person happen, in deliveries of one; return them."""
        records = []
        for number in range(EACH):
            for person in ("Hanako", "Taro"):
                looked = {"outcome": "LOOKED", "asker": DESK} if number == 1 else {}
                record = self.house.record(person, **looked)
                records.append(record)
                ends = [] if looked else both(self.house, record, person)
                await self.house.deliver(record, ends=ends)
            self.house.clock.advance(timedelta(minutes=1 + number))
        while await chain.place(self.house.ledger):
            pass
        return records

    async def look(self, times=2):
        """Look a few times, each time at all of it; returns what was found so far."""
        for _ in range(times):
            self.house.clock.advance(timedelta(seconds=CHECKING_PAUSE_S))
            await self.checker.run_once()
        return {what for what, _ in self.checker.found}

    def superuser(self, *statements):
        by_superuser(self.postgres, self.house, *statements)

    async def value(self, query):
        async with self.house.database.transaction() as tx:
            return await tx.value(query)


@pytest.fixture
def checked(in_house, postgres):
    def run(story):
        async def whole(house):
            await story(Checked(house, postgres))

        in_house(whole)

    return run


def test_a_ledger_that_nobody_touched_fits_its_log(checked):
    async def story(checked):
        assert await checked.look() == set()
        await checked.fill()
        assert await checked.look() == set()
        house = checked.house
        # What waits for a side, what was refused, and two ends that name different people.
        await house.deliver(house.record("Hanako"))
        await house.deliver(house.record("Taro", outcome="REFUSED_ITEM"))
        odd = house.record("Taro")
        await house.deliver(odd, ends=both(house, odd, "Hanako"))
        waiting = house.end(odd, side="requester", outcome="PENDING_MANUAL")
        slow = house.record("Hanako")
        await house.deliver(slow, ends=[waiting])
        await house.submit(submission(house, leaves(3)))
        while await chain.place(house.ledger):
            pass
        assert await checked.look() == set()
        assert checked.checker.whole_at == house.clock.now()

    checked(story)


def test_a_ledger_whose_key_changes_fits_its_log_before_while_and_after(checked):
    async def story(checked):
        await checked.fill()
        checked.superuser(
            "UPDATE record SET version = 2 WHERE requested_at > now() - '99 y'::interval"
        )
        assert await checked.look() == set(), "codes of two keys say nothing of each other"

    checked(story)


RECORD = "record = (SELECT record FROM person_link ORDER BY chain, number LIMIT 1)"
LAST = "number = (SELECT max(number) FROM person_link)"
FIRST_CHAIN = "chain = (SELECT min(chain) FROM person_link)"
EDITS = {
    "the body that asked": (
        f"UPDATE record SET requester = 'lg-131041' WHERE {RECORD}",
        "record-changed",
    ),
    "what was asked": (f"UPDATE record SET items = ARRAY['x'] WHERE {RECORD}", "record-changed"),
    "which office asked, where nobody said": (
        f"UPDATE record SET office = '', role = '' WHERE {RECORD}",
        "record-changed",
    ),
    "which office looked": (
        "UPDATE record SET office = '福祉課' WHERE outcome = 'LOOKED'",
        "record-changed",
    ),
    "that nobody said which office looked": (
        "UPDATE record SET office = NULL, role = NULL WHERE outcome = 'LOOKED'",
        "record-changed",
    ),
    "a look that is taken out": (
        "DELETE FROM record WHERE outcome = 'LOOKED'",
        "record-missing",
    ),
    "a record that is hidden": (
        f"UPDATE record SET hidden = true WHERE {RECORD}",
        "record-changed",
    ),
    "a record that is back-dated": (
        f"UPDATE record SET requested_at = requested_at - interval '1 year' WHERE {RECORD}",
        "record-changed",
    ),
    "a record of another person": (
        f"UPDATE record SET person = decode(repeat('aa', 32), 'hex') WHERE {RECORD}",
        "chain-broken",
    ),
    "a record that is taken out": (f"DELETE FROM record WHERE {RECORD}", "record-missing"),
    "a record taken out with its link": (
        (
            "WITH gone AS (DELETE FROM person_link WHERE (chain, number) IN (SELECT chain, number"
            " FROM person_link ORDER BY chain, number LIMIT 1) RETURNING record)"
            " DELETE FROM record USING gone WHERE record.record = gone.record"
        ),
        "chain-broken",
    ),
    "a record that is put in": (
        (
            "INSERT INTO record SELECT repeat('A', 22), repeat('B', 22), person, version, requester,"
            " provider, affair, items, basis, outcome, requested_at, hidden, list_version,"
            f" sealed_digest, salt, NULL, office, role FROM record WHERE {RECORD}"
        ),
        "record-changed",
    ),
    "a record that is put in at a place": (
        (
            "INSERT INTO record SELECT repeat('A', 22), repeat('B', 22), person, version, requester,"
            " provider, affair, items, basis, outcome, requested_at, hidden, list_version,"
            f" sealed_digest, salt, leaf, office, role FROM record WHERE {RECORD}"
        ),
        "record-changed",
    ),
    "a record without a place": (f"UPDATE record SET leaf = NULL WHERE {RECORD}", "record-changed"),
    "an end that says otherwise": (
        "UPDATE record_end SET outcome = 'NO_DATA' WHERE side = 'provider'",
        "record-changed",
    ),
    "an end that is back-dated": (
        "UPDATE record_end SET at = at - interval '1 hour' WHERE side = 'requester'",
        "record-changed",
    ),
    "an end that is taken out": (
        (
            "DELETE FROM record_end WHERE side = 'requester' AND permit ="
            f" (SELECT permit FROM record WHERE {RECORD})"
        ),
        "chain-broken",
    ),
    "a link that is taken out": (
        f"DELETE FROM person_link WHERE number = 2 AND {FIRST_CHAIN}",
        "chain-broken",
    ),
    "a link to another record": (
        "UPDATE person_link SET record = repeat('A', 22) WHERE number = 2",
        "chain-broken",
    ),
    "a link that is back-dated": (
        "UPDATE person_link SET before_at = before_at - interval '1 day' WHERE number = 2",
        "chain-broken",
    ),
    "a link at another place": (
        f"UPDATE person_link SET place = place - 1 WHERE number = 2 AND {FIRST_CHAIN}",
        "chain-broken",
    ),
    "a chain that was turned back": (
        (
            "DELETE FROM person_link WHERE number = 5;"
            " UPDATE person_chain SET number = 4, head = (SELECT leaf FROM person_link l"
            " WHERE l.chain = person_chain.chain AND l.number = 4)"
        ),
        "chain-broken",
    ),
    "a chain of another person": (
        f"UPDATE person_chain SET person = decode(repeat('aa', 32), 'hex') WHERE {FIRST_CHAIN}",
        "chain-broken",
    ),
    "a chain that is taken out": (
        (
            f"DELETE FROM person_link WHERE {FIRST_CHAIN};"
            " DELETE FROM person_chain WHERE NOT EXISTS (SELECT FROM person_link l"
            " WHERE l.chain = person_chain.chain)"
        ),
        "record-missing",
    ),
    "an entry of the log": (
        (
            "UPDATE log_batch SET entries = decode(repeat('aa', 32 * (size - start)::int), 'hex')"
            " WHERE start = 0"
        ),
        "record-changed",
    ),
    "a submission taken out": (
        "DELETE FROM log_submission WHERE first = (SELECT max(first) FROM log_submission)",
        "log-damaged",
    ),
    "a submission taken out in between": (
        (
            "DELETE FROM log_submission WHERE first = (SELECT min(first) FROM log_submission"
            " WHERE first > 0)"
        ),
        "log-damaged",
    ),
}


async def told(checked):
    """Return what was told to oversight; fails where a finding was told twice."""
    kinds = [kind for kind, _ in await checked.house.alarms()]
    assert len(kinds) == len(checked.checker.found), "each is told once"
    return kinds


@pytest.mark.parametrize("what", EDITS)
def test_a_superuser_who_changes_the_ledger_is_told_of_within_a_minute(checked, what):
    statement, found = EDITS[what]

    async def story(checked):
        await checked.fill()
        assert await checked.look() == set()
        checked.superuser(statement)
        assert found in await checked.look()
        assert found in await told(checked)

    checked(story)


@pytest.mark.parametrize(
    "what",
    [
        "a record that is taken out",
        "a chain that was turned back",
        "a chain that is taken out",
        "a submission taken out",
        "a submission taken out in between",
        "a record of another person",
    ],
)
def test_a_process_that_begins_afterwards_finds_it_too(checked, what):
    statement, found = EDITS[what]

    async def story(checked):
        await checked.fill()
        checked.superuser(statement)
        checked.house.clock.advance(timedelta(minutes=10))
        assert found in await checked.look()
        assert found in await told(checked)

    checked(story)


@pytest.mark.parametrize(
    "statement",
    [
        (
            "UPDATE log_batch SET entries = decode(repeat('aa', 32 * (size - start)::int), 'hex')"
            " WHERE start < 256"
        ),
        "UPDATE log_node SET hash = decode(repeat('aa', 32), 'hex') WHERE level = 1 AND place = 1",
        "DELETE FROM log_node WHERE level = 1 AND place = 0",
    ],
)
def test_an_entry_or_a_hash_over_a_full_tile_that_was_changed_is_told(checked, statement):
    async def story(checked):
        for start in range(0, 700, 100):
            await checked.house.submit(submission(checked.house, leaves(100, start)))
        assert await checked.look() == set()
        checked.superuser(statement)
        checked.checker = Checker(checked.house.ledger, WIDTH)
        assert await checked.look() == {"log-damaged"}

    checked(story)


def test_a_hash_over_hashes_that_was_changed_is_told(checked):
    async def story(checked):
        for start in range(0, WIDTH * WIDTH, 2_000):
            count = min(2_000, WIDTH * WIDTH - start)
            await checked.house.submit(submission(checked.house, leaves(count, start)))
        checked.checker = Checker(checked.house.ledger, 64 * WIDTH)
        assert await checked.look(4) == set()
        checked.superuser(
            "UPDATE log_node SET hash = decode(repeat('aa', 32), 'hex') WHERE level = 2"
        )
        checked.checker = Checker(checked.house.ledger, 64 * WIDTH)
        assert await checked.look(4) == {"log-damaged"}

    checked(story)


def test_a_record_that_is_on_its_way_is_not_missing_and_one_that_never_comes_is(checked):
    async def story(checked):
        await checked.fill()
        record = checked.house.record("Hanako")
        await checked.house.logged(record)
        assert await checked.look() == set()
        checked.house.clock.advance(timedelta(minutes=10))
        assert await checked.look() == {"record-missing"}
        await checked.house.deliver(record)  # the core was away, and is back
        assert await checked.look() == set()

    checked(story)


def test_a_journal_that_takes_no_line_any_more_does_not_keep_a_finding_from_oversight(checked):
    async def story(checked):
        await checked.fill()
        assert await checked.look() == set()
        checked.superuser(
            (
                "INSERT INTO journal SELECT seq + 1, at, act, actor, detail, digest FROM journal"
                " ORDER BY seq DESC LIMIT 1"
            ),
            EDITS["what was asked"][0],
        )
        assert "record-changed" in await checked.look()
        assert "record-changed" in await told(checked)

    checked(story)


def test_what_is_forgotten_by_age_is_not_missing(checked):
    async def story(checked):
        await checked.fill()
        assert await checked.look() == set()
        # The database's own clock would not call them old: time is moved back under them.
        checked.superuser(
            "UPDATE retention SET kept = interval '1 day'",
            "UPDATE log_batch SET at = at - interval '2 days'",
        )
        checked.superuser(
            "DELETE FROM person_link", "DELETE FROM person_chain", "DELETE FROM record"
        )
        checked.checker = Checker(checked.house.ledger, WIDTH)
        assert await checked.look() == set()

    checked(story)


def test_the_servers_own_count_tells_at_once_of_a_change_far_from_where_the_round_is(checked):
    async def story(checked):
        for start in range(0, 2_000, 500):
            await checked.house.submit(submission(checked.house, leaves(500, start)))
        await checked.checker.run_once()
        checked.superuser(
            "UPDATE log_batch SET at = at - interval '1 day' WHERE start = 1500",
            "SELECT pg_stat_force_next_flush()",
        )
        await checked.checker.run_once()
        assert ("log-damaged", "touched") in checked.checker.found

    checked(story)


def test_what_was_found_while_nothing_could_be_written_is_told_later(checked):
    """As when another server begins to lead: a count that grew is seen by one look alone."""

    async def story(checked):
        await checked.fill()
        assert await checked.look() == set()
        checked.superuser("UPDATE log_batch SET at = at", "SELECT pg_stat_force_next_flush()")
        admin = checked.postgres.admin(f"kumihimo_{checked.house.name}").reveal()
        may_write(admin, yes=False)
        with pytest.raises(Unavailable):
            await checked.look()
        may_write(admin, yes=True)
        assert await checked.look() == {"log-damaged"}
        assert await told(checked) == ["log-damaged"]

    checked(story)


def test_a_suspect_is_looked_at_though_the_look_at_it_was_broken_off(checked):
    """Without it the edit would be found where the round comes by again: it is far from there."""

    async def story(checked):
        await checked.fill()
        for start in range(0, 24 * WIDTH, 512):
            await checked.house.submit(submission(checked.house, leaves(512, start)))
        assert await checked.look(12) == set()  # all is marked, and half of the round is done
        checked.superuser(EDITS["what was asked"][0], "ALTER TABLE log_node RENAME TO away")
        for _ in range(12):
            with pytest.raises(psycopg.errors.UndefinedTable):
                await checked.look(1)
        checked.superuser("ALTER TABLE away RENAME TO log_node")
        assert "record-changed" in await checked.look(2)

    checked(story)


def test_the_ledgers_health_says_that_its_rows_do_not_fit(checked):
    async def story(checked):
        await checked.fill()
        await checked.look()
        watch = Watch(
            room="ledger",
            database=checked.house.database,
            clock=checked.house.clock,
            looks=(checked.checker.look,),
        )
        assert (await watch.health()).state == "ok"
        checked.superuser(f"UPDATE record SET requester = 'x' WHERE {RECORD}")
        await checked.look()
        damaged = await watch.health()
        assert damaged.state == "damaged"
        assert "record-changed" in {one.what for one in damaged.broken}

    checked(story)
