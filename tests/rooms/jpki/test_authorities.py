from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID

from kumihimo.kernel.keys import KeyFileUnsafe
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.jpki.authorities import authorities, found_generation, signing_now
from kumihimo.rooms.jpki.domain.lint import Linted, LintedCertificate, errors_of, lint
from kumihimo.rooms.jpki.domain.refusals import NoAuthority
from kumihimo.rooms.jpki.keystore import FileKeys


async def certificates(house):
    found = (await authorities(house.jpki)).authorities
    return {(a.ca, a.generation): x509.load_der_x509_certificate(a.certificate) for a in found}


def test_both_roots_are_test_roots_signed_by_themselves_and_clean(in_house):
    async def story(house):
        found = await certificates(house)
        assert set(found) == {("sign", 1), ("auth", 1)}
        for root in found.values():
            root.verify_directly_issued_by(root)
            assert "O=JPKI-TEST" in root.subject.rfc4514_string()
            assert errors_of(root.public_bytes(Encoding.DER)) == ()
            assert root.not_valid_after_utc.strftime("%H:%M:%S") == "14:59:59"

    in_house(story)


def test_a_root_has_the_extensions_of_a_real_one_in_their_order_and_no_authority_key(in_house):
    async def story(house):
        for root in (await certificates(house)).values():
            assert [e.oid for e in root.extensions] == [
                ExtensionOID.KEY_USAGE,
                ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
                ExtensionOID.BASIC_CONSTRAINTS,
                ExtensionOID.CRL_DISTRIBUTION_POINTS,
                ExtensionOID.SUBJECT_KEY_IDENTIFIER,
            ]

    in_house(story)


def test_a_new_generation_has_the_old_name_and_another_key_and_signs_from_then_on(in_house):
    async def story(house):
        house.clock.advance(timedelta(days=365))
        await found_generation(house.jpki, "sign", named="next", actor="test")
        found = await certificates(house)
        assert found["sign", 1].subject == found["sign", 2].subject
        assert found["sign", 1].public_key() != found["sign", 2].public_key()
        assert errors_of(found["sign", 2].public_bytes(Encoding.DER)) == ()
        async with house.database.transaction() as tx:
            now = await signing_now(tx, "sign", house.clock.now())
            other = await signing_now(tx, "auth", house.clock.now())
        assert (now.generation, now.key_kind) == (2, "p-384")
        assert (other.generation, other.key_kind) == (1, "rsa-2048")

    in_house(story)


def test_nobody_signs_before_a_ceremony_or_after_the_last_generation_ended(in_house):
    async def story(house):
        async with house.database.transaction() as tx:
            with pytest.raises(NoAuthority):
                await signing_now(tx, "sign", house.clock.now())
        await found_generation(house.jpki, "sign", named="present", actor="test")
        house.clock.advance(timedelta(days=3660))
        async with house.database.transaction() as tx:
            with pytest.raises(NoAuthority):
                await signing_now(tx, "sign", house.clock.now())

    in_house(story, founded=False)


def test_only_the_linter_makes_something_that_can_be_signed():
    with pytest.raises(AssertionError):
        LintedCertificate(b"", "rsa-2048", object())
    with pytest.raises(AssertionError):
        Linted(b"", "rsa-2048", None)
    assert lint.__module__ == "kumihimo.rooms.jpki.domain.lint"


def test_a_key_file_is_read_by_its_owner_with_its_passphrase_only(tmp_path):
    keys = FileKeys(tmp_path / "keys", Withheld(b"one passphrase"))
    public = keys.generate("sign-1", "p-384")
    assert (tmp_path / "keys" / "sign-1.key").stat().st_mode & 0o77 == 0
    assert FileKeys(tmp_path / "keys", Withheld(b"one passphrase")).public("sign-1") == public
    with pytest.raises(KeyFileUnsafe):
        FileKeys(tmp_path / "keys", Withheld(b"another")).public("sign-1")
    with pytest.raises(KeyFileUnsafe):
        keys.public("sign-2")
    with pytest.raises(FileExistsError):
        keys.generate("sign-1", "p-384")


def test_keys_do_not_print(tmp_path):
    keys = FileKeys(tmp_path, Withheld(b"one passphrase"))
    keys.generate("sign-1", "rsa-2048")
    assert "one passphrase" not in repr(keys)
    assert "Private" not in repr(keys)
