"""Secure messaging at the chip: SET SESSION KEY, and commands of class 08 in the text application.

The PIN goes first and in clear; without it the chip takes no session key. Refusals of the secure
layer end the session, refusals of the command inside it do not (and count).
"""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from kumihimo.card import apdu, pins, reading, selecting
from kumihimo.card.apdu import Command, Declined, Response
from kumihimo.card.applications import TEXT_PIN
from kumihimo.card.memory import SESSION_KEY
from kumihimo.card.running import Running
from kumihimo.card.secure import (
    BLOCK,
    ENCRYPTED,
    EXPECTED_LENGTH,
    KEY_DELIVERY,
    SEED_BYTES,
    SecureSession,
    SessionBroken,
)
from kumihimo.card.tlv import BadTlv, parse_one, tlv

_CONFIDENTIAL: Final = 0x08
_VERIFY, _SELECT, _READ_BINARY = 0x20, 0xA4, 0xB0
_OAEP: Final = OAEP(MGF1(SHA256()), SHA256(), None)


def set_session_key(chip: Running, command: Command) -> bytes:
    """Take a session key that was encrypted for the key in EF 0006."""
    if chip.application is None:
        raise Declined(apdu.NO_INSTRUCTION)
    if chip.application.session_key is not None:
        raise Declined(chip.application.session_key)
    if command.p1 or command.p2:
        raise Declined(apdu.WRONG_PARAMETERS)
    # The survey's card asks for the PIN itself: 照合番号A is not enough.
    if TEXT_PIN not in chip.states:
        raise Declined(apdu.SECURITY)
    chip.secure = SecureSession(_delivered(chip, command.data)[:BLOCK])
    return b""


def _delivered(chip: Running, data: bytes) -> bytes:
    """Return the seed inside a key delivery."""
    key = chip.private_key(SESSION_KEY)
    assert isinstance(key, RSAPrivateKey), "session keys are delivered under RSA"
    if len(data) != key.key_size // 8:
        raise Declined(apdu.WRONG_LENGTH)
    if int.from_bytes(data, "big") >= key.public_key().public_numbers().n:
        raise Declined(apdu.FAULT)
    try:
        delivered = key.decrypt(data, _OAEP)
    except ValueError as error:
        raise Declined(apdu.WRONG_DATA) from error
    if len(delivered) != len(KEY_DELIVERY) + SEED_BYTES or not delivered.startswith(KEY_DELIVERY):
        raise Declined(apdu.WRONG_DATA)
    return delivered[len(KEY_DELIVERY) :]


def secured(chip: Running, command: Command) -> Response:
    """Open a command of class 08, do it, and close the answer."""
    if command.ins not in {_VERIFY, _SELECT, _READ_BINARY}:
        raise Declined(apdu.NO_SECURE_MESSAGING)
    if chip.secure is None:
        gone = apdu.NO_SECURE_MESSAGING if command.ins == _SELECT else apdu.SM_SESSION_GONE
        raise Declined(gone)
    if command.cla != _CONFIDENTIAL:
        chip.secure = None
        raise Declined(apdu.SM_OBJECT_MISSING)
    session = chip.secure
    session.next()
    try:
        value = _object(command, session)
    except (BadTlv, SessionBroken) as error:
        chip.secure = None
        raise Declined(apdu.SM_OBJECT_WRONG) from error
    if command.ins == _READ_BINARY:
        most = int.from_bytes(value, "big") or apdu.EXTENDED_MAX
        found = reading.binary(chip, command.p1, command.p2, most)
        return Response(tlv(ENCRYPTED, session.encrypt(found.data)), found.status)
    inner = Command(0, command.ins, command.p1, command.p2, value)
    handler = pins.verify if command.ins == _VERIFY else selecting.select
    return Response(handler(chip, inner), apdu.OK)


def _object(command: Command, session: SecureSession) -> bytes:
    """Return what the one data object of a secure command says, decrypted where it must be."""
    tag, value = parse_one(command.data)
    if command.ins == _READ_BINARY:
        if tag != EXPECTED_LENGTH or len(value) != 3:  # noqa: PLR2004 - 00 and two bytes of Le
            raise SessionBroken
        return value
    if tag != ENCRYPTED:
        raise SessionBroken
    return session.decrypt(value)
