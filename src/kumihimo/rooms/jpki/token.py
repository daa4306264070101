"""The authorities' keys on a PKCS#11 token: they are made there, sign there and never come out."""

from collections.abc import Callable
from threading import Lock
from typing import Any, ClassVar, Final, TypeVar

import attrs
import pkcs11
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384, Hash
from pkcs11.util.ec import encode_named_curve_parameters

from kumihimo.kernel.keys import KeyFileUnsafe
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.jpki.domain import asn1
from kumihimo.rooms.jpki.domain.keys import KeyKind, PublicKey

T = TypeVar("T")

_pkcs11: Any = pkcs11  # it has no types
_parameters: Any = encode_named_curve_parameters
_RSA_BITS: Final = 2048
_STAYS: Final = {_pkcs11.Attribute.SENSITIVE: True, _pkcs11.Attribute.EXTRACTABLE: False}


@attrs.define
class TokenKeys:
    """A token behind a PKCS#11 module. One session, one signature at a time."""

    waits: ClassVar[bool] = True
    _session: Any = attrs.field(repr=False)
    _lock: Lock = attrs.field(factory=Lock, repr=False)

    @classmethod
    def open(cls, module: str, token: str, pin: Withheld[str]) -> "TokenKeys":
        """Log in to a token by its label; raises `KeyFileUnsafe`, which never quotes the PIN."""
        try:
            found = _pkcs11.lib(module).get_token(token_label=token)
            return cls(found.open(rw=True, user_pin=pin.reveal()))
        except (_pkcs11.PKCS11Error, RuntimeError) as error:
            said = type(error).__name__
            raise KeyFileUnsafe(f"token {token} of {module} does not open: {said}") from None

    def generate(self, label: str, kind: KeyKind) -> PublicKey:
        """Make a key on the token."""

        def make() -> object:
            given = {"label": label, "store": True, "private_template": _STAYS}
            if kind == "rsa-2048":
                return self._session.generate_keypair(_pkcs11.KeyType.RSA, _RSA_BITS, **given)
            curve = self._session.create_domain_parameters(
                _pkcs11.KeyType.EC,
                {_pkcs11.Attribute.EC_PARAMS: _parameters("secp384r1")},
                local=True,
            )
            return curve.generate_keypair(**given)

        self._do(make)
        return self.public(label)

    def public(self, label: str) -> PublicKey:
        """Return the public half."""

        def read() -> PublicKey:
            key = self._key(label, _pkcs11.ObjectClass.PUBLIC_KEY)
            if key.key_type == _pkcs11.KeyType.RSA:
                modulus = int.from_bytes(key[_pkcs11.Attribute.MODULUS], "big")
                exponent = int.from_bytes(key[_pkcs11.Attribute.PUBLIC_EXPONENT], "big")
                return RSAPublicNumbers(exponent, modulus).public_key()
            point = asn1.Cursor(bytes(key[_pkcs11.Attribute.EC_POINT])).take(asn1.OCTET_STRING)
            return EllipticCurvePublicKey.from_encoded_point(SECP384R1(), point)

        return self._do(read)

    def sign(self, label: str, message: bytes) -> bytes:
        """Sign on the token."""

        def make() -> bytes:
            key = self._key(label, _pkcs11.ObjectClass.PRIVATE_KEY)
            if key.key_type == _pkcs11.KeyType.RSA:
                return bytes(key.sign(message, mechanism=_pkcs11.Mechanism.SHA256_RSA_PKCS))
            digest = Hash(SHA384())
            digest.update(message)
            raw = bytes(key.sign(digest.finalize(), mechanism=_pkcs11.Mechanism.ECDSA))
            half = len(raw) // 2
            return encode_dss_signature(
                int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")
            )

        return self._do(make)

    def _key(self, label: str, kind: object) -> Any:  # noqa: ANN401 - no types
        try:
            return self._session.get_key(object_class=kind, label=label)
        except _pkcs11.NoSuchKey:
            raise KeyFileUnsafe(f"there is no key {label} on the token") from None

    def _do(self, work: Callable[[], T]) -> T:
        with self._lock:
            try:
                return work()
            except _pkcs11.PKCS11Error as error:
                said = type(error).__name__
                raise Unavailable(f"the token does not do its work: {said}") from None
