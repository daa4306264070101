import pytest

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.net import Refused
from tests.rooms.jpki.made import change, holder, order

BOTH = ("sign", "auth")


def both(status, reason):
    return dict.fromkeys(BOTH, (status, reason))


def test_a_move_kills_the_sign_certificate_and_not_the_auth_certificate(in_house):
    async def story(house):
        wanted, _ = await house.card()
        assert await house.changed(change("address")) == 1
        assert await house.statuses(wanted) == {
            "sign": ("revoked", "affiliationChanged"),
            "auth": ("good", None),
        }

    in_house(story)


@pytest.mark.parametrize("what", ["name", "birth", "sex", "address"])
def test_each_of_the_four_attributes_kills_what_prints_it(in_house, what):
    async def story(house):
        wanted, _ = await house.card()
        await house.changed(change(what))
        assert (await house.statuses(wanted))["sign"] == ("revoked", "affiliationChanged")

    in_house(story)


@pytest.mark.parametrize("what", ["number", "resident-code"])
def test_a_new_number_leaves_both_certificates_alone(in_house, what):
    async def story(house):
        wanted, _ = await house.card()
        assert await house.changed(change(what)) == 0
        assert await house.statuses(wanted) == both("good", None)

    in_house(story)


def test_a_move_that_is_told_late_or_twice_does_not_kill_the_certificate_made_after_it(in_house):
    async def story(house):
        await house.card()
        await house.changed(change("address", version=2))
        again, _ = await house.card(auth=False, version=2)
        await house.changed(change("address", version=2))
        assert await house.statuses(again) == {"sign": ("good", None)}
        await house.changed(change("name", version=3))
        assert await house.statuses(again) == {"sign": ("revoked", "affiliationChanged")}

    in_house(story)


def test_death_ends_everything_on_every_carrier_for_ever(in_house):
    async def story(house):
        card, _ = await house.card()
        phone, _ = await house.card(carrier="iphone")
        other, _ = await house.card(who="taro")
        await house.changed(change("address", version=5, standing="dead"))
        assert await house.statuses(card) == both("revoked", "cessationOfOperation")
        assert await house.statuses(phone) == both("revoked", "cessationOfOperation")
        assert await house.statuses(other) == both("good", None)
        [refused] = await house.issue(order(version=5))
        assert refused.refusal == "holder-ended"

    in_house(story)


def test_a_death_that_never_was_lets_new_ones_be_issued_and_wakes_no_old_one(in_house):
    async def story(house):
        wanted, _ = await house.card()
        await house.changed(change(version=3, standing="dead"))
        await house.changed(change(version=4, standing="resident"))
        assert await house.statuses(wanted) == both("revoked", "cessationOfOperation")
        await house.card(version=4)

    in_house(story)


def test_messages_in_the_wrong_order_leave_what_the_later_one_says(in_house):
    async def story(house):
        await house.changed(change(version=4, standing="resident"))
        await house.changed(change(version=3, standing="dead"))
        wanted, _ = await house.card(version=4)
        assert await house.statuses(wanted) == both("good", None)

    in_house(story)


def test_who_leaves_with_continuation_keeps_the_certificates_made_for_it(in_house):
    async def story(house):
        plain, _ = await house.card()
        kept, _ = await house.card(abroad=True)
        await house.changed(change(standing="abroad"))
        assert await house.statuses(plain) == both("revoked", "superseded")
        assert await house.statuses(kept) == both("good", None)
        [refused] = await house.issue(order(version=2))
        assert refused.refusal == "holder-ended"

    in_house(story)


def test_who_leaves_without_continuation_loses_both(in_house):
    async def story(house):
        wanted, _ = await house.card()
        await house.changed(change(standing="abroad"))
        assert await house.statuses(wanted) == both("revoked", "cessationOfOperation")

    in_house(story)


def test_a_lost_card_that_is_found_stays_on_hold(in_house):
    async def story(house):
        wanted, _ = await house.card()
        assert await house.happen("loss", wanted) == 2
        assert await house.happen("found-again", wanted) == 0
        assert await house.statuses(wanted) == both("held", "certificateHold")
        again, _ = await house.card()
        assert await house.statuses(wanted) == both("held", "certificateHold")
        assert await house.statuses(again) == both("good", None)

    in_house(story)


def test_a_found_phone_gets_its_auth_certificate_back_and_not_its_sign_certificate(in_house):
    async def story(house):
        await house.card()
        phone, _ = await house.card(carrier="android")
        await house.happen("loss", phone)
        assert await house.happen("found-again", phone) == 1
        assert await house.statuses(phone) == {
            "sign": ("held", "certificateHold"),
            "auth": ("good", None),
        }

    in_house(story)


def test_a_holder_gives_up_one_certificate_and_keeps_the_other(in_house):
    async def story(house):
        wanted, _ = await house.card()
        assert await house.happen("request", wanted, only="sign") == 1
        assert await house.statuses(wanted) == {
            "sign": ("revoked", "cessationOfOperation"),
            "auth": ("good", None),
        }

    in_house(story)


def test_an_event_that_comes_twice_happens_once(in_house):
    async def story(house):
        await house.card()
        phone, _ = await house.card(carrier="android")
        event = new_id(house.entropy)
        assert await house.happen("loss", phone, event=event) == 2
        await house.happen("found-again", phone)
        assert await house.happen("loss", phone, event=event) == 0
        assert (await house.statuses(phone))["auth"] == ("good", None)

    in_house(story)


def test_what_is_revoked_stays_revoked_under_its_first_reason(in_house):
    async def story(house):
        wanted, _ = await house.card()
        await house.happen("key-compromise", wanted)
        for kind in ("loss", "request", "found-again", "record-error"):
            assert await house.happen(kind, wanted) == 0
        assert await house.statuses(wanted) == both("revoked", "keyCompromise")

    in_house(story)


@pytest.mark.parametrize("kind", ["death", "departure", "attributes-changed"])
def test_cards_does_not_tell_what_register_knows(in_house, kind):
    async def story(house):
        wanted, _ = await house.card()
        with pytest.raises(Refused) as refused:
            await house.happen(kind, wanted)
        assert refused.value.reason == "bad-input"

    in_house(story)


def test_an_order_that_is_none_and_a_caller_who_may_not_are_refused(in_house):
    async def story(house):
        wanted, _ = await house.card()
        with pytest.raises(Refused) as refused:
            await house.happen("loss", order())
        assert refused.value.reason == "not-found"
        with pytest.raises(Refused) as refused:
            await house.happen("loss", wanted, party="lg-131032")
        assert refused.value.reason == "not-allowed"
        with pytest.raises(Refused) as refused:
            await house.changed(change("address"), party="cards")
        assert refused.value.reason == "not-allowed"
        assert await house.statuses(wanted) == both("good", None)

    in_house(story)


def test_jpki_keeps_of_a_person_a_reference_and_no_more(in_house):
    async def story(house):
        await house.changed(change("address", "number", version=7))
        async with house.database.transaction() as tx:
            found = await tx.connection.execute("SELECT * FROM holder")
            [row] = await found.fetchall()
        assert (bytes(row[0]), *row[1:]) == (holder(), 7, 7, "resident")

    in_house(story)
