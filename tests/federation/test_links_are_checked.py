"""Every month an institution's links are compared with register; what does not fit is suspended."""

from datetime import timedelta

import msgspec

from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.gateway import checking
from kumihimo.rooms.gateway.business import Attributes
from kumihimo.rooms.register import api as register
from tests.federation.desk import open_desk
from tests.federation.street import ALLOWANCE, MINATO, OSAKA
from tests.federation.test_a_link_in_doubt import refused
from tests.federation.test_intake import card, written
from tests.federation.test_register_and_core import ask, number_of
from tests.rooms.register.made import birth, event


class Checked:
    """Osaka's business system, with one right link, one wrong, one of a dead person, one nameless."""

    def __init__(self, desk, numbers):
        self.desk, self.numbers = desk, numbers

    async def whole(self, **how):
        gateway, tenant = self.desk.room.gateway, self.desk.tenant
        steps = [await checking.run_once(gateway, tenant, ALLOWANCE, **how)]
        while (await self.runs())[0].finished_on is None:
            steps.append(await checking.run_once(gateway, tenant, ALLOWANCE))
        return sum(steps)

    async def runs(self):
        return await self.desk(lambda c: c.link_checks())

    async def to_review(self, run, desk=None, **more):
        return await (desk or self.desk)(lambda c: c.links_to_review(run, **more))


async def settled(street, one, other):
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
    return Checked(desk, (one, other, third, fourth))


def test_a_check_finds_another_persons_number_suspends_it_and_keeps_its_history(
    in_town, monkeypatch
):
    async def story(street, one, other):
        monkeypatch.setattr(checking, "BATCH", 2)
        town = await settled(street, one, other)
        desk, whole = town.desk, town.whole
        gateway, tenant = desk.room.gateway, desk.tenant
        assert await whole() == 3
        [run] = await town.runs()
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
        [latest, _] = await town.runs()
        assert (latest.counts["MISMATCH"], latest.suspended) == (1, 0), "two people had confirmed"
        assert await whole(anyway=True) == 3, "by hand it is always time"
        street.transport.down.add("register")
        assert await refused_by_silence(checking.run_once(gateway, tenant, ALLOWANCE, anyway=True))
        street.transport.down.clear()
        assert await whole() == 3, "it goes on where it was"

    in_town(story)


def test_who_decides_is_told_what_the_institution_holds_and_no_number_until_it_is_settled(in_town):
    async def story(street, one, other):
        town = await settled(street, one, other)
        await town.whole()
        [run] = await town.runs()
        page = await town.to_review(run.run)
        told = {link.addressee: link for link in page.links}
        assert {name: link.verdict for name, link in told.items()} == {
            "7": "MISMATCH",
            "9": "DEAD",
        }
        assert told["7"].attributes == written(1)
        assert [(d.case, d.state) for d in told["7"].doubts] == [(run.run, "SUSPENDED")]
        assert told["9"].doubts == ()
        said = msgspec.json.encode(page).decode()
        assert not [number for number in town.numbers if number in said]
        behind = await town.to_review(run.run, after=page.until)
        assert (behind.links, behind.until, page.more) == ((), page.until, False)
        others = await open_desk(street, OSAKA, affairs=("b002",), name="other")
        assert await refused(town.to_review(run.run, others)) == ("not-allowed", "run")
        assert await refused(town.to_review("x" * 22)) == ("not-found", "run")

        await town.desk(lambda c: c.confirm_link("7", case=run.run, officer="o1", approver="o2"))
        left = await town.to_review(run.run)
        assert [link.addressee for link in left.links] == ["9"], "what was settled is left out"
        street.clock.advance(timedelta(days=30))
        await town.whole()
        [latest, _] = await town.runs()
        left = await town.to_review(latest.run)
        assert [link.addressee for link in left.links] == ["9"], "nor is it put before them again"

    in_town(story)


async def refused_by_silence(act):
    try:
        await act
    except Unavailable:
        return True
    return False
