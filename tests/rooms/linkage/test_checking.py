"""A core whose exchanges were changed behind its back says so, and which."""

from datetime import timedelta

import msgspec
import psycopg
import pytest

from kumihimo.kernel.health import Watch
from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.linkage.checking import CHECKING_PAUSE_S, RecordChecker
from kumihimo.rooms.oversight.api import Alarm
from tests.databases import may_write
from tests.federation.conftest import on_street
from tests.rooms.linkage.test_inquiries import made, put
from tests.simulation.edits import CORE, ONE

__all__ = ("on_street",)
COPIED = (
    "requested_at, expires_at, month, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(),"
    " terms, requester, digest, person, case_reference"
)
LATER = "expires_at + interval '2 hours'"
INTO = (
    "INSERT INTO exchange (requested_at, expires_at, month, record, permit, inquiry, terms,"
    " requester, digest, person, case_reference"
)
EDITS = {
    **{name: (what, "record-changed") for name, what in CORE.items() if "end" not in name.split()},
    "taken out": (CORE["taken out"], "record-missing"),
    "put in": (
        f"{INTO}, submission) SELECT {COPIED}, submission FROM exchange WHERE {ONE}",
        "record-changed",
    ),
    "put in under no submission that was": (
        f"{INTO}, submission) SELECT {COPIED}, gen_random_uuid() FROM exchange WHERE {ONE}",
        "record-changed",
    ),
    "put in as from before there was a log": (
        f"{INTO}) SELECT {COPIED.replace('expires_at', LATER)} FROM exchange WHERE {ONE}",
        "record-changed",
    ),
    "of another person": (
        f"UPDATE exchange SET person = decode(repeat('aa', 64), 'hex') WHERE {ONE}",
        "record-changed",
    ),
    "hidden": ("UPDATE exchange_terms SET hidden = true", "record-changed"),
    "all taken out": ("TRUNCATE exchange", "record-missing"),
    "a leaf that says otherwise": (
        "UPDATE leaf_batch SET leaves = decode(repeat('aa', octet_length(leaves)), 'hex')",
        "record-changed",
    ),
    "leaves taken out": ("DELETE FROM leaf_batch", "record-changed"),
}


class Checked:
    """A core with a permit and refusals, and its checker."""

    def __init__(self, street, postgres):
        self.street = street
        self.admin = postgres.admin(f"kumihimo_{street.linkage_name}").reveal()
        self.begin()

    def begin(self, at_once=2_000):
        """Begin as a process does, with nothing in memory."""
        self.checker = RecordChecker(
            self.street.linkage.core, self.street.linkage.log.salt, at_once
        )

    async def fill(self):
        await put(self.street, await made(self.street))
        await put(
            self.street, *[await made(self.street, items=("local-tax.losses", "x")) for _ in "ab"]
        )
        await put(self.street, await made(self.street, by="lg-271004"), by="lg-271004")

    async def look(self, times=3):
        for _ in range(times):
            self.street.clock.advance(timedelta(seconds=CHECKING_PAUSE_S))
            await self.checker.run_once()
        return {what for what, _ in self.checker.found}

    def superuser(self, statement):
        with psycopg.connect(self.admin) as admin:
            admin.execute("SET session_replication_role = replica")
            done = admin.execute(statement)
            admin.execute("SELECT pg_stat_force_next_flush()")
            return done.rowcount

    async def told(self):
        async with self.street.linkage.core.database.transaction() as tx:
            found = await tx.connection.execute(
                "SELECT convert_from(body, 'UTF8') FROM outbox WHERE destination = 'oversight'"
            )
            return [body for (body,) in await found.fetchall()]


@pytest.fixture
def checked(on_street, postgres):
    def run(story):
        async def whole(street):
            await story(Checked(street, postgres))

        on_street(whole)

    return run


def test_a_core_that_nobody_touched_has_a_leaf_for_each_exchange(checked):
    async def story(core):
        assert await core.look() == set()
        await core.fill()
        assert await core.look() == set()
        assert core.checker.whole_at == core.street.clock.now()
        core.begin(at_once=1)
        assert await core.look(times=8) == set()
        assert core.checker.whole_at is not None
        assert await core.told() == []

    checked(story)


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("what", EDITS)
def test_a_superuser_who_changes_the_cores_exchanges_is_told_of_within_a_minute(
    checked, what, restarted
):
    statement, found = EDITS[what]

    async def story(core):
        await core.fill()
        assert await core.look() == set()
        assert core.superuser(statement), "something was changed"
        if restarted:
            core.begin()
        assert found in await core.look()
        told = await core.told()
        assert len(told) == len(core.checker.found), "each is told once"
        again = len(told)
        await core.look()
        assert len(await core.told()) == again

    checked(story)


def test_one_that_is_taken_out_is_told_before_the_round_comes_to_its_end(checked):
    async def story(core):
        await core.fill()
        core.begin(at_once=1)
        assert await core.look(times=1) == set()
        core.superuser(CORE["taken out"])
        assert await core.look(times=1) == {"record-missing"}

    checked(story)


def test_what_was_found_while_nothing_could_be_written_is_told_later(checked):
    """As when another server begins to lead: a count that grew is seen by one look alone."""

    async def story(core):
        await core.fill()
        core.begin(at_once=1)
        assert await core.look(times=1) == set()
        core.superuser(CORE["taken out"])
        may_write(core.admin, yes=False)
        with pytest.raises(Unavailable):
            await core.look(times=1)
        may_write(core.admin, yes=True)
        assert await core.look(times=1) == {"record-missing"}
        assert len(await core.told()) == 1

    checked(story)


def test_the_cores_health_says_that_its_exchanges_do_not_fit_and_the_alarm_says_which(checked):
    async def story(core):
        await core.fill()
        await core.look()
        watch = Watch(
            room="linkage",
            database=core.street.linkage.core.database,
            clock=core.street.clock,
            looks=(core.checker.look,),
        )
        assert (await watch.health()).state != "damaged"
        core.superuser(CORE["back-dated"])
        await core.look()
        damaged = await watch.health()
        assert damaged.state == "damaged"
        assert [one.what for one in damaged.broken] == ["record-changed"]
        [body] = await core.told()
        alarm = msgspec.json.decode(body, type=Alarm)
        assert alarm.requester in {"lg-131032", "lg-271004"}
        assert len(alarm.permit) == 22

    checked(story)
