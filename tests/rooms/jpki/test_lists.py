import asyncio
import subprocess
from datetime import date, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kumihimo.rooms.jpki.authorities import found_generation
from kumihimo.rooms.jpki.domain.lint import errors_of_list
from kumihimo.rooms.jpki.domain.places import place_of
from tests.rooms.jpki.made import change

OSAKA = "271004"


def serials(crl):
    return {entry.serial_number: entry for entry in crl}


def reason(entry):
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except x509.ExtensionNotFound:
        return "unspecified"


def serial(issued, ca):
    return x509.load_der_x509_certificate(getattr(issued, ca)).serial_number


async def verdict(folder, house, certificate, crl):
    """Ask openssl whether a certificate holds against a list."""
    root = await house.root("sign")
    (folder / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (folder / "crl.pem").write_bytes(crl.public_bytes(Encoding.PEM))
    loaded = x509.load_der_x509_certificate(certificate)
    (folder / "one.pem").write_bytes(loaded.public_bytes(Encoding.PEM))
    at = str(int(house.clock.now().timestamp()) + 60)
    command = ["openssl", "verify", "-crl_check", "-attime", at, "-CAfile", "root.pem"]
    done = await asyncio.to_thread(
        subprocess.run,
        [*command, "-CRLfile", "crl.pem", "one.pem"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_openssl_takes_a_good_certificate_and_refuses_one_whose_holder_moved(in_house, tmp_path):
    async def story(house):
        _, good = await house.card(who="taro")
        _, moved = await house.card()
        await house.changed(change("address"))
        crl = await house.crl("sign")
        assert "one.pem: OK" in await verdict(tmp_path, house, good.sign, crl)
        assert "certificate revoked" in await verdict(tmp_path, house, moved.sign, crl)
        part = await house.crl("sign", part="131032")
        assert "one.pem: OK" in await verdict(tmp_path, house, good.sign, part)
        assert "certificate revoked" in await verdict(tmp_path, house, moved.sign, part)

    in_house(story)


def test_openssl_does_not_take_another_municipalitys_list_for_an_answer(in_house, tmp_path):
    async def story(house):
        _, minato = await house.card()
        await house.card(who="taro", municipality=OSAKA)
        part = await house.crl("sign", part=OSAKA)
        told = await verdict(tmp_path, house, minato.sign, part)
        assert "one.pem: OK" not in told
        assert "different crl scope" in told.lower()

    in_house(story)


def test_openssl_prints_a_list_with_number_reasons_and_its_distribution_point(in_house, tmp_path):
    async def story(house):
        wanted, _ = await house.card()
        await house.happen("loss", wanted)
        for part in ("", "131032"):
            crl = await house.crl("auth", part=part)
            (tmp_path / "crl.der").write_bytes(crl.public_bytes(Encoding.DER))
            done = await asyncio.to_thread(
                subprocess.run,
                ["openssl", "crl", "-inform", "DER", "-in", "crl.der", "-noout", "-text"],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=True,
            )
            assert "X509v3 CRL Number" in done.stdout
            assert "Certificate Hold" in done.stdout
            critical = "X509v3 Issuing Distribution Point: critical" in done.stdout
            assert critical == bool(part)

    in_house(story)


def test_every_list_is_clean_and_signed_by_its_generation(in_house):
    async def story(house):
        wanted, _ = await house.card()
        await house.happen("never-delivered", wanted)
        await found_generation(house.jpki, "sign", named="next", actor="test")
        for ca, part, generation in (
            ("sign", "", 1),
            ("sign", "131032", 1),
            ("auth", "", 1),
            ("sign", "", 2),
        ):
            crl = await house.crl(ca, part=part, generation=generation)
            assert errors_of_list(crl.public_bytes(Encoding.DER)) == ()
            assert crl.is_signature_valid((await house.root(ca, generation)).public_key())

    in_house(story)


def test_each_reason_stands_on_the_list_as_it_was_given_and_unspecified_is_left_out(in_house):
    async def story(house):
        kinds = {
            "loss": "certificateHold",
            "request": "cessationOfOperation",
            "key-compromise": "keyCompromise",
            "never-delivered": "unspecified",
            "authority-compromise": "cACompromise",
            "record-error": "affiliationChanged",
        }
        given = {}
        for kind, told in kinds.items():
            wanted, issued = await house.card(who=kind)
            await house.happen(kind, wanted)
            given[serial(issued, "auth")] = told
        crl = await house.crl("auth")
        assert {number: reason(entry) for number, entry in serials(crl).items()} == given

    in_house(story)


def test_a_part_holds_its_municipality_and_the_full_list_all(in_house):
    async def story(house):
        one, first = await house.card()
        two, second = await house.card(who="taro", municipality=OSAKA)
        await house.happen("loss", one)
        await house.happen("loss", two)
        assert set(serials(await house.crl("sign", part="131032"))) == {serial(first, "sign")}
        assert set(serials(await house.crl("sign", part=OSAKA))) == {serial(second, "sign")}
        assert len(serials(await house.crl("sign"))) == 2
        crl = await house.crl("sign", part=OSAKA)
        point = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
        certificate = x509.load_der_x509_certificate(second.sign)
        [own] = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        assert point.critical
        assert point.value.full_name == own.full_name
        assert place_of(OSAKA).city == "Osaka-shi"

    in_house(story)


def test_a_list_comes_each_day_and_at_once_after_a_change_with_a_higher_number(in_house):
    async def story(house):
        wanted, issued = await house.card()
        numbers = []
        for _ in range(2):
            crl = await house.crl("sign")
            numbers.append(crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number)
            assert crl.next_update_utc - crl.last_update_utc == timedelta(days=2)
            house.clock.advance(timedelta(hours=23))
            same = await house.crl("sign")
            assert same == crl
            house.clock.advance(timedelta(hours=1))
        await house.crl("sign")
        house.clock.advance(timedelta(minutes=1))
        await house.happen("loss", wanted)
        crl = await house.crl("sign")
        numbers.append(crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number)
        assert numbers == sorted(set(numbers))
        assert serial(issued, "sign") in serials(crl)

    in_house(story)


def test_generations_that_share_a_name_share_no_number(in_house):
    async def story(house):
        await found_generation(house.jpki, "sign", named="next", actor="test")
        for _ in range(2):
            await house.publish_lists()
            house.clock.advance(timedelta(days=1))
        async with house.database.transaction() as tx:
            found = await tx.connection.execute("SELECT number FROM crl WHERE ca = 'sign'")
            numbers = [number for (number,) in await found.fetchall()]
        assert sorted(numbers) == sorted(set(numbers))
        assert len(numbers) == 4

    in_house(story)


def test_a_revoked_certificate_that_ended_is_on_one_more_list_and_then_gone(in_house):
    async def story(house):
        wanted, issued = await house.card(card_ends_on=date(2026, 6, 3))
        await house.happen("loss", wanted)
        number = serial(issued, "sign")
        seen = []
        for _ in range(5):  # the lists of 1 to 5 June; it ends with the 3rd in Japan
            seen.append(number in serials(await house.crl("sign")))
            house.clock.advance(timedelta(days=1))
        assert seen == [True, True, True, True, False]

    in_house(story)
