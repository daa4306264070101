"""The front of a room's pages: who is let in, whose forms are taken, what every answer carries."""

import asyncio
from datetime import timedelta

import pytest

from kumihimo.kernel.refusal import Unavailable
from kumihimo.pages.front import BODY_MAX
from kumihimo.pages.visits import VISIT_FOR, Known, MemoryVisits, Visit
from tests.pages.portal import Portal
from tests.rooms.cards.forms import form_of


def told(story, **changes):
    """Tell a story at a portal; only stories that expect a bug may leave one."""
    portal = Portal(**changes)
    asyncio.run(story(portal))
    return portal


def quietly(story, **changes):
    assert told(story, **changes).bugs == []


def token_of(browser):
    return form_of(browser.page, "/language").values["form_token"][0]


def test_a_stranger_is_asked_who_she_is_and_nothing_is_written_down_about_her():
    async def story(portal):
        browser = portal.browser()
        for path in ("/", "/note", "/clerk"):
            await browser.open(path)
            assert browser.at == "/sign-in"
        assert (await browser.post("/note", {"text": "x"})).url.path == "/sign-in"
        assert await portal.visits.find(browser.token) is None
        assert portal.taken == []

    quietly(story)


def test_a_citizen_signs_in_by_what_her_card_answers_to_a_challenge_of_her_own_visit():
    async def story(portal):
        hanako, thief = portal.browser(), portal.browser()
        await thief.open("/begin")
        await hanako.log_in()
        assert (hanako.at, "hanako" in hanako.page) == ("/", True)
        await hanako.open("/note")
        await hanako.send("/note", text="転入届")
        assert "受け付けました: 転入届" in hanako.page
        await hanako.open("/note")
        assert "受け付けました" not in hanako.page
        await thief.send("/sign-in", answer="1001 of-another-visit")
        assert (thief.at, "not-authentic" in thief.page) == ("/sign-in", True)
        assert portal.taken == [("hanako", "転入届")]

    quietly(story)


def test_who_sends_a_form_after_her_visit_is_over_is_told_that_nothing_was_written():
    async def story(portal):
        hanako = portal.browser()
        await hanako.open("/note")
        assert (hanako.at, "終わっています" in hanako.page) == ("/sign-in", False)
        await hanako.log_in()
        await hanako.open("/note")
        portal.clock.advance(VISIT_FOR + timedelta(seconds=1))
        await hanako.send("/note", text="転入届")
        assert (hanako.at, "終わっています" in hanako.page) == ("/sign-in", True)
        assert portal.taken == []

    quietly(story)


def test_a_token_that_was_planted_in_her_browser_is_not_hers_after_signing_in():
    async def story(portal):
        thief, hanako = portal.browser(), portal.browser()
        await thief.open("/begin")
        planted = thief.token
        hanako.http.cookies.set(portal.front.cookie, planted, domain="portal.local", path="/")
        await hanako.log_in()
        assert hanako.token != planted
        await thief.open("/note")
        assert thief.at == "/sign-in"

    quietly(story)


def test_a_token_that_was_signed_out_or_left_lets_nobody_in():
    async def story(portal):
        hanako = portal.browser()
        await hanako.log_in()
        old = {"cookie": f"{portal.front.cookie}={hanako.token}"}
        answer = await portal.browser().open("/note", headers=old, follow_redirects=False)
        assert answer.status_code == 200
        await hanako.send("/sign-out")
        assert hanako.at == "/sign-in"
        answer = await portal.browser().open("/note", headers=old, follow_redirects=False)
        assert answer.status_code == 303
        await hanako.log_in()
        portal.clock.advance(VISIT_FOR - timedelta(seconds=1))
        await hanako.open("/note")
        assert hanako.at == "/note"
        portal.clock.advance(VISIT_FOR)
        await hanako.open("/note")
        assert hanako.at == "/sign-in"

    quietly(story)


def test_who_signs_in_elsewhere_is_signed_out_where_she_was_and_others_are_not():
    async def story(portal):
        first, second, taro = (portal.browser() for _ in range(3))
        await taro.log_in("1002")
        await first.log_in()
        await second.log_in()
        for browser, at in ((first, "/sign-in"), (second, "/note"), (taro, "/note")):
            await browser.open("/note")
            assert browser.at == at

    quietly(story)


@pytest.mark.parametrize("path", ["/note", "/sign-in", "/sign-out", "/language"])
def test_a_form_that_another_site_sends_does_nothing(path):
    async def story(portal):
        hanako, other = portal.browser(), portal.browser()
        await hanako.log_in()
        await other.open("/sign-in")
        for forged in ({}, {"form_token": ""}, {"form_token": token_of(other)}):
            sent = {"text": "x", "language": "en", "answer": "1002"} | forged
            answer = await hanako.post(path, sent)
            assert answer.status_code == 422
            assert "not-authentic" in hanako.page
        await hanako.open("/note")
        assert ("hanako" in hanako.page, 'lang="ja"' in hanako.page) == (True, True)
        assert portal.taken == []

    quietly(story)


def test_the_language_stays_through_signing_in_and_out_and_so_does_the_place():
    async def story(portal):
        hanako = portal.browser()
        await hanako.open("/sign-in")
        await hanako.send("/language", language="en")
        assert (hanako.at, '<html lang="en">' in hanako.page) == ("/sign-in", True)
        await hanako.log_in()
        await hanako.open("/note")
        assert '<html lang="en">' in hanako.page
        await hanako.send("/language", language="ja")
        assert (hanako.at, '<html lang="ja">' in hanako.page) == ("/note", True)
        proof = {"form_token": token_of(hanako), "language": "xx"}
        for back in ("http://evil.test/", "//evil.test", "/style/tokens.css", "/sign-out"):
            await hanako.post("/language", proof | {"back": back})
            assert (hanako.at, '<html lang="ja">' in hanako.page) == ("/", True)

    quietly(story)


ANSWERS = {
    "/sign-in": 200,
    "/note": 303,
    "/nowhere": 404,
    "/language": 405,
    "/style/tokens.css": 200,
    "/bug": 500,
}


@pytest.mark.parametrize("https", [False, True])
def test_every_answer_forbids_scripts_frames_and_keeping_and_tells_no_one_where_one_was(https):
    async def story(portal):
        browser = portal.browser()
        for path, status in ANSWERS.items():
            answer = await browser.open(path, follow_redirects=False)
            assert answer.status_code == status
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "script" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"
            kept = "max-age=3600" if path.startswith("/style/") else "no-store"
            assert answer.headers["cache-control"] == kept
            assert ("strict-transport-security" in answer.headers) == https
            assert "<script" not in answer.text

    told(story, https=https)


@pytest.mark.parametrize("https", [False, True])
def test_cookies_are_for_the_browser_alone_and_over_tls_for_nothing_else(https):
    async def story(portal):
        answer = await portal.browser().open("/sign-in")
        session, language = answer.headers.get_list("set-cookie")
        assert session.startswith("__Host-kumihimo-portal=") == https
        for cookie in (session, language):
            assert "HttpOnly" in cookie
            assert "SameSite=strict" in cookie
            assert "Path=/" in cookie
            assert "Domain" not in cookie
            assert ("Secure" in cookie) == https

    quietly(story, https=https)


@pytest.mark.parametrize("https", [False, True])
def test_a_browser_is_given_a_cookie_that_it_does_not_have_and_no_other(https):
    def given(answer):
        return {one.partition("=")[0] for one in answer.headers.get_list("set-cookie")}

    async def story(portal):
        session, language = portal.front.cookie, "kumihimo-language"
        hanako = portal.browser()
        assert given(await hanako.open("/sign-in")) == {session, language}
        assert given(await hanako.open("/sign-in")) == set()
        before = hanako.http.cookies[session]
        await hanako.log_in()
        assert hanako.http.cookies[session] != before, "a new token with each login"
        for path in ("/", "/nowhere"):
            assert given(await hanako.open(path)) == set()
        for shown, spoken, missing in (
            ("x" * 44, "ja", set()),
            ("junk", "ja", {session}),
            ("x" * 44, "la", {language}),
        ):
            cookies = {"cookie": f"{session}={shown}; {language}={spoken}"}
            assert given(await portal.browser().open("/sign-in", headers=cookies)) == missing

    quietly(story, https=https)


def test_a_page_for_another_role_does_not_open():
    async def story(portal):
        hanako, ito = portal.browser(), portal.browser()
        await hanako.log_in()
        answer = await hanako.open("/clerk")
        assert (answer.status_code, "role-needed" in hanako.page) == (403, True)
        assert "hanako" in hanako.page
        await ito.log_in("1003")
        assert (await ito.open("/clerk")).status_code == 200

    quietly(story)


def test_a_refusal_is_told_in_place_with_what_was_typed_and_at_its_field():
    async def story(portal):
        hanako = portal.browser()
        await hanako.log_in()
        await hanako.open("/note")
        answer = await hanako.send("/note", text=" ")
        assert answer.status_code == 422
        assert 'href="#text"' in hanako.page
        assert "エラー：" in hanako.page

    quietly(story)


def test_an_address_says_where_a_list_goes_on_and_fills_nothing_else_in():
    async def story(portal):
        hanako = portal.browser()
        await hanako.log_in()
        await hanako.open("/note?after=12&name=%3Cb%3Ex")
        assert "続き: 12 -" in hanako.page
        await hanako.open("/?after=12")
        assert "続き: - -" in hanako.page

    quietly(story)


def test_a_bug_is_reported_and_the_page_says_nothing_of_it():
    async def story(portal):
        hanako = portal.browser()
        await hanako.log_in()
        await hanako.open("/bug")
        assert ("hanako" in hanako.page, "http-500" in hanako.page) == (True, True)
        assert "secret" not in hanako.page

    portal = told(story)
    assert [where for where, _ in portal.bugs] == ["portal-page"]


def test_a_form_that_is_too_large_and_an_address_that_is_not_there_are_told_as_pages():
    async def story(portal):
        hanako = portal.browser()
        await hanako.log_in()
        answer = await hanako.post("/note", {"text": "x" * (BODY_MAX + 1)})
        assert (answer.status_code, "http-413" in hanako.page) == (413, True)
        await hanako.open("/nowhere")
        await hanako.send("/language", language="en")  # the page of an error has forms that work
        assert '<html lang="en">' in hanako.page
        assert "hanako" in hanako.page

    quietly(story)


def test_a_store_that_does_not_answer_is_told_as_a_page_and_lets_nobody_in():
    class Down(MemoryVisits):
        async def find(self, token):  # noqa: ARG002 - as every store
            raise Unavailable

    async def story(portal):
        hanako = portal.browser()
        await hanako.log_in()
        object.__setattr__(portal.front, "visits", Down(portal.clock))
        answer = await hanako.open("/note")
        assert (answer.status_code, "unavailable" in hanako.page) == (503, True)
        assert "hanako" not in hanako.page

    quietly(story)


def test_strangers_push_nobody_out():
    async def story(portal):
        hanako = portal.browser()
        await hanako.log_in()
        for _ in range(5):
            await portal.browser().open("/begin")
            await portal.browser().open("/sign-in")
        await hanako.open("/note")
        assert hanako.at == "/note"

    quietly(story, most=3)


def test_a_visit_that_was_ended_while_a_request_ran_stays_ended():
    async def story(portal):
        visit = Visit("t" * 44)
        visit.becomes("u" * 44, Known("hanako"))
        await portal.visits.begin(visit)
        found = await portal.visits.find("u" * 44)
        await portal.visits.end_of("hanako")
        found.kept = {"a": "b"}
        await portal.visits.keep(found)
        assert await portal.visits.find("u" * 44) is None

    quietly(story)


def test_what_is_no_token_of_ours_is_not_looked_for():
    async def story(portal):
        browser = portal.browser()
        for junk in ("junk!", "x" * 44 + "y", "ä" * 44, "x" * 4000, "x y" * 14):
            header = {"cookie": f"kumihimo-portal={junk}".encode()}
            answer = await browser.open("/sign-in", headers=header)
            assert answer.status_code == 200
            assert junk not in answer.headers["set-cookie"]

    quietly(story)


def test_a_visit_does_not_print_its_token():
    visit = Visit("t" * 44, kept={"challenge": "c"})
    assert "t" * 44 not in repr(visit)
    assert "challenge" not in repr(visit)
