"""OCSP as bytes: held against a library both ways, and against whatever may arrive."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as library
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.rooms.jpki.domain import asn1, ocsp
from kumihimo.rooms.jpki.domain.ocsp import CertId, MalformedRequest, Revoked

AT = datetime(2026, 6, 1, 3, 4, 5, tzinfo=UTC)
HASHES = {"sha1": SHA1(), "sha256": SHA256()}
KEY = ec.generate_private_key(ec.SECP256R1())
RESPONDER = (
    x509.CertificateBuilder()
    .subject_name(x509.Name([]))
    .issuer_name(x509.Name([]))
    .public_key(KEY.public_key())
    .serial_number(1)
    .not_valid_before(AT)
    .not_valid_after(AT + timedelta(days=1))
    .sign(KEY, SHA256())
)


def request(name, serial, *, nonce=None, filled=b"\7"):
    size = HASHES[name].digest_size
    builder = library.OCSPRequestBuilder().add_certificate_by_hash(
        filled * size, filled[::-1] * size, serial, HASHES[name]
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


serials = st.integers(1, 2**159)
nonces = st.none() | st.binary(min_size=1, max_size=32)


@given(st.sampled_from(sorted(HASHES)), serials, nonces)
def test_what_a_library_asks_is_read_as_it_was_meant(name, serial, nonce):
    question = ocsp.parse_question(request(name, serial, nonce=nonce))
    [one] = question.ids
    assert (one.hash, one.serial, len(one.issuer_key_hash)) == (
        name,
        serial,
        HASHES[name].digest_size,
    )
    if nonce is None:
        assert question.nonce is None
    else:
        assert question.nonce is not None
        assert question.nonce.endswith(nonce)


def answer(told, nonce=None):
    data = ocsp.response_data(
        told,
        responder_key_id=bytes(20),
        produced_at=AT,
        next_update=AT + timedelta(hours=1),
        nonce=nonce,
    )
    return ocsp.successful(
        data,
        kind="rsa-2048",
        signature=b"signature",
        responder=RESPONDER.public_bytes(Encoding.DER),
    )


@given(
    st.sampled_from(sorted(HASHES)),
    serials,
    nonces,
    st.sampled_from(["good", "unknown"])
    | st.builds(Revoked, st.just(AT), st.sampled_from(sorted(ocsp.REASONS))),
)
def test_what_is_answered_a_library_reads_as_it_was_meant(name, serial, nonce, status):
    question = ocsp.parse_question(request(name, serial, nonce=nonce))
    read = library.load_der_ocsp_response(answer([(question.ids[0], status)], question.nonce))
    assert read.response_status is library.OCSPResponseStatus.SUCCESSFUL
    assert read.serial_number == serial
    assert (read.produced_at_utc, read.this_update_utc) == (AT, AT)
    assert read.next_update_utc == AT + timedelta(hours=1)
    if isinstance(status, Revoked):
        assert read.certificate_status is library.OCSPCertStatus.REVOKED
        assert read.revocation_time_utc == AT
        # RFC 5280 has no code for a reason that is not given, but ours are always given.
        assert read.revocation_reason is not None
        assert read.revocation_reason.value == status.reason
    else:
        assert read.certificate_status.name.lower() == status
    if nonce is not None:
        assert read.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == nonce


def test_one_question_about_many_certificates_is_answered_in_its_order():
    ids = [ocsp.parse_question(request("sha1", serial)).ids[0] for serial in (5, 4, 3)]
    listed = asn1.sequence(*(asn1.sequence(one.der) for one in ids))
    question = ocsp.parse_question(asn1.sequence(asn1.sequence(listed)))
    assert [one.serial for one in question.ids] == [5, 4, 3]
    read = library.load_der_ocsp_response(answer([(one, "good") for one in ids]))
    assert [single.serial_number for single in read.responses] == [5, 4, 3]


def test_too_many_certificates_in_one_question_are_refused():
    [one] = ocsp.parse_question(request("sha256", 1)).ids
    for count, fits in ((ocsp.IDS_MAX, True), (ocsp.IDS_MAX + 1, False)):
        listed = asn1.sequence(*[asn1.sequence(one.der)] * count)
        whole = asn1.sequence(asn1.sequence(listed))
        if fits:
            assert len(ocsp.parse_question(whole).ids) == count
        else:
            with pytest.raises(MalformedRequest):
                ocsp.parse_question(whole)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_question_or_are_refused(data):
    try:
        ocsp.parse_question(data)
    except MalformedRequest:
        return


def test_a_question_with_a_byte_changed_or_cut_is_read_as_a_library_reads_it_or_refused():
    good, understood = request("sha256", 2**80 + 7, nonce=b"n" * 16), 0
    for place in range(len(good)):
        before, after = good[:place], good[place + 1 :]
        for other in (before, *(before + bytes([byte]) + after for byte in range(256))):
            try:
                question = ocsp.parse_question(other)
            except MalformedRequest:
                continue
            read = library.load_der_ocsp_request(other)
            assert [one.serial for one in question.ids] == [read.serial_number]
            assert question.ids[0].issuer_key_hash == read.issuer_key_hash
            understood += 1
    assert understood > 256 * 64  # two hashes of 32 bytes may be of any issuer


@pytest.mark.parametrize("why", sorted(ocsp._UNSUCCESSFUL))
def test_an_answer_without_an_answer_tells_why_and_nothing_else(why):
    read = library.load_der_ocsp_response(ocsp.unsuccessful(why))
    assert read.response_status.name.lower().replace("_", "-") == why


@given(st.integers(-(2**70), 2**70))
def test_an_integer_that_is_longer_than_it_need_be_is_refused(value):
    content = value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)
    assert asn1.Cursor(asn1.tagged(asn1.INTEGER, content)).integer() == value
    padding = b"\xff" if value < 0 else b"\0"
    with pytest.raises(asn1.NotDer):
        asn1.Cursor(asn1.tagged(asn1.INTEGER, padding + content)).integer()


@given(st.binary(max_size=70_000), st.integers(1, 3))
def test_a_length_is_read_in_one_form_only(content, extra):
    encoded = asn1.tagged(asn1.OCTET_STRING, content)
    assert asn1.Cursor(encoded).take(asn1.OCTET_STRING) == content
    padded = bytes([asn1.OCTET_STRING, 0x80 | (extra + 3)]) + bytes(extra)
    with pytest.raises(asn1.NotDer):
        asn1.Cursor(padded + len(content).to_bytes(3, "big") + content).take(asn1.OCTET_STRING)


def test_a_certificate_id_is_given_back_as_it_came():
    [one] = ocsp.parse_question(request("sha1", 77)).ids
    assert isinstance(one, CertId)
    assert one.der in answer([(one, "good")])
