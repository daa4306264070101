"""What was decided reaches the gateway: in order, until it answers, and once."""

from datetime import timedelta

from kumihimo.rooms.review import looking
from kumihimo.rooms.review.api import Answer
from tests.rooms.review.gateway import KeepingGateway
from tests.rooms.review.house import finding, number, proposal
from tests.rooms.review.test_looking import looked

LATER = timedelta(minutes=6)


async def effects(house):
    return await house.rows("SELECT kind, state, reason FROM link_effect ORDER BY link_effect")


async def both(house, what, **more):
    for officer in ("ito", "kato"):
        await looked(house, officer, what, **more)


def test_a_suspected_family_members_number_stops_before_anybody_has_looked(at_desk):
    gateway = KeepingGateway("r1", "r2", "r3", "r4")

    async def story(house):
        homonym = finding(3, mechanism="homonym")
        doubt = finding(4, verdict="person", mechanism="match")
        loaded = await house.load(finding(1), finding(2, mechanism="twin"), homonym, doubt)
        assert loaded.suspended == 2
        ito = await house.signed_in("ito")
        await ito.take()
        assert "一時停止（中間サーバーに送信中）" in ito.page
        await house.deliver()
        await ito.open("/item")
        assert "一時停止（済み）" in ito.page
        assert gateway.told == [
            ("suspend", "r1", "household", "audit"),
            ("suspend", "r2", "twin", "audit"),
        ]
        again = await house.load(finding(1), finding(2, mechanism="twin"), homonym, doubt, run="b")
        assert again.suspended == 0

    at_desk(story, gateway)


def test_the_gateway_hears_once_a_day_who_looked_at_a_record_whatever_else_they_open(at_desk):
    gateway = KeepingGateway("r1")

    async def story(house):
        await house.load(finding(1))
        ito = await house.signed_in("ito")
        await ito.take()
        await ito.open("/item")
        await ito.send("/numbers")
        await house.deliver()
        [look] = gateway.looks.values()
        assert (look.addressee, look.affair, look.items) == ("r1", "b081", ("kept.link",))
        assert look.asker.role == "ひも付けの点検"
        assert "ito" not in repr(look), "an office and a role are told, and no name"
        house.clock.advance(timedelta(days=1))
        ito = await house.signed_in("ito")
        await ito.take()
        await ito.open("/item")
        gateway.lose_answers = 1
        await house.deliver()
        house.clock.advance(LATER)
        await house.deliver()
        assert len(gateway.looks) == 2, "once more on another day, and one for a lost answer"

    at_desk(story, gateway)


def test_a_look_at_a_record_that_the_gateway_does_not_know_is_no_dead_letter(at_desk):
    async def story(house):
        await house.load(finding(1, verdict="person", mechanism="match"))
        await looking.take(house.desk, "ito")
        assert await looking.show(house.desk, "ito")
        await house.deliver()
        assert await house.value("SELECT count(*) FROM dead_letter") == 0
        assert await house.value("SELECT count(*) FROM outbox") == 0

    at_desk(story, KeepingGateway())


def test_where_the_setting_says_so_nothing_stops_before_two_people_have_looked(at_desk):
    gateway = KeepingGateway("r1")

    async def story(house):
        await house.load(finding(1))
        await both(house, Answer.WRONG, mechanism="twin", number=number(50))
        await house.deliver()
        name = finding(1).sides.own["name"]
        assert gateway.told == [
            ("suspend", "r1", "twin", "ito"),
            ("correct", "r1", "form", number(50), name, "ito", "kato"),
        ]
        assert await house.value("SELECT count(correction_locked) FROM link_effect") == 0

    at_desk(story, gateway, suspend_at_once=False)


def test_a_wrong_link_whose_right_number_nobody_knows_loses_its_number(at_desk):
    gateway = KeepingGateway("r1")

    async def story(house):
        await house.load(finding(1))
        await both(house, Answer.WRONG)
        await house.deliver()
        assert gateway.told[1:] == [("correct", "r1", "none", "", "", "ito", "kato")]

    at_desk(story, gateway)


def test_a_suspended_link_that_two_people_find_right_works_again(at_desk):
    gateway = KeepingGateway("r1")

    async def story(house):
        await house.load(finding(1))
        await looked(house, "ito", Answer.OWN)
        await house.deliver()
        assert len(gateway.told) == 1
        await looked(house, "kato", Answer.NOTATION)
        await house.deliver()
        assert gateway.told[1:] == [("confirm", "r1", "ito", "kato")]
        await house.load(run="b")
        assert await house.value("SELECT state FROM item") == "decided"

    at_desk(story, gateway)


def test_those_who_agreed_stand_for_it_and_not_the_one_who_did_not(at_desk):
    gateway = KeepingGateway("r1")

    async def story(house):
        await house.load(finding(1))
        await looked(house, "ito", Answer.WRONG, number=number(50))
        await looked(house, "kato", Answer.WRONG, number=number(51))
        await looked(house, "mori", Answer.WRONG, number=number(50))
        await house.deliver()
        assert gateway.told[1][3] == number(50)
        assert gateway.told[1][-2:] == ("ito", "mori")

    at_desk(story, gateway)


def test_a_gateway_that_is_out_of_reach_is_told_later_in_order_and_once(at_desk):
    gateway = KeepingGateway("r1")

    async def story(house):
        gateway.down = True
        await house.load(finding(1, proposal=proposal(50)))
        await both(house, Answer.WRONG, proposed=True)
        await house.room.outbox.run_once()
        assert gateway.told == []
        assert [state for _, state, _ in await effects(house)] == ["waiting", "waiting"]
        gateway.down, gateway.busy = False, 1
        for _ in range(4):
            house.clock.advance(LATER)
            await house.deliver()
        assert [order[0] for order in gateway.told] == ["suspend", "correct"]
        assert [state for _, state, _ in await effects(house)] == ["done", "done"]

    at_desk(story, gateway)


def test_an_answer_lost_on_the_way_doubles_nothing(at_desk):
    gateway = KeepingGateway("r1")

    async def story(house):
        gateway.lose_answers = 1
        await house.load(finding(1))
        await house.deliver()
        house.clock.advance(LATER)
        await house.deliver()
        await both(house, Answer.OWN)
        gateway.lose_answers = 1
        await house.deliver()
        house.clock.advance(LATER)
        await house.deliver()
        assert [order[0] for order in gateway.told] == ["suspend", "confirm"]
        assert gateway.calls == 4
        assert [state for _, state, _ in await effects(house)] == ["done", "done"]

    at_desk(story, gateway)


def test_what_the_gateway_refuses_stands_on_the_supervisors_page_and_can_be_tried_again(at_desk):
    gateway = KeepingGateway("r1")

    async def story(house):
        gateway.unconfirmed = {number(50)}
        await house.load(finding(1))
        await both(house, Answer.WRONG, number=number(50))
        await house.deliver()
        assert await effects(house) == [("suspend", "done", ""), ("correct", "refused", "no-match")]
        ueda = await house.signed_in("ueda")
        assert "no-match" in ueda.page
        gateway.unconfirmed = set()
        await ueda.send("/tell-again")
        await house.deliver()
        assert gateway.told[-1][:2] == ("correct", "r1")
        assert (await effects(house))[-1] == ("correct", "done", "")

    at_desk(story, gateway)


def test_a_record_whose_correction_was_refused_comes_again_with_the_next_audit(at_desk):
    gateway = KeepingGateway("r1")

    async def story(house):
        gateway.unconfirmed = {number(50)}
        await house.load(finding(1))
        await both(house, Answer.WRONG, number=number(50))
        await house.deliver()
        again = await house.load(finding(1), run="b")
        assert again.again == 1
        assert await house.value("SELECT state FROM item") == "open"
        gateway.unconfirmed = set()
        await both(house, Answer.WRONG, number=number(50))
        await house.deliver()
        assert [order[0] for order in gateway.told] == ["suspend", "correct"]
        third = await house.load(finding(1, odds=0.5, proposal=proposal(9)), run="c")
        assert (third.again, third.suspended) == (1, 1)
        await both(house, Answer.OWN)
        await house.deliver()
        assert [order[0] for order in gateway.told][2:] == ["suspend", "confirm"]

    at_desk(story, gateway)


def test_a_suspended_link_waits_for_people_though_a_newer_audit_finds_nothing(at_desk):
    gateway = KeepingGateway("r1")

    async def story(house):
        await house.load(finding(1))
        newer = await house.load(run="b")
        assert newer.vanished == 0
        assert await house.value("SELECT state FROM item") == "open"

    at_desk(story, gateway)


def test_a_letter_in_the_outbox_says_nothing_of_a_person(at_desk):
    async def story(house):
        await house.load(finding(1))
        await both(house, Answer.WRONG, number=number(50))
        bodies = await house.rows("SELECT body FROM outbox ORDER BY message")
        known = await house.rows("SELECT link_effect::text FROM link_effect ORDER BY link_effect")
        assert [bytes(body).decode() for (body,) in bodies] == [text for (text,) in known]

    at_desk(story)
