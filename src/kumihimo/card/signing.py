"""COMPUTE DIGITAL SIGNATURE, INTERNAL AUTHENTICATE and GET CHALLENGE."""

from typing import Final

import attrs
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo, Prehashed
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, Hash

from kumihimo.card import apdu
from kumihimo.card.apdu import Command, Declined
from kumihimo.card.applications import COMPUTE_SIGNATURE, INTERNAL_AUTHENTICATE
from kumihimo.card.files import Key
from kumihimo.card.running import PrivateKey, Running

_RAW_MAX: Final = 245  # what type 1 padding leaves of 2048 bits
_HASH: Final = 32
_SHA384_BYTES: Final = 48
_SHORT: Final = range(1, 256)
_PSS: Final = PSS(MGF1(SHA256()), _HASH)


@attrs.frozen
class _Form:
    """What P1 means at an RSA key: how much data it takes, and how that is padded."""

    takes: range
    padding: PKCS1v15 | PSS
    hashed: NoDigestInfo | Prehashed | SHA256
    hash_first: bool = False


_FORMS: Final = {
    0: _Form(range(1, _RAW_MAX + 1), PKCS1v15(), NoDigestInfo()),
    1: _Form(_SHORT, PKCS1v15(), NoDigestInfo(), hash_first=True),
    2: _Form(range(_HASH, _HASH + 1), PKCS1v15(), Prehashed(SHA256())),
    3: _Form(_SHORT, PKCS1v15(), SHA256()),
    4: _Form(range(_HASH, _HASH + 1), _PSS, Prehashed(SHA256())),
    5: _Form(_SHORT, _PSS, SHA256()),
}
_CHALLENGE_MAX: Final = 256


def compute_signature(chip: Running, command: Command) -> bytes:
    """Sign with the key that P2 means, in the form that P1 means. Whatever is given is padded."""
    if command.p1 not in _FORMS:
        raise Declined(apdu.WRONG_PARAMETERS)
    key = _key(chip, command.p2)
    if key.answers != COMPUTE_SIGNATURE:
        raise Declined(apdu.CONDITIONS)
    if not chip.open_to(key.use):
        raise Declined(apdu.SECURITY)
    private = chip.private_key(chip.slot(key.fid))
    signature = _sign(private, command.p1, command.data)
    return _fitting(signature, command.le)


def internal_authenticate(chip: Running, command: Command) -> bytes:
    """Sign a challenge with the chip's own key (`sha256WithRSAEncryption`), without any PIN."""
    if command.p1:
        raise Declined(apdu.WRONG_PARAMETERS)
    key = _key(chip, command.p2)
    if not chip.open_to(key.use):
        raise Declined(apdu.SECURITY)
    if key.answers != INTERNAL_AUTHENTICATE:
        raise Declined(apdu.CONDITIONS)
    if len(command.data) not in _SHORT:
        raise Declined(apdu.WRONG_LENGTH)
    private = chip.private_key(chip.slot(key.fid))
    assert isinstance(private, RSAPrivateKey), "every chip's own key is RSA"
    return _fitting(private.sign(command.data, PKCS1v15(), SHA256()), command.le)


def get_challenge(chip: Running, command: Command) -> bytes:
    """Draw random bytes, and keep them for EXTERNAL AUTHENTICATE."""
    if command.p1 or command.p2:
        raise Declined(apdu.WRONG_PARAMETERS)
    if command.data or command.le is None:
        raise Declined(apdu.WRONG_LENGTH)
    if command.le > _CHALLENGE_MAX:
        raise Declined(apdu.CONDITIONS)
    chip.challenge = chip.entropy.bytes(command.le)
    return chip.challenge


def _key(chip: Running, p2: int) -> Key:
    default = chip.application.default_key if chip.application else None
    if not p2:
        entry = None if default is None else chip.entry(default)
        if not isinstance(entry, Key) or not chip.holds(entry):
            raise Declined(apdu.NO_REFERENCE)
        return entry
    try:
        return chip.by_reference(p2, Key)
    except Declined as declined:
        if declined.status == apdu.WRONG_FILE_TYPE:
            raise Declined(apdu.CONDITIONS) from None
        raise


def _sign(key: PrivateKey, p1: int, data: bytes) -> bytes:
    if isinstance(key, EllipticCurvePrivateKey):
        return _sign_ec(key, p1, data)
    form = _FORMS[p1]
    if len(data) not in form.takes:
        raise Declined(apdu.CONDITIONS if len(form.takes) == 1 and data else apdu.WRONG_LENGTH)
    return key.sign(_sha256(data) if form.hash_first else data, form.padding, form.hashed)


def _sign_ec(key: EllipticCurvePrivateKey, p1: int, data: bytes) -> bytes:
    """Sign as the next generation may (our choice): P1 = 00 takes a SHA-384, 03 the message."""
    match p1:
        case 0:
            if len(data) != _SHA384_BYTES:
                raise Declined(apdu.WRONG_LENGTH)
            return key.sign(data, ECDSA(Prehashed(SHA384())))
        case 3:
            if len(data) not in _SHORT:
                raise Declined(apdu.WRONG_LENGTH)
            return key.sign(data, ECDSA(SHA384()))
        case _:
            raise Declined(apdu.WRONG_PARAMETERS)


def _sha256(data: bytes) -> bytes:
    digest = Hash(SHA256())
    digest.update(data)
    return digest.finalize()


def _fitting(answer: bytes, le: int | None) -> bytes:
    """Return an answer unless the reader said that it has no room for it."""
    if le is not None and le < len(answer):
        raise Declined(apdu.WRONG_LENGTH)
    return answer
