"""Every act of a counter, cut at every message, every command and every note, and then taken up."""

import contextlib

import pytest

from kumihimo.card import applications as ap
from kumihimo.card import terminal
from kumihimo.card.applications import JPKI, TEXT
from kumihimo.kernel.entropy import SeededEntropy, below
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.cards import api
from kumihimo.rooms.cards.counter import More
from kumihimo.rooms.cards.domain.pins import PinKind
from kumihimo.rooms.cards.notes import unfinished
from tests.rooms.cards.house import House
from tests.rooms.cards.knife import Cut, Knife, assert_agreement, pins_of, under
from tests.rooms.cards.test_delivery import PINS, deliver, visitor

OTHER: dict[PinKind, Withheld[str]] = {"auth": Withheld("2468"), "sign": Withheld("XYZ789")}
TEXT_PIN = More(text_pin=Withheld("1357"))
TEXT_AGAIN: dict[PinKind, Withheld[str]] = {"text": Withheld("1357")}
POINTS_MAX = 300


async def waiting(house):
    await house.resident(1)
    return await house.notified(1)


async def handed_over(house):
    card = await waiting(house)
    await deliver(house, card)
    return card


async def stopped(house):
    card = await handed_over(house)
    _, written = house.people[1]
    asked = api.HoldCard(attributes=written, channel="phone")
    assert (await house.desk(api.HOLD_PATH, asked, api.Held)).new == 1
    return card


async def moved(house):
    card = await handed_over(house)
    await house.happen("move-within", 1, changed=("address",), address="東京都港区芝一丁目1番1号")
    return card


async def activate(counter, card):
    return await counter.act("activate", visitor(card.form), secrets=PINS)


async def reset(counter, card):
    return await counter.act("pins", visitor(""), secrets=OTHER)


async def renew(counter, card):
    return await counter.act("certificates", visitor(""))


async def find_again(counter, card):
    return await counter.act("found", visitor(""))


async def update(counter, card):
    return await counter.act("update", visitor(""), more=TEXT_PIN)


async def go_on(counter, card, act):
    """The officer comes back to it: what needs no chip is closed, the act is done again."""
    await counter.settle()
    card_now = await counter.find()
    if (act, card_now.state) not in {(activate, "active"), (find_again, "active")}:
        await act(counter, card)


async def give_up(counter, card, act):
    for session in unfinished(counter.notes):
        await counter.give_up(session)


def cut_everywhere(in_house, prepare, act, then, check):
    """Cut an act at each of its points in turn, take it up with a chip that had no power."""

    async def story(house: House):
        card = await prepare(house)
        kept = house.keep(card.serial)
        for at in range(POINTS_MAX):
            house.back_to(kept)
            knife = Knife(at)
            with contextlib.suppress(Cut):
                await act(under(knife, house.counter(card.serial)), card)
            if not knife.fell:
                assert at > 10
                return
            await then(house.counter(card.serial), card, act)
            row = await assert_agreement(house, card.serial)
            check(house, row)
        raise AssertionError("the act has more points than that")

    in_house(story)


def works(house, serial, pins: dict[PinKind, Withheld[str]] = PINS):
    """The chip signs under the PIN, with the key of the certificate that stands in it."""
    transmit = house.chip(serial).process
    terminal.select(transmit, JPKI)
    terminal.verify(transmit, ap.AUTH_PIN, Withheld(pins["auth"].reveal().encode()))
    house.authority.check(
        terminal.read_file(transmit, ap.AUTH_CERTIFICATE),
        terminal.sign(transmit, ap.AUTH_KEY, b"challenge", form=3),
        b"challenge",
    )


def test_a_handing_over_that_is_cut_anywhere_and_taken_up_ends_with_the_card_in_her_hand(in_house):
    def check(house, row):
        assert row.state == "active"
        works(house, row.serial)

    cut_everywhere(in_house, waiting, activate, go_on, check)


def test_a_handing_over_that_is_cut_anywhere_and_given_up_leaves_the_card_as_it_waited(in_house):
    def check(house, row):
        if row.state == "active":  # it was cut after the last word
            works(house, row.serial)
            return
        assert row.state == "notified"
        values = pins_of(house.tray.memories[row.serial])
        assert {value for value, _, _ in values.values()} == {None}

    cut_everywhere(in_house, waiting, activate, give_up, check)


def test_a_reset_of_pins_that_is_cut_anywhere_and_taken_up_ends_with_the_new_pins(in_house):
    def check(house, row):
        works(house, row.serial, OTHER)

    cut_everywhere(in_house, handed_over, reset, go_on, check)


def test_a_reset_of_pins_that_is_cut_anywhere_and_given_up_blocks_nothing(in_house):
    def check(house, row):
        values = pins_of(house.tray.memories[row.serial])
        for kind in ("auth", "sign"):
            value, left, limit = values["jpki", kind]
            new, old = (pins[kind].reveal().encode() for pins in (OTHER, PINS))
            assert value in {None, new, old}
            assert left == (limit if value else 0)
        assert values["text", "text"][0] == PINS["text"].reveal().encode()

    cut_everywhere(in_house, handed_over, reset, give_up, check)


@pytest.mark.parametrize(
    ("prepare", "act"),
    [(handed_over, renew), (stopped, find_again)],
    ids=["renewal", "found again"],
)
def test_new_certificates_that_are_cut_anywhere_fit_the_keys_of_the_chip_in_the_end(
    in_house, prepare, act
):
    def check(house, row):
        assert row.state == "active"
        works(house, row.serial)

    cut_everywhere(in_house, prepare, act, go_on, check)


def test_an_update_that_is_cut_anywhere_ends_with_the_new_address_in_the_chip(in_house):
    def check(house, row):
        transmit = house.chip(row.serial).process
        terminal.select(transmit, TEXT)
        terminal.verify(transmit, ap.TEXT_PIN, Withheld(b"1357"))
        assert "芝一丁目1番1号".encode() in terminal.read_file(transmit, ap.ATTRIBUTES)
        assert row.new_certificates == ""

    cut_everywhere(in_house, moved, update, go_on, check)


def test_an_update_that_was_cut_in_the_chip_ends_also_when_the_pin_was_blocked_meanwhile(in_house):
    async def story(house: House):
        card = await moved(house)
        kept, ended = house.keep(card.serial), 0
        for at in range(30, POINTS_MAX, 5):
            house.back_to(kept)
            knife = Knife(at)
            with contextlib.suppress(Cut):
                await update(under(knife, house.counter(card.serial)), card)
            _, sessions = await house.sessions(card.serial)
            if not knife.fell:
                break
            if "writing" not in {phase for _, phase in sessions}:
                continue
            transmit = house.chip(card.serial).process
            terminal.select(transmit, TEXT)
            for _ in range(3):
                with contextlib.suppress(terminal.WrongPin, terminal.PinBlocked):
                    terminal.verify(transmit, ap.TEXT_PIN, Withheld(b"0000"))
            await go_on(house.counter(card.serial), card, update)
            _, sessions = await house.sessions(card.serial)
            assert "writing" not in {phase for _, phase in sessions}
            await house.counter(card.serial).act("pins", visitor(""), secrets=TEXT_AGAIN)
            ended += 1
        assert ended

    in_house(story)


@pytest.mark.parametrize("seed", range(6))
def test_a_handing_over_that_is_cut_again_and_again_still_ends(in_house, seed):
    """Cut it at random, take it up and cut it again, by different officers' programs."""

    async def story(house: House):
        card = await waiting(house)
        entropy = SeededEntropy(seed)
        for _ in range(1 + below(entropy, 6)):
            knife = Knife(below(entropy, 80))
            counter = under(knife, house.counter(card.serial))
            act = give_up if below(entropy, 4) == 0 else go_on
            with contextlib.suppress(Cut):
                await act(counter, card, activate)
        await go_on(house.counter(card.serial), card, activate)
        row = await assert_agreement(house, card.serial)
        assert row.state == "active"
        assert await house.count() == (1, 1)
        works(house, card.serial)

    in_house(story)
