"""Every month an institution's links are compared with register; what does not fit is suspended."""

from datetime import timedelta

from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.gateway import checking
from kumihimo.rooms.gateway.business import Attributes
from kumihimo.rooms.register import api as register
from tests.federation.desk import open_desk
from tests.federation.street import ALLOWANCE, MINATO, OSAKA
from tests.federation.test_intake import card
from tests.federation.test_register_and_core import ask, number_of
from tests.rooms.register.made import birth, event


def test_a_check_finds_another_persons_number_suspends_it_and_keeps_its_history(
    in_town, monkeypatch
):
    async def story(street, one, other):
        monkeypatch.setattr(checking, "BATCH", 2)
        batch = register.EventBatch((birth(3), birth(4)))
        await ask(street, MINATO, register.EVENTS_PATH, batch, register.EventsTaken)
        third, fourth = await number_of(street, 3), await number_of(street, 4)
        death = register.EventBatch((event("death", 3),))
        await ask(street, MINATO, register.EVENTS_PATH, death, register.EventsTaken)
        desk = await open_desk(street, OSAKA)
        people = [card("7", other, 1), card("8", one, 1), card("9", third, 3)]
        await desk(lambda c: c.register(people))
        nameless = Attributes(name="", birth="", sex="", address="")
        await desk(lambda c: c.register_from_card("10", number=fourth, attributes=nameless))
        gateway, tenant = desk.room.gateway, desk.tenant

        async def whole(**how):
            steps = [await checking.run_once(gateway, tenant, ALLOWANCE, **how)]
            while (await desk(lambda c: c.link_checks()))[0].finished_on is None:
                steps.append(await checking.run_once(gateway, tenant, ALLOWANCE))
            return sum(steps)

        assert await whole() == 3
        [run] = await desk(lambda c: c.link_checks())
        assert run.counts == {"MISMATCH": 1, "EQUAL": 1, "DEAD": 1, "NOT_COMPARED": 1}
        assert (run.compared, run.suspended) == (3, 1)
        page = await desk(lambda c: c.link_findings(run.run))
        assert sorted((f.verdict, f.addressees) for f in page.findings) == [
            ("DEAD", ("9",)),
            ("MISMATCH", ("7",)),
        ]
        assert page.next == 0
        statuses = await desk(lambda c: c.status(["7", "8", "9"]))
        assert [s.link_suspended for s in statuses] == [True, False, False]
        [doubt] = await desk(lambda c: c.suspensions_of("7"))
        assert (doubt.ground, doubt.case) == ("mismatch", run.run)

        assert await checking.run_once(gateway, tenant, ALLOWANCE) == 0, "not before a month"
        await desk(lambda c: c.confirm_link("7", case=run.run, officer="o1", approver="o2"))
        street.clock.advance(timedelta(days=30))
        assert await whole() == 3
        [latest, _] = await desk(lambda c: c.link_checks())
        assert (latest.counts["MISMATCH"], latest.suspended) == (1, 0), "two people had confirmed"
        assert await whole(anyway=True) == 3, "by hand it is always time"
        street.transport.down.add("register")
        assert await refused_by_silence(checking.run_once(gateway, tenant, ALLOWANCE, anyway=True))
        street.transport.down.clear()
        assert await whole() == 3, "it goes on where it was"

    in_town(story)


async def refused_by_silence(act):
    try:
        await act
    except Unavailable:
        return True
    return False
