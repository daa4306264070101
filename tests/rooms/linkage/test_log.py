"""The leaf of what the core answers is in the log first, or waits for it in the core's database."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.leaves import settle
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.tlog.leaf import LEAF_BYTES, Submission
from kumihimo.rooms.ledger import store_log
from kumihimo.rooms.linkage import api, inside_api
from tests.federation.conftest import on_street
from tests.federation.street import ALLOWANCE, INCOME, MINATO, OSAKA
from tests.rooms.linkage.test_inquiries import made, put, recorded

__all__ = ("on_street",)


async def logged(street):
    """Return every entry of the log."""
    async with street.ledger.ledger.database.transaction() as tx:
        found = await store_log.head(tx)
        return await store_log.entries(tx, 0, found.size) if found else []


async def expected(street):
    """Return the leaf of every record of the core, from its own database."""
    async with street.linkage.core.database.transaction() as tx:
        found = await tx.connection.execute(
            "SELECT record, permit, requester, provider, affair, items, basis, list_version,"
            " outcome, requested_at, person, hidden FROM exchange_record"
        )
        told = await found.fetchall()
        names = [column.name for column in found.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in told]
    records = [
        msgspec.convert(row | {"salt": street.linkage.log.salt(row["record"])}, api.Record)
        for row in rows
    ]
    return {record.leaf() for record in records}


async def refuse(street, *refusals):
    answer, _ = await street.caller(MINATO).call(
        "linkage", api.REFUSALS_PATH, inside_api.LocalRefusals(refusals), api.Received
    )
    return answer.new


def test_permits_and_refusals_are_in_the_log_when_their_answer_comes(on_street):
    async def story(street):
        asked = [await made(street), await made(street, items=("local-tax.losses", "x"))]
        await put(street, *asked)
        assert await recorded(street) == {"OK": 1, "REFUSED_ITEM": 1}
        assert set(await logged(street)) == await expected(street)
        assert len(await logged(street)) == 2

    on_street(story)


def test_who_asks_again_while_the_first_is_on_its_way_is_answered_and_logged_once(on_street):
    async def story(street):
        leaves = Submission(new_id(street.entropy), bytes(LEAF_BYTES))
        log = street.linkage.log
        await asyncio.gather(*(log.log([leaves]) for _ in range(3)))
        assert await logged(street) == [bytes(LEAF_BYTES)]
        one = await made(street)
        again = await asyncio.gather(*(put(street, one) for _ in range(3)))
        assert {grants.granted[0].outcome for grants in again} == {"OK"}
        assert len({grants.granted[0].permit for grants in again}) == 1
        assert len(await logged(street)) == 2

    on_street(story)


def test_what_the_log_says_of_our_leaves_is_not_said_to_whoever_asked_us(on_street):
    async def story(street):
        one = new_id(street.entropy)
        log = street.linkage.log
        await log.log([Submission(one, bytes(LEAF_BYTES))])
        with pytest.raises(Unavailable, match="conflict"):
            await log.log([Submission(one, b"1" * LEAF_BYTES)])

    on_street(story)


async def settled(street):
    street.clock.advance(timedelta(seconds=11))
    core = street.linkage.core
    return await settle(core.database, street.linkage.log, core.clock)


def test_a_log_that_is_silent_gets_the_leaf_later_and_once(on_street):
    async def story(street):
        one = await made(street)
        street.transport.down.add("ledger")
        for _ in range(2):
            assert (await put(street, one)).granted[0].outcome == "OK"
        assert await logged(street) == []
        with pytest.raises(Unavailable):
            await settled(street)
        street.transport.down.discard("ledger")
        assert await settled(street) == 1
        assert await logged(street) == list(await expected(street))
        assert await settled(street) == 0
        await street.deliver()
        assert len(await logged(street)) == 1

    on_street(story)


def test_the_next_answer_puts_into_the_log_what_an_earlier_one_left(on_street):
    async def story(street):
        one = await made(street)
        street.transport.down.add("ledger")
        await put(street, one)
        street.transport.down.discard("ledger")
        await put(street, one)
        assert await logged(street) == list(await expected(street))
        assert len(await logged(street)) == 1

    on_street(story)


def test_an_answer_of_the_log_that_was_lost_makes_no_second_leaf(on_street):
    async def story(street):
        one = await made(street)
        street.transport.losing.add("ledger")
        assert (await put(street, one)).granted[0].outcome == "OK"
        assert len(await logged(street)) == 1
        assert (await put(street, one)).granted[0].outcome == "OK"
        assert await settled(street) == 1
        assert len(await logged(street)) == 1

    on_street(story)


def test_what_the_log_answered_is_written_down_once(on_street):
    async def story(street):
        core = street.linkage.core
        await put(street, await made(street))
        await put(street, await made(street))
        assert await settle(core.database, street.linkage.log, core.clock) == 2
        async with core.database.transaction() as tx:
            found = await tx.connection.execute("SELECT first FROM leaf_batch ORDER BY first")
            assert await found.fetchall() == [(0,), (1,)]
        assert street.linkage.log.logged == {}
        assert await settle(core.database, street.linkage.log, core.clock) == 0

    on_street(story)


def test_what_a_requester_refused_itself_is_in_the_log_before_the_core_says_thanks(on_street):
    async def story(street):
        inquiry = await made(street)
        refusal = inside_api.LocalRefusal(
            inquiry=new_id(street.entropy),
            affair=ALLOWANCE,
            provider=OSAKA,
            items=(INCOME,),
            outcome="REFUSED_CASE",
            refused_at=street.clock.now(),
            for_ledger=inquiry.for_ledger,
            version=inquiry.version,
        )
        assert await refuse(street, refusal) == 1
        assert set(await logged(street)) == await expected(street)

    on_street(story)


def test_what_the_ledger_keeps_is_what_the_core_put_into_the_log(on_street):
    async def story(street):
        await put(street, await made(street), await made(street))
        await put(street, await made(street))
        await street.deliver()
        entries = await logged(street)
        async with street.ledger.ledger.database.transaction() as tx:
            found = await tx.connection.execute("SELECT record, leaf FROM record")
            places = dict(await found.fetchall())
        assert sorted(places.values()) == [0, 1, 2]
        assert set(entries) == await expected(street)
        assert street.alarms == []

    on_street(story)
