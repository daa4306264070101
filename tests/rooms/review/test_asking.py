"""What the gateway's monthly check found comes before people by itself: once, with its history."""

from datetime import date, timedelta

import attrs
import pytest

from kumihimo.kernel import retention
from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.gateway.business import Attributes
from kumihimo.rooms.gateway.business_links import Suspension
from kumihimo.rooms.review.api import Answer
from kumihimo.rooms.review.deciding import settle
from kumihimo.rooms.review.domain.answers import TAKE_BACK_FOR
from tests.rooms.review.gateway import KeepingGateway, suspected
from tests.rooms.review.house import finding, number, proposal
from tests.rooms.review.test_loading import owner, states, tally
from tests.rooms.review.test_looking import Draws, looked
from tests.rooms.review.test_pages import token
from tests.rooms.review.test_telling import both

JULY = date(2026, 7, 1)


def moved(n):
    return suspected(n, "MOVED", name="equal", birth="equal", address="different")


async def rounds(house):
    found = await house.rows("SELECT record_id, source, state, round FROM item ORDER BY record_id")
    return {record: rest for record, *rest in found}


def test_what_a_check_found_comes_once_page_by_page_and_goes_on_where_it_was_cut(at_desk):
    gateway = KeepingGateway()

    async def story(house):
        gateway.check(*(moved(n) for n in range(5)), finished=False)
        assert await house.ask() == 5
        assert await house.ask() == 0
        assert gateway.asked == 4, "what was taken is not asked for again, but for what may follow"
        gateway.check(*(moved(n) for n in range(8)))
        gateway.busy = 1
        with pytest.raises(Unavailable):
            await house.ask()
        assert await house.ask() == 3
        calls = gateway.asked
        assert await house.ask() == 0
        assert gateway.asked == calls, "a run that is whole is not asked for again"
        assert await states(house) == {f"r{n}": "open" for n in range(8)}
        assert await tally(house) == [("mismatch", "open", 8, 16)]

    at_desk(story, gateway)


def test_the_page_shows_what_the_institution_holds_registers_levels_and_what_happened_before(
    at_desk,
):
    gateway = KeepingGateway("r1")

    async def story(house):
        earlier = gateway.doubted("r1", "2025-0007", "reported")
        gateway.links["r1", "2025-0007"] = "CONFIRMED"
        old = Suspension(
            addressee="r1", case="2025-0007", ground="reported", state="CONFIRMED",
            suspended_at=earlier[0].suspended_at, settled_at=earlier[0].suspended_at,
        )  # fmt: skip
        doubts = gateway.doubted("r1", "1" * 22)
        gateway.check(suspected(1, doubts=(*doubts, old)))
        await house.ask()
        ito = await house.signed_in("ito")
        await ito.take()
        for said in ("髙橋 花子1", "どこまで一致するかだけ", "毎月の照合：住基と合わない", "申出",
                     "氏名・生年月日・性別と合いませんでした", "正しいと確認", "停止中"):  # fmt: skip
            assert said in ito.page
        assert "証拠の重み" not in ito.page
        assert "いまの番号" not in ito.page
        assert 'action="/numbers"' not in ito.page
        [[seen]] = await house.rows("SELECT attributes FROM viewing")
        assert set(seen.split()) == {"own.name", "own.birth", "own.sex", "own.address"}
        await ito.send("/language", language="en")
        assert "The monthly check" in ito.page

    at_desk(story, gateway)


def test_a_link_that_the_gateway_suspended_is_settled_in_the_gateways_own_case(at_desk):
    gateway = KeepingGateway("r1", "r2")

    async def story(house):
        wrong = {"number": number(50)}
        for n, (what, more) in enumerate([(Answer.OWN, {}), (Answer.WRONG, wrong)], start=1):
            doubts = gateway.doubted(f"r{n}", f"{n}" * 22)
            gateway.check(suspected(n, doubts=doubts), run=str(n))
            await house.ask()
            await both(house, what, **more)
            await house.deliver()
        assert gateway.links == {("r1", "1" * 22): "CONFIRMED", ("r2", "2" * 22): "CORRECTED"}
        assert gateway.told[-1][:4] == ("correct", "r2", "form", number(50))
        left = await house.rows("SELECT suspended_in, gateway_case FROM item")
        assert left == [(None, "")] * 2

    at_desk(story, gateway)


def test_what_an_audit_found_keeps_both_sides_and_is_settled_in_the_case_that_was_first(at_desk):
    gateway = KeepingGateway("r1")

    async def story(house):
        doubts = gateway.doubted("r1", "1" * 22)
        await house.load(finding(1, proposal=proposal(50)))
        gateway.check(suspected(1, doubts=doubts))
        assert await house.ask() == 0
        assert await rounds(house) == {"r1": ["audit", "open", 1]}
        await house.deliver()
        await both(house, Answer.WRONG, proposed=True)
        await house.deliver()
        assert gateway.links == {("r1", "1" * 22): "CORRECTED"}
        kinds = await house.rows("SELECT kind, state FROM link_effect ORDER BY link_effect")
        assert kinds == [("suspend", "done"), ("correct", "done")]

    at_desk(story, gateway)


def test_what_people_have_decided_is_not_asked_again_until_something_has_changed(at_desk):
    gateway = KeepingGateway("r1")

    async def story(house):
        house.desk = attrs.evolve(house.desk, entropy=Draws(house.entropy, repeat=False))
        gateway.check(moved(1))
        await house.ask()
        await looked(house, "ito", Answer.OWN)
        house.clock.advance(TAKE_BACK_FOR)
        await settle(house.desk)
        gateway.check(moved(1), run="2")
        assert await house.ask() == 0
        assert await rounds(house) == {"r1": ["check", "decided", 1]}
        other = Attributes(name="髙橋 桜子", birth="1990-04-01", sex="2", address="港区芝1-1")
        gateway.check(suspected(1, "MOVED", attributes=other), run="3")
        assert await house.ask() == 1
        assert await rounds(house) == {"r1": ["check", "open", 2]}
        assert await house.value("SELECT count(*) FROM check_finding") == 3

    at_desk(story, gateway)


def test_a_link_that_is_in_doubt_anew_comes_again_though_it_was_decided(at_desk):
    gateway = KeepingGateway("r1")

    async def story(house):
        gateway.check(suspected(1, doubts=gateway.doubted("r1", "1" * 22)))
        await house.ask()
        await both(house, Answer.OWN)
        gateway.check(suspected(1, doubts=[gateway._of("r1", "1" * 22, "mismatch")]), run="2")
        assert await house.ask() == 0, "what was decided is on its way"
        await house.deliver()
        gateway.check(suspected(1, doubts=gateway.doubted("r1", "3" * 22)), run="3")
        assert await house.ask() == 1
        await both(house, Answer.OWN)
        await house.deliver()
        assert set(gateway.links.values()) == {"CONFIRMED"}

    at_desk(story, gateway)


def test_a_check_that_no_longer_finds_it_closes_it_unless_the_link_stands_still(at_desk):
    gateway = KeepingGateway("r1", "r2", "r3")

    async def story(house):
        await house.load(finding(3, mechanism="homonym"))
        gateway.check(moved(1), suspected(2, doubts=gateway.doubted("r2", "1" * 22)))
        await house.ask()
        gateway.check(run="2", finished=False, on=JULY)
        await house.ask()
        assert await states(house) == dict.fromkeys(("r1", "r2", "r3"), "open")
        gateway.check(run="2", on=JULY)
        await house.ask()
        assert await states(house) == {"r1": "vanished", "r2": "open", "r3": "open"}
        gateway.check(moved(1), run="3", on=JULY + timedelta(days=30))
        assert await house.ask() == 1
        newer = await house.load(run="b")
        assert newer.vanished == 1
        assert await states(house) == {"r1": "open", "r2": "open", "r3": "vanished"}
        await tally(house)

    at_desk(story, gateway)


def test_an_audit_that_knows_both_sides_takes_over_what_a_check_had_found(at_desk):
    gateway = KeepingGateway("r1")

    async def story(house):
        gateway.check(suspected(1, doubts=gateway.doubted("r1", "1" * 22)))
        await house.ask()
        await looked(house, "ito", Answer.WRONG)
        await house.load(finding(1, proposal=proposal(50)))
        assert await rounds(house) == {"r1": ["audit", "open", 2]}
        await both(house, Answer.WRONG, proposed=True)
        await house.deliver()
        assert gateway.links == {("r1", "1" * 22): "CORRECTED"}

    at_desk(story, gateway)


def test_what_is_known_of_a_link_goes_with_its_item_seven_years_after_it_was_closed(at_desk):
    gateway = KeepingGateway("r1", "r2")

    async def story(house):
        gateway.doubted("r2", "9" * 22)
        gateway.links["r2", "9" * 22] = "CONFIRMED"
        settled = [gateway._of("r2", "9" * 22, "reported")]
        open_doubt = gateway.doubted("r1", "1" * 22)
        gateway.check(suspected(1, doubts=open_doubt), suspected(2, "DEAD", doubts=settled))
        await house.ask()
        gateway.check(run="2", on=JULY)
        await house.ask()
        assert await states(house) == {"r1": "open", "r2": "vanished"}

        async def forget():
            return await retention.forget(house.database, clock=house.clock, actor="desk")

        assert await forget() == 0
        old = "UPDATE item SET closed_on = '2016-06-01' WHERE closed_on IS NOT NULL"
        await owner(house, (old, ()), ("UPDATE check_taken SET started_on = '2016-06-01'", ()))
        assert await forget() == 1
        assert await house.rows("SELECT record_id FROM item") == [("r1",)]
        for table, left in (("check_finding", 1), ("doubt", 1), ("check_taken", 0)):
            assert await house.value(f"SELECT count(*) FROM {table}") == left

    at_desk(story, gateway)


def test_a_gateway_that_is_out_of_reach_is_asked_later(at_desk):
    gateway = KeepingGateway()

    async def story(house):
        gateway.check(moved(1))
        gateway.down = True
        with pytest.raises(Unavailable):
            await house.ask()
        gateway.down = False
        assert await house.ask() == 1

    at_desk(story, gateway)


def test_only_the_check_is_listed_when_a_reviewer_wants_what_it_found(at_desk):
    gateway = KeepingGateway()

    async def story(house):
        await house.load(finding(1), finding(2))
        gateway.check(moved(3))
        await house.ask()
        ito = await house.signed_in("ito")
        await ito.open("/")
        assert 'name="mechanism" value="mismatch"' in ito.page
        await ito.post("/take", token(ito) | {"mechanism": "mismatch"})
        assert "花子3" in ito.page

    at_desk(story, gateway)
