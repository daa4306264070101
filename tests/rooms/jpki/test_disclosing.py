"""A holder at the portal gets her ticket to the ledger by her certificate, and nobody else does."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kumihimo.kernel.keys import NotSealedForUs, open_payload
from kumihimo.rooms.jpki import verifiers
from kumihimo.rooms.register import disclosing, latest
from kumihimo.rooms.register.api import (
    ABOUT_ME_PATH,
    DESIGNATE_PATH,
    DISCLOSE_PATH,
    LATEST_PATH,
    READ_AGAIN_PATH,
    TICKET_PATH,
    AboutMe,
    Designate,
    Designations,
    DisclosureAsked,
    HolderDiscloses,
    HolderReadsAgain,
    LatestAsked,
    LatestTold,
    Sealed,
    Ticket,
    verify_ticket,
)
from tests.rooms.jpki.holders import Verifier
from tests.rooms.jpki.latest_house import LatestHouse
from tests.rooms.jpki.test_verifying import refused
from tests.rooms.register.made import MINATO, code

PORTAL = ("disclosure_portal",)


@pytest.fixture
def in_house(new_room):
    def run(story):
        async def whole():
            house = LatestHouse()
            await house.start(new_room)
            try:
                await story(house)
            finally:
                await house.stop()
                for _, error in house.bugs:
                    raise error

        asyncio.run(whole())

    return run


class Portal(Verifier):
    key = X25519PrivateKey.generate()


async def portal(house, roles=PORTAL, name="portal"):
    public = Portal.key.public_key().public_bytes_raw()
    key = public if "disclosure_portal" in roles else None
    return Portal(house, name, await verifiers.register(house.jpki, name, roles, payload_key=key))


def asking(holder):
    return HolderDiscloses(holder=holder, seal_to=Portal.key.public_key().public_bytes_raw())


async def logged_in(at, card, **changes):
    seen = await at.verify(card.asked("auth", identify_user=True, **changes))
    return seen.verification.verification


def opened(key, payload, path, kind):
    return msgspec.json.decode(open_payload(payload, key=key, context=path.encode()), type=kind)


def test_she_gets_a_ticket_that_the_ledger_alone_opens_and_who_asked_about_her(in_house):
    async def story(house):
        at, her = await portal(house), await house.resident()
        card = await house.card_of(her)
        told = await at.disclosure(await logged_in(at, card))
        ticket = opened(house.keys["ledger"].payload, told.sealed, TICKET_PATH, Ticket)
        verify_ticket(ticket, house.book)
        assert ticket.acquisition == told.acquisition
        about = opened(Portal.key, told.inquiries, DISCLOSE_PATH, AboutMe)
        number, written = await number_of(house), her.written
        asked = DisclosureAsked(number=number, attributes=written)
        at_counter = await house._ask(MINATO, ABOUT_ME_PATH, asked, AboutMe)
        assert (about.inquiries, at_counter.handle) == (at_counter.inquiries, b"")

    in_house(story)


async def read_again(at, handle):
    """Return who asked by now, as the portal opens it."""
    return opened(Portal.key, await at.inquiries(handle), READ_AGAIN_PATH, AboutMe)


async def told(house, at, card):
    answer = await at.disclosure(await logged_in(at, card))
    return opened(Portal.key, answer.inquiries, DISCLOSE_PATH, AboutMe)


def test_while_her_session_lasts_the_portal_reads_who_asked_by_now(in_house):
    async def story(house):
        at, her = await portal(house), await house.resident()
        first = await told(house, at, await house.card_of(her))
        assert first.inquiries == ()
        asked = LatestAsked(holder=her.holder, tell=True)
        await house._ask("jpki", LATEST_PATH, asked, LatestTold)
        again = await read_again(at, first.handle)
        assert [(one.office, one.affair) for one in again.inquiries] == [("jpki", latest.ABOUT)]
        assert again.handle != first.handle, "jpki sees other bytes each time"
        house.clock.advance(disclosing.HANDLE_FOR - timedelta(seconds=1))
        assert (await read_again(at, again.handle)).inquiries == again.inquiries
        house.clock.advance(timedelta(seconds=1))
        for over in (first.handle, again.handle):
            assert await refused(at.inquiries(over)) == "not-found"

    in_house(story)


def test_a_handle_tells_one_portal_and_nobody_who_has_no_handle_reads_anything(in_house):
    async def story(house):
        at, her = await portal(house), await house.resident()
        handle = (await told(house, at, await house.card_of(her))).handle
        bank = await portal(house, ("authentication_verifier",), "bank")
        assert await refused(bank.inquiries(handle)) == "not-allowed"
        for bad in (b"", b"x" * 64, handle[:-1], b"x" * 8_000):
            assert await refused(at.inquiries(bad)) == "not-found"
        question = house.to_register(HolderReadsAgain(handle), READ_AGAIN_PATH)
        for stranger in (MINATO, "cards"):
            call = house.caller(stranger).call("register", READ_AGAIN_PATH, question, Sealed)
            assert await refused(call) == "not-allowed"
        sealed = await at.inquiries(handle)
        with pytest.raises(NotSealedForUs):
            open_payload(sealed, key=house.keys["jpki"].payload, context=READ_AGAIN_PATH.encode())

    in_house(story)


async def number_of(house):
    asked = Designate((code(1),))
    told = await house._ask(MINATO, DESIGNATE_PATH, asked, Designations)
    return told.designated[0].number


def test_a_ticket_is_had_once_by_a_good_check_of_an_auth_certificate_made_just_now(in_house):
    async def story(house):
        roles = (*PORTAL, "signature_verifier")
        at, card = await portal(house, roles), await house.card_of(await house.resident())
        signed = await at.verify(card.asked("sign", identify_user=True))
        wrong = await logged_in(at, card, signature=card.sign(b"x", "auth"))
        for bad in (signed.verification.verification, wrong):
            assert await refused(at.disclosure(bad)) == "conflict"
        old = await logged_in(at, card)
        house.clock.advance(timedelta(minutes=11))
        assert await refused(at.disclosure(old)) == "conflict"
        fresh = await logged_in(at, card)
        await at.disclosure(fresh)
        assert await refused(at.disclosure(fresh)) == "conflict"
        assert await refused(at.disclosure("A" * 22)) == "not-found"

    in_house(story)


def test_no_other_service_gets_a_ticket_nor_one_by_anothers_check(in_house):
    async def story(house):
        card = await house.card_of(await house.resident())
        bank = await portal(house, ("authentication_verifier",), "bank")
        assert await refused(bank.disclosure(await logged_in(bank, card))) == "not-allowed"
        at = await portal(house)
        assert await refused(at.disclosure(await logged_in(bank, card))) == "not-found"

    in_house(story)


def test_register_gives_tickets_by_reference_to_jpki_alone(in_house):
    async def story(house):
        her = await house.resident()
        question = house.to_register(asking(her.holder), DISCLOSE_PATH)
        for stranger in (MINATO, "cards"):
            call = house.caller(stranger).call("register", DISCLOSE_PATH, question, Sealed)
            assert await refused(call) == "not-allowed"
        nobody = house.to_register(asking(b"x" * 32), DISCLOSE_PATH)
        call = house.caller("jpki").call("register", DISCLOSE_PATH, nobody, Sealed)
        assert await refused(call) == "not-found"

    in_house(story)
