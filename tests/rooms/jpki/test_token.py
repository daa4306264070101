"""The authorities' keys on SoftHSM's token, by its own PKCS#11 module."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pkcs11
import pytest
from cryptography import x509

from kumihimo.kernel.keys import KeyFileUnsafe
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.jpki.authorities import found_generation
from kumihimo.rooms.jpki.domain.keys import kind_of
from kumihimo.rooms.jpki.token import TokenKeys
from tests.rooms.jpki.made import order, spki

[MODULE] = sorted(str(path) for path in Path("/usr/lib").glob("**/softhsm/libsofthsm2.so"))[:1]
PIN = "246813"


@pytest.fixture(scope="session")
def token(tmp_path_factory):
    """Make a token for this process: a module reads its configuration once."""
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    config = folder / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n")
    patch = pytest.MonkeyPatch()
    patch.setenv("SOFTHSM2_CONF", str(config))
    command = ["softhsm2-util", "--init-token", "--free", "--label", "jpki"]
    subprocess.run(
        [*command, "--so-pin", "13572468", "--pin", PIN], check=True, capture_output=True
    )
    yield TokenKeys.open(MODULE, "jpki", Withheld(PIN))
    patch.undo()


def test_an_authority_on_a_token_issues_and_publishes_as_one_in_files_does(in_house, token):
    async def story(house):
        house.store = token
        house.build()
        for ca in ("sign", "auth"):
            await found_generation(house.jpki, ca, named="present", actor="test")
        wanted, issued = await house.card()
        for ca in ("sign", "auth"):
            certificate = x509.load_der_x509_certificate(getattr(issued, ca))
            certificate.verify_directly_issued_by(await house.root(ca))
        await house.happen("loss", wanted)
        crl = await house.crl("sign")
        assert crl.is_signature_valid((await house.root("sign")).public_key())
        assert len(list(crl)) == 1

    in_house(story, founded=False)


def test_the_next_generation_signs_on_a_token_too(in_house, token):
    async def story(house):
        house.store = token
        house.build()
        house.clock.advance(timedelta(days=1))
        for ca in ("sign", "auth"):
            await found_generation(house.jpki, ca, named="next", actor="test")
        [issued] = await house.issue(order(sign_key=spki("p-384"), auth_key=spki("p-384")))
        certificate = x509.load_der_x509_certificate(issued.sign)
        certificate.verify_directly_issued_by(await house.root("sign"))

    in_house(story, founded=False)


@pytest.mark.parametrize("kind", ["rsa-2048", "p-384"])
def test_no_key_comes_out_of_the_token(token, kind):
    label = f"sign-{kind}"
    assert kind_of(token.generate(label, kind)) == kind
    key = token._session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=label)
    assert not key[pkcs11.Attribute.EXTRACTABLE]
    secret = {
        "rsa-2048": pkcs11.Attribute.PRIVATE_EXPONENT,
        "p-384": pkcs11.Attribute.VALUE,
    }
    with pytest.raises(pkcs11.AttributeSensitive):
        key[secret[kind]]


def test_a_wrong_pin_a_missing_token_and_a_missing_module_are_told_without_the_pin(token):
    assert token
    for module, label, pin in (
        (MODULE, "nobody", PIN),
        ("/nowhere/module.so", "jpki", PIN),
        (MODULE, "jpki", "999999"),
    ):
        with pytest.raises(KeyFileUnsafe) as refusal:
            TokenKeys.open(module, label, Withheld(pin))
        assert pin not in str(refusal.value)


def test_a_key_that_is_not_there_is_told(token):
    with pytest.raises(KeyFileUnsafe, match="no key nobody"):
        token.sign("nobody", b"message")


def test_a_token_does_not_print_what_opens_it(token):
    assert PIN not in repr(token)
