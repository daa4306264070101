"""Who is at the desk outlives the process that let her in, and ends when she may no longer be there."""

from datetime import timedelta

from kumihimo.pages.officers import LOCKED_FOR
from kumihimo.pages.visits import VISIT_FOR
from kumihimo.rooms.review.visits import forget_over
from tests.rooms.cards.forms import form_of
from tests.rooms.review.house import CODE, ROLES, Browser, finding

LOCKED = "続けて誤ったため、使えません"


def test_a_restart_signs_nobody_out_and_loses_nobodys_work(at_desk):
    async def story(house):
        await house.load(finding(1), finding(2))
        ito = await house.signed_in("ito")
        await ito.take()
        first = form_of(ito.page, "/item").values["item"]
        await ito.answer("unsure")
        after = ito.at_process(house.process())
        await after.open("/item")
        assert form_of(after.page, "/item").values["item"] != first
        await after.send("/take-back")  # what was answered before the restart is still known
        assert form_of(after.page, "/item").values["item"] == first

    at_desk(story)


def test_two_processes_know_of_one_another_who_is_signed_in_and_who_left(at_desk):
    async def story(house):
        other = house.process()
        ito = await house.signed_in("ito")
        there = ito.at_process(other)
        await there.open("/queue")
        assert there.at == "/queue"
        elsewhere = Browser(other.app)
        await elsewhere.sign_in("ito")
        await ito.open("/queue")
        assert ito.at == "/sign-in"
        back = elsewhere.at_process(house.room)
        await back.send("/sign-out")
        await elsewhere.open("/queue")
        assert elsewhere.at == "/sign-in"

    at_desk(story)


def test_who_is_no_longer_in_the_file_or_has_another_passcode_or_role_signs_in_anew(at_desk):
    async def story(house):
        mori = await house.signed_in("mori")
        same = mori.at_process(house.process())
        await same.open("/queue")
        assert same.at == "/queue"
        for roles, code in (
            ({name: role for name, role in ROLES.items() if name != "mori"}, CODE),
            (ROLES, "another passcode"),
            (ROLES | {"mori": "supervisor"}, CODE),
        ):
            mori = await house.signed_in("mori")
            after = mori.at_process(house.process(roles, code))
            await after.open("/queue")
            assert after.at == "/sign-in"
            await mori.open("/queue")  # nor where the old file is still in memory
            assert mori.at == "/sign-in"

    at_desk(story)


def test_five_wrong_passcodes_lock_an_officer_out_at_every_process_for_half_an_hour(at_desk):
    async def story(house):
        here, there = house.browser(), Browser(house.process().app)
        for browser in (here, there, here, there, here):
            await browser.sign_in("ito", "guess")
            assert "職員コードまたは暗証が違う" in browser.page
        for browser in (here, there):
            await browser.sign_in("ito")
            assert LOCKED in browser.page
        await here.sign_in("kato")
        assert here.at == "/"
        house.clock.advance(LOCKED_FOR - timedelta(seconds=1))
        await there.sign_in("ito")
        assert LOCKED in there.page
        house.clock.advance(timedelta(seconds=1))
        await there.sign_in("ito")
        assert there.at == "/"

    at_desk(story)


def test_a_right_passcode_and_half_an_hour_forget_the_wrong_ones(at_desk):
    async def story(house):
        browser = house.browser()
        for forget in (house.browser().sign_in, None):
            for _ in range(4):
                await browser.sign_in("ito", "guess")
            if forget is None:
                house.clock.advance(LOCKED_FOR)
            else:
                await forget("ito")
        await browser.sign_in("ito", "guess")
        assert LOCKED not in browser.page
        assert await house.rows("SELECT officer, tries FROM sign_in_try") == [("ito", 1)]

    at_desk(story)


def test_names_that_nobody_has_fill_no_table(at_desk):
    async def story(house):
        for name in ("nobody", "", "x" * 1000):
            await house.browser().sign_in(name, "guess")
        assert await house.value("SELECT count(*) FROM sign_in_try") == 0

    at_desk(story)


def test_the_database_holds_no_token_and_nothing_of_a_visit_that_is_over(at_desk):
    async def story(house):
        await house.load(finding(1))
        ito = await house.signed_in("ito")
        await ito.take()
        token = ito.http.cookies["kumihimo-review"]
        [[row]] = await house.rows("SELECT v::text FROM visit v")
        for half in (token[:22], token[22:]):
            assert half not in row
            assert half.encode().hex() not in row
        await house.browser().sign_in("kato", "guess")
        assert await forget_over(house.desk) == 0
        house.clock.advance(max(VISIT_FOR, LOCKED_FOR))
        assert await forget_over(house.desk) == 2
        assert await house.value("SELECT count(*) FROM visit") == 0

    at_desk(story)
