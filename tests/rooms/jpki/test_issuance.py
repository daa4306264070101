import asyncio
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from kumihimo.kernel import journal
from kumihimo.kernel.net import Refused
from kumihimo.rooms.jpki.domain.lint import errors_of
from tests.rooms.jpki.made import HANAKO, change, holder, order, spki

ATTRIBUTES = "1.2.392.200149.8.5.5"


def loaded(issued):
    return {
        "sign": x509.load_der_x509_certificate(issued.sign),
        "auth": x509.load_der_x509_certificate(issued.auth),
    }


def test_a_card_gets_two_clean_certificates_of_its_own_keys_by_the_two_authorities(in_house):
    async def story(house):
        wanted, issued = await house.card()
        for ca, certificate in loaded(issued).items():
            assert errors_of(getattr(issued, ca)) == ()
            certificate.verify_directly_issued_by(await house.root(ca))
            given = {"sign": wanted.sign_key, "auth": wanted.auth_key}[ca]
            assert certificate.public_key() == load_der_public_key(given)
            assert certificate.not_valid_after_utc == datetime(2031, 2, 17, 14, 59, 59, tzinfo=UTC)
        assert issued.sign_authority != issued.auth_authority

    in_house(story)


def test_a_sign_certificate_prints_the_four_attributes_in_the_order_of_a_real_one(in_house):
    async def story(house):
        _, issued = await house.card()
        sign = loaded(issued)["sign"]
        names = sign.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        printed = [(name.type_id.dotted_string, name.value) for name in names]
        assert [oid for oid, _ in printed] == [f"{ATTRIBUTES}.{n}" for n in (1, 4, 3, 5, 2, 6)]
        texts = [value[2:].decode() for _, value in printed]
        assert texts[:4] == [HANAKO.name, "319800217", "2", HANAKO.address]
        assert {value[0] for _, value in printed} == {0x0C}
        assert [e.oid for e in sign.extensions] == [
            ExtensionOID.KEY_USAGE,
            ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
            ExtensionOID.CERTIFICATE_POLICIES,
            ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
            ExtensionOID.CRL_DISTRIBUTION_POINTS,
            ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
            ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ]
        places = [a.value for a in sign.subject.get_attributes_for_oid(NameOID.LOCALITY_NAME)]
        assert places == ["Tokyo-to", "Minato-ku"]

    in_house(story)


def test_an_auth_certificate_says_nothing_of_its_holder(in_house):
    async def story(house):
        _, issued = await house.card()
        auth = loaded(issued)["auth"]
        for text in (HANAKO.name, HANAKO.address, "19800217"):
            assert text.encode() not in issued.auth
        assert [a.oid for a in auth.subject] == [NameOID.COUNTRY_NAME, NameOID.COMMON_NAME]
        [cn] = auth.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        assert len(cn.value) == 22
        assert str(cn.value).endswith("13103A")
        usage = auth.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
        assert not auth.extensions.get_extension_for_class(x509.KeyUsage).value.content_commitment

    in_house(story)


def test_both_name_the_list_of_the_municipality_and_no_address_of_it(in_house):
    async def story(house):
        _, issued = await house.card()
        for certificate in loaded(issued).values():
            [point] = certificate.extensions.get_extension_for_class(
                x509.CRLDistributionPoints
            ).value
            assert point.full_name is not None
            [name] = point.full_name
            assert isinstance(name, x509.DirectoryName)
            assert name.value.rfc4514_string().startswith("CN=Minato-ku CRLDP,OU=Tokyo-to")

    in_house(story)


def test_an_order_that_comes_again_gets_the_same_certificates_and_no_others(in_house):
    async def story(house):
        wanted, issued = await house.card()
        house.clock.advance(timedelta(days=3))
        assert (await house.issue(wanted))[0] == issued
        other = msgspec.structs.replace(wanted, card_ends_on=date(2030, 1, 1))
        assert (await house.issue(other))[0].refusal == "order-reused"

    in_house(story)


def test_orders_at_the_same_moment_for_one_id_give_one_pair(in_house):
    async def story(house):
        wanted = order()
        several = await asyncio.gather(*[house.issue(wanted) for _ in range(4)])
        assert len({one.sign for [one] in several}) == 1
        async with house.database.transaction() as tx:
            assert await tx.value("SELECT count(*) FROM certificate") == 2

    in_house(story)


def test_a_key_is_certified_once_whoever_shows_it(in_house):
    async def story(house):
        wanted, _ = await house.card()
        for who in ("taro", "hanako"):
            [again] = await house.issue(order(who=who, auth_key=wanted.auth_key))
            assert again.refusal == "key-of-another"
        key = spki()
        [both] = await house.issue(order(who="taro", sign_key=key, auth_key=key))
        assert both.refusal == "key-of-another"

    in_house(story)


def test_a_weak_key_is_refused_by_name_and_leaves_nothing_behind(in_house):
    async def story(house):
        [refused] = await house.issue(order(auth_key=b"nonsense"))
        assert (refused.refusal, refused.detail) == ("weak-key", "form")
        async with house.database.transaction() as tx:
            assert await tx.value("SELECT count(*) FROM issuance") == 0

    in_house(story)


def test_nobody_but_cards_orders_certificates(in_house):
    async def story(house):
        for party in ("register", "lg-131032"):
            with pytest.raises(Refused) as refused:
                await house.issue(order(), party=party)
            assert refused.value.reason == "not-allowed"

    in_house(story)


def test_a_renewed_certificate_knows_which_one_it_replaced_and_the_old_one_is_superseded(in_house):
    async def story(house):
        first, issued = await house.card()
        house.clock.advance(timedelta(days=5 * 365 - 150))  # some weeks before 2031-02-17
        second, renewed = await house.card(card_ends_on=date(2046, 2, 17))
        assert await house.statuses(first) == dict.fromkeys(
            ("sign", "auth"), ("revoked", "superseded")
        )
        ends = loaded(renewed)["auth"].not_valid_after_utc
        assert ends.date() == date(2036, 2, 17)
        async with house.database.transaction() as tx:
            predecessor = await tx.value(
                "SELECT predecessor FROM certificate WHERE issuance = %(i)s AND ca = 'auth'",
                {"i": second.order},
            )
        assert predecessor == loaded(issued)["auth"].serial_number

    in_house(story)


def test_after_a_move_a_new_sign_certificate_rests_on_the_auth_certificate_that_stayed(in_house):
    async def story(house):
        first, issued = await house.card(card_ends_on=date(2029, 3, 1))
        await house.changed(change("address"))
        [stale] = await house.issue(order(auth=False))
        assert stale.refusal == "stale-order"
        _, again = await house.card(auth=False, version=2, card_ends_on=date(2036, 2, 17))
        sign = x509.load_der_x509_certificate(again.sign)
        assert sign.not_valid_after_utc == loaded(issued)["auth"].not_valid_after_utc
        assert (await house.statuses(first))["auth"] == ("good", None)

    in_house(story)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"auth": False}, "nothing-to-rest-on"),
        ({"carrier": "android"}, "nothing-to-rest-on"),
        ({"card_ends_on": date(2026, 5, 31)}, "card-ended"),
        ({"municipality": "999999"}, "bad-input"),
        ({"holder": b"short"}, "bad-input"),
        ({"attributes": msgspec.structs.replace(HANAKO, birth="2015-01-01")}, "too-young"),
        ({"attributes": msgspec.structs.replace(HANAKO, name="")}, "bad-text"),
        ({"attributes": msgspec.structs.replace(HANAKO, name_substitutes="0")}, "bad-input"),
        ({"sign": False, "auth": False}, "bad-input"),
    ],
    ids=[
        "no auth certificate",
        "no card",
        "card ended",
        "no such place",
        "no holder",
        "child",
        "no name",
        "flags of another name",
        "no key",
    ],
)
def test_what_cannot_be_issued_is_refused_by_name(in_house, changes, code):
    async def story(house):
        [refused] = await house.issue(order(**changes))
        assert refused.refusal == code

    in_house(story)


def test_a_child_gets_an_auth_certificate_and_by_exception_a_sign_certificate(in_house):
    async def story(house):
        child = msgspec.structs.replace(HANAKO, birth="2015-01-01")
        await house.card(attributes=child, sign=False)
        await house.card(attributes=child, exceptional=True, who="taro")

    in_house(story)


def test_a_phone_has_certificates_of_its_own_until_the_cards_end_and_one_phone_at_a_time(in_house):
    async def story(house):
        card, issued = await house.card(card_ends_on=date(2029, 3, 1))
        phone, first = await house.card(carrier="android", card_ends_on=date(2036, 2, 17))
        assert loaded(first)["sign"].not_valid_after_utc == (
            loaded(issued)["sign"].not_valid_after_utc
        )
        await house.card(carrier="iphone")
        assert set((await house.statuses(phone)).values()) == {("revoked", "superseded")}
        assert set((await house.statuses(card)).values()) == {("good", None)}

    in_house(story)


def test_the_next_generation_of_cards_has_longer_certificates_of_another_kind_of_key(in_house):
    async def story(house):
        wanted = order(sign_key=spki("p-384"), auth_key=spki("p-384"))
        [issued] = await house.issue(wanted)
        for certificate in loaded(issued).values():
            assert certificate.not_valid_after_utc.date() == date(2036, 2, 17)
        [mixed] = await house.issue(order(who="taro", sign_key=spki("p-384")))
        assert mixed.refusal == "bad-input"

    in_house(story)


def test_the_journal_names_acts_and_counts_and_nobody(in_house):
    async def story(house):
        wanted, _ = await house.card()
        async with house.database.transaction() as tx:
            assert await journal.verify(tx) >= 4
            found = await tx.connection.execute("SELECT act, actor, detail FROM journal")
            text = str(await found.fetchall())
        assert "certificates-issued" in text
        for secret in (HANAKO.name, wanted.order, holder().hex()):
            assert secret not in text

    in_house(story)
