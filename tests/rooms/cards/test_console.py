"""The officer's pages: what they do, what they refuse, and what they never show or keep."""

import re
from datetime import timedelta

import pytest

from kumihimo.pages.officers import LOCKED_FOR
from kumihimo.rooms.cards.production import make_next
from tests.nowhere import nowhere, nowhere_by_itself
from tests.rooms.cards.forms import form_of
from tests.rooms.cards.house import House
from tests.rooms.cards.terminal import Terminal, four, twice

TYPED = {
    "pin-sign": "abc123", "pin-auth": "1357", "pin-register": "2468", "pin-text": "9753",
}  # fmt: skip
PINS = twice(TYPED)
SECOND = {"second_officer": "officer-2", "second_passcode": "battery staple"}


async def begin(house):
    terminal = Terminal(house)
    await terminal.sign_in()
    return terminal


async def waiting(house, terminal):
    """Apply over the pages, have the card made, and put it into the reader."""
    number = await house.resident(1)
    await terminal.apply(number, house.people[1][1])
    assert "申請を受け付けました" in terminal.page
    await make_next(house.cards)
    [serial] = house.tray.memories
    card = await house.show(serial=serial)
    for event in ("ship", "notify"):
        await house.handle(card.card, event)
    terminal.insert(house.chip(serial))
    return card


def token(terminal):
    """Return what a page hides in its forms against those of other pages."""
    return {"form_token": form_of(terminal.page, "/language").values["form_token"][0]}


async def hand_over(terminal, card, **changes):
    await terminal.open("/hand-over")
    sent = PINS | SECOND | {"form": card.form, "present": "yes", "papers": "driving-licence"}
    return await terminal.send("/hand-over", sent | twice(changes))


def test_a_card_is_applied_for_and_handed_over_on_the_pages(in_house):
    async def story(house: House):
        terminal = await begin(house)
        card = await waiting(house, terminal)
        await hand_over(terminal, card)
        assert "交付が終わりました" in terminal.page
        assert (await house.show(serial=card.serial)).state == "active"

    in_house(story)


def test_a_lost_card_is_stopped_and_pins_are_reset_on_the_pages(in_house):
    async def story(house: House):
        terminal = await begin(house)
        card = await waiting(house, terminal)
        await hand_over(terminal, card)
        await terminal.open("/pins")
        sent = {"kinds": "auth", "papers": "passport", **twice({"pin-auth": "8642"})}
        await terminal.send("/pins", sent)
        assert "暗証番号を設定しました" in terminal.page
        _, written = house.people[1]
        await terminal.open("/lost")
        await terminal.send("/lost", four(written))
        assert "カードを一時停止しました" in terminal.page
        assert (await house.show(serial=card.serial)).state == "held"

    in_house(story)


@pytest.mark.parametrize("path", ["/hand-over", "/pins"])
def test_without_the_card_in_the_reader_nothing_is_done_to_it(in_house, path):
    async def story(house: House):
        terminal = await begin(house)
        await terminal.open(path)
        assert "カードがリーダーにありません" in terminal.page
        sent = PINS | SECOND | {"papers": "passport", "kinds": "auth", "card": "x"}
        await terminal.post(path, token(terminal) | sent)
        assert "カードがリーダーにありません" in terminal.page
        assert terminal.notes.lines() == []

    in_house(story)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"second_officer": "officer-1"}, "もう一人の職員"),
        ({"second_passcode": "wrong"}, "氏名コードまたは暗証が違います"),
        ({"papers": "student-card"}, "この方には交付できません"),
        ({"present": "no"}, "この方には交付できません"),
        ({"pin-auth": "12"}, "暗証番号の形が違います"),
        ({"pin-auth-again": "1356"}, "2回の入力が違います"),
        ({"form": "9" * 23}, "できませんでした"),
    ],
)
def test_a_handing_over_that_lacks_something_is_refused_with_what_comes_next(
    in_house, changes, told
):
    async def story(house: House):
        terminal = await begin(house)
        card = await waiting(house, terminal)
        answer = await hand_over(terminal, card, **changes)
        assert answer.status_code == 422
        assert told in terminal.page
        assert (await house.show(serial=card.serial)).state == "notified"

    in_house(story)


def test_a_card_that_was_changed_for_another_behind_the_page_is_left_alone(in_house):
    async def story(house: House):
        terminal = await begin(house)
        card = await waiting(house, terminal)
        await house.resident(2)
        other = await house.notified(2)
        await terminal.open("/hand-over")
        terminal.insert(house.chip(other.serial))
        sent = PINS | SECOND | {"form": other.form, "present": "yes", "papers": "driving-licence"}
        await terminal.send("/hand-over", sent)
        assert "画面に出ているカードと違います" in terminal.page
        for one in (card, other):
            assert (await house.show(serial=one.serial)).state == "notified"

    in_house(story)


def test_what_was_cut_is_given_up_on_the_pages(in_house):
    async def story(house: House):
        terminal = await begin(house)
        card = await waiting(house, terminal)
        chip, calls = house.chip(card.serial), iter(range(12))

        def pulled(command):
            return chip.process(command) if next(calls, None) is not None else b"\x6f\x00"

        terminal.slot.transmit = pulled
        await hand_over(terminal, card)
        assert "カードが応答しません" in terminal.page
        terminal.insert(house.chip(card.serial))
        await terminal.open("/unfinished")
        [session] = re.findall(r'name="session" value="([^"]+)"', terminal.page)
        assert session
        await terminal.send("/unfinished")
        assert "処理は取り消されました" in terminal.page
        await hand_over(terminal, card)
        assert "交付が終わりました" in terminal.page

    in_house(story)


def test_nobody_sees_a_page_before_signing_in(in_house):
    async def story(house: House):
        terminal = Terminal(house)
        for path in ("/", "/apply", "/hand-over", "/lost", "/pins", "/unfinished"):
            await terminal.open(path)
            assert terminal.addresses[-1] == "http://counter/sign-in"

    in_house(story)


def test_five_wrong_passcodes_lock_an_officer_out_of_the_terminal_for_half_an_hour(in_house):
    async def story(house: House):
        terminal = Terminal(house)
        for _ in range(5):
            await terminal.sign_in(passcode="guess")
            assert "氏名コードまたは暗証が違います" in terminal.page
        await terminal.sign_in()
        assert "この端末では使えません" in terminal.page
        house.clock.advance(LOCKED_FOR - timedelta(seconds=1))
        await terminal.sign_in()
        assert "この端末では使えません" in terminal.page
        house.clock.advance(timedelta(seconds=1))
        await terminal.sign_in()
        assert terminal.addresses[-1] == "http://counter/"

    in_house(story)


def test_an_officer_who_left_is_signed_out(in_house):
    async def story(house: House):
        terminal = await begin(house)
        house.clock.advance(timedelta(minutes=16))
        await terminal.open("/lost")
        assert terminal.addresses[-1] == "http://counter/sign-in"

    in_house(story)


def test_a_form_that_another_page_sends_does_nothing(in_house):
    async def story(house: House):
        terminal = await begin(house)
        answer = await terminal.post("/lost", {"form_token": "forged", "name": "x"})
        assert answer.status_code == 422
        assert "氏名コードまたは暗証が違います" in terminal.page

    in_house(story)


def test_no_page_runs_a_script_and_none_is_kept(in_house):
    async def story(house: House):
        terminal = await begin(house)
        for path in ("/", "/apply", "/apply/photo", "/apply/form", "/lost", "/unfinished"):
            answer = await terminal.open(path)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "script" not in policy
            assert answer.headers["cache-control"] == "no-store"
            assert "<script" not in terminal.page
            assert not re.search(r"\son[a-z]+=|style=", terminal.page)

    in_house(story)


def test_nothing_of_a_person_stands_in_an_address_a_cookie_or_the_notes(in_house):
    async def story(house: House):
        terminal = await begin(house)
        card = await waiting(house, terminal)
        await hand_over(terminal, card)
        number, written = house.people[1]
        kept = " ".join(
            [*terminal.addresses, str(terminal.browser.cookies), repr(terminal.notes.lines())]
        )
        for secret in (number, written.name, written.birth, card.form, card.serial):
            assert nowhere(secret, kept)
        assert all(nowhere_by_itself(pin, kept) for pin in PINS.values())

    in_house(story)


def test_a_pin_that_was_refused_is_not_written_back_into_the_page(in_house):
    async def story(house: House):
        terminal = await begin(house)
        card = await waiting(house, terminal)
        await hand_over(terminal, card, **{"pin-auth": "12x4"})
        assert all(nowhere_by_itself(pin, terminal.page) for pin in (*PINS.values(), "12x4"))

    in_house(story)


def test_the_pages_speak_english_when_asked(in_house):
    async def story(house: House):
        terminal = await begin(house)
        await terminal.send("/language", language="en")
        assert '<html lang="en">' in terminal.page
        assert "Hand a card over" in terminal.page
        await terminal.post("/language", token(terminal) | {"language": "xx"})
        assert "Hand a card over" in terminal.page

    in_house(story)


def test_a_name_that_looks_like_markup_is_shown_as_text(in_house):
    async def story(house: House):
        terminal = await begin(house)
        await terminal.open("/lost")
        typed = {"name": "<b>名</b>", "birth": "1990-01-01", "sex": "1", "address": "港区芝1-1"}
        await terminal.send("/lost", typed)
        assert "<b>" not in terminal.page

    in_house(story)


def test_what_was_typed_comes_back_after_a_refusal_and_no_secret_does(in_house):
    async def story(house: House):
        terminal = await begin(house)
        card = await waiting(house, terminal)
        await hand_over(terminal, card, second_passcode="wrong")
        assert f'value="{card.form}"' in terminal.page
        assert 'value="driving-licence" checked' in terminal.page
        await terminal.open("/apply")
        number, written = house.people[1]
        await terminal.send("/apply", name=written.name, number=number[:-1] + "0")
        assert f'value="{written.name}"' in terminal.page
        assert number[:-1] not in terminal.page

    in_house(story)
