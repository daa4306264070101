"""The canary's inquiry goes through the whole system, under the law, and is recorded like any other."""

from datetime import timedelta

from kumihimo.kernel.metrics import Meter
from kumihimo.kernel.settings import SecretFile
from kumihimo.run.dashboard import CanarySettings
from tests.federation.desk import open_desk
from tests.federation.street import ALLOWANCE, INCOME, LAYOUT, MINATO, OSAKA
from tests.federation.test_exchange import jane_moves, question

THREE_MINUTES = timedelta(minutes=3)


def canary_of(street, desk):
    settings = CanarySettings(
        gateway="http://gateway",
        token=SecretFile("token"),
        addressee=question().addressee,
        affair=ALLOWANCE,
        provider=OSAKA,
        items=(INCOME,),
        layout=LAYOUT,
    )
    return settings.canary(desk.client, street.clock, Meter())


def test_it_asks_through_the_whole_system_and_leaves_its_record_at_the_ledger(on_street):
    async def story(street):
        await jane_moves(street)
        desk = await open_desk(street, MINATO)
        canary = canary_of(street, desk)
        for _ in range(3):
            await canary.sing()
            street.clock.advance(timedelta(minutes=1))
        await street.deliver()
        assert canary.health().state == "ok"
        async with street.ledger.ledger.database.transaction() as tx:
            assert await tx.value("SELECT count(*) FROM record") == 3

    on_street(story)


def test_whoever_of_the_system_is_away_is_heard_of_after_three_minutes(on_street):
    async def story(street):
        await jane_moves(street)
        canary = canary_of(street, await open_desk(street, MINATO))
        for away in ("linkage", OSAKA):
            await canary.sing()
            assert canary.health().state == "ok"
            street.transport.down.add(away)
            await canary.sing()
            street.clock.advance(THREE_MINUTES)
            assert [one.of for one in canary.health().alarms] == ["canary"], away
            street.transport.down.clear()
        await canary.sing()
        assert canary.health().state == "ok"

    on_street(story)


def test_the_law_is_not_bent_for_it(on_street):
    async def story(street):
        await jane_moves(street)
        desk = await open_desk(street, MINATO)
        canary = canary_of(street, desk)
        other = CanarySettings(
            gateway="http://gateway",
            token=SecretFile("token"),
            addressee=question().addressee,
            affair=ALLOWANCE,
            provider=MINATO,
            items=("pension.amount",),
            layout=LAYOUT,
        ).canary(desk.client, street.clock, Meter())
        await canary.sing()
        await other.sing()
        street.clock.advance(THREE_MINUTES - timedelta(seconds=1))
        await canary.sing()
        street.clock.advance(timedelta(seconds=1))
        assert (canary.health().state, other.health().state) == ("ok", "alarm")

    on_street(story)
