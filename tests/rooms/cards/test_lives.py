"""What happens to a card in its holder's hand: stopped, found, replaced, ended, given wrongly."""

from datetime import date, timedelta

import msgspec
import pytest

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.cards import api, store_cards
from kumihimo.rooms.cards.counter import More
from tests.rooms.cards.house import House, refused
from tests.rooms.cards.test_cuts import TEXT_PIN, handed_over, stopped
from tests.rooms.cards.test_delivery import PINS, deliver, visitor
from tests.rooms.register.made import MINATO, OSAKA

LETTER = ("insurance-card", "pension-book")


async def now(house, card):
    row, _ = await house.sessions(card.serial)
    await house.post()
    return row, house.authority.of(row)


async def again(house, who=1, **form):
    card = await house.notified(who, **form)
    await deliver(house, card)
    return card


async def end(house, card, because, office=MINATO):
    asked = api.EndCard(card=card.card, because=because, officer="officer-1")
    return await house.desk(api.END_PATH, asked, api.CardAfter, office)


def test_a_card_that_is_reported_lost_by_phone_stops_at_once_with_both_certificates(in_house):
    async def story(house: House):
        row, status = await now(house, await stopped(house))
        assert row.state == "held"
        assert status == {"auth": "loss", "sign": "loss"}
        assert await house.count() == (1, 1)

    in_house(story)


def test_who_does_not_know_all_four_attributes_stops_nobodys_card_and_learns_nothing(in_house):
    async def story(house: House):
        card = await handed_over(house)
        _, written = house.people[1]
        for field, wrong in (("name", "別 人"), ("birth", "1990-04-02"), ("sex", "1")):
            attributes = msgspec.structs.replace(written, **{field: wrong})
            asked = api.HoldCard(attributes=attributes, channel="phone")
            assert (await house.desk(api.HOLD_PATH, asked, api.Held)).new == 0
        row, status = await now(house, card)
        assert (row.state, status) == ("active", {"auth": "good", "sign": "good"})

    in_house(story)


def test_a_card_found_again_works_at_the_counter_only_and_with_new_certificates(in_house):
    async def story(house: House):
        card = await stopped(house)
        before, _ = await now(house, card)
        with refused("proxy-not-accepted"):  # who only has the card may be its finder
            await house.counter(card.serial).act("found", visitor("", papers=()))
        await house.counter(card.serial).act("found", visitor(""))
        row, status = await now(house, card)
        assert (row.state, status) == ("active", {"auth": "good", "sign": "good"})
        assert house.authority.of(before) == {"auth": "loss", "sign": "loss"}

    in_house(story)


def test_a_re_issued_card_adds_one_delivered_and_no_held_and_ends_the_old(in_house):
    async def story(house: House):
        old = await stopped(house)
        await again(house, replaces="lost")
        row, _ = await now(house, old)
        assert (row.state, row.because) == ("abolished", "reissue")
        assert await house.count() == (2, 1)

    in_house(story)


@pytest.mark.parametrize("because", ["return", "loss"])
def test_a_card_that_is_handed_back_or_given_up_is_held_no_more(in_house, because):
    async def story(house: House):
        card = await handed_over(house)
        assert (await end(house, card, because)).state == "abolished"
        _, status = await now(house, card)
        assert status == {"auth": "card-ended", "sign": "card-ended"}
        assert await house.count() == (1, 0)

    in_house(story)


def test_a_card_ends_after_its_last_day(in_house):
    async def story(house: House):
        card = await handed_over(house)
        last = (await house.show(serial=card.serial)).last_day
        assert last == date(2036, 4, 1)
        await house.on(last)
        assert (await now(house, card))[0].state == "active"
        await house.day()
        row, status = await now(house, card)
        assert (row.state, row.because) == ("abolished", "expiry")
        assert set(status.values()) == {"card-ended"}
        assert await house.count() == (1, 0)

    in_house(story)


def test_a_death_ends_the_card_and_both_certificates(in_house):
    async def story(house: House):
        card = await handed_over(house)
        await house.happen("death", 1)
        row, _ = await now(house, card)
        assert (row.state, row.because) == ("abolished", "death")
        assert await house.count() == (1, 0)

    in_house(story)


def test_a_death_before_the_card_is_made_lets_the_number_go(in_house):
    async def story(house: House):
        await house.resident(1)
        applied = await house.apply(1)
        await house.happen("death", 1)
        shown = await house.desk(
            api.SHOW_PATH, api.ShowApplication(form=applied.form), api.Application
        )
        assert (shown.state, shown.because) == ("withdrawn", "resident-changed")

    in_house(story)


def test_a_card_of_a_person_who_moved_before_she_received_it_is_thrown_away(in_house):
    async def story(house: House):
        await house.resident(1)
        card = await house.notified(1)
        await move(house, OSAKA)
        row, status = await now(house, card)
        assert row.state == "discarded"
        assert set(status.values()) == {"never-delivered"}
        assert await house.count() == (0, 0)

    in_house(story)


async def move(house, office, address="大阪府大阪市北区中之島一丁目3番20号"):
    place = office.removeprefix("lg-")
    await house.happen(
        "move-in", 1, office=office, changed=("address",), address=address, municipality=place
    )


def test_after_a_move_the_card_is_used_on_within_ninety_days(in_house):
    async def story(house: House):
        card = await handed_over(house)
        await move(house, OSAKA)
        shown = await house.show(serial=card.serial)
        assert shown.lapses_on == house.cards.today() + timedelta(days=91)
        await house.counter(card.serial, OSAKA).act("update", visitor(""), more=TEXT_PIN)
        shown = await house.show(serial=card.serial)
        assert (shown.lapses_on, shown.state) == (None, "active")
        await house.day(200)
        assert (await now(house, card))[0].state == "active"

    in_house(story)


def test_a_card_that_is_not_used_on_lapses_and_is_still_held_until_it_is_abolished(in_house):
    async def story(house: House):
        card = await handed_over(house)
        await move(house, OSAKA)
        await house.day(90)
        assert (await now(house, card))[0].state == "active"
        await house.day()
        row, status = await now(house, card)
        assert (row.state, row.because) == ("void", "lapse")
        assert set(status.values()) == {"card-ended"}
        assert await house.count() == (1, 1)
        with refused("wrong-state"):
            await house.counter(card.serial, OSAKA).act("update", visitor(""), more=TEXT_PIN)
        await end(house, card, "lapse", OSAKA)
        assert await house.count() == (1, 0)

    in_house(story)


def test_a_second_move_before_the_procedure_ends_the_card(in_house):
    async def story(house: House):
        card = await handed_over(house)
        await move(house, OSAKA)
        await house.day()
        await move(house, MINATO, "東京都港区芝公園四丁目2番8号")
        assert (await now(house, card))[0].state == "void"

    in_house(story)


def test_cards_are_held_where_people_live_and_delivered_where_they_were_given(in_house):
    async def story(house: House):
        await handed_over(house)
        await move(house, OSAKA)
        asked = api.CountCards(house.cards.today())
        answer, _ = await house.caller(MINATO).call(
            "cards", api.COUNT_PATH, asked, api.CountedCards
        )
        found = {one.municipality: (one.delivered, one.held) for one in answer.counts}
        assert found == {"131032": (1, 0), "271004": (0, 1)}

    in_house(story)


def test_leaving_japan_ends_the_card(in_house):
    async def story(house: House):
        card = await handed_over(house)
        await house.happen("departure-abroad", 1)
        row, _ = await now(house, card)
        assert (row.state, row.because) == ("abolished", "departure")

    in_house(story)


def test_who_asked_before_the_day_of_leaving_keeps_the_card_abroad(in_house):
    async def story(house: House):
        card = await handed_over(house)
        tomorrow = house.cards.today() + timedelta(days=1)
        for late in (None, house.cards.today()):
            with refused("too-late"):
                more = More(leaves_on=late, text_pin=Withheld("1357"))
                await house.counter(card.serial).act("abroad", visitor(""), more=more)
        more = More(leaves_on=tomorrow, text_pin=Withheld("1357"))
        await house.counter(card.serial).act("abroad", visitor(""), more=more)
        await house.day()
        await house.happen("departure-abroad", 1)
        row, _ = await now(house, card)
        assert row.state == "active"
        assert await house.count() == (1, 1)

    in_house(story)


def test_a_new_number_ends_the_card_that_shows_the_old_one(in_house):
    async def story(house: House):
        card = await handed_over(house)
        await house.happen("number-change", 1, changed=("number",), reason="漏えい")
        assert (await now(house, card))[0].state == "void"

    in_house(story)


async def incident(house, card, step, number, second="officer-2"):
    asked = api.ReportMisdelivery(
        incident=number,
        card=card.card,
        kind="wrong-person",
        step=step,
        officer="officer-1",
        second_officer=second,
    )
    return await house.desk(api.MISDELIVERY_PATH, asked, api.Incident)


def test_a_wrong_delivery_is_stopped_reversed_and_on_the_trail_and_the_right_person_gets_new_keys(
    in_house,
):
    async def story(house: House):
        card = await handed_over(house)
        number = new_id(house.entropy)
        with refused("second-officer-needed"):
            await incident(house, card, "open", number, "officer-1")
        assert (await incident(house, card, "open", number)).state == "open"
        row, status = await now(house, card)
        assert (row.state, set(status.values())) == ("held", {"loss"})
        assert (await incident(house, card, "take-back", number)).state == "taken-back"
        assert (await incident(house, card, "take-back", number)).state == "taken-back"
        assert await house.count() == (0, 0)
        row, status = await now(house, card)
        assert (row.state, set(status.values())) == ("at-municipality", {"key-compromise"})
        await house.handle(card.card, "notify")
        await deliver(house, card)
        assert (await incident(house, card, "close", number)).state == "closed"
        row, status = await now(house, card)
        assert (row.state, status) == ("active", {"auth": "good", "sign": "good"})
        assert await house.count() == (1, 1)
        async with house.cards_database.transaction() as tx:
            trail = [line.act for line in await store_cards.trail(tx, card.card)]
        assert trail == [
            "made", "ship", "notify", "delivered", "held", "incident-wrong-person",
            "delivery-undone", "notify", "delivered",
        ]  # fmt: skip

    in_house(story)


def test_an_office_touches_no_card_of_another(in_house):
    async def story(house: House):
        card = await handed_over(house)
        with refused("unknown-card"):
            await end(house, card, "return", OSAKA)
        with refused("unknown-card"):
            await house.show(office=OSAKA, form=card.form)
        with refused("unknown-card"):
            await house.counter(card.serial, OSAKA).act("pins", visitor(""), secrets=PINS)

    in_house(story)
