from datetime import timedelta
from typing import Any

import pytest

from kumihimo.card import applications as ap
from kumihimo.card import terminal
from kumihimo.card.applications import JPKI
from kumihimo.card.memory import Volatile
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.cards import api
from kumihimo.rooms.cards.counter import Visitor
from kumihimo.rooms.cards.domain.pins import PinKind
from kumihimo.rooms.cards.domain.refusals import BadPin
from kumihimo.rooms.cards.notes import unfinished
from tests.rooms.cards.house import House, refused
from tests.rooms.cards.knife import Cut, Knife, under
from tests.rooms.register.made import OSAKA

PINS: dict[PinKind, Withheld[str]] = {
    "sign": Withheld("ABC123"),
    "auth": Withheld("1357"),
    "register": Withheld("1357"),
    "text": Withheld("1357"),
}
LICENCE = ("driving-licence",)


def visitor(form, **more: Any):
    given: dict[str, Any] = {
        "officer": "officer-1",
        "second_officer": "officer-2",
        "papers": LICENCE,
    }
    return Visitor(**(given | {"form": form} | more))


async def deliver(house, card, **more):
    counter = house.counter(card.serial)
    return await counter.act("activate", visitor(card.form, **more), secrets=PINS)


def test_a_card_is_applied_for_made_and_handed_over(in_house):
    async def story(house: House):
        await house.resident(1)
        card = await house.notified(1)
        assert card.state == "notified"
        ended = await house.counter(card.serial).act("activate", visitor(card.form), secrets=PINS)
        assert (ended.phase, ended.state) == ("committed", "active")
        assert await house.count() == (1, 1)
        chip = house.chip(card.serial)
        terminal.select(chip.process, JPKI)
        terminal.verify(chip.process, ap.AUTH_PIN, Withheld(b"1357"))
        assert terminal.sign(chip.process, 0x17, b"challenge")

    in_house(story)


async def waiting(house):
    await house.resident(1)
    return await house.notified(1)


def test_the_chip_that_is_handed_over_is_the_chip_of_this_person(in_house):
    async def story(house: House):
        for who in (1, 2):
            await house.resident(who)
        one, other = await house.notified(1), await house.notified(2)
        with refused("wrong-chip"):  # the paper of one, the chip of another
            await house.counter(other.serial).act("activate", visitor(one.form), secrets=PINS)
        stranger = dict(house.tray.memories[other.serial].contents)
        stranger["card/0045"] = one.serial.encode()  # a chip that says it is the other
        house.tray.memories[one.serial] = Volatile(stranger)
        with refused("wrong-chip"):
            await deliver(house, one)
        assert (await house.show(form=one.form)).state == "notified"

    in_house(story)


@pytest.mark.parametrize("second", ["", "officer-1"])
def test_two_officers_compare_face_card_and_papers(in_house, second):
    async def story(house: House):
        card = await waiting(house)
        with refused("second-officer-needed"):
            await deliver(house, card, second_officer=second)

    in_house(story)


@pytest.mark.parametrize(
    "seen", [{"papers": ()}, {"holder_present": False}, {"papers": ("insurance-card",)}]
)
def test_nobody_gets_a_card_without_papers_and_nobody_gets_one_for_an_absent_person(in_house, seen):
    async def story(house: House):
        card = await waiting(house)
        with refused("proxy-not-accepted"):
            await deliver(house, card, **seen)
        assert await house.count() == (0, 0)

    in_house(story)


def test_a_card_that_waits_is_not_delivered_without_its_chip(in_house):
    async def story(house: House):
        card = await waiting(house)
        with refused("wrong-state"):
            await house.handle(card.card, "deliver")

    in_house(story)


def test_a_card_whose_holder_nobody_identified_is_not_posted(in_house):
    async def story(house: House):
        await house.resident(1)
        card = await house.made(1)
        await house.handle(card.card, "ship")
        with refused("not-eligible"):
            await house.handle(card.card, "post")

    in_house(story)


def test_a_pin_of_another_form_never_reaches_the_chip(in_house):
    async def story(house: House):
        card = await waiting(house)
        before = dict(house.tray.memories[card.serial].contents)
        without: dict[PinKind, Withheld[str]] = {
            kind: pin for kind, pin in PINS.items() if kind != "sign"
        }
        with pytest.raises(BadPin):
            await house.counter(card.serial).act("activate", visitor(card.form), secrets=without)
        assert house.tray.memories[card.serial].contents == before

    in_house(story)


def test_a_session_whose_time_is_over_commits_nothing(in_house):
    async def story(house: House):
        card = await waiting(house)
        counter = house.counter(card.serial)
        knife = Knife(BEFORE_COMMIT)
        with pytest.raises(Cut):
            await under(knife, counter).act("activate", visitor(card.form), secrets=PINS)
        house.clock.advance(timedelta(minutes=31))
        house.publish()
        [session] = unfinished(counter.notes)
        late = api.CommitSession(session=session, answer=b"")
        with refused("session-over"):
            await house.desk(api.COMMIT_PATH, late, api.SessionEnded)
        await house.counter(card.serial).give_up(session)
        assert (await house.show(form=card.form)).state == "notified"

    in_house(story)


BEFORE_COMMIT = 60


def test_another_office_cannot_go_on_with_a_session(in_house):
    async def story(house: House):
        card = await waiting(house)
        counter = house.counter(card.serial)
        with pytest.raises(Cut):
            await under(Knife(BEFORE_COMMIT), counter).act(
                "activate", visitor(card.form), secrets=PINS
            )
        [session] = unfinished(counter.notes)
        for path, asked in (
            (api.COMMIT_PATH, api.CommitSession(session=session, answer=b"")),
            (api.ABORT_PATH, api.AbortSession(session=session, pins_gone=True)),
            (api.ROLE_PATH, api.AskRole(session=session, challenge=bytes(16))),
        ):
            with refused("session-over"):
                await house.desk(path, asked, api.SessionEnded, OSAKA)

    in_house(story)
