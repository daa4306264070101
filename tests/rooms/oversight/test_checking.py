"""Oversight's own state, changed behind its back: directories, parties, and how far it saw the log."""

from datetime import timedelta

import psycopg
import pytest

from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.tlog.leaf import Place, Places, Submitted
from kumihimo.rooms.oversight.api import WAITING_LEAVES_PATH
from kumihimo.rooms.oversight.checking import StateChecker
from kumihimo.rooms.oversight.logged import directory_leaf
from kumihimo.rooms.oversight.service import alarms, directory
from tests.databases import may_write
from tests.rooms.oversight.test_directory import at_oversight, entry_of
from tests.rooms.oversight.test_witness import asked, enrolled, show

__all__ = ("at_oversight",)


async def look(scene, checker, times=2):
    """Look, ten seconds apart; returns what was found so far."""
    for _ in range(times):
        scene.oversight.clock.advance(timedelta(seconds=10))
        await checker.run_once()
    return {what.partition("|")[0] for what in checker.found}


def admin_of(postgres, scene):
    name = scene.oversight.database._dsn.reveal().partition("dbname=")[2].split()[0]
    return postgres.admin(name.strip("'")).reveal()


def superuser(postgres, scene, *statements):
    with psycopg.connect(admin_of(postgres, scene)) as admin:
        admin.execute("SET session_replication_role = replica")
        for statement in statements:
            admin.execute(statement)
        admin.execute("SELECT pg_stat_force_next_flush()")


async def lived(scene):
    """Let parties be enrolled, and the log be witnessed twice."""
    await enrolled(scene)
    await show(scene, asked(scene, 0, 5))
    await show(scene, asked(scene, 5, 12))


def test_a_state_that_nobody_touched_is_found_whole(at_oversight):
    async def story(scene):
        checker = StateChecker(scene.oversight, 2)
        assert await look(scene, checker) == set()
        await lived(scene)
        assert await look(scene, checker, 4) == set()
        assert checker.whole_at == scene.oversight.clock.now()
        assert await alarms(scene.oversight) == []

    at_oversight(story)


LATEST = "version = (SELECT max(version) FROM directory_version)"
EDITS = {
    "a directory's body": (
        "UPDATE directory_version SET body = body || '\\x20' WHERE version = 2",
        "directory-changed",
    ),
    "a directory that is back-dated": (
        "UPDATE directory_version SET issued_at = issued_at - interval '1 day' WHERE version = 2",
        "directory-changed",
    ),
    "a directory that is taken out": (
        "DELETE FROM directory_version WHERE version = 2",
        "directory-changed",
    ),
    "the newest that is taken out": (
        f"DELETE FROM directory_version WHERE {LATEST}",
        "directory-cut",
    ),
    "one that is put in": (
        (
            f"INSERT INTO directory_version SELECT version + 1, issued_at, body, signature"
            f" FROM directory_version WHERE {LATEST}"
        ),
        "directory-changed",
    ),
    "an earlier one in a later place": (
        (
            "UPDATE directory_version SET (body, signature, issued_at) = (SELECT body, signature,"
            f" issued_at FROM directory_version WHERE version = 1) WHERE {LATEST}"
        ),
        "directory-changed",
    ),
    "a party": (
        (
            "UPDATE party SET entry = convert_to(replace(convert_from(entry, 'UTF8'), 'active',"
            " 'suspended'), 'UTF8') WHERE party = 'ledger'"
        ),
        "parties-changed",
    ),
    "a party that is taken out": ("DELETE FROM party WHERE party = 'ledger'", "parties-changed"),
    "how far the log was seen": ("UPDATE witnessed SET size = 11", "witness-changed"),
    "what was seen of the log": (
        "UPDATE witnessed SET root = decode(repeat('aa', 32), 'hex')",
        "witness-changed",
    ),
    "that anything was seen": ("DELETE FROM witnessed", "witness-turned-back"),
    "a row that looks as it did": (
        "UPDATE directory_version SET signature = signature WHERE version = 1",
        "touched",
    ),
}


@pytest.mark.parametrize("what", EDITS)
def test_a_superuser_who_changes_oversights_state_is_told_of_within_a_minute(
    at_oversight, postgres, what
):
    statement, found = EDITS[what]

    async def story(scene):
        await lived(scene)
        checker = StateChecker(scene.oversight)
        assert await look(scene, checker) == set()
        superuser(postgres, scene, statement)
        assert found in await look(scene, checker)
        told = await alarms(scene.oversight)
        assert {alarm.kind for alarm in told} == {"state-changed"}
        assert len(told) == len(checker.found)
        again = StateChecker(scene.oversight)
        await look(scene, again)
        assert len(await alarms(scene.oversight)) <= len(told) + 1, (
            "what is known is not told twice"
        )

    at_oversight(story)


def test_what_was_found_while_no_alarm_could_be_written_is_told_later(at_oversight, postgres):
    """As when another server begins to lead: only one look can see what was turned back."""

    async def story(scene):
        await lived(scene)
        checker = StateChecker(scene.oversight)
        assert await look(scene, checker) == set()
        superuser(
            postgres, scene, *(EDITS[one][0] for one in ("that anything was seen", "a party"))
        )
        may_write(admin_of(postgres, scene), yes=False)
        with pytest.raises(Unavailable):
            await look(scene, checker)
        assert await alarms(scene.oversight) == []
        may_write(admin_of(postgres, scene), yes=True)
        await look(scene, checker)
        assert {what.partition("|")[0] for what in checker.found} >= {
            "witness-turned-back",
            "parties-changed",
        }
        assert len(await alarms(scene.oversight)) == len(checker.found)

    at_oversight(story)


def test_a_journal_that_takes_no_line_any_more_does_not_hide_what_else_was_changed(
    at_oversight, postgres
):
    async def story(scene):
        await lived(scene)
        checker = StateChecker(scene.oversight)
        assert await look(scene, checker) == set()
        superuser(
            postgres,
            scene,
            "INSERT INTO journal SELECT seq + 1, at, act, actor, detail, digest FROM journal"
            " ORDER BY seq DESC LIMIT 1",
            EDITS["how far the log was seen"][0],
        )
        assert await look(scene, checker) == {"witness-changed", "witness-turned-back"}
        assert {alarm.kind for alarm in await alarms(scene.oversight)} == {"state-changed"}

    at_oversight(story)


async def fetch(scene, *places, by="ledger"):
    answer, _ = await scene.caller(by).call(
        "oversight", WAITING_LEAVES_PATH, Places(places), Submitted
    )
    return answer.submissions


def test_each_directory_has_a_leaf_that_anybody_makes_and_the_ledger_fetches_it_once(at_oversight):
    async def story(scene):
        await enrolled(scene)
        waiting = await fetch(scene)
        assert len(waiting) == 3
        signed = await directory(scene.oversight)
        assert directory_leaf(3, signed.body) in {one.leaves for one in waiting}
        assert await fetch(scene) == waiting, "nobody said yet that they are in the log"
        places = [Place(one.submission, at) for at, one in enumerate(waiting)]
        [newest] = await fetch(scene, *places)
        assert newest == waiting[-1], "the newest is asked for again"
        assert await alarms(scene.oversight) == []

    at_oversight(story)


@pytest.mark.parametrize("elsewhere", [None, 7])
def test_a_leaf_that_the_log_has_elsewhere_or_otherwise_is_told(at_oversight, elsewhere):
    async def story(scene):
        await enrolled(scene)
        waiting = await fetch(scene)
        [newest] = await fetch(scene, *(Place(one.submission, 2) for one in waiting))
        await fetch(scene, Place(newest.submission, elsewhere))
        assert [alarm.kind for alarm in await alarms(scene.oversight)] == ["journal-broken"]

    at_oversight(story)


def test_nobody_but_the_ledger_fetches_leaves(at_oversight):
    async def story(scene):
        await scene.enrol(entry_of(scene.keys["lg-131032"]))
        with pytest.raises(Refused) as refusal:
            await fetch(scene, by="lg-131032")
        assert refusal.value.reason == "not-allowed"

    at_oversight(story)
