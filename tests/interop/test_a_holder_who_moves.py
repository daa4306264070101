"""A holder moves in the register: what her card signed, and who knows of it, with served rooms.

Every room is a process of its own. pyHanko asks our OCSP responder at the address that stands in
the certificate, as a registered verifier, or is given the list that such a verifier fetches.
"""

import asyncio
import time

import aiohttp
import pytest
from asn1crypto.crl import CertificateList
from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.fetchers.aiohttp_fetchers import AIOHttpFetcherBackend

from kumihimo.card.applications import JPKI, SIGN_CA
from kumihimo.card.memory import slot
from kumihimo.rooms.jpki import forms
from tests.interop.hanko import signed_pdf
from tests.interop.served import IN_TIME_S, OSAKA, VERIFIER, served, shown


@pytest.fixture(scope="module")
def rooms():
    with served() as found:
        yield found


def signed_by(desk, holder):
    with desk.card(contents=holder.contents):
        return signed_pdf(desk).read_bytes()


def judged(desk, holder, content, **revocation):
    """Return what pyHanko says of a PDF; whatever it cannot learn of a certificate is no yes."""
    file = desk.file("judged.pdf", content)

    async def whole():
        context = ValidationContext(
            trust_roots=[Certificate.load(holder.contents[slot(JPKI.name, SIGN_CA)])],
            revocation_mode="require",
            **revocation,
        )
        with file.open("rb") as stream:
            [signature] = PdfFileReader(stream).embedded_signatures
            return await async_validate_pdf_signature(signature, context)

    return whole()


def by_ocsp(rooms, desk, holder, content):
    async def whole():
        registered = aiohttp.encode_basic_auth(VERIFIER, rooms.token.reveal())
        async with aiohttp.ClientSession(headers={"authorization": registered}) as session:
            backend = AIOHttpFetcherBackend(session)
            asks = {"allow_fetching": True, "fetcher_backend": backend}
            return await judged(desk, holder, content, **asks)

    return asyncio.run(whole())


def by_list(rooms, desk, holder, content):
    with rooms.verifier() as jpki:
        der = jpki.list_of_revoked("sign", 1)
    crls = [CertificateList.load(der)]
    return asyncio.run(judged(desk, holder, content, crls=crls))


def until(holds, begun):
    while not holds():
        assert time.monotonic() - begun < IN_TIME_S, "not within a minute"
        time.sleep(0.2)


@pytest.mark.parametrize("method", [by_ocsp, by_list])
def test_a_pdf_that_a_card_signed_is_valid_until_its_holder_moves(rooms, desk, method):
    mover, other = rooms.holder(), rooms.holder()
    signed, others = signed_by(desk, mover), signed_by(desk, other)
    told = method(rooms, desk, mover, signed)
    assert told.bottom_line, told.pretty_print_details()
    changed = signed.replace(b"[0 0 595 842]", b"[0 0 595 843]")
    assert not method(rooms, desk, mover, changed).bottom_line

    begun = time.monotonic()
    rooms.moves(mover)
    until(lambda: not method(rooms, desk, mover, signed).bottom_line, begun)

    told = method(rooms, desk, mover, signed)
    assert (told.intact, told.valid, told.revoked) == (True, True, True)
    assert not told.revocation_details.ca_revoked
    assert told.revocation_details.revocation_reason.native == "affiliation_changed"
    told = method(rooms, desk, other, others)
    assert told.bottom_line, told.pretty_print_details()


def test_a_move_reaches_the_authority_and_the_cards_within_a_minute(rooms):
    mover, other = rooms.holder(), rooms.holder()
    with rooms.verifier() as jpki:
        named = {
            (who, ca): jpki.verify(shown(holder, ca)).verification.certificate.id
            for who, holder in (("mover", mover), ("other", other))
            for ca in ("auth", "sign")
        }
        asked = {whose: forms.CheckCertificate(certificate=name) for whose, name in named.items()}
        begun = time.monotonic()
        rooms.moves(mover)
        until(lambda: jpki.check(asked["mover", "sign"]).status == "revoked", begun)
        until(lambda: rooms.seen_at(OSAKA, mover).lapses_on is not None, begun)
        found = {whose: jpki.check(question) for whose, question in asked.items()}
    reasons = {whose: status.revocation_reason for whose, status in found.items()}
    assert reasons.pop(("mover", "sign")) == "affiliationChanged"
    assert set(reasons.values()) == {None}
    assert found["mover", "auth"].status == "good"
    assert rooms.seen_at(OSAKA, mover).municipality == OSAKA.removeprefix("lg-")
    assert rooms.seen_at(OSAKA, other).lapses_on is None
