"""The ledger's key changes with the real core and real gateways: she reads all of it, as before."""

from datetime import timedelta

import pytest

from kumihimo.kernel import journal
from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.gateway import rotation as gateway_rotation
from kumihimo.rooms.ledger import rotation
from tests.federation.street import MINATO, OSAKA
from tests.federation.test_exchange import JANE, JOHN, ask, jane_moves, question


async def rotate(street):
    return await rotation.rotate(street.ledger.ledger, street.ledger.caller)


async def exchange(street):
    [answer] = await ask(street, question())
    assert answer.outcome == "OK"


async def told(street, count):
    """Check that the person reads so many records, a stranger none, and nobody is suspected."""
    records = await street.records_of(JANE)
    assert len(records) == count
    assert all(one.provided_at and not one.under_investigation for one in records)
    assert await street.records_of(JOHN) == []
    assert street.alarms == []


def test_she_reads_what_happened_before_and_after_every_change_of_key(on_street):
    async def story(street):
        await jane_moves(street)
        await exchange(street)
        assert await rotate(street) == 3  # her record, the provider's end of it, and her chain
        await exchange(street)
        for institution in (OSAKA, MINATO):
            room, _ = street.gateways[institution]
            await gateway_rotation.rotate(room.gateway, street.tenants[institution])
        await rotate(street)
        await exchange(street)
        await told(street, 3)
        async with street.ledger.ledger.database.transaction() as tx:
            await journal.verify(tx)

    on_street(story)


def test_what_the_core_sealed_under_the_old_key_and_could_not_deliver_is_found_under_the_new(
    on_street,
):
    async def story(street):
        await jane_moves(street)
        street.transport.down.add("ledger")
        await exchange(street)
        assert await rotate(street) == 0
        street.transport.down.clear()
        street.clock.advance(timedelta(minutes=10))
        await street.deliver()
        await told(street, 1)

    on_street(story)


def test_an_exchange_in_the_middle_of_a_change_is_found_and_the_change_is_finished_later(on_street):
    async def story(street):
        await jane_moves(street)
        await exchange(street)
        street.transport.losing.add("linkage")
        with pytest.raises(Unavailable):
            await rotate(street)  # the core has begun, the ledger does not know
        await exchange(street)
        await told(street, 2)
        await rotate(street)
        await exchange(street)
        await told(street, 3)
        assert await rotation.resume(street.ledger.ledger, street.ledger.caller) == 0

    on_street(story)
