"""Certificates of a card on its way: those in use live until it arrives, and orders given up never sign."""

import asyncio

import pytest

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.net import Refused
from kumihimo.rooms.jpki import issuance
from tests.rooms.jpki.holders import chip, verifier
from tests.rooms.jpki.made import change, order

GOOD = {"sign": ("good", None), "auth": ("good", None)}
SUPERSEDED = {"sign": ("revoked", "superseded"), "auth": ("revoked", "superseded")}
UNSPECIFIED = {"sign": ("revoked", "unspecified"), "auth": ("revoked", "unspecified")}


async def count(house):
    async with house.database.transaction() as tx:
        return await tx.value("SELECT count(*) FROM certificate")


def test_a_card_in_the_post_leaves_the_one_in_use_alone_until_it_is_delivered(in_house):
    async def story(house):
        old, _ = await house.card()
        new, _ = await house.card(before_delivery=True)
        assert await house.statuses(old) == await house.statuses(new) == GOOD
        assert await house.happen("delivered", new) == 2
        assert await house.statuses(old) == SUPERSEDED
        assert await house.statuses(new) == GOOD
        assert await house.happen("delivered", new) == 0

    in_house(story)


def test_a_card_that_is_made_in_the_holders_presence_takes_the_others_place_at_once(in_house):
    async def story(house):
        old, _ = await house.card()
        await house.card()
        assert await house.statuses(old) == SUPERSEDED

    in_house(story)


def test_a_card_that_never_arrived_ends_alone(in_house):
    async def story(house):
        old, _ = await house.card()
        lost, _ = await house.card(before_delivery=True)
        await house.happen("never-delivered", lost)
        assert await house.statuses(lost) == UNSPECIFIED
        assert await house.statuses(old) == GOOD
        next_one, _ = await house.card(before_delivery=True)
        await house.happen("delivered", next_one)
        assert await house.statuses(old) == SUPERSEDED

    in_house(story)


def test_a_verifier_sees_the_card_in_use_as_the_newest_until_the_other_is_delivered(in_house):
    async def story(house):
        bank, old = await verifier(house), await chip(house)
        seen = (await bank.verify(old.asked(identify_user=True))).verification
        new = await chip(house, before_delivery=True)
        for card in (old, new):
            newest = await bank.newest(seen.certificate.id)
            assert newest.certificate.serial == str(card.certificate().serial_number)
            assert newest.steps == (0 if card is old else 1)
            told = await bank.user_status(seen.user)
            assert [c.certificate_status.status for c in told.certificates] == ["good", "good"]
            if card is old:
                await house.happen("delivered", new.order)

    in_house(story)


def test_a_move_ends_the_sign_certificates_of_both_and_a_delivery_revives_none(in_house):
    async def story(house):
        old, _ = await house.card()
        new, _ = await house.card(before_delivery=True)
        await house.changed(change("address"))
        await house.happen("delivered", new)
        moved = ("revoked", "affiliationChanged")
        assert await house.statuses(old) == {"sign": moved, "auth": ("revoked", "superseded")}
        assert await house.statuses(new) == {"sign": moved, "auth": ("good", None)}

    in_house(story)


def test_an_order_that_was_given_up_before_it_came_is_never_signed(in_house):
    async def story(house):
        late = order()
        assert await house.happen("never-delivered", late) == 0
        [refused] = await house.issue(late)
        assert refused.refusal == "order-dropped"
        assert await count(house) == 0
        await house.card()  # another order of the same person is not touched

    in_house(story)


def test_an_order_that_is_given_up_while_it_is_signed_gives_nothing(in_house):
    async def story(house):
        old, _ = await house.card()
        late = order()
        await issuance.intend(house.jpki, "cards", late)
        await house.happen("never-delivered", late)
        [refused] = await house.issue(late)
        assert refused.refusal == "order-dropped"
        assert await count(house) == 2
        assert await house.statuses(old) == GOOD

    in_house(story)


def test_an_order_and_its_end_at_the_same_moment_leave_no_good_certificate(in_house):
    async def story(house):
        for _ in range(5):
            late = order()
            await asyncio.gather(house.issue(late), house.happen("never-delivered", late))
            assert set((await house.statuses(late)).values()) <= {("revoked", "unspecified")}

    in_house(story)


def test_nothing_else_happens_to_an_order_that_never_came(in_house):
    async def story(house):
        for kind in ("delivered", "loss", "card-ended"):
            with pytest.raises(Refused) as refusal:
                await house.happen(kind, order())
            assert refusal.value.reason == "not-found"
        with pytest.raises(Refused) as refusal:
            await house.happen("never-delivered", order(order=new_id(house.entropy)[:-1]))
        assert refusal.value.reason == "not-found"

    in_house(story)
