"""The status of certificates by OCSP, from the door to the record, on a real database."""

import asyncio
import base64
from datetime import timedelta

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponseStatus

from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.jpki import responders, verifiers
from kumihimo.rooms.jpki.authorities import CAS, found_generation
from kumihimo.rooms.jpki.keystore import MemoryKeys
from kumihimo.rooms.jpki.ocsp import RELOAD, SERVES_AGAIN
from tests.rooms.jpki.asking import DOORS, HASHES, at, bank, checked, question
from tests.rooms.jpki.made import change, spki

NONCE = bytes(range(16))
REFUSED = OCSPResponseStatus.UNAUTHORIZED
MALFORMED = OCSPResponseStatus.MALFORMED_REQUEST


def read(der):
    return x509.load_der_x509_certificate(der)


async def rows(house, query):
    async with house.database.transaction() as tx:
        return await (await tx.connection.execute(query)).fetchall()


async def asked(house):
    """Return what is on record of who asked why, and what was told."""
    return await rows(house, "SELECT verifier, purpose, method, told FROM status_check")


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", sorted(HASHES))
@pytest.mark.parametrize("way", ["post", "get"])
def test_every_status_is_told_signed_and_on_record(in_house, door, name, way):
    async def story(house):
        _, good = await house.card(who="taro")
        _, moved = await house.card(who="hanako")
        await house.changed(change("address"))
        lost, held = await house.card(who="jiro")
        await house.happen("loss", lost)
        root = await house.root("sign")
        cases = [
            (read(good.sign), OCSPCertStatus.GOOD, None),
            (read(moved.sign), OCSPCertStatus.REVOKED, "affiliationChanged"),
            (read(held.sign), OCSPCertStatus.REVOKED, "certificateHold"),
            (4711, OCSPCertStatus.UNKNOWN, None),
            (1 << 150, OCSPCertStatus.UNKNOWN, None),
        ]
        async with bank(house, door) as asker:
            for certificate, status, reason in cases:
                der = question(certificate, root, name=name, nonce=NONCE)
                told = await getattr(asker, way)(der)
                checked(told, root, house.clock.now())
                assert told.certificate_status is status
                assert getattr(told.revocation_reason, "value", None) == reason
                assert told.hash_algorithm.name == name
                nonce = told.extensions.get_extension_for_class(x509.OCSPNonce).value
                assert nonce.nonce == NONCE
        assert await asked(house) == [
            ("bank", "signature_verification", "ocsp", word)
            for word in ("good", "revoked", "held", "unknown", "unknown")
        ]

    in_house(story)


@pytest.mark.parametrize("door", DOORS)
def test_a_question_whose_base64_has_two_slashes_in_a_row_is_understood(in_house, door):
    async def story(house):
        _, card = await house.card()
        der = question(read(card.sign), await house.root("sign"), nonce=b"\xff" * 16)
        assert b"//" in base64.b64encode(der)
        async with bank(house, door) as asker:
            told = await asker.get(der)
            assert told.response_status is OCSPResponseStatus.SUCCESSFUL
            assert told.certificate_status is OCSPCertStatus.GOOD

    in_house(story)


@pytest.mark.parametrize("door", DOORS)
def test_whoever_may_not_ask_is_told_so_and_nothing_else(in_house, door):
    async def story(house):
        _, card = await house.card()
        root = await house.root("sign")
        der = question(read(card.sign), root)
        async with at(house, door) as nobody, at(house, door, token="wrong") as stranger:
            assert (await nobody.post(der)).response_status is REFUSED
            assert (await stranger.post(der)).response_status is REFUSED
            forms = ("", "Basic", "Basic %%%", "Basic AAA=", "Digest x", "Bearer", "Basic /w==")
            for header in forms:
                told = await nobody.post(der, authorization=header)
                assert told.response_status is REFUSED
        async with bank(house, door, roles=["authentication_verifier"], name="portal") as portal:
            assert (await portal.post(der)).response_status is REFUSED
            mine = question(read(card.auth), await house.root("auth"))
            assert await portal.status(mine) == "good"
        async with bank(house, door, roles=["holder_confirmer"], name="library") as library:
            assert await library.status(der) == "unauthorized"
        async with bank(house, door, name="platform"):
            token = await verifiers.register(
                house.jpki, "shop", ["service_provider"], platform="platform"
            )
        async with at(house, door, token=token.reveal()) as shop:
            assert await shop.status(der) == "unauthorized"
        assert len(await asked(house)) == 1

    in_house(story)


def test_a_suspended_verifier_is_shut_out_at_once_and_let_in_again(in_house):
    async def story(house):
        _, card = await house.card()
        der = question(read(card.sign), await house.root("sign"))
        async with bank(house) as asker:
            assert await asker.status(der) == "good"
            for suspended, told in ((True, "unauthorized"), (False, "good")):
                await verifiers.suspend(house.jpki, "bank", suspended=suspended)
                assert await asker.status(der) == told
        assert len(await asked(house)) == 2

    in_house(story)


@pytest.mark.parametrize("door", DOORS)
def test_the_purpose_is_on_record_and_another_than_the_two_is_refused(in_house, door):
    async def story(house):
        _, card = await house.card()
        der = question(read(card.sign), await house.root("sign"))
        async with bank(house, door) as asker:
            assert await asker.status(der) == "good"
            assert await asker.status(der, **{"kumihimo-purpose": "liveness_check"}) == "good"
            for purpose in ("", "curiosity", "LIVENESS_CHECK", "x" * 5_000):
                told = await asker.status(der, **{"kumihimo-purpose": purpose})
                assert told == "unauthorized"
        assert [purpose for _, purpose, _, _ in await asked(house)] == [
            "signature_verification",
            "liveness_check",
        ]

    in_house(story)


def test_an_issuer_that_is_none_of_ours_is_refused_and_so_are_two_at_once(in_house):
    async def story(house):
        _, card = await house.card()
        root = await house.root("sign")
        async with bank(house) as asker:
            # The name of the one authority with the key of the other, as a forged issuer has it.
            mixed = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
                ocsp.load_der_ocsp_request(question(1, root)).issuer_name_hash,
                ocsp.load_der_ocsp_request(question(1, await house.root("auth"))).issuer_key_hash,
                read(card.sign).serial_number,
                HASHES["sha1"],
            )
            der = mixed.build().public_bytes(Encoding.DER)
            assert await asker.status(der) == "unauthorized"
        assert await asked(house) == []

    in_house(story)


def test_without_a_nonce_an_answer_serves_again_until_what_it_says_changes(in_house):
    async def story(house):
        wanted, card = await house.card()
        root = await house.root("sign")
        der = question(read(card.sign), root)
        async with bank(house) as asker:
            first = await asker.post(der)
            assert (await asker.post(der)).signature == first.signature
            house.clock.advance(SERVES_AGAIN)
            later = await asker.post(der)
            assert later.signature != first.signature
            checked(later, root, house.clock.now())
            await house.happen("loss", wanted)
            assert await asker.status(der) == "revoked"
            house.clock.advance(timedelta(seconds=1))
            fresh = [(await asker.post(question(read(card.sign), root, nonce=NONCE))) for _ in "12"]
            assert fresh[0].signature == fresh[1].signature  # the same second, the same key
            for told in fresh:  # and not the one that was kept for who sends none
                assert told.extensions.get_extension_for_class(x509.OCSPNonce)
            house.clock.advance(timedelta(seconds=1))
            third = await asker.post(question(read(card.sign), root, nonce=NONCE))
            assert third.signature != fresh[0].signature
        assert len(await asked(house)) == 7

    in_house(story)


def test_the_delegated_signer_is_renewed_in_time_and_the_old_one_serves_no_more(in_house):
    async def story(house):
        _, card = await house.card()
        root = await house.root("sign")
        der = question(read(card.sign), root, nonce=NONCE)
        async with bank(house) as asker:
            first = checked(await asker.post(der), root, house.clock.now())
            assert await responders.renew(house.jpki) == 0
            house.clock.advance(responders.LIFETIME - responders.RENEW_BEFORE)
            assert await responders.renew(house.jpki) == 2  # one for each authority
            house.clock.advance(RELOAD)
            second = checked(await asker.post(der), root, house.clock.now())
            assert second.serial_number != first.serial_number
            assert second.public_key() != first.public_key()
            house.clock.advance(responders.LIFETIME)  # the worker did not run for a month
            assert await asker.status(der) == "unauthorized"
            assert await responders.renew(house.jpki) == 2
            house.clock.advance(RELOAD)
            checked(await asker.post(der), root, house.clock.now())

    in_house(story)


def test_each_generation_has_its_own_signer_and_knows_only_its_own_certificates(in_house):
    async def story(house):
        _, old = await house.card()
        for ca in CAS:
            await found_generation(house.jpki, ca, named="next", actor="test")
        _, new = await house.card(who="taro", sign_key=spki("p-384"), auth_key=spki("p-384"))
        first, second = await house.root("sign"), await house.root("sign", 2)
        async with bank(house) as asker:
            for certificate, root, status in (
                (read(old.sign), first, OCSPCertStatus.GOOD),
                (read(new.sign), second, OCSPCertStatus.GOOD),
                (read(old.sign).serial_number, second, OCSPCertStatus.UNKNOWN),
                (read(new.sign).serial_number, first, OCSPCertStatus.UNKNOWN),
            ):
                told = await asker.post(question(certificate, root, nonce=NONCE))
                checked(told, root, house.clock.now())
                assert told.certificate_status is status

    in_house(story)


def test_those_who_ask_at_one_moment_are_each_told_their_own(in_house):
    async def story(house):
        cards = [(await house.card(who=f"p{index}"))[1] for index in range(3)]
        root = await house.root("sign")
        async with bank(house) as asker, at(house) as nobody:
            before = await rows(house, "SELECT count(*) FROM journal")
            asking = [
                who.post(question(read(card.sign), root, nonce=bytes([index]) * 8))
                for card in cards
                for index, who in enumerate((asker, nobody, asker))
            ]
            told = await asyncio.gather(*asking)
        for place, answer in enumerate(told):
            if place % 3 == 1:
                assert answer.response_status is REFUSED
                continue
            assert answer.serial_number == read(cards[place // 3].sign).serial_number
            nonce = answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
            assert nonce == bytes([place % 3]) * 8
        assert len(await asked(house)) == 6
        [(lines,)], [(begun,)] = await rows(house, "SELECT count(*) FROM journal"), before
        assert 1 <= lines - begun < len(told)

    in_house(story)


@pytest.mark.parametrize("door", DOORS)
def test_what_is_no_question_is_malformed_and_leaves_no_record(in_house, door):
    async def story(house):
        _, card = await house.card()
        der = question(read(card.sign), await house.root("sign"))
        async with bank(house, door) as asker:
            for body in (b"", b"0", b"\0" * 200, der[:-1], der + b"\0", b"\x30\x84" + b"\xff" * 90):
                assert (await asker.post(body)).response_status is MALFORMED
                if body:
                    assert (await asker.get(body)).response_status is MALFORMED
            for kind in ("", "text/plain", "application/ocsp-response", "x" * 3_000):
                told = await asker.post(der, **{"content-type": kind})
                assert told.response_status is MALFORMED
            kind = "application/ocsp-request; charset=x"
            assert await asker.status(der, **{"content-type": kind}) == "good"
            declared = {"content-type": "application/ocsp-request"}
            long = await asker.client.post("/ocsp", content=b"0" * 20_000, headers=declared)
            assert long.status_code in {400, 413}
            for path, status in (
                ("/ocsp/%%%", 200),
                ("/ocsp/", 200),
                ("/other", 404),
                ("/ocsp", 405),
            ):
                found = await asker.client.get(path)
                assert found.status_code in {status, 400, 404, 405}
                assert b"good" not in found.content
        assert len(await asked(house)) == 1

    in_house(story)


@attrs.define
class Broken:
    """A key store whose device is away, or that has a bug."""

    inner: MemoryKeys
    error: Exception
    waits: bool = True

    def public(self, label):
        return self.inner.public(label)

    def generate(self, label, kind):
        return self.inner.generate(label, kind)

    def sign(self, label, message):
        if label.startswith("ocsp-"):
            raise self.error
        return self.inner.sign(label, message)


@pytest.mark.parametrize(
    ("error", "told", "reported"),
    [
        (Unavailable("the token is away"), "try_later", 0),
        (ValueError("a bug"), "internal_error", 1),
    ],
)
def test_a_signer_that_does_not_sign_is_told_and_a_bug_is_reported(in_house, error, told, reported):
    async def story(house):
        _, card = await house.card()
        der = question(read(card.sign), await house.root("sign"))
        plain, house.store = house.store, Broken(house.store, error)
        house.build()
        async with bank(house) as asker:
            assert await asker.status(der) == told
            house.store = plain
        assert [where for where, _ in house.bugs] == ["ocsp"] * reported
        house.bugs.clear()
        house.build()
        async with bank(house, name="other") as asker:
            assert await asker.status(der) == "good"

    in_house(story)


def test_nothing_is_told_before_the_record_of_asking_is_committed(in_house):
    async def story(house):
        _, card = await house.card()
        der = question(read(card.sign), await house.root("sign"))
        async with bank(house) as asker:
            assert await asker.status(der) == "good"
            async with house.database.transaction() as tx:
                await tx.put("LOCK TABLE journal_head IN SHARE ROW EXCLUSIVE MODE")
                await tx.value("SELECT 1")
                waiting = asyncio.create_task(asker.status(der))
                await asyncio.sleep(0.3)
                assert not waiting.done()
            assert await waiting == "good"
        assert len(await asked(house)) == 2

    in_house(story)
