"""Who asked what is kept two years, old lists a season: by the database's own rule, with a journal line."""

import asyncio

import psycopg
import pytest

from kumihimo.kernel import journal, retention
from kumihimo.kernel.ids import new_id
from kumihimo.rooms.jpki.domain.consents import Withdrawal
from tests.rooms.jpki.holders import chip, verifier
from tests.rooms.jpki.latest_house import LatestHouse, receiver, signed
from tests.rooms.jpki.made import order

LONG_AGO = "2020-06-01T00:00:00Z"  # whenever this runs
AGES = {
    "status_check": "checked_on",
    "list_fetch": "fetched_on",
    "lookup": "asked_on",
    "verification": "verified_at",
    "dropped_order": "dropped_on",
}


async def asked(house):
    """Leave one row at least of each kind."""
    bank, card = await verifier(house), await chip(house)
    await house.publish_lists()
    seen = (await bank.verify(card.asked())).verification
    await bank.pair(seen.certificate.id)
    await bank.list_of_revoked("sign", 1)
    await house.happen("never-delivered", order())
    return bank, card


async def consented(new_room, story):
    house = LatestHouse()
    await house.start(new_room)
    try:
        bank = await receiver(house)
        card = await house.card_of(await house.resident())
        await bank.attributes(await bank.consented(card))
        taken_back = Withdrawal(
            withdrawal=new_id(house.entropy), verifier="bank", on=house.jpki.today()
        )
        await bank.withdraw_consents(signed(card, taken_back))
        await story(house, bank, card)
    finally:
        await house.stop()


def test_consents_go_seven_years_after_their_last_day_with_what_was_told(new_room, postgres):
    ages = {"consent": "ends_on", "withdrawal": "withdrawn_on", "attribute_answer": "asked_on"}

    async def story(house, bank, card):
        make_old(house, postgres, {"consent": "starts_on = '2015-06-01', ends_on"}, "2021-06-01")
        make_old(house, postgres, {"attribute_answer": "asked_on"}, "2021-06-01")
        assert await forget(house) == 0
        make_old(house, postgres, {"consent": "starts_on"}, "2015-06-01")
        make_old(house, postgres, ages, "2016-06-01")
        again = await bank.consented(card)
        assert await forget(house) == 3
        assert (await bank.attributes(again)).consent == again

    asyncio.run(consented(new_room, story))


def count(house, postgres):
    with psycopg.connect(postgres.admin(f"kumihimo_{house.name}").reveal()) as connection:
        return {
            table: connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchall()[0][0]
            for table in (*AGES, "crl")
        }


def make_old(house, postgres, ages=AGES, at=LONG_AGO):
    with psycopg.connect(postgres.admin(f"kumihimo_{house.name}").reveal()) as connection:
        for table, column in ages.items():
            connection.execute(f"UPDATE {table} SET {column} = %s".encode(), (at,))


async def forget(house, **more):
    return await retention.forget(house.database, clock=house.clock, actor="jpki", **more)


def test_what_was_asked_two_years_ago_goes_and_what_is_younger_stays(in_house, postgres):
    async def story(house):
        bank, card = await asked(house)
        before = count(house, postgres)
        assert min(before.values()) >= 1
        assert await forget(house) == 0
        make_old(house, postgres)
        await bank.verify(card.asked())
        assert await forget(house) == sum(before[table] for table in AGES)
        assert await forget(house) == 0
        after = count(house, postgres)
        assert {table: after[table] for table in AGES} == {
            **dict.fromkeys(AGES, 0),
            "status_check": 1,
            "verification": 1,
        }
        async with house.database.transaction() as tx:
            await journal.verify(tx)
            lines = "SELECT count(*) FROM journal WHERE act = 'forgotten-by-age'"
            assert await tx.value(lines) == 1

    in_house(story)


def test_old_lists_go_and_the_newest_of_each_stays_however_old(in_house, postgres):
    async def story(house):
        _, card = await asked(house)
        await house.happen("request", card.order)
        await house.publish_lists()
        lists = count(house, postgres)["crl"]
        async with house.database.transaction() as tx:
            kept = await tx.value("SELECT count(*) FROM crl_number WHERE number > 0")
        assert lists > kept
        make_old(house, postgres, {"crl": "this_update = '2019-01-01', next_update"})
        assert await forget(house) == lists - kept
        assert await house.crl("sign") is not None
        assert await forget(house) == 0

    in_house(story)


def test_forgetting_goes_in_stretches(in_house, postgres):
    async def story(house):
        bank, card = await asked(house)
        for _ in range(2):
            await bank.verify(card.asked())
        make_old(house, postgres, {"verification": "verified_at"})
        assert [await forget(house, at_once=2) for _ in range(3)] == [2, 1, 0]

    in_house(story)


def test_who_serves_requests_makes_no_record_old_by_a_false_clock_or_a_shorter_rule(
    in_house, postgres
):
    async def story(house):
        await asked(house)
        make_old(house, postgres, at="now")
        before = count(house, postgres)
        async with house.database.transaction() as tx:
            await tx.execute("SELECT forget_expired('9999-01-01', 1000)")
        for statement in (
            "UPDATE retention SET kept = '1 second'",
            "DELETE FROM retention",
            *(f"DELETE FROM {table}" for table in before),
            "UPDATE status_check SET checked_on = '2020-01-01'",
            "UPDATE verification SET verified_at = '2020-01-01'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                async with house.database.transaction() as tx:
                    await tx.connection.execute(statement.encode())
        assert count(house, postgres) == before

    in_house(story)
