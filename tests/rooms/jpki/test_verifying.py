"""Registered verifiers check signatures, know a holder by one id, and follow her certificates."""

from datetime import timedelta

import pytest
from cryptography import x509

from kumihimo.kernel.net import Refused
from kumihimo.rooms.jpki import forms, verifiers
from tests.rooms.jpki.holders import chip, verifier
from tests.rooms.jpki.made import HANAKO, change


async def refused(awaited):
    with pytest.raises(Refused) as found:
        await awaited
    return found.value.reason


async def rows(house, query):
    async with house.database.transaction() as tx:
        return await (await tx.connection.execute(query)).fetchall()


@pytest.mark.parametrize("kind", ["rsa-2048", "p-384"])
def test_a_good_signature_is_told_with_content_once_and_never_again(in_house, kind):
    async def story(house):
        bank, card = await verifier(house), await chip(house, kind=kind)
        first = await bank.verify(card.asked())
        assert first.verification.result == "ok"
        assert first.certificate_content is not None
        assert first.certificate_content.name == HANAKO.name
        assert first.certificate_content.address == HANAKO.address
        assert first.verification.certificate.type == "card-sign"
        later = await bank.verification(first.verification.verification)
        assert later == first.verification
        told = await rows(house, "SELECT purpose, method, told FROM status_check")
        assert told == [("signature_verification", "ocsp", "good")]
        dump = str(await rows(house, "SELECT v::text FROM verification v"))
        assert HANAKO.name not in dump

    in_house(story)


def test_an_auth_certificate_has_content_that_names_nobody(in_house):
    async def story(house):
        bank, card = await verifier(house), await chip(house)
        found = await bank.verify(card.asked("auth"))
        assert found.verification.certificate.type == "card-auth"
        assert (found.certificate_content.name, found.certificate_content.birth) == ("", "")

    in_house(story)


def test_a_signature_of_something_else_is_wrong_and_tells_nothing_of_the_holder(in_house):
    async def story(house):
        bank, card = await verifier(house), await chip(house)
        await bank.verify(card.asked(identify_user=True))
        wrong = await bank.verify(card.asked(signature=card.sign(b"other"), identify_user=True))
        assert wrong.verification.result == "signature-wrong"
        assert (wrong.verification.user, wrong.certificate_content) == (None, None)
        again = await bank.verification(wrong.verification.verification)
        assert again.user is None

    in_house(story)


def test_a_forged_certificate_is_refused_though_its_name_and_serial_are_right(in_house):
    async def story(house):
        bank, card = await verifier(house), await chip(house)
        forged = bytearray(card.der["sign"])
        forged[-1] ^= 1
        for der in (bytes(forged), b"nonsense", card.der["sign"] + b"\0"):
            assert await refused(bank.verify(card.asked(certificate=der))) == "invalid-certificate"

    in_house(story)


@pytest.mark.parametrize("method", ["ocsp", "crl"])
def test_held_and_revoked_are_told_by_name_by_either_method(in_house, method):
    async def story(house):
        bank, card = await verifier(house), await chip(house)
        await house.publish_lists()
        good = await bank.verify(card.asked(check_method=method))
        assert good.verification.result == "ok"
        house.clock.advance(timedelta(minutes=1))
        await house.happen("loss", card.order)
        await house.publish_lists()
        held = await bank.verify(card.asked(check_method=method))
        assert held.verification.result == "certificate-held"
        assert held.certificate_status.revocation_reason == "certificateHold"
        await house.happen("key-compromise", card.order)
        await house.publish_lists()
        revoked = await bank.verify(card.asked(check_method=method))
        assert revoked.verification.result == "certificate-revoked"
        assert revoked.certificate_status.revocation_reason == "keyCompromise"
        assert revoked.certificate_content is None

    in_house(story)


def test_an_expired_certificate_is_told_by_name(in_house):
    async def story(house):
        bank, card = await verifier(house), await chip(house)
        ends = card.certificate().not_valid_after_utc
        house.clock.advance(ends - house.clock.now() + timedelta(seconds=1))
        found = await bank.verify(card.asked())
        assert found.verification.result == "certificate-expired"

    in_house(story)


def test_without_a_list_in_force_the_method_of_lists_tells_nothing(in_house):
    async def story(house):
        bank, card = await verifier(house), await chip(house)
        assert await refused(bank.verify(card.asked(check_method="crl"))) == "unavailable"
        assert await rows(house, "SELECT 1 FROM verification") == []

    in_house(story)


def test_a_user_is_one_over_both_certificates_a_move_and_a_renewal_and_another_elsewhere(in_house):
    async def story(house):
        bank, shop = await verifier(house), await verifier(house, "shop")
        card = await chip(house)
        first = await bank.verify(card.asked(identify_user=True))
        again = await bank.verify(card.asked("auth", identify_user=True))
        assert (first.is_new_user, again.is_new_user) == (True, False)
        assert first.verification.user == again.verification.user
        elsewhere = await shop.verify(card.asked(identify_user=True))
        assert elsewhere.verification.user != first.verification.user
        await house.changed(change("address"))
        moved = await bank.verify(card.asked())
        assert moved.certificate_status.revocation_reason == "affiliationChanged"
        renewed = await chip(house, version=2)
        later = await bank.verify(renewed.asked(identify_user=True))
        assert later.verification.user == first.verification.user
        newest = await bank.newest(first.verification.certificate.id)
        assert newest.certificate.serial == str(renewed.certificate().serial_number)
        assert newest.steps == 1
        pair = await bank.pair(newest.certificate.id)
        assert pair.certificate.serial == str(renewed.certificate("auth").serial_number)
        assert await rows(house, "SELECT kind, told FROM lookup") == [
            ("succession", "ok"),
            ("pair", "ok"),
        ]

    in_house(story)


def test_who_was_seen_before_she_was_identified_is_found_in_the_earlier_check_too(in_house):
    async def story(house):
        bank, card = await verifier(house), await chip(house)
        before = await bank.verify(card.asked())
        assert before.verification.user is None
        known = await bank.verify(card.asked("auth", identify_user=True))
        later = await bank.verification(before.verification.verification)
        assert later.user == known.verification.user

    in_house(story)


def test_who_was_deleted_comes_back_as_somebody_new(in_house):
    async def story(house):
        bank, card = await verifier(house), await chip(house)
        first = (await bank.verify(card.asked(identify_user=True))).verification.user
        told = await bank.user_status(first)
        assert [one.type for one in told.certificates] == ["card-auth", "card-sign"]
        await bank.delete_user(first)
        assert await refused(bank.user(first)) == "not-found"
        back = await bank.verify(card.asked(identify_user=True))
        assert back.is_new_user
        assert back.verification.user != first

    in_house(story)


def test_a_verifier_of_one_kind_learns_of_that_kind_and_of_no_link(in_house):
    async def story(house):
        signs = await verifier(house, "signs", ["signature_verifier"])
        card = await chip(house)
        found = await signs.verify(card.asked())
        assert await refused(signs.verify(card.asked("auth"))) == "not-allowed"
        assert await refused(signs.pair(found.verification.certificate.id)) == "not-allowed"

    in_house(story)


def test_nobody_reads_what_another_verifier_checked(in_house):
    async def story(house):
        bank, shop = await verifier(house), await verifier(house, "shop")
        found = (await bank.verify((await chip(house)).asked(identify_user=True))).verification
        assert await refused(shop.verification(found.verification)) == "not-found"
        assert await refused(shop.newest(found.certificate.id)) == "not-found"
        assert await refused(shop.user(found.user)) == "not-found"

    in_house(story)


def test_a_suspended_verifier_is_a_stranger_at_once(in_house):
    async def story(house):
        bank, card = await verifier(house), await chip(house)
        await verifiers.suspend(house.jpki, "bank", suspended=True)
        assert await refused(bank.verify(card.asked())) == "not-authentic"
        await verifiers.suspend(house.jpki, "bank", suspended=False)
        assert (await bank.verify(card.asked())).verification.result == "ok"

    in_house(story)


def test_a_platform_acts_for_its_own_service_provider_and_for_no_other(in_house):
    async def story(house):
        hub = await verifier(house, "hub", ["platform_operator"])
        await verifier(house, "rival", ["platform_operator"])
        await verifier(house, "sp", ["service_provider"], platform="hub")
        await verifier(house, "other", ["service_provider"], platform="rival")
        card = await chip(house)
        own = await hub.verify(card.asked(identify_user=True))
        for_sp = await hub.verify(card.asked(identify_user=True, provider="sp"))
        assert own.verification.user != for_sp.verification.user
        assert await refused(hub.verify(card.asked(provider="other"))) == "not-allowed"

    in_house(story)


def test_lists_go_to_registered_verifiers_whole_and_by_municipality_and_are_on_record(in_house):
    async def story(house):
        signs = await verifier(house, "signs", ["signature_verifier"])
        card = await chip(house)
        await house.happen("request", card.order)
        await house.publish_lists()
        for part in ("", "131032"):
            found = x509.load_der_x509_crl(await signs.list_of_revoked("sign", 1, part=part))
            assert [one.serial_number for one in found] == [card.certificate().serial_number]
        assert await refused(signs.list_of_revoked("auth", 1)) == "not-allowed"
        assert await refused(signs.list_of_revoked("sign", 1, part="271004")) == "not-found"
        kept = await rows(house, "SELECT verifier, part, purpose FROM list_fetch ORDER BY part")
        assert kept == [
            ("signs", "", "signature_verification"),
            ("signs", "131032", "signature_verification"),
        ]

    in_house(story)


LIBRARY = ("authentication_verifier", "holder_confirmer")


def reading(card, ca="auth"):
    """Return what a terminal reads without a PIN."""
    certificate = card.certificate(ca)
    return forms.ConfirmHolder(
        issuer=certificate.issuer.public_bytes(),
        serial=str(certificate.serial_number),
        terminal="counter-2",
    )


def test_a_library_confirms_whom_it_linked_also_after_a_renewal_and_nobody_else(in_house):
    async def story(house):
        library = await verifier(house, "library", LIBRARY)
        card = await chip(house)
        assert await refused(library.confirm(reading(card))) == "not-found"
        seen = await library.verify(card.asked("auth", identify_user=True))
        assert await refused(library.confirm(reading(card))) == "not-found"
        await library.link(seen.verification.verification)
        assert await library.confirm(reading(card)) == seen.verification.user
        assert await refused(library.confirm(reading(card, "sign"))) == "not-found"
        renewed = await chip(house)
        assert await library.confirm(reading(renewed)) == seen.verification.user
        assert await refused(library.confirm(reading(card))) == "certificate-revoked"
        told = await rows(house, "SELECT terminal, told FROM lookup WHERE kind = 'confirmation'")
        assert {terminal for terminal, _ in told} == {"counter-2"}
        assert [what for _, what in told].count("ok") == 2
        assert len(told) == 6

    in_house(story)


def test_a_link_is_made_by_a_fresh_good_check_of_an_auth_certificate_and_once(in_house):
    async def story(house):
        roles = (*LIBRARY, "signature_verifier")
        library, card = await verifier(house, "library", roles), await chip(house)
        signed = await library.verify(card.asked("sign", identify_user=True))
        wrong = await library.verify(card.asked("auth", signature=card.sign(b"x", "auth")))
        for bad in (signed, wrong):
            assert await refused(library.link(bad.verification.verification)) == "conflict"
        old = await library.verify(card.asked("auth", identify_user=True))
        house.clock.advance(timedelta(minutes=11))
        assert await refused(library.link(old.verification.verification)) == "conflict"
        fresh = await library.verify(card.asked("auth", identify_user=True))
        await library.link(fresh.verification.verification)
        assert await refused(library.link(fresh.verification.verification)) == "conflict"

    in_house(story)


def test_a_service_that_is_not_registered_for_it_confirms_nobody(in_house):
    async def story(house):
        bank, card = await verifier(house), await chip(house)
        seen = await bank.verify(card.asked("auth", identify_user=True))
        assert await refused(bank.link(seen.verification.verification)) == "not-allowed"
        assert await refused(bank.confirm(reading(card))) == "not-allowed"

    in_house(story)
