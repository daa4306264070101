"""What the simulation found, each told again by hand in the shortest way."""

from contextlib import suppress
from datetime import timedelta

import attrs
import pytest

from kumihimo.kernel import journal
from kumihimo.kernel.net import Refused
from kumihimo.rooms.gateway import answers, asking, persons, rotation, sending
from kumihimo.rooms.gateway.business import Decide, Flags
from tests.federation.street import ALLOWANCE, MINATO, OSAKA
from tests.federation.test_exchange import JANE, ask, load_copy, question, settle_in
from tests.simulation.disk import Disk, Stopped


async def flagged(street):
    """Ask about a person of whom an officer decides; returns the inquiry that waits."""
    osaka, _ = await settle_in(street, OSAKA, "7", JANE)
    await load_copy(street, OSAKA, osaka, {"local-tax.total-income": 1}, no_automatic_answer=True)
    await settle_in(street, MINATO, "100", JANE, case=ALLOWANCE)
    [answer] = await ask(street, question())
    assert answer.outcome == "PENDING_MANUAL"
    return answer.inquiry


async def look_again(street, inquiry):
    room, tenant = street.gateways[MINATO][0], street.tenants[MINATO]
    await sending.run_once(room.gateway, tenant)
    [answer] = await answers.poll(room.gateway, tenant, [inquiry])
    return answer.outcome


async def decide(street):
    room, tenant = street.gateways[OSAKA][0], street.tenants[OSAKA]
    [waiting] = await answers.waiting(room.gateway, tenant)
    decision = Decide(permit=waiting.permit, decision="provide", officer="o1")
    await answers.decide(room.gateway, tenant, decision)


def test_whoever_waits_for_an_officer_goes_on_waiting_when_the_provider_is_silent_once(on_street):
    async def story(street):
        inquiry = await flagged(street)
        street.transport.down.add(OSAKA)
        street.clock.advance(timedelta(hours=2))
        assert await look_again(street, inquiry) == "PENDING_MANUAL"
        street.transport.down.clear()
        await decide(street)
        street.clock.advance(timedelta(minutes=5))
        assert await look_again(street, inquiry) == "OK"

    on_street(story)


def test_a_decision_long_after_a_change_of_key_is_recorded_at_every_end(on_street):
    async def story(street):
        inquiry = await flagged(street)
        room, tenant = street.gateways[OSAKA][0], street.tenants[OSAKA]
        await rotation.rotate(room.gateway, tenant)
        street.clock.advance(timedelta(days=1))
        await decide(street)
        await street.deliver()
        assert await look_again(street, inquiry) == "OK"
        await street.deliver()
        [record] = await street.records_of(JANE)
        assert record.provided_at is not None
        assert not record.under_investigation

    on_street(story)


def test_nobody_asks_with_a_code_whose_key_is_dead(on_street):
    async def story(street):
        osaka, _ = await settle_in(street, OSAKA, "7", JANE)
        await load_copy(street, OSAKA, osaka, {"local-tax.total-income": 1})
        await settle_in(street, MINATO, "100", JANE, case=ALLOWANCE)
        room, tenant = street.gateways[MINATO][0], street.tenants[MINATO]
        street.transport.down.add("linkage")
        [waiting] = await ask(street, question())
        street.transport.down.clear()
        await rotation.rotate(room.gateway, tenant)
        street.clock.advance(timedelta(hours=2))
        assert await look_again(street, waiting.inquiry) == "EXPIRED"
        assert await street.records_of(JANE) == []

    on_street(story)


def test_a_key_changes_again_only_when_nothing_under_way_can_be_two_changes_behind(on_street):
    async def story(street):
        await settle_in(street, MINATO, "100", JANE)
        room, tenant = street.gateways[MINATO][0], street.tenants[MINATO]
        assert await rotation.rotate(room.gateway, tenant) == 1
        with pytest.raises(Refused, match="less than two hours ago"):
            await rotation.rotate(room.gateway, tenant)
        street.clock.advance(timedelta(hours=2))
        assert await rotation.rotate(room.gateway, tenant) == 1

    on_street(story)


def test_a_journal_that_tells_of_flags_verifies(on_street):
    async def story(street):
        await settle_in(street, MINATO, "100", JANE)
        room, tenant = street.gateways[MINATO][0], street.tenants[MINATO]
        flags = Flags(addressee="100", no_self_information=True, hidden=False)
        await persons.set_flags(room.gateway, tenant, flags)
        async with room.gateway.database.transaction() as tx:
            assert await journal.verify(tx) == 1

    on_street(story)


class OneStop:
    """Lets a room stop right before or after one of its commits, told by how many came before."""

    def __init__(self, at, kind):
        self.left = at
        self.kind = kind

    def fate(self, *_):
        self.left -= 1
        return self.kind if self.left == 0 else None


@pytest.mark.parametrize("kind", ["stops-before-commit", "stops-after-commit"])
@pytest.mark.parametrize("at", [2, 3])
def test_whoever_waits_for_an_officer_goes_on_waiting_when_the_requester_stops_at_a_commit(
    on_street, at, kind
):
    """Seed 14: the answer was stored, and not by which permit to ask for the decision."""

    async def story(street):
        osaka, _ = await settle_in(street, OSAKA, "7", JANE)
        await load_copy(
            street, OSAKA, osaka, {"local-tax.total-income": 1}, no_automatic_answer=True
        )
        await settle_in(street, MINATO, "100", JANE, case=ALLOWANCE)
        minato, tenant = street.gateways[MINATO][0].gateway, street.tenants[MINATO]
        taken = await asking.ask(minato, tenant, [question()])
        assert taken.batch
        disk = Disk(minato.database._dsn, pool_max=2, disks=OneStop(at, kind))
        await disk.open()
        with suppress(Stopped):
            await sending.carry(
                attrs.evolve(minato, database=disk), tenant, taken.batch, taken.rows
            )
        await disk.close()
        inquiry = taken.accepted[0].inquiry
        [answer] = await answers.poll(minato, tenant, [inquiry])
        if answer.outcome == "PENDING_MANUAL":
            street.clock.advance(timedelta(hours=3))
            assert await look_again(street, inquiry) == "PENDING_MANUAL"
        street.clock.advance(timedelta(minutes=5))
        await decide(street)
        street.clock.advance(timedelta(minutes=5))
        assert await look_again(street, inquiry) == "OK"

    on_street(story)
