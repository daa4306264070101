"""What an officer does with a card after its making, on the pages: each act, and what refuses it."""

import contextlib
from datetime import timedelta

import pytest

from kumihimo.card import applications as ap
from kumihimo.card import terminal as chip_terminal
from kumihimo.card.applications import TEXT
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.cards.production import make_next
from tests.nowhere import nowhere_by_itself
from tests.rooms.cards.forms import form_of
from tests.rooms.cards.house import House
from tests.rooms.cards.terminal import Terminal, four, twice
from tests.rooms.cards.test_console import PINS, SECOND, hand_over, waiting

HERE = {"present": "yes", "papers": "driving-licence"}
NEW_ADDRESS = "東京都港区芝一丁目1番1号"
CHECKED = {"handover": "checked-at-application", "papers": "passport"}


def story(in_house, told):
    async def whole(house):
        terminal = Terminal(house)
        await terminal.sign_in()
        await told(house, terminal)

    in_house(whole)


async def owned(house, terminal):
    """Return a card that was handed over and lies in the reader."""
    card = await waiting(house, terminal)
    await hand_over(terminal, card)
    return card


async def state(house, card):
    return (await house.show(serial=card.serial)).state


async def found_in_chip(house, card):
    transmit = house.chip(card.serial).process
    chip_terminal.select(transmit, TEXT)
    chip_terminal.verify(transmit, ap.TEXT_PIN, Withheld(PINS["pin-text"].encode()))
    return chip_terminal.read_file(transmit, ap.ATTRIBUTES).decode("utf-8", "replace")


async def applied(house, terminal, **form):
    number = await house.resident(1)
    await terminal.apply(number, house.people[1][1], **form)
    while await make_next(house.cards):
        pass
    serials = list(house.tray.memories)
    if serials:
        terminal.insert(house.chip(serials[-1]))
    return serials


async def steps(terminal, *wanted):
    for step in wanted:
        await terminal.do("/way", step=step)
        assert "記録しました" in terminal.page, step


def test_a_card_is_used_on_after_a_move_with_the_new_address_in_the_chip(in_house):
    async def told(house: House, terminal):
        card = await owned(house, terminal)
        await house.happen("move-within", 1, changed=("address",), address=NEW_ADDRESS)
        await terminal.do("/update", HERE, text_pin=PINS["pin-text"])
        assert "カードを新しくしました" in terminal.page
        assert "芝一丁目1番1号" in await found_in_chip(house, card)

    story(in_house, told)


def test_a_wrong_pin_at_the_update_is_told_with_the_tries_that_are_left(in_house):
    async def told(house: House, terminal):
        card = await owned(house, terminal)
        answer = await terminal.do("/update", HERE, text_pin="0000")
        assert answer.status_code == 422
        assert "あと2回です" in terminal.page
        assert 'href="#text_pin"' in terminal.page
        assert 'aria-describedby="text_pin-error text_pin-hint"' in terminal.page
        # It stands in nobody's way: the same card may have its PINs reset at once.
        _, sessions = await house.sessions(card.serial)
        assert {phase for _, phase in sessions} == {"committed", "aborted"}
        await terminal.do("/pins", HERE | twice({"pin-text": "8642"}), kinds="text")
        await terminal.do("/update", HERE, text_pin="8642")
        assert "カードを新しくしました" in terminal.page
        assert await state(house, card) == "active"

    story(in_house, told)


def test_certificates_are_renewed_and_the_old_are_superseded(in_house):
    async def told(house: House, terminal):
        await owned(house, terminal)
        await terminal.do("/renew", HERE)
        assert "電子証明書を更新しました" in terminal.page
        await house.post()
        old, new = house.authority.status.values()
        assert set(old.values()) == {"replaced"}
        assert set(new.values()) == {"good"}

    story(in_house, told)


def test_a_card_that_was_stopped_works_again_when_its_holder_shows_another_paper(in_house):
    async def told(house: House, terminal):
        card = await owned(house, terminal)
        await terminal.do("/lost", four(house.people[1][1]))
        await terminal.do("/found", present="yes", papers="passport")
        assert await state(house, card) == "active"

    story(in_house, told)


def test_who_has_nothing_but_the_card_cannot_have_it_released(in_house):
    async def told(house: House, terminal):
        card = await owned(house, terminal)
        await terminal.do("/lost", four(house.people[1][1]))
        await terminal.do("/found", present="yes")
        assert "この方には交付できません" in terminal.page
        assert 'href="#papers-1"' in terminal.page
        assert await state(house, card) == "held"

    story(in_house, told)


def test_a_card_is_taken_back_and_abolished_only_when_its_holder_wants_it(in_house):
    async def told(house: House, terminal):
        card = await owned(house, terminal)
        answer = await terminal.do("/return")
        assert answer.status_code == 422
        assert await state(house, card) == "active"
        await terminal.send("/return", wanted="yes")
        assert "返納を受け付けました" in terminal.page
        assert await state(house, card) == "abolished"
        assert await house.count() == (1, 0)

    story(in_house, told)


def test_use_abroad_is_asked_for_the_day_before_at_the_latest(in_house):
    async def told(house: House, terminal):
        card = await owned(house, terminal)
        today = house.cards.today()
        sent = HERE | {"text_pin": PINS["pin-text"]}
        await terminal.do("/abroad", sent, leaves_on=today.isoformat())
        assert "期限を過ぎているか" in terminal.page
        leaves = today + timedelta(days=1)
        await terminal.send("/abroad", sent, leaves_on=leaves.isoformat())
        assert "国外でも使えるようにしました" in terminal.page
        assert "国外転出" in await found_in_chip(house, card)

    story(in_house, told)


@pytest.mark.parametrize("path", ["/update", "/renew", "/found", "/abroad", "/return"])
def test_no_act_on_a_card_is_offered_or_done_without_the_card(in_house, path):
    async def told(house: House, terminal):
        card = await owned(house, terminal)
        shown = form_of((await terminal.open(path)).text, path).filled({})
        terminal.slot.transmit = None
        await terminal.open(path)
        assert f'action="{path}"' not in terminal.page
        await terminal.post(path, shown | {"wanted": "yes", "present": "yes"})
        assert "カードがリーダーにありません" in terminal.page
        assert await state(house, card) == "active"

    story(in_house, told)


def test_a_card_comes_from_arrival_to_its_holders_hand_by_the_steps_on_the_page(in_house):
    async def told(house: House, terminal):
        [serial] = await applied(house, terminal)
        await steps(terminal, "ship", "notify")
        assert (await house.show(serial=serial)).state == "notified"
        await terminal.do("/way", step="ship")
        assert "今この処理はできません" in terminal.page

    story(in_house, told)


def test_who_was_identified_when_applying_gets_her_card_by_post(in_house):
    async def told(house: House, terminal):
        [serial] = await applied(house, terminal, **CHECKED, **PINS)
        await steps(terminal, "ship", "post", "deliver")
        assert (await house.show(serial=serial)).state == "active"

    story(in_house, told)


def test_who_was_not_identified_gets_no_card_by_post(in_house):
    async def told(house: House, terminal):
        await applied(house, terminal)
        await steps(terminal, "ship")
        await terminal.do("/way", step="post")
        assert "条件を満たしていません" in terminal.page

    story(in_house, told)


def test_a_posted_application_without_a_paper_or_with_a_bad_pin_is_refused_at_its_place(in_house):
    async def told(house: House, terminal):
        assert await applied(house, terminal, handover="checked-at-application", **PINS) == []
        assert 'href="#papers-1"' in terminal.page
        await terminal.send("/apply/form", CHECKED | PINS | twice({"pin-text": "12"}))
        assert 'href="#pin-text"' in terminal.page
        assert nowhere_by_itself(PINS["pin-auth"], terminal.page)

    story(in_house, told)


def test_an_express_card_is_asked_for_with_its_reason_and_day(in_house):
    async def told(house: House, terminal):
        today = house.cards.today()
        express = {"handover": "direct", "express": "from-abroad", "papers": "passport", **PINS}
        late = (today - timedelta(days=31)).isoformat()
        assert await applied(house, terminal, **express, event_on=late) == []
        assert 'href="#event_on"' in terminal.page
        await terminal.send("/apply/form", express, event_on=today.isoformat(), same="yes")
        assert "申請を受け付けました" in terminal.page
        assert (today + timedelta(days=5)).isoformat() in terminal.page
        await make_next(house.cards)
        [serial] = house.tray.memories
        assert (await house.show(serial=serial)).state == "posted"

    story(in_house, told)


def test_the_application_id_is_told_to_who_has_applied(in_house):
    async def told(house: House, terminal):
        [serial] = await applied(house, terminal)
        card = await house.show(serial=serial)
        assert card.form in terminal.page

    story(in_house, told)


def test_a_card_in_wrong_hands_is_stopped_from_afar_taken_back_here_and_closed(in_house):
    async def told(house: House, terminal):
        card = await owned(house, terminal)
        terminal.slot.transmit = None
        sent = SECOND | {"kind": "wrong-person", "form": card.form}
        await terminal.do("/misdelivery", sent, step="open")
        assert "カードを止めました" in terminal.page
        assert await state(house, card) == "held"
        answer = await terminal.do("/misdelivery", sent, step="take-back")
        assert answer.status_code == 422
        assert await state(house, card) == "held", "it is not back because somebody says so"
        terminal.insert(house.chip(card.serial))
        await terminal.do("/misdelivery", SECOND, step="take-back")
        assert "交付を取り消しました" in terminal.page
        assert await house.count() == (0, 0)
        await terminal.do("/misdelivery", SECOND, step="close")
        assert "記録を閉じました" in terminal.page
        shown = await house.show(serial=card.serial)
        assert shown.state == "at-municipality"
        assert shown.incident is None

    story(in_house, told)


def test_one_officer_alone_opens_no_incident(in_house):
    async def told(house: House, terminal):
        card = await owned(house, terminal)
        await terminal.do("/misdelivery", step="open", kind="wrong-person")
        assert "もう一人の職員" in terminal.page
        assert await state(house, card) == "active"

    story(in_house, told)


def test_a_child_has_her_pins_reset_with_her_legal_representative_and_not_without(in_house):
    async def told(house: House, terminal):
        guardian = {
            "agent": "legal-representative",
            "agent_papers": ("driving-licence", "family-register"),
        }
        number = await house.resident(1, birth="2015-05-05")
        await terminal.apply(number, house.people[1][1], **guardian)
        await make_next(house.cards)
        [serial] = house.tray.memories
        terminal.insert(house.chip(serial))
        await steps(terminal, "ship", "notify")
        card = await house.show(serial=serial)
        pins = {name: pin for name, pin in PINS.items() if not name.startswith("pin-sign")}
        paper = {"papers": "passport"}
        await terminal.do("/hand-over", pins | SECOND | guardian | paper, form=card.form)
        assert await state(house, card) == "active"
        reset = {"kinds": "auth", **twice({"pin-auth": "8642"}), **paper}
        await terminal.do("/pins", reset)
        assert "この方には交付できません" in terminal.page
        await terminal.send("/pins", reset | guardian)
        assert "暗証番号を設定しました" in terminal.page

    story(in_house, told)


def test_what_http_refuses_and_a_fault_of_the_program_are_pages_too(in_house):
    async def told(house: House, terminal):
        answer = await terminal.open("/palace")
        assert answer.status_code == 404
        assert "ページがありません" in terminal.page
        await terminal.do("/apply", {"number": await house.resident(1), **four(house.people[1][1])})
        answer = await terminal.send("/apply/photo", photo=bytes(3 * 1024 * 1024))
        assert answer.status_code == 413
        assert "写真は 1 MB まで" in terminal.page

        def broken(command):
            raise ZeroDivisionError

        terminal.slot.transmit = broken
        with contextlib.redirect_stderr(None):
            answer = await terminal.open("/pins")
        assert answer.status_code == 500
        assert "プログラムの誤り" in terminal.page
        assert "Traceback" not in terminal.page
        house.bugs.clear()

    story(in_house, told)
