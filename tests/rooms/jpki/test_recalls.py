from datetime import date, timedelta

import attrs
import msgspec
import pytest
from cryptography import x509

from kumihimo.kernel.refusal import BadInput, NotFound
from kumihimo.rooms.jpki import recalls
from kumihimo.rooms.jpki.domain.recalls import KeyClass, printed_in
from kumihimo.rooms.jpki.keystore import MemoryKeys
from tests.rooms.jpki.made import HANAKO, change, fresh_spki

HELD = ("held", "certificateHold")
BROKEN = ("revoked", "keyCompromise")


class Crash(BaseException):
    """The process ends here."""


def chips(order, ca):
    assert order
    assert ca in {"sign", "auth"}
    return fresh_spki()


async def suspend(house, broken):
    recall = await recalls.begin(house.jpki, broken, actor="drill")
    while await recalls.suspend_some(house.jpki, recall, actor="drill"):
        pass
    return recall


async def replace(house, recall, new_key=chips):
    while await recalls.replace_some(house.jpki, recall, new_key, actor="drill"):
        pass


def test_every_certificate_of_a_generation_of_chips_is_suspended_and_no_other(in_house):
    async def story(house):
        old, _ = await house.card()
        house.clock.advance(timedelta(days=40))
        new, _ = await house.card(who="taro")
        await suspend(house, KeyClass(carrier="card", issued_to=date(2026, 6, 30)))
        assert set((await house.statuses(old)).values()) == {HELD}
        assert set((await house.statuses(new)).values()) == {("good", None)}

    in_house(story)


def test_who_was_suspended_gets_new_keys_with_the_same_words_and_the_same_last_day(in_house):
    async def story(house):
        old, issued = await house.card()
        recall = await suspend(house, KeyClass(carrier="card"))
        await replace(house, recall)
        assert set((await house.statuses(old)).values()) == {BROKEN}
        assert await recalls.progress(house.jpki, recall) == {"replaced": 1}
        async with house.database.transaction() as tx:
            der = await tx.value(
                "SELECT der FROM certificate WHERE ca = 'sign' AND status = 'good'"
            )
        before = x509.load_der_x509_certificate(issued.sign)
        after = x509.load_der_x509_certificate(bytes(der))
        assert printed_in(after) == printed_in(before)
        assert after.not_valid_after_utc == before.not_valid_after_utc
        assert after.public_key() != before.public_key()

    in_house(story)


def test_what_a_sign_certificate_prints_can_be_ordered_again_word_by_word(in_house):
    async def story(house):
        unknown = msgspec.structs.replace(HANAKO, birth="1980年2月不詳", name_substitutes="01000")
        for who, attributes in (("hanako", HANAKO), ("taro", unknown)):
            _, issued = await house.card(who=who, attributes=attributes)
            told = printed_in(x509.load_der_x509_certificate(issued.sign))
            _, again = await house.card(who=who, attributes=told)
            assert printed_in(x509.load_der_x509_certificate(again.sign)) == told

    in_house(story)


@pytest.mark.parametrize("at", [1, 2, 3, 4, 5, 6])
def test_a_crash_at_any_key_loses_nobody_and_gives_nobody_two(in_house, at):
    @attrs.define
    class Chips:
        made: int = 0

        def __call__(self, order, ca):
            self.made += 1
            if self.made == at:
                raise Crash
            return chips(order, ca)

    async def story(house):
        people = ("hanako", "taro", "jiro")
        old = [(await house.card(who=who))[0] for who in people]
        recall = await suspend(house, KeyClass(carrier="card"))
        with pytest.raises(Crash):
            await replace(house, recall, Chips())
        house.build()
        await replace(house, recall)
        assert await recalls.progress(house.jpki, recall) == {"replaced": 3}
        for wanted in old:
            assert set((await house.statuses(wanted)).values()) == {BROKEN}
        async with house.database.transaction() as tx:
            assert await tx.value("SELECT count(*) FROM certificate WHERE status = 'good'") == 6

    in_house(story)


def test_an_order_cut_between_intent_and_signature_keeps_its_keys(in_house):
    @attrs.define
    class Gone:
        inner: MemoryKeys

        def generate(self, label, kind):
            return self.inner.generate(label, kind)

        def public(self, label):
            return self.inner.public(label)

        def sign(self, label, message):
            assert self.inner.sign(label, message)
            raise Crash

    async def story(house):
        await house.card()
        recall = await suspend(house, KeyClass(carrier="card"))
        plain, house.store = house.store, Gone(house.store)
        house.build()
        with pytest.raises(Crash):
            await replace(house, recall)
        house.store = plain
        house.build()
        made = []
        await replace(house, recall, lambda order, ca: made.append(ca) or chips(order, ca))
        assert made == []
        assert await recalls.progress(house.jpki, recall) == {"replaced": 1}

    in_house(story)


def test_who_died_meanwhile_gets_nothing_and_is_counted(in_house):
    async def story(house):
        old, _ = await house.card()
        await house.card(who="taro")
        recall = await suspend(house, KeyClass(carrier="card"))
        await house.changed(change(standing="dead"))
        await replace(house, recall)
        assert await recalls.progress(house.jpki, recall) == {"replaced": 1, "refused": 1}
        statuses = set((await house.statuses(old)).values())
        assert statuses == {("revoked", "cessationOfOperation")}

    in_house(story)


def test_a_phone_is_replaced_after_the_card_that_it_rests_on(in_house):
    async def story(house):
        await house.card()
        phone, _ = await house.card(carrier="iphone")
        recall = await suspend(house, KeyClass(issued_to=date(2026, 6, 30)))
        await replace(house, recall)
        assert await recalls.progress(house.jpki, recall) == {"replaced": 2}
        assert set((await house.statuses(phone)).values()) == {BROKEN}

    in_house(story)


def test_a_weakness_finds_only_keys_that_have_it(in_house):
    async def story(house):
        wanted, _ = await house.card()
        await suspend(house, KeyClass(weakness="roca"))
        assert set((await house.statuses(wanted)).values()) == {("good", None)}

    in_house(story)


def test_a_class_that_names_nothing_or_no_weakness_is_refused(in_house):
    async def story(house):
        for broken in (KeyClass(), KeyClass(weakness="old-age")):
            with pytest.raises(BadInput):
                await recalls.begin(house.jpki, broken, actor="drill")
        with pytest.raises(NotFound):
            await recalls.suspend_some(house.jpki, "x" * 22, actor="drill")

    in_house(story)
