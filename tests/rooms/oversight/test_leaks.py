"""Reports of leaks come in through oversight's door, and what does not come raises an alarm."""

from datetime import date, timedelta

import msgspec
import psycopg
import pytest

from kumihimo.kernel import retention
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.net import Refused
from kumihimo.rooms.oversight import leaks
from kumihimo.rooms.oversight.api import LEAK_PATH, LeakContents, LeakReported, Received
from kumihimo.rooms.oversight.service import alarms
from tests.rooms.oversight.domain.test_leaks import event
from tests.rooms.oversight.test_directory import ENTROPY, at_oversight, entry_of

__all__ = ["at_oversight"]  # a fixture

TOWN = "lg-131032"
WHOLE = LeakContents(**{name: "x" for name in LeakContents.__struct_fields__ if name != "other"})


def report(**changes):
    known = event(system="network", known_on=date(2026, 6, 1))
    first = LeakReported(leak=new_id(ENTROPY), stage="known", event=known)
    return msgspec.structs.replace(first, **changes)


async def send(scene, message, sender=TOWN):
    answer, _ = await scene.caller(sender).call("oversight", LEAK_PATH, message, Received)
    return answer.new


async def passes(scene, days):
    scene.oversight.clock.advance(timedelta(days=days))
    await leaks.raise_overdue(scene.oversight, ENTROPY)
    return [alarm.kind for alarm in await alarms(scene.oversight)]


def test_a_report_that_does_not_come_raises_an_alarm_on_the_day_after_its_last(at_oversight):
    async def story(scene):
        await scene.enrol(entry_of(scene.keys[TOWN]))
        first = report()
        assert [await send(scene, first), await send(scene, first)] == [1, 0]
        assert await passes(scene, 3) == []
        assert await passes(scene, 1) == ["leak-preliminary-late"]
        assert await passes(scene, 1) == ["leak-preliminary-late"]
        assert await passes(scene, 1) == ["leak-preliminary-overdue", "leak-preliminary-late"]
        assert len(await passes(scene, 24)) == 2
        assert (await passes(scene, 1))[0] == "leak-final-overdue"
        assert len(await passes(scene, 100)) == 3, "once each"
        [alarm, *_] = await alarms(scene.oversight)
        assert (alarm.requester, alarm.provider, alarm.permit) == (TOWN, "", first.leak)

    at_oversight(story)


def test_whoever_reports_in_time_raises_no_alarm_and_says_what_each_report_needs(at_oversight):
    async def story(scene):
        await scene.enrol(entry_of(scene.keys[TOWN]))
        first = report()
        await send(scene, first)
        bare = msgspec.structs.replace(first, stage="preliminary")
        with pytest.raises(Refused) as refusal:
            await send(scene, bare)
        assert refusal.value.remote.pointer == "contents.outline"
        outline = LeakContents(outline="x")
        await send(scene, msgspec.structs.replace(bare, contents=outline))
        assert await passes(scene, 20) == []
        final = msgspec.structs.replace(first, stage="final", contents=outline)
        with pytest.raises(Refused) as refusal:
            await send(scene, final)
        assert refusal.value.remote.pointer == "contents.items"
        await send(scene, msgspec.structs.replace(final, contents=WHOLE))
        assert await passes(scene, 100) == []
        assert {row.stage for row in await leaks.reports(scene.oversight)} == {
            "known",
            "preliminary",
            "final",
        }

    at_oversight(story)


def test_nobody_but_an_institution_reports_and_only_what_is_reported_at_all(at_oversight):
    async def story(scene):
        await scene.enrol(entry_of(scene.keys[TOWN]))
        await scene.enrol(entry_of(scene.keys["ledger"], "ledger"))
        first = report()
        await send(scene, first)
        for message, sender, why in (
            (report(), "ledger", ("not-allowed", "")),
            (report(leak="x"), TOWN, ("bad-input", "leak")),
            (report(event=event(persons=1)), TOWN, ("bad-input", "event")),
            (
                report(event=event(system="network", known_on=date(2026, 6, 2))),
                TOWN,
                ("bad-input", "event.known_on"),
            ),
            (
                report(leak=first.leak, event=event(system="network", persons=2)),
                TOWN,
                ("conflict", "stage"),
            ),
        ):
            with pytest.raises(Refused) as refusal:
                await send(scene, message, sender)
            assert (refusal.value.reason, refusal.value.remote.pointer) == why

    at_oversight(story)


LONG_AGO = "UPDATE leak_report SET received_at = '2018-01-01' WHERE "


async def aged(scene, postgres, which):
    """Let reports have come long ago, as only the database's owner can."""
    async with scene.oversight.database.transaction() as tx:
        name = await tx.value("SELECT current_database()")
    with psycopg.connect(postgres.admin(name).reveal(), autocommit=True) as connection:
        connection.execute((LONG_AGO + which).encode())


async def forget(scene):
    database, clock = scene.oversight.database, scene.oversight.clock
    return await retention.forget(database, clock=clock, actor="oversight")


def test_a_case_of_a_leak_goes_as_a_whole_seven_years_after_its_last_word(at_oversight, postgres):
    async def story(scene):
        await scene.enrol(entry_of(scene.keys[TOWN]))
        first, other = report(), report()
        for one in (first, other):
            await send(scene, one)
        outline = LeakContents(outline="x")
        await send(scene, msgspec.structs.replace(first, stage="preliminary", contents=outline))
        await aged(scene, postgres, "true")
        assert await forget(scene) == 0, "its clocks still run"
        assert await passes(scene, 100) != []
        await send(scene, msgspec.structs.replace(first, stage="final", contents=WHOLE))
        assert await forget(scene) == 1, "of the other there was one word, and it is old"
        assert {row.leak for row in await leaks.reports(scene.oversight)} == {first.leak}
        assert {one.permit for one in await alarms(scene.oversight)} == {first.leak}
        await aged(scene, postgres, "true")
        assert await forget(scene) == 3
        assert await leaks.reports(scene.oversight) == []
        assert await alarms(scene.oversight) == []

    at_oversight(story)


def test_who_serves_requests_makes_no_report_of_a_leak_old(at_oversight):
    async def story(scene):
        await scene.enrol(entry_of(scene.keys[TOWN]))
        await send(scene, report())
        await passes(scene, 100)
        async with scene.oversight.database.transaction() as tx:
            await tx.execute("SELECT forget_expired('9999-01-01', 1000)")
        for statement in (
            "DELETE FROM leak_report",
            "UPDATE leak_report SET received_at = '2018-01-01'",
            "UPDATE retention SET kept = '1 second'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                async with scene.oversight.database.transaction() as tx:
                    await tx.connection.execute(statement.encode())
        assert len(await leaks.reports(scene.oversight)) == 1

    at_oversight(story)
