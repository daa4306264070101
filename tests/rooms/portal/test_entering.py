"""Coming in by card: who gets in, who does not, and what they can tell from it."""

from datetime import timedelta

import pytest

from tests.rooms.cards.forms import form_of
from tests.rooms.portal.house import HELPER, PIN, PORTAL, card


@pytest.mark.parametrize("cross", [False, True], ids=["one-site", "two-sites"])
def test_she_comes_in_by_her_card_and_her_pin_and_by_no_number(at_portal, cross):
    async def story(house):
        hanako = house.person(cross=cross)
        await hanako.log_in()
        assert hanako.signed_in
        assert "カードで確かめて" in hanako.page
        [[account, tag]] = await house.rows("SELECT account, user_tag FROM account")
        assert "hanako" not in account
        assert b"hanako" not in bytes(tag)
        await hanako.open("/")
        assert hanako.signed_in

    at_portal(story)


def test_what_the_card_signs_names_this_portal_this_browser_and_this_moment(at_portal):
    async def story(house):
        hanako = house.person()
        await hanako.begin()
        assert hanako.at == "/"
        assert hanako.answer.request.url.host == "127.0.0.1"
        await hanako.sign()
        [text] = house.holders.asked
        lines = text.decode().split("\n")
        assert lines[1] == f"ポータル portal: {PORTAL}"
        assert lines[2] == "すること what: ログイン to log in"
        assert lines[4] == "時刻 at: 2026-06-01T12:00:00+09:00"
        assert lines[5].startswith("画面 session: ")
        other = house.person()
        await other.begin()
        await other.sign()
        assert house.holders.asked[1].decode().split("\n")[5] != lines[5]

    at_portal(story)


def test_a_new_card_of_hers_opens_the_same_account_and_the_chain_is_kept(at_portal):
    async def story(house):
        hanako = house.person()
        await hanako.log_in()
        house.clock.advance(timedelta(days=1))
        renewed = card(2)
        house.holders.hold(renewed, "hanako")
        hanako.tray.cards = {"Hanako": renewed.chip()}
        await hanako.log_in()
        assert hanako.signed_in
        assert await house.value("SELECT count(*) FROM account") == 1
        chain = await house.rows("SELECT first_on, last_on FROM account_certificate ORDER BY 1")
        assert len(chain) == 2
        assert chain[0][0] < chain[1][0]

    at_portal(story)


def test_a_wrong_pin_is_told_with_the_tries_that_are_left_and_signs_nothing(at_portal):
    async def story(house):
        hanako = house.person()
        await hanako.begin()
        await hanako.send_helper("/sign", pin="9999")
        assert hanako.status == 422
        assert "あと 2 回でロックされます" in hanako.page
        assert 'value="9999"' not in hanako.page
        assert house.holders.asked == []
        await hanako.sign()
        assert hanako.signed_in

    at_portal(story)


async def answered(person, **changes):
    """Bring what the card signed, changed on the way; returns what the portal answers."""
    await person.begin()
    await person.send_helper("/sign", pin=PIN)
    data = form_of(person.page, f"{PORTAL}/card/answers").values
    return await person.post("/card/answers", data | {k: [v] for k, v in changes.items()})


@pytest.mark.parametrize("how", ["stopped", "unknown", "forged", "garbled", "no-proof", "late"])
def test_whatever_is_wrong_with_a_card_the_answer_is_the_same(at_portal, how):
    async def story(house):
        taro = house.person()
        changes = {}
        if how == "stopped":
            house.holders.stopped = set(house.holders.users)
        elif how == "unknown":
            house.holders.users = {}
        elif how == "forged":
            changes = {"signature": "AAAA"}
        elif how == "garbled":
            changes = {"certificate": "%%%"}
        elif how == "no-proof":
            changes = {"proof": "A" * 22}
        await taro.begin()
        await taro.send_helper("/sign", pin=PIN)
        data = form_of(taro.page, f"{PORTAL}/card/answers").values
        if how == "late":
            house.clock.advance(timedelta(minutes=4))
        await taro.post("/card/answers", data | {k: [v] for k, v in changes.items()})
        assert taro.status == 403
        assert "card-not-confirmed" in taro.page
        assert "期限切れや停止中の電子証明書" in taro.page
        assert await house.value("SELECT count(*) FROM account") == 0

    at_portal(story)


def test_an_answer_is_used_once(at_portal):
    async def story(house):
        hanako = house.person()
        await hanako.begin()
        await hanako.send_helper("/sign", pin=PIN)
        data = form_of(hanako.page, f"{PORTAL}/card/answers").values
        await hanako.post("/card/answers", data)
        assert hanako.signed_in
        thief = house.person()
        await thief.post("/card/answers", data)
        assert thief.status == 403
        await thief.open("/")
        assert not thief.signed_in

    at_portal(story)


def test_who_lures_somebody_into_signing_for_another_browser_gets_nothing(at_portal):
    """The lurer has the browser that asked, the lured one the receipt: neither gets in."""

    async def story(house):
        lurer, hanako = house.person(), house.person()
        await lurer.begin()
        hanako.tray.put_in("Hanako")
        link = lurer.answer.request.url
        await hanako._see(await hanako.beside.get(link.raw_path.decode()))
        await hanako.sign()
        assert "進む" in hanako.page
        await hanako.send("/sign-in/finish")
        assert "proof-over" in hanako.page or "not-authentic" in hanako.page
        await lurer.open("/sign-in/card")
        await lurer.open("/sign-in/phone")
        await lurer.post("/sign-in/finish", _token(lurer))
        assert not lurer.signed_in
        await lurer.open("/")
        assert lurer.at == "/sign-in"
        assert await house.value("SELECT count(*) FROM account") == 0

    at_portal(story)


def _token(person):
    return {"form_token": form_of(person.page, "/language").values["form_token"][0]}


async def by_phone(house, typed=None):
    """Let a phone read the code of a screen; `typed` are the digits, or makes them of the right ones."""
    screen, phone = house.person(), house.person()
    await screen.open("/sign-in")
    await screen.send("/sign-in/phone")
    phone.tray.put_in("Hanako")
    await reads_and_types(phone, screen, typed)
    return screen, phone


async def reads_and_types(phone, screen, typed=None):
    [link] = [part for part in screen.page.split('"') if part.startswith(f"{PORTAL}/phone?proof=")]
    await phone.open(link.removeprefix(PORTAL))
    code = code_of(screen)
    await phone.send("/phone", code=typed(code) if callable(typed) else typed or code)


def code_of(screen):
    return screen.page.split('<p class="kh-digits">')[1].split("<")[0]


def test_a_phone_lets_the_other_screen_in_after_the_two_digits_were_typed(at_portal):
    async def story(house):
        screen, phone = await by_phone(house)
        await screen.send("/sign-in/finish")
        assert "not-yet-answered" in screen.page
        await phone.sign()
        assert "カードを確かめました" in phone.page
        await phone.open("/")
        assert not phone.signed_in
        await screen.open("/sign-in/phone")
        await screen.send("/sign-in/finish")
        assert screen.signed_in

    at_portal(story)


def test_wrong_digits_end_the_phones_login_at_once(at_portal):
    async def story(house):
        screen, phone = await by_phone(house, typed="00")
        assert "code-differs" in phone.page
        assert phone.answer.request.url.host == "portal"
        [[proof]] = await house.rows("SELECT proof FROM card_proof")
        token = form_of(phone.page, "/language").values["form_token"][0]
        await phone.post("/phone", {"form_token": token, "proof": proof, "code": "11"})
        assert "proof-over" in phone.page
        await screen.send("/sign-in/finish")
        assert not screen.signed_in

    at_portal(story)


def test_who_mistyped_the_digits_reads_what_she_typed_and_gets_a_new_code_by_one_press(at_portal):
    async def story(house):
        screen, phone = await by_phone(house, typed="00")
        assert '<strong class="kh-number">00</strong>' in phone.page
        assert 'name="code"' not in phone.page, "no form is left that can do nothing any more"
        await screen.open("/sign-in/phone")
        assert "前のコードは使えなくなりました" in screen.page
        house.clock.advance(timedelta(seconds=1))  # of two proofs the later one counts
        await screen.send("/sign-in/phone")
        await reads_and_types(phone, screen)
        await phone.sign()
        await screen.send("/sign-in/finish")
        assert screen.signed_in

    at_portal(story)


@pytest.mark.parametrize("typed", ["7", "", "12a", "電話"])
def test_what_is_not_two_digits_is_no_try_and_can_be_corrected(at_portal, typed):
    async def story(house):
        screen, phone = await by_phone(house, typed=lambda _: typed)
        assert (phone.status, phone.page.count("数字2桁ではありません")) == (422, 2)
        assert form_of(phone.page, "/phone").values["code"] == [typed]
        await phone.send("/phone", code=code_of(screen))
        await phone.sign()
        await screen.send("/sign-in/finish")
        assert screen.signed_in

    at_portal(story)


def test_full_width_digits_are_those_digits(at_portal):
    async def story(house):
        _, phone = await by_phone(house, typed=lambda code: "　".join(map(wide, code)))
        await phone.sign()
        assert "カードを確かめました" in phone.page

    at_portal(story)


def wide(digit):
    return chr(0xFF10 + int(digit))


def test_a_phones_card_signs_nothing_before_the_digits_were_compared(at_portal):
    async def story(house):
        screen, phone = house.person(), house.person()
        await screen.open("/sign-in")
        await screen.send("/sign-in/phone")
        [[proof]] = await house.rows("SELECT proof FROM card_proof")
        phone.tray.put_in("Hanako")
        at = f"/?portal={PORTAL}&proof={proof}"
        await phone._see(await phone.beside.get(at))
        assert phone.status == 410
        assert "question-over" in phone.page

    at_portal(story)


def test_who_fails_from_one_place_waits_and_the_card_holder_elsewhere_does_not(at_portal):
    async def story(house):
        attacker = house.person()
        for _ in range(20):
            await attacker.post("/card/answers", {"proof": "A" * 22})
            assert attacker.status == 403
        await attacker.post("/card/answers", {"proof": "A" * 22})
        assert attacker.status == 429
        house.clock.advance(timedelta(minutes=1))
        hanako = house.person()
        await hanako.log_in()
        assert hanako.signed_in

    at_portal(story)


def test_the_helper_signs_for_its_portals_alone_and_for_whoever_calls_it_by_name(at_portal):
    async def story(house):
        hanako = house.person()
        await hanako.begin()
        proof = hanako.answer.request.url.params["proof"]
        for origin in ("http://evil.example", "http://portal.evil.example", ""):
            answer = await hanako.beside.get(f"/?portal={origin}&proof={proof}")
            assert answer.status_code == 403
            assert 'name="pin"' not in answer.text
        answer = await hanako.beside.get("/", headers={"host": "evil.example:8499"})
        assert answer.status_code == 401
        answer = await hanako.beside.post("/sign", data={"portal": PORTAL, "proof": proof})
        assert answer.status_code == 401
        assert HELPER

    at_portal(story)
