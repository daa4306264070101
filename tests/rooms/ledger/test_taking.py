import asyncio

import msgspec
import psycopg
import pytest

from kumihimo.kernel import journal
from kumihimo.kernel.net import Refused
from kumihimo.rooms.ledger import service, store, store_chain
from tests.rooms.ledger.house import MINATO, OSAKA


def test_a_record_delivered_twice_is_stored_once(in_house):
    async def story(house):
        record = house.record("one")
        end = house.end(record, "one")
        assert await house.deliver(record, ends=[end]) == 2
        assert await house.deliver(record, ends=[end]) == 0
        assert await house.read(await house.enter("one")) == [record.record]

    in_house(story)


def test_one_delivery_coming_five_times_at_once_is_stored_once(in_house):
    async def story(house):
        record = house.record("one")
        end = house.end(record, "other")
        new = await asyncio.gather(*(house.deliver(record, ends=[end]) for _ in range(5)))
        assert sum(new) == 2
        assert await house.alarms() == [("ends-disagree", record.permit)]

    in_house(story)


@pytest.mark.parametrize("end_first", [True, False])
def test_ends_that_name_different_people_raise_one_alarm_in_any_order(in_house, end_first):
    async def story(house):
        record = house.record("one")
        end = house.end(record, "other")
        steps = [house.deliver(record), house.deliver(ends=[end])]
        for step in reversed(steps) if end_first else steps:
            await step
        assert await house.alarms() == [("ends-disagree", record.permit)]
        for person in ("one", "other"):
            page = await house.page(await house.enter(person))
            assert [one["under_investigation"] for one in page["records"]] == [True]

    in_house(story)


@pytest.mark.parametrize("end_first", [True, False])
def test_two_ends_that_come_at_the_same_moment_do_not_miss_each_other(in_house, end_first):
    async def story(house):
        record = house.record("one")
        end = house.end(record, "other")
        async with house.database.transaction() as tx:
            if end_first:
                await store.add_ends(tx, [end], [house.coded("other")], [None])
            else:
                await store.add_records(tx, [record], [house.coded("one")], [None])
            assert await service.compare_ends(house.ledger, tx, [record.permit]) == 0
            rest = house.deliver(record) if end_first else house.deliver(ends=[end])
            second = asyncio.create_task(rest)
            await house.blocked(second)
        await second
        assert await house.alarms() == [("ends-disagree", record.permit)]

    in_house(story)


@pytest.mark.parametrize("end_first", [True, False])
def test_ends_that_name_the_same_person_raise_none(in_house, end_first):
    async def story(house):
        record = house.record("one")
        end = house.end(record, "one")
        steps = [house.deliver(record), house.deliver(ends=[end])]
        for step in reversed(steps) if end_first else steps:
            await step
        assert await house.alarms() == []
        page = await house.page(await house.enter("one"))
        assert [one["under_investigation"] for one in page["records"]] == [False]

    in_house(story)


def test_a_person_in_a_requesters_end_shows_nobody_anything(in_house):
    async def story(house):
        record = house.record("one")
        await house.deliver(record, ends=[house.end(record, "other", side="requester")])
        assert await house.read(await house.enter("other")) == []
        assert await house.alarms() == []

    in_house(story)


def test_a_manual_answer_replaces_the_end_that_waited_for_it_and_nothing_replaces_that(in_house):
    async def story(house):
        record = house.record("one")
        waiting = house.end(record, "one", outcome="PENDING_MANUAL")
        await house.deliver(record, ends=[waiting])
        assert await house.deliver(ends=[house.end(record, "one", outcome="OK")]) == 1
        assert await house.deliver(ends=[house.end(record, "one", outcome="NO_DATA")]) == 0
        assert await house.deliver(ends=[waiting]) == 0
        [read] = (await house.page(await house.enter("one")))["records"]
        assert read["outcome"] == "OK"

    in_house(story)


@pytest.mark.parametrize("who", ["record", "requester", "provider"])
def test_what_any_side_hides_is_absent_from_the_list_and_from_every_count(in_house, who):
    async def story(house):
        shown, hidden = house.record("one"), house.record("one", hidden=who == "record")
        ends = [house.end(hidden, "one" if who == "provider" else "", side=who, hidden=True)]
        await house.exchanged(shown)
        await house.deliver(hidden, ends=[] if who == "record" else ends)
        if who != "provider":
            await house.deliver(ends=[house.end(hidden)])
        token = await house.enter("one")
        assert await house.read(token) == [shown.record]
        page = await house.page(token, limit=1)
        assert page["next"] == ""
        answer = await house.http("GET", "/my/who-asked", token=token)
        [body] = answer.json()["bodies"]
        assert (body["requester"], body["times"], body["refused"]) == (MINATO, 1, 0)

    in_house(story)


@pytest.mark.parametrize("sender", ["register", MINATO, OSAKA, "ledger"])
def test_nobody_but_the_core_delivers(in_house, sender):
    async def story(house):
        with pytest.raises(Refused) as refused:
            await house.deliver(house.record("one"), sender=sender)
        assert refused.value.reason == "not-allowed"
        assert await house.read(await house.enter("one")) == []

    in_house(story)


@pytest.mark.parametrize("person", [b"", b"short", bytes(64), b"\xff" * 64])
def test_a_delivery_with_a_person_that_does_not_open_is_refused_whole(in_house, person):
    async def story(house):
        good = house.record("one")
        bad = msgspec.structs.replace(house.record("one"), person=person)
        with pytest.raises(Refused) as refused:
            await house.deliver(good, bad)
        assert refused.value.remote.pointer == "records[1].person"
        assert await house.read(await house.enter("one")) == []

    in_house(story)


def test_an_end_sealed_to_another_party_opens_to_nobody_known_and_is_told(in_house):
    async def story(house):
        record = house.record("one")
        end = house.end(record, "one")
        stray = msgspec.structs.replace(end, person=house.sealed("one", to="linkage"))
        await house.deliver(record, ends=[stray])
        assert await house.alarms() == [("ends-disagree", record.permit)]

    in_house(story)


def test_every_delivery_that_brought_something_is_one_line_of_an_unbroken_journal(in_house):
    async def story(house):
        record = house.record("one")
        for _ in range(2):
            await house.deliver(record)
        async with house.database.transaction() as tx:
            assert await journal.verify(tx) == 1
            assert await tx.value("SELECT act || ' ' || actor FROM journal") == (
                "records-taken linkage"
            )

    in_house(story)


READ = """
    SELECT coalesce(sum(pg_stat_get_xact_tuples_returned(c.oid)), 0)::bigint AS rows
    FROM pg_class c WHERE c.oid IN ('record'::regclass, 'record_end'::regclass)
    OR c.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid IN ('record'::regclass, 'record_end'::regclass))
"""


def test_what_comes_is_compared_with_its_own_ends_only_though_the_ledger_was_young_when_it_looked(
    in_house,
):
    async def story(house):
        for size in (20, 1_000, 999):
            records = [house.record(f"p{size}-{n}") for n in range(size)]
            ends = [house.end(one, f"p{size}-{n}") for n, one in enumerate(records)]
            await house.deliver(*records, ends=ends)
            if size == 20:
                with psycopg.connect(house.owner.reveal()) as connection:
                    connection.execute("ANALYZE record, record_end")
        permits = [one.permit for one in records[:20]]
        async with house.database.transaction() as tx:
            before = await tx.value(READ)
            assert await store.raise_alarms(tx, permits, house.clock.now()) == []
            await store_chain.leave(tx, permits)
            assert len(await store_chain.certain(tx, permits)) == 0
            assert await tx.value(READ) - before < 12 * len(permits)

    in_house(story)
