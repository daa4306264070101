"""A holder lets a verifier learn her latest attributes, and takes that back; nobody else learns them."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import NotSealedForUs
from kumihimo.kernel.refusal import BadInput
from kumihimo.rooms.jpki import verifiers
from kumihimo.rooms.jpki.domain.consents import ITEMS, Withdrawal
from tests.rooms.jpki.holders import verifier
from tests.rooms.jpki.latest_house import USE, LatestHouse, receiver, signed
from tests.rooms.jpki.test_verifying import refused, rows
from tests.rooms.register.made import event

ELSEWHERE = "東京都港区白金台九丁目９番９９号"
GIVEN = "SELECT count(*) FROM consent"


@pytest.fixture
def in_town(new_room):
    """Run a story with Hanako's card and a bank, on a jpki beside a real register."""

    def run(story):
        async def whole():
            house = LatestHouse()
            await house.start(new_room)
            try:
                person = await house.resident()
                await story(house, person, await house.card_of(person), await receiver(house))
            finally:
                await house.stop()
                for _, error in house.bugs:
                    raise error

        asyncio.run(whole())

    return run


async def moves(house, person):
    await house.recorded(event("move-within", person.who, house.jpki.today(), address=ELSEWHERE))


def withdrawal(house, verifier="bank", **changes):
    wanted: dict[str, Any] = {
        "withdrawal": new_id(house.entropy),
        "verifier": verifier,
        "on": house.jpki.today(),
    }
    return Withdrawal(**(wanted | changes))


async def answers(house):
    found = await rows(house, "SELECT told FROM attribute_answer")
    return sorted(told for (told,) in found)


def test_after_a_move_the_bank_learns_the_new_address_by_the_consent_given_before(in_town):
    async def story(house, person, card, bank):
        consent = await bank.consented(card)
        await moves(house, person)
        checked = await bank.verify(card.asked())
        assert checked.verification.result == "certificate-revoked"
        told = await bank.attributes(consent)
        assert (told.consent, told.as_of) == (consent, house.jpki.today())
        assert (told.name, told.address) == (person.written.name, ELSEWHERE)
        assert (told.birth, told.sex) == (person.written.birth, person.written.sex)
        assert await answers(house) == ["ok"]

    in_town(story)


def test_only_what_was_consented_to_is_told(in_town):
    async def story(house, person, card, bank):
        told = await bank.attributes(await bank.consented(card, items=("address",)))
        assert (told.name, told.birth, told.sex) == ("", "", "")
        assert told.address == person.written.address

    in_town(story)


def test_the_answer_opens_with_the_banks_key_and_for_this_consent_only(in_town):
    async def story(house, person, card, bank):
        consent = await bank.consented(card)
        with pytest.raises(NotSealedForUs):
            await bank.latest(consent, key=X25519PrivateKey.generate())

    in_town(story)


def test_a_consent_goes_on_over_a_renewal(in_town):
    async def story(house, person, card, bank):
        consent = await bank.consented(card)
        await house.card_of(person)
        assert (await bank.attributes(consent)).name == person.written.name
        await moves(house, person)
        await house.card_of(person, version=2)
        assert (await bank.attributes(consent)).address == ELSEWHERE

    in_town(story)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"verifier": "shop"}, "bad-input"),
        ({"platform": "hub"}, "bad-input"),
        ({"use": "advertising"}, "not-allowed"),
        ({"starts_on": timedelta(days=-8)}, "bad-input"),
        ({"starts_on": timedelta(days=1)}, "bad-input"),
        ({"ends_on": timedelta(days=-1)}, "bad-input"),
        ({"ends_on": timedelta(days=366 * 6)}, "bad-input"),
        ({"items": ("address", "name")}, "bad-input"),
        ({"items": ()}, "bad-input"),
        ({"consent": "x"}, "bad-input"),
    ],
)
def test_a_consent_for_another_verifier_use_or_time_is_not_taken(in_town, changes, why):
    async def story(house, person, card, bank):
        today = house.jpki.today()
        given = {k: today + v if isinstance(v, timedelta) else v for k, v in changes.items()}
        statement = bank.statement(**given)
        assert await refused(bank.give_consent(signed(card, statement))) == why
        assert await rows(house, GIVEN) == [(0,)]

    in_town(story)


def test_a_consent_that_she_did_not_sign_with_her_sign_certificate_is_not_taken(in_town):
    async def story(house, person, card, bank):
        statement = bank.statement()
        other = signed(card, statement, text="何でも")
        assert await refused(bank.give_consent(other)) == "signature-wrong"
        changed = msgspec.structs.replace(
            signed(card, statement), statement=bank.statement(items=ITEMS[:1]).text()
        )
        assert await refused(bank.give_consent(changed)) == "signature-wrong"
        with_auth = signed(card, statement, ca="auth")
        assert await refused(bank.give_consent(with_auth)) == "not-allowed"
        spaced = msgspec.structs.replace(signed(card, statement), statement=statement.text() + "\n")
        assert await refused(bank.give_consent(spaced)) == "bad-input"
        assert await rows(house, GIVEN) == [(0,)]

    in_town(story)


@pytest.mark.parametrize(
    ("happening", "why"), [("loss", "certificate-held"), ("request", "certificate-revoked")]
)
def test_a_consent_by_a_certificate_that_is_not_good_is_not_taken(in_town, happening, why):
    async def story(house, person, card, bank):
        await house.happen(happening, card.order)
        assert await refused(bank.give_consent(signed(card, bank.statement()))) == why
        told = await rows(house, "SELECT told FROM status_check")
        assert told == [("held" if happening == "loss" else "revoked",)]

    in_town(story)


def test_a_consent_that_comes_again_is_one_and_its_id_stands_for_no_other(in_town):
    async def story(house, person, card, bank):
        statement = bank.statement()
        first = await bank.give_consent(signed(card, statement))
        assert await bank.give_consent(signed(card, statement)) == first
        other = bank.statement(consent=statement.consent, items=("name",))
        assert await refused(bank.give_consent(signed(card, other))) == "conflict"
        assert await rows(house, GIVEN) == [(1,)]

    in_town(story)


def test_nobody_but_who_was_given_the_consent_asks_by_it(in_town):
    async def story(house, person, card, bank):
        consent = await bank.consented(card)
        shop, plain = await receiver(house, "shop"), await verifier(house, "plain")
        assert await refused(shop.attributes(consent)) == "not-found"
        assert await refused(shop.end_consent(consent)) == "not-found"
        assert await refused(bank.attributes(new_id(house.entropy))) == "not-found"
        assert await refused(plain.latest(consent, key=bank.key)) == "not-allowed"
        assert house.asked == 0

    in_town(story)


def test_what_a_platform_asks_for_a_provider_is_sealed_to_the_provider(in_town):
    async def story(house, person, card, bank):
        hub = await receiver(house, "hub", roles=("platform_operator", "attribute_receiver"))
        roles = ("service_provider", "attribute_receiver")
        shop = await receiver(house, "shop", roles=roles, platform="hub")
        statement = shop.statement(platform="hub")
        await hub.give_consent(signed(card, statement, provider="shop"))
        told = await hub.latest(statement.consent, key=shop.key, provider="shop")
        assert told.name == person.written.name
        with pytest.raises(NotSealedForUs):
            await hub.attributes(statement.consent, provider="shop")
        assert await refused(hub.attributes(statement.consent)) == "not-found"
        await verifiers.suspend(house.jpki, "shop", suspended=True)
        again = hub.attributes(statement.consent, provider="shop")
        assert await refused(again) == "not-allowed"

    in_town(story)


def test_who_receives_attributes_names_uses_and_a_key_and_nobody_else_does(in_town):
    async def story(house, person, card, bank):
        for roles, uses, key in (
            (("attribute_receiver",), (), bytes(32)),
            (("attribute_receiver",), (USE,), None),
            (("attribute_receiver",), (USE,), b"short"),
            (("attribute_receiver",), ("Any Use",), bytes(32)),
            (("signature_verifier",), (USE,), bytes(32)),
        ):
            with pytest.raises(BadInput):
                await verifiers.register(house.jpki, "x", roles, uses=uses, payload_key=key)

    in_town(story)


def test_jpki_keeps_no_attribute_of_what_it_told(in_town, postgres):
    async def story(house, person, card, bank):
        consent = await bank.consented(card)
        await moves(house, person)
        assert (await bank.attributes(consent)).address == ELSEWHERE
        with psycopg.connect(postgres.admin(f"kumihimo_{house.name}").reveal()) as connection:
            tables = connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
            for (table,) in tables:
                dump = connection.execute(f"SELECT t::text FROM {table} t".encode()).fetchall()
                assert ELSEWHERE not in str(dump), table
                assert ELSEWHERE.encode().hex() not in str(dump), table

    in_town(story)
