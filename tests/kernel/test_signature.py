"""Our signatures are those of RFC 9421: a library that knows all of it agrees, both ways."""

import base64
from datetime import timedelta

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import algorithms
from http_message_signatures.resolvers import HTTPSignatureKeyResolver
from http_message_signatures.signatures import HTTPMessageSigner, HTTPMessageVerifier
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.kernel import signature
from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SeededEntropy
from kumihimo.kernel.keys import PartyKeys
from kumihimo.kernel.message import sign_answer, sign_request, verify_answer, verify_request
from kumihimo.kernel.refusal import NotAuthentic
from kumihimo.kernel.signature import BadSignature, Message
from kumihimo.kernel.withheld import Withheld

ED25519 = algorithms.ED25519  # pyright: ignore[reportPrivateImportUsage]
NOW = SystemClock().now().replace(microsecond=0)
KEYS = PartyKeys("linkage", Withheld(bytes(32)))
PATH = "/inquiries"


@attrs.define
class Foreign:
    """A request as the library wants it."""

    method: str
    url: str
    headers: dict[str, str]


@attrs.define
class ForeignAnswer:
    """An answer as the library wants it."""

    status_code: int
    headers: dict[str, str]
    request: Foreign


class Keys(HTTPSignatureKeyResolver):
    def resolve_private_key(self, key_id):
        assert key_id.startswith("linkage#")
        return KEYS.signing

    def resolve_public_key(self, key_id):
        return self.resolve_private_key(key_id).public_key()


class Book:
    def signing_key(self, key_id):
        return KEYS.public.signing if key_id.startswith("linkage#") else None


def ours(body=b"{}", **more):
    return sign_request(
        KEYS,
        path=PATH,
        recipient="ledger",
        body=body,
        at=more.get("at", NOW),
        entropy=SeededEntropy(1),
    )


def believed(headers, body=b"{}", **more):
    return verify_request(
        path=more.get("path", PATH),
        headers=headers,
        body=body,
        recipient="ledger",
        book=Book(),
        now=NOW,
    )


def library_believes(message, body):
    verifier = HTTPMessageVerifier(signature_algorithm=ED25519, key_resolver=Keys())
    [result] = verifier.verify(message, max_age=timedelta(days=1), expect_tag="kumihimo", body=body)
    return result


@given(st.binary(max_size=200))
def test_the_library_believes_what_we_sign(body):
    message = Foreign("POST", f"https://x{PATH}", ours(body))
    result = library_believes(message, body)
    assert set(result.covered_components) >= {'"@method"', '"@path"', '"kumihimo-recipient"'}


def test_the_library_believes_our_answers():
    question = ours()
    answer = sign_answer(
        KEYS,
        status=200,
        content_type="application/json",
        body=b"[]",
        to=question,
        path=PATH,
        at=NOW,
        entropy=SeededEntropy(2),
    )
    request = Foreign("POST", f"https://x{PATH}", question)
    message = ForeignAnswer(200, answer, request)
    assert '"signature";req' in library_believes(message, b"[]").covered_components


@given(st.binary(max_size=200))
def test_we_believe_what_the_library_signs(body):
    message = Foreign(
        "POST",
        f"https://x{PATH}",
        {"content-type": "application/json", "kumihimo-recipient": "ledger"},
    )
    HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=Keys()).sign(
        message,
        key_id="linkage#0000",
        created=NOW,
        nonce="A" * 22,
        label="sig1",
        tag="kumihimo",
        include_alg=False,
        covered_component_ids=(
            "kumihimo-recipient",
            "@path",
            "@method",
            "content-digest",
            "content-type",
        ),
        body=body,
    )
    verified = believed({k.lower(): v for k, v in message.headers.items()}, body)
    assert (verified.sender, verified.nonce) == ("linkage", "A" * 22)


def test_the_evidence_is_the_signature_base_itself():
    headers = ours()
    evidence = believed(headers).evidence
    raw = base64.b64decode(headers["signature"].split(":")[1])
    KEYS.signing.public_key().verify(raw, evidence.base)
    assert evidence.base.endswith(headers["signature-input"].removeprefix("kumihimo=").encode())


@pytest.mark.parametrize(
    ("header", "old", "new"),
    [
        ("signature", "kumihimo=", ""),
        ("signature", "kumihimo=", "other="),
        ("signature", "kumihimo=", "x=:AA==:, kumihimo="),
        ("signature", "kumihimo=:", "kumihimo=:AAAA"),
        ("signature-input", "kumihimo=", ""),
        ("signature-input", '"@method" ', ""),
        ("signature-input", '"@method"', '"@method" "@method"'),
        ("signature-input", '"@path"', '"@query"'),
        ("signature-input", ";nonce=", ';nonce="x";nonce='),
        ("signature-input", ";nonce=", ";nonsense="),
        ("signature-input", ";tag=", " " * 5_000 + ";tag="),
        ("content-digest", "sha-256", "md5"),
        ("content-digest", "sha-256", "sha-512"),
        ("content-type", "json", "text"),
        ("kumihimo-recipient", "ledger", "register"),
    ],
)
def test_one_changed_header_is_enough(header, old, new):
    headers = ours()
    assert believed(headers).sender == "linkage"
    with pytest.raises(NotAuthentic):
        believed(headers | {header: headers[header].replace(old, new)})


@pytest.mark.parametrize("seconds", [-301, 31, 10**9])
def test_a_message_of_another_time_is_not_believed(seconds):
    at = NOW + timedelta(seconds=seconds)
    with pytest.raises(NotAuthentic):
        believed(ours(at=at))


def test_another_body_another_path_and_another_question_are_not_believed():
    with pytest.raises(NotAuthentic):
        believed(ours(), body=b"[]")
    with pytest.raises(NotAuthentic):
        believed(ours(), path="/ends")
    question, other = ours(), ours(b"{ }")
    answer = sign_answer(
        KEYS,
        status=200,
        content_type="application/json",
        body=b"",
        to=question,
        path=PATH,
        at=NOW,
        entropy=SeededEntropy(3),
    )

    def check(question=question, status=200, sender="linkage"):
        return verify_answer(
            status=status,
            headers=answer,
            body=b"",
            question=question,
            path=PATH,
            sender=sender,
            book=Book(),
            now=NOW,
        )

    assert check().sender == "linkage"
    # The path is the question's, and the question's signature covers it.
    with pytest.raises(NotAuthentic):
        check(question=other)
    with pytest.raises(NotAuthentic):
        check(status=201)
    with pytest.raises(NotAuthentic):
        check(sender="ledger")


@given(st.text(max_size=120), st.text(max_size=120))
def test_any_text_in_the_headers_is_refused_without_a_fault(wanted, given_signature):
    headers = {signature.INPUT: wanted, signature.SIGNATURE: given_signature}
    key = Ed25519PrivateKey.generate().public_key()
    with pytest.raises(BadSignature):
        signature.verify(Message(method="POST", path="/", headers=headers), body=b"", key=key)


def test_an_answer_to_nothing_covers_no_question():
    covered = ['"signature";req']
    with pytest.raises(BadSignature, match="answers no request"):
        signature.sign(Message(status=200, headers={}), covered, {}, key=KEYS.signing, label="a")


def changed(name, old, new):
    headers = ours()
    assert old in headers[name]
    return headers | {name: headers[name].replace(old, new)}


def test_a_body_with_a_digest_of_an_unknown_kind_is_not_believed():
    with pytest.raises(NotAuthentic):
        believed(changed("content-digest", "sha-256", "sha-1"))


def signed_with(**parameters):
    """Sign a request with other parameters than ours, by the right key."""
    plain = ours()
    _, covered, given, _ = signature.parse(plain)
    headers = {k: v for k, v in plain.items() if k not in {"signature", "signature-input"}}
    message = Message(method="POST", path=PATH, headers=headers)
    named = signature.sign(
        message, covered, {**given, **parameters}, key=KEYS.signing, label="kumihimo"
    )
    return headers | {name.lower(): value for name, value in named.items()}


@pytest.mark.parametrize(
    "parameters",
    [
        {"tag": "somebody-else"},
        {"nonce": "short"},
        {"nonce": 7},
        {"created": "yesterday"},
        {"created": 2**62},
    ],
    ids=["tag", "nonce", "number", "word", "far"],
)
def test_a_signature_with_other_parameters_than_the_profiles_is_not_believed(parameters):
    assert believed(signed_with()).sender == "linkage"
    with pytest.raises(NotAuthentic):
        believed(signed_with(**parameters))
