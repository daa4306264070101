from datetime import date, timedelta
from typing import Any

import pytest

from kumihimo.card.portraits import portrait
from kumihimo.kernel.entropy import SeededEntropy
from kumihimo.kernel.ids import new_id
from kumihimo.rooms.cards import api, store_applications
from kumihimo.rooms.cards.domain.application_ids import LENGTH
from kumihimo.rooms.cards.production import make, make_next
from tests.nowhere import nowhere_by_itself
from tests.rooms.cards.house import House, refused
from tests.rooms.cards.test_delivery import LICENCE, deliver
from tests.rooms.register.made import OSAKA, code


async def opened(house, who, office="lg-131032"):
    number, written = house.people[who]
    asked = api.OpenApplication(
        application=new_id(house.entropy), number=number, attributes=written
    )
    return await house.desk(api.OPEN_PATH, asked, api.OpenedApplication, office)


async def photo(house, application, seed="a face"):
    taken = api.TakePhoto(application=application, photo=portrait(SeededEntropy(seed)))
    return await house.desk(api.PHOTO_PATH, taken, api.PhotoTaken)


def test_a_photo_can_never_be_attached_to_another_application(in_house):
    async def story(house: House):
        for who in (1, 2):
            await house.resident(who)
        one, other = [await opened(house, who) for who in (1, 2)]
        await photo(house, one.application)
        with refused("photo-bound-elsewhere"):
            await photo(house, other.application)

    in_house(story)


def test_a_photo_stays_bound_after_its_application_is_over(in_house):
    async def story(house: House):
        await house.resident(1)
        one = await opened(house, 1)
        await photo(house, one.application)
        asked = api.DecideApplication(
            application=one.application, event="withdraw", because="by request"
        )
        await house.desk(api.DECIDE_PATH, asked, api.Application)
        other = await opened(house, 1)
        with refused("photo-bound-elsewhere"):
            await photo(house, other.application)

    in_house(story)


def test_nothing_is_applied_for_without_a_bound_photo_but_an_infants_card(in_house):
    async def story(house: House):
        await house.resident(1)
        await house.resident(2, birth="2026-05-01", day=date(2026, 5, 1))
        with refused("photo-not-bound"):
            await house.apply(1, photo=False)
        parent = api.AgentShown(
            kind="legal-representative", papers=("driving-licence", "family-register")
        )
        infant = await house.apply(2, photo=False, agent=parent)
        assert infant.state == "applied"

    in_house(story)


def test_a_photo_whose_bond_does_not_hold_is_never_printed(in_house):
    async def story(house: House):
        for who in (1, 2):
            await house.resident(who)
        one, other = await house.apply(1), await house.apply(2)
        async with house.cards_database.transaction() as tx:  # a bug, or a hand in the database
            await tx.put(
                "UPDATE photo SET picture = other.picture FROM photo AS other"
                " WHERE other.application <> photo.application"
            )
        assert await make_next(house.cards) == 1
        assert await make_next(house.cards) == 1
        for application in (one, other):
            shown = await house.desk(
                api.SHOW_PATH, api.ShowApplication(form=application.form), api.Application
            )
            assert (shown.state, shown.because) == ("sent-back", "photo")
        assert house.tray.memories == {}

    in_house(story)


def test_the_number_stands_on_the_application_until_the_card_is_made_and_then_nowhere(
    in_house, postgres
):
    async def story(house: House):
        number = await house.resident(1)
        pins = {"sign": "ABC123", "auth": "2580", "register": "2580", "text": "2580"}
        applied = await house.apply(1, handover="checked-at-application", papers=LICENCE, pins=pins)
        async with house.cards_database.transaction() as tx:
            row = await store_applications.lock(tx, application=applied.application)
        assert row is not None
        assert row.number_locked is not None
        assert row.pins_locked is not None
        await make_next(house.cards)
        async with house.cards_database.transaction() as tx:
            row = await store_applications.lock(tx, application=applied.application)
        assert row is not None
        assert (row.number_locked, row.pins_locked) == (None, None)
        await house.post()
        dump = postgres.dump(house.names["cards"]).decode()
        for secret in (number, code(1), "ABC123", "2580"):
            assert nowhere_by_itself(secret, dump)
        assert applied.form in dump  # the search finds what is there

    in_house(story)


@pytest.mark.parametrize("event", ["reject", "withdraw"])
def test_a_closed_application_has_no_number_and_no_picture(in_house, event):
    async def story(house: House):
        await house.resident(1)
        applied = await house.apply(1)
        asked = api.DecideApplication(
            application=applied.application, event=event, because="not wanted"
        )
        assert (await house.desk(api.DECIDE_PATH, asked, api.Application)).state in {
            "rejected",
            "withdrawn",
        }
        async with house.cards_database.transaction() as tx:
            row = await store_applications.lock(tx, application=applied.application)
            bound = await store_applications.photo_of(tx, applied.application)
        assert row is not None
        assert row.number_locked is None
        assert bound is not None
        assert bound.picture is None

    in_house(story)


def test_a_person_has_one_open_application_and_the_same_question_is_answered_again(in_house):
    async def story(house: House):
        number = await house.resident(1)
        asked = api.OpenApplication(
            application=new_id(house.entropy), number=number, attributes=house.people[1][1]
        )
        first = await house.desk(api.OPEN_PATH, asked, api.OpenedApplication)
        assert len(first.form) == LENGTH
        assert await house.desk(api.OPEN_PATH, asked, api.OpenedApplication) == first
        with refused("not-eligible"):
            await opened(house, 1)

    in_house(story)


def test_an_office_opens_nothing_for_residents_of_another_and_sees_nothing_of_theirs(in_house):
    async def story(house: House):
        await house.resident(1)
        with refused("unknown-application"):
            await opened(house, 1, OSAKA)
        applied = await house.apply(1)
        for ids in ({"form": applied.form}, {"application": applied.application}):
            with refused("unknown-application"):
                await house.desk(api.SHOW_PATH, api.ShowApplication(**ids), api.Application, OSAKA)

    in_house(story)


def test_a_namesake_makes_the_officer_look_twice(in_house):
    async def story(house: House):
        await house.resident(1)
        await house.resident(2, name="高橋 花花" + chr(0x4E01))  # as the first, another address
        await house.apply(1)
        with refused("look-twice"):
            await house.apply(2)
        number, written = house.people[2]
        asked = api.Submit(
            application=(await _open_again(house, number, written)),
            channel="counter",
            looked_twice=True,
        )
        assert (await house.desk(api.SUBMIT_PATH, asked, api.Application)).state == "applied"

    in_house(story)


async def _open_again(house, number, written):
    async with house.cards_database.transaction() as tx:
        return await tx.value(
            "SELECT application FROM application WHERE address = %(address)s",
            {"address": written.address},
        )


def test_a_second_card_is_asked_for_only_in_place_of_the_first(in_house):
    async def story(house: House):
        await house.resident(1)
        card = await house.notified(1)
        with refused("not-eligible"):
            await house.apply(1)
        await deliver(house, card)
        forms: tuple[dict[str, Any], ...] = ({}, {"replaces": "lost"}, {"replaces": "renewal"})
        for form in forms:
            with refused("not-eligible"):
                await house.apply(1, **form)
            await withdraw(house, 1)

    in_house(story)


async def withdraw(house, who):
    async with house.cards_database.transaction() as tx:
        application = await tx.value("SELECT application FROM application WHERE state = 'open'")
    asked = api.DecideApplication(application=application, event="withdraw", because="again")
    await house.desk(api.DECIDE_PATH, asked, api.Application)


def test_production_that_crashes_makes_the_card_once_and_revokes_what_came_to_nothing(in_house):
    async def story(house: House):
        await house.resident(1)
        applied = await house.apply(1)
        engrave = house.tray.engrave

        async def crash(serial, contents, *, municipality):
            raise MemoryError

        house.tray.engrave = crash
        with pytest.raises(MemoryError):
            await make(house.cards, applied.application)
        house.tray.engrave = engrave
        assert await make(house.cards, applied.application) is not None
        await house.post()
        states = sorted(tuple(status.values()) for status in house.authority.status.values())
        assert states == [("good", "good"), ("never-delivered", "never-delivered")]
        assert await make_next(house.cards) == 0

    in_house(story)


def test_express_cards_are_made_first_and_posted_by_the_maker(in_house):
    async def story(house: House):
        for who in (1, 2):
            await house.resident(who)
        await house.apply(1)
        pins = {"sign": "ABC123", "auth": "2580", "register": "2580", "text": "2580"}
        express = await house.apply(
            2,
            handover="direct",
            express="new-resident",
            event_on=house.cards.today() - timedelta(days=1),
            papers=LICENCE,
            pins=pins,
        )
        await make_next(house.cards)
        card = await house.show(form=express.form)
        assert card.state == "posted"
        await house.handle(card.card, "deliver")
        assert await house.count() == (1, 1)

    in_house(story)
