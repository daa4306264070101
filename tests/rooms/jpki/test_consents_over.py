"""When nothing is told any more: withdrawn, protected, over, gone; and what tells these apart."""

import asyncio
from datetime import timedelta

import pytest

from kumihimo.kernel.net import Refused
from kumihimo.rooms.register.domain.quota import Limits
from tests.rooms.jpki.holders import verifier
from tests.rooms.jpki.latest_house import receiver, signed
from tests.rooms.jpki.test_consents import (
    answers,
    in_town,
    withdrawal,
)
from tests.rooms.jpki.test_verifying import refused
from tests.rooms.register.made import event

__all__ = ["in_town"]


async def problem(asked):
    """Return everything that a verifier is told of a refusal."""
    with pytest.raises(Refused) as found:
        await asked
    return found.value.remote


def test_what_she_withdrew_by_her_signature_through_anybody_is_over_and_only_that(in_town):
    async def story(house, person, card, bank):
        portal, shop = await verifier(house, "portal"), await receiver(house, "shop")
        ours, theirs = await bank.consented(card), await shop.consented(card)
        await portal.withdraw_consents(signed(card, withdrawal(house)))
        assert await refused(bank.attributes(ours)) == "consent-over"
        assert (await shop.attributes(theirs)).consent == theirs
        # Nobody learns from a withdrawal whether there was something to withdraw.
        await portal.withdraw_consents(signed(card, withdrawal(house, "no-such-verifier")))
        assert await answers(house) == ["consent-over", "ok"]

    in_town(story)


def test_who_is_protected_cannot_be_told_from_who_withdrew(in_town):
    async def story(house, person, card, bank):
        consent = await bank.consented(card)
        await house.recorded(event("protection", person.who))
        protected = await problem(bank.attributes(consent))
        asked = house.asked
        await house.recorded(event("protection-end", person.who))
        assert (await bank.attributes(consent)).consent == consent
        await bank.withdraw_consents(signed(card, withdrawal(house)))
        house.asked = 0
        assert await problem(bank.attributes(consent)) == protected
        assert house.asked == asked == 1  # the way to the refusal is as long

    in_town(story)


def test_a_withdrawal_that_she_did_not_sign_takes_nothing_back(in_town):
    async def story(house, person, card, bank):
        consent = await bank.consented(card)
        wrong = signed(card, withdrawal(house), text="別の文")
        assert await refused(bank.withdraw_consents(wrong)) == "signature-wrong"
        stranger = await house.resident(2)
        hers = await house.card_of(stranger)
        await bank.withdraw_consents(signed(hers, withdrawal(house)))
        old = withdrawal(house, on=house.jpki.today() - timedelta(days=8))
        assert await refused(bank.withdraw_consents(signed(card, old))) == "bad-input"
        assert (await bank.attributes(consent)).consent == consent

    in_town(story)


def test_a_consent_that_was_held_back_is_not_taken_after_she_withdrew(in_town):
    async def story(house, person, card, bank):
        kept = signed(card, bank.statement())
        house.clock.advance(timedelta(days=2))
        house.publish()
        await bank.withdraw_consents(signed(card, withdrawal(house)))
        assert await refused(bank.give_consent(kept)) == "consent-over"
        again = await bank.consented(card)  # a new one is
        assert (await bank.attributes(again)).consent == again

    in_town(story)


def test_an_old_withdrawal_that_is_sent_again_ends_no_new_consent(in_town):
    async def story(house, person, card, bank):
        await bank.consented(card)
        old = signed(card, withdrawal(house))
        await bank.withdraw_consents(old)
        new = await bank.consented(card)
        await bank.withdraw_consents(old)
        assert (await bank.attributes(new)).consent == new

    in_town(story)


def test_a_withdrawal_while_register_answers_is_heard(in_town):
    async def story(house, person, card, bank):
        consent = await bank.consented(card)

        async def withdraws():
            house.before_answer = None
            await bank.withdraw_consents(signed(card, withdrawal(house)))

        house.before_answer = withdraws
        assert await refused(bank.attributes(consent)) == "consent-over"

    in_town(story)


def test_a_consent_is_over_after_its_last_day(in_town):
    async def story(house, person, card, bank):
        today = house.jpki.today()
        consent = await bank.consented(card, ends_on=today + timedelta(days=1))
        house.clock.advance(timedelta(days=1))
        house.publish()
        assert (await bank.attributes(consent)).as_of == today + timedelta(days=1)
        house.clock.advance(timedelta(days=1))
        house.publish()
        assert await refused(bank.attributes(consent)) == "consent-over"

    in_town(story)


@pytest.mark.parametrize("kind", ["death", "departure-abroad"])
def test_of_who_died_or_left_nothing_is_told_by_a_name_of_its_own(in_town, kind):
    async def story(house, person, card, bank):
        consent = await bank.consented(card)
        await house.recorded(event(kind, person.who, house.jpki.today()))
        assert await refused(bank.attributes(consent)) == "holder-ended"

    in_town(story)


def test_without_a_good_certificate_nothing_is_linked_until_she_has_one_again(in_town):
    async def story(house, person, card, bank):
        consent = await bank.consented(card)
        await house.happen("loss", card.order)
        assert await refused(bank.attributes(consent)) == "no-linkage"
        await house.card_of(person)
        assert (await bank.attributes(consent)).consent == consent

    in_town(story)


def test_a_consent_by_a_key_that_was_not_hers_alone_is_over_also_with_a_new_card(in_town):
    async def story(house, person, card, bank):
        consent = await bank.consented(card)
        await house.happen("key-compromise", card.order)
        await house.card_of(person)
        assert await refused(bank.attributes(consent)) == "consent-over"

    in_town(story)


@pytest.mark.parametrize("way", ["given up", "user deleted"])
def test_what_the_verifier_gave_up_is_over(in_town, way):
    async def story(house, person, card, bank):
        consent = await bank.consented(card)
        if way == "given up":
            await bank.end_consent(consent)
        else:
            seen = await bank.verify(card.asked(identify_user=True))
            await bank.delete_user(seen.verification.user)
        assert await refused(bank.attributes(consent)) == "consent-over"

    in_town(story)


def test_without_register_nothing_is_told_and_nothing_is_over(in_town):
    async def story(house, person, card, bank):
        consent = await bank.consented(card)
        del house.keys["register"]
        house.publish()
        assert await refused(bank.attributes(consent)) == "unavailable"
        assert await answers(house) == []

    in_town(story)


def test_past_registers_quota_nothing_is_told_and_nothing_is_over(in_town):
    async def story(house, person, card, bank):
        consent = await bank.consented(card)
        house.open_register(Limits(per_minute=1, per_day=1))
        assert (await bank.attributes(consent)).consent == consent
        assert await refused(bank.attributes(consent)) == "too-many"
        assert await answers(house) == ["ok"]

    in_town(story)


def test_many_who_ask_at_once_are_each_answered_and_recorded(in_town):
    async def story(house, person, card, bank):
        consent = await bank.consented(card)
        told = await asyncio.gather(*[bank.attributes(consent) for _ in range(5)])
        assert len({one.address for one in told}) == 1
        assert await answers(house) == ["ok"] * 5

    in_town(story)
