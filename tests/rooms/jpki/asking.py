"""Verifiers that ask about status by OCSP at either of jpki's doors, and believe nothing unchecked."""

import base64
from contextlib import asynccontextmanager
from urllib.parse import quote

import attrs
import httpx2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.ocsp import OCSPResponseStatus
from cryptography.x509.oid import ExtendedKeyUsageOID

from kumihimo.kernel.plain_http import listening
from kumihimo.rooms.jpki import verifiers
from kumihimo.rooms.jpki.responders import renew
from kumihimo.run.loopback import HOST, free_port

HASHES = {"sha1": SHA1(), "sha256": SHA256()}
DOORS = ("room", "alone")


def question(certificate, root, *, name="sha1", nonce=None):
    """Return a request about one certificate, as a library makes it; its serial alone will do."""
    if isinstance(certificate, int):
        template = ocsp.OCSPRequestBuilder().add_certificate(root, root, HASHES[name]).build()
        builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
            template.issuer_name_hash, template.issuer_key_hash, certificate, HASHES[name]
        )
    else:
        builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, root, HASHES[name])
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


@attrs.frozen
class Asker:
    """Somebody with a token, or without, at a door."""

    client: httpx2.AsyncClient
    headers: dict[str, str]

    async def post(self, content, **headers):
        kind = {"content-type": "application/ocsp-request"}
        answer = await self.client.post(
            "/ocsp", content=content, headers=self.headers | kind | headers
        )
        return _told(answer)

    async def get(self, content, **headers):
        path = "/ocsp/" + quote(base64.b64encode(content).decode(), safe="")
        return _told(await self.client.get(path, headers=self.headers | headers))

    async def status(self, content, **headers):
        """Return what is told of one certificate, or why nothing is."""
        told = await self.post(content, **headers)
        if told.response_status is not OCSPResponseStatus.SUCCESSFUL:
            return told.response_status.name.lower()
        return told.certificate_status.name.lower()


def _told(answer):
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/ocsp-response"
    assert answer.headers["cache-control"] == "no-store"
    return ocsp.load_der_ocsp_response(answer.content)


@asynccontextmanager
async def at(house, door="alone", *, token=None):
    """Stand at a door with what a verifier shows by HTTP Basic; a responder is there."""
    await renew(house.jpki)
    pair = base64.b64encode(f"bank:{token}".encode()).decode()
    headers = {} if token is None else {"authorization": f"Basic {pair}"}
    if door == "room":
        transport = httpx2.ASGITransport(house.apps["jpki"])
        async with httpx2.AsyncClient(transport=transport, base_url="http://jpki") as client:
            yield Asker(client, headers)
        return
    port = free_port()
    async with (
        listening(house.room.status, HOST, port),
        httpx2.AsyncClient(base_url=f"http://{HOST}:{port}", trust_env=False) as client,
    ):
        yield Asker(client, headers)


@asynccontextmanager
async def bank(house, door="alone", *, roles=("platform_operator",), name="bank"):
    """Be a verifier that was just registered, at a door."""
    token = (await verifiers.register(house.jpki, name, roles)).reveal()
    async with at(house, door, token=token) as asker:
        yield asker


def checked(told, root, now):
    """Check an answer as a verifier must (RFC 6960, 3.2); returns the delegated certificate."""
    [responder] = told.certificates
    responder.verify_directly_issued_by(root)
    assert responder.not_valid_before_utc <= now < responder.not_valid_after_utc
    usage = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.OCSP_SIGNING]
    assert responder.extensions.get_extension_for_class(x509.OCSPNoCheck)
    subject_key = x509.SubjectKeyIdentifier.from_public_key(responder.public_key()).digest
    assert told.responder_key_hash == subject_key
    key = responder.public_key()
    if isinstance(key, EllipticCurvePublicKey):
        key.verify(told.signature, told.tbs_response_bytes, ECDSA(told.signature_hash_algorithm))
    else:
        key.verify(
            told.signature, told.tbs_response_bytes, PKCS1v15(), told.signature_hash_algorithm
        )
    assert told.this_update_utc <= now < told.next_update_utc
    return responder
