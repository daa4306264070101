"""Holders whose chips are in software here, and verifiers that know jpki by its client."""

import asyncio
import hashlib

import httpx2
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kumihimo.rooms.jpki import forms, verifiers
from kumihimo.rooms.jpki.client import VerifierClient
from kumihimo.rooms.jpki.domain.keys import KeyKind, new_key

MESSAGE = b"whatever a service asks to be signed"
BOTH = ("signature_verifier", "authentication_verifier")


class Bridge(httpx2.BaseTransport):
    """Lets the synchronous client call a room in this process."""

    def __init__(self, house):
        self.house = house
        self.loop = asyncio.get_running_loop()

    def handle_request(self, request):
        asked = self._carry(request)
        return asyncio.run_coroutine_threadsafe(asked, self.loop).result()

    async def _carry(self, request):
        transport = httpx2.ASGITransport(self.house.apps["jpki"])
        forwarded = httpx2.Request(
            request.method, request.url, headers=request.headers, content=request.read()
        )
        answer = await transport.handle_async_request(forwarded)
        content = await answer.aread()
        return httpx2.Response(answer.status_code, headers=answer.headers, content=content)


class Verifier:
    """A registered verifier; each method of its client, awaited."""

    def __init__(self, house, name, token):
        self.name = name
        self.token = token
        self._client = VerifierClient("http://jpki", token, transport=Bridge(house))

    def __getattr__(self, name):
        method = getattr(self._client, name)

        async def call(*args, **kwargs):
            return await asyncio.to_thread(method, *args, **kwargs)

        return call


async def verifier(house, name="bank", roles=BOTH, *, platform=None):
    token = await verifiers.register(house.jpki, name, roles, platform=platform)
    return Verifier(house, name, token)


class Chip:
    """A card with both certificates and its keys."""

    def __init__(self, order, issued, keys):
        self.order = order
        self.der = {"sign": issued.sign, "auth": issued.auth}
        self.keys = keys

    def certificate(self, ca="sign"):
        return x509.load_der_x509_certificate(self.der[ca])

    def sign(self, message=MESSAGE, ca="sign"):
        key = self.keys[ca]
        if isinstance(key, EllipticCurvePrivateKey):
            return key.sign(message, ECDSA(SHA384()))
        return key.sign(message, PKCS1v15(), SHA256())

    def asked(self, ca="sign", message=MESSAGE, **changes):
        name = "sha384" if isinstance(self.keys[ca], EllipticCurvePrivateKey) else "sha256"
        wanted = forms.Verify(
            certificate=self.der[ca],
            hash_algorithm=name,
            digest=hashlib.new(name, message).digest(),
            signature=self.sign(message, ca),
        )
        return msgspec.structs.replace(wanted, **changes)


async def chip(house, *, kind: KeyKind = "p-384", **changes):
    keys = {"sign": new_key(kind), "auth": new_key(kind)}
    given = {
        f"{ca}_key": key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for ca, key in keys.items()
    }
    wanted, issued = await house.card(**given, **changes)
    return Chip(wanted, issued, keys)
