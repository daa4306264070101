"""Issuing cut at every step: whatever a crash leaves, an order has one pair of certificates or none."""

import attrs
import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from kumihimo.rooms.jpki import issuance
from kumihimo.rooms.jpki.domain.keys import new_key, sign_with
from kumihimo.rooms.jpki.keystore import MemoryKeys
from tests.rooms.jpki.made import change, order


class Crash(BaseException):
    """The process ends here."""


@attrs.define
class FailingStore:
    """A key store whose machine goes down at the nth signature, before or after making it."""

    inner: MemoryKeys
    at: int
    after: bool
    signed: int = 0

    def generate(self, label, kind):
        return self.inner.generate(label, kind)

    def public(self, label):
        return self.inner.public(label)

    def sign(self, label, message):
        self.signed += 1
        made = self.inner.sign(label, message) if self.after else b""
        if self.signed == self.at:
            raise Crash
        return made or self.inner.sign(label, message)


async def count(house, what):
    queries = {
        "certificate": "SELECT count(*) FROM certificate",
        "open": "SELECT count(*) FROM issuance WHERE state = 'open'",
        "texts": "SELECT count(*) FROM intent WHERE tbs IS NOT NULL",
    }
    async with house.database.transaction() as tx:
        return await tx.value(queries[what])


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", [1, 2])
def test_a_crash_while_signing_leaves_an_intent_that_the_worker_finishes(in_house, at, after):
    async def story(house):
        wanted = order()
        plain = house.store
        house.store = FailingStore(plain, at=at, after=after)
        house.build()
        await issuance.intend(house.jpki, "cards", wanted)
        with pytest.raises(Crash):
            await issuance.finish(house.jpki, wanted.order, actor="cards")
        assert (await count(house, "certificate"), await count(house, "open")) == (0, 1)
        house.store = plain
        house.build()
        assert await issuance.finish_open(house.jpki) == 1
        assert await issuance.finish_open(house.jpki) == 0
        [issued] = await house.issue(wanted)
        assert issued.sign
        assert issued.auth
        assert await count(house, "certificate") == 2
        assert await count(house, "texts") == 0

    in_house(story)


def test_a_crash_between_intent_and_signature_is_finished_by_the_next_try_of_cards(in_house):
    async def story(house):
        wanted = order()
        await issuance.intend(house.jpki, "cards", wanted)
        async with house.database.transaction() as tx:
            serials = await tx.connection.execute("SELECT ca, serial FROM intent")
            intended = dict(await serials.fetchall())
        house.build()
        [issued] = await house.issue(wanted)
        for ca, serial in intended.items():
            certificate = x509.load_der_x509_certificate(getattr(issued, ca))
            assert certificate.serial_number == serial
        assert await count(house, "certificate") == 2

    in_house(story)


@pytest.mark.parametrize(
    ("told", "code"),
    [(change("address"), "stale-order"), (change(standing="dead"), "holder-ended")],
    ids=["moved", "died"],
)
def test_what_was_intended_before_a_move_or_a_death_is_never_signed(in_house, told, code):
    async def story(house):
        wanted = order()
        await issuance.intend(house.jpki, "cards", wanted)
        await house.changed(told)
        assert await issuance.finish_open(house.jpki) == 0
        [refused] = await house.issue(wanted)
        assert refused.refusal == code
        assert await count(house, "certificate") == 0
        assert await count(house, "texts") == 0

    in_house(story)


def test_an_intent_that_was_stored_before_an_old_change_was_told_is_signed(in_house):
    async def story(house):
        wanted = order(version=2)
        await issuance.intend(house.jpki, "cards", wanted)
        await house.changed(change("address", version=2))
        assert await issuance.finish_open(house.jpki) == 1
        assert await count(house, "certificate") == 2

    in_house(story)


def test_a_store_that_signs_with_another_key_is_found_before_anything_is_stored(in_house):
    @attrs.define
    class WrongStore:
        inner: MemoryKeys

        def generate(self, label, kind):
            return self.inner.generate(label, kind)

        def public(self, label):
            return self.inner.public(label)

        def sign(self, label, message):
            assert self.inner.sign(label, message)
            return sign_with(new_key("rsa-2048"), message)

    async def story(house):
        wanted = order()
        house.store = WrongStore(house.store)
        house.build()
        await issuance.intend(house.jpki, "cards", wanted)
        with pytest.raises(InvalidSignature):
            await issuance.finish(house.jpki, wanted.order, actor="cards")
        assert await count(house, "certificate") == 0

    in_house(story)


def test_what_the_linter_does_not_take_is_refused_and_never_signed(in_house):
    async def story(house):
        house.jpki = attrs.evolve(house.jpki, ocsp_url="http://nowhere/ocsp")
        wanted = order()
        await issuance.intend(house.jpki, "cards", wanted)
        assert await issuance.finish_open(house.jpki) == 1
        assert await issuance.finish_open(house.jpki) == 0
        [refused] = await house.issue(wanted)
        assert refused.refusal == "not-well-formed"
        assert await count(house, "certificate") == 0

    in_house(story)
