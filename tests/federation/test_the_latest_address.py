"""A person consents once with the chip of her card; when she has moved, her bank learns it from jpki."""

import hashlib
from types import SimpleNamespace

import pytest

from kumihimo.card import applications as ap
from kumihimo.card import terminal
from kumihimo.kernel.net import Refused
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.jpki import forms
from tests.federation.test_a_card_in_the_post import with_a_card
from tests.federation.test_a_cards_year import HANAKO, PINS, day_of
from tests.rooms.jpki.latest_house import receiver
from tests.rooms.register.made import event

__all__ = ["with_a_card"]

SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")  # RFC 8017, 9.2


def signed_by_the_card(year, statement):
    """Return a consent as her own reader makes it: PIN, certificate, signature by the chip."""
    process = year.chips["old"].process
    terminal.select(process, ap.JPKI)
    terminal.verify(process, ap.SIGN_PIN, Withheld(PINS["sign"].reveal().encode()))
    text = statement.text()
    info = SHA256_INFO + hashlib.sha256(text.encode()).digest()
    signature = terminal.sign(process, ap.SIGN_KEY, info)
    certificate = terminal.read_file(process, ap.SIGN_CERTIFICATE)
    return forms.GiveConsent(certificate=certificate, statement=text, signature=signature)


async def bank_on(year):
    street = year.street
    house = SimpleNamespace(
        jpki=street.jpki.jpki, apps={"jpki": street.jpki.app}, entropy=year.entropy
    )
    return await receiver(house)


def test_the_bank_learns_the_new_address_of_who_consented_with_her_card(with_a_card):
    async def story(year):
        bank = await bank_on(year)
        statement = bank.statement()
        await bank.give_consent(signed_by_the_card(year, statement))
        await year.happen(
            event("move-within", HANAKO, day_of(year), address="東京都港区芝浦一丁目7番7号")
        )
        told = await bank.attributes(statement.consent)
        assert told.address == "東京都港区芝浦一丁目7番7号"
        assert told.name == year.people[HANAKO][1].name
        await year.happen(event("protection", HANAKO, day_of(year)))
        with pytest.raises(Refused) as refusal:
            await bank.attributes(statement.consent)
        assert refusal.value.reason == "consent-over"

    with_a_card(story)
