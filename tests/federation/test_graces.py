"""What each room still does while another is silent, and for how long: the rows of the table."""

from datetime import timedelta

import pytest

from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Unavailable
from kumihimo.operations.graces import QUESTIONS, RECORDS, CoreSilent, LedgerSilent
from kumihimo.rooms.gateway import answers, asking, sending, silence
from kumihimo.rooms.linkage.service import look_at_ledger
from tests.federation.desk import open_desk
from tests.federation.street import ALLOWANCE, MINATO, OSAKA
from tests.federation.test_a_person_reads import Reader
from tests.federation.test_exchange import ask, jane_moves, question
from tests.federation.test_intake import card, written

SECOND = timedelta(seconds=1)


async def look(street):
    """Let every room look who is silent, as its worker does again and again."""
    await look_at_ledger(street.linkage.core)
    for name, (room, _) in street.gateways.items():
        await silence.look(room.gateway, {name: street.tenants[name]})


async def value(street, institution, query):
    async with street.gateways[institution][0].gateway.database.transaction(
        institution=institution
    ) as tx:
        return await tx.value(query)


async def come_back(street):
    """Let whoever was silent answer again, and what waited go its way."""
    street.transport.down.clear()
    street.clock.advance(timedelta(minutes=10))
    await street.deliver()
    await look(street)
    for name, (room, _) in street.gateways.items():
        await sending.run_once(room.gateway, street.tenants[name])
    await street.deliver()
    await look(street)


def test_a_core_whose_records_the_ledger_does_not_take_permits_nothing_more(on_street):
    async def story(street):
        await jane_moves(street)
        street.transport.down.add("ledger")
        [first] = await ask(street, question())
        assert first.outcome == "OK"
        street.clock.advance(RECORDS - SECOND)
        await look(street)
        [second] = await ask(street, question())
        assert second.outcome == "OK", "the grace is not over"
        street.clock.advance(SECOND)
        await look(street)
        [third] = await ask(street, question())
        assert third.outcome == "", "nothing is permitted, and the question waits"
        with pytest.raises(LedgerSilent):
            street.linkage.core.ledger.require(street.clock.now())
        await come_back(street)
        [answer] = await answers.poll(
            street.gateways[MINATO][0].gateway, street.tenants[MINATO], [third.inquiry]
        )
        assert answer.outcome == "OK"
        async with street.ledger.ledger.database.transaction() as tx:
            assert await tx.value("SELECT count(*) FROM record") == 3

    on_street(story)


def test_a_silent_ledger_stops_nobody_from_reporting_to_the_core(on_street):
    async def story(street):
        await jane_moves(street)
        street.transport.down.add("ledger")
        street.transport.down.add(OSAKA)
        [waiting] = await ask(street, question())
        assert waiting.outcome == "PROVIDER_DOWN"
        street.linkage.core.ledger.saw(street.clock.now() - RECORDS)
        street.transport.down.discard(OSAKA)
        street.clock.advance(timedelta(minutes=10))
        await sending.run_once(street.gateways[MINATO][0].gateway, street.tenants[MINATO])
        await street.deliver()
        async with street.linkage.core.database.transaction() as tx:
            assert await tx.value("SELECT count(*) FROM exchange_end") == 2

    on_street(story)


def test_a_gateway_takes_questions_for_a_silent_core_until_the_grace_is_over(on_street):
    async def story(street):
        await jane_moves(street)
        street.transport.down.add("linkage")
        [first] = await ask(street, question())
        assert first.outcome == ""
        street.clock.advance(QUESTIONS - SECOND)
        await look(street)
        [second] = await ask(street, question())
        street.clock.advance(SECOND)
        await look(street)
        asked = "SELECT count(*) FROM inquiry"
        before = await value(street, MINATO, asked)
        with pytest.raises(CoreSilent):
            await ask(street, question())
        assert await value(street, MINATO, asked) == before, "nothing of it is stored"
        gateway, tenant = street.gateways[MINATO][0].gateway, street.tenants[MINATO]
        [still] = await answers.poll(gateway, tenant, [first.inquiry])
        assert still.outcome == "", "what is there can be read"
        await come_back(street)
        found = await answers.poll(gateway, tenant, [first.inquiry, second.inquiry])
        assert [one.outcome for one in found] == ["OK", "OK"]
        [after] = await ask(street, question())
        assert after.outcome == "OK"

    on_street(story)


def test_a_provider_whose_reports_do_not_arrive_provides_nothing_more(on_street):
    async def story(street):
        await jane_moves(street)
        [first] = await ask(street, question())
        assert first.outcome == "OK"
        street.gateways[OSAKA][0].gateway.core[OSAKA].reports.saw(
            street.clock.now() - RECORDS + SECOND
        )
        [second] = await ask(street, question())
        assert second.outcome == "OK", "the grace is not over"
        street.clock.advance(SECOND)
        [third] = await ask(street, question())
        assert third.outcome == "PROVIDER_DOWN"
        await look(street)  # its reports did arrive, after all
        street.clock.advance(timedelta(minutes=10))
        await sending.run_once(street.gateways[MINATO][0].gateway, street.tenants[MINATO])
        [answer] = await answers.poll(
            street.gateways[MINATO][0].gateway, street.tenants[MINATO], [third.inquiry]
        )
        assert answer.outcome == "OK"

    on_street(story)


def test_a_report_that_waits_for_the_core_is_seen_and_one_of_another_house_stops_nobody(on_street):
    async def story(street):
        await jane_moves(street)
        room, tenant = street.gateways[MINATO][0], street.tenants[MINATO]
        taken = await asking.ask(room.gateway, tenant, [question()])
        assert taken.batch is not None
        await sending.carry(
            room.gateway, tenant, taken.batch, taken.rows
        )  # its end is not delivered yet
        await silence.look(room.gateway, street.tenants)  # as if it hosted all of them
        assert room.gateway.core[MINATO].reports.since == street.clock.now()
        assert room.gateway.core[OSAKA].reports.since is None
        street.clock.advance(RECORDS)
        with pytest.raises(CoreSilent):
            room.gateway.require_heard(tenant, asking=False)
        room.gateway.require_heard(street.tenants[OSAKA], asking=True)
        await come_back(street)
        room.gateway.require_heard(tenant, asking=True)

    on_street(story)


def test_without_register_a_strict_inquiry_is_refused_at_once(in_town):
    async def story(street, one, _):
        desk = await open_desk(street, MINATO)
        street.transport.down.add("register")
        with pytest.raises(Refused) as refusal:
            await desk(
                lambda c: c.register_by_strict_inquiry(
                    "100", affair=ALLOWANCE, attributes=written(1)
                )
            )
        assert refusal.value.reason == Unavailable.code
        [entered] = await desk(lambda c: c.register([card("101", one, 1)]))
        assert entered.outcome == "REGISTERED", "a card needs nobody's answer"

    in_town(story)


def test_without_the_core_no_session_opens_and_an_open_one_reads_on(in_town):
    async def story(street, one, _):
        reader = Reader(street)
        await reader.enter(1, one)
        ticket = await reader.ticket(1, one)
        street.transport.down.add("linkage")
        answer = await reader.open(ticket)
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:kumihimo:unavailable")
        assert (await reader.records())["records"] == []

    in_town(story)
