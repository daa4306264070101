"""How a terminal proves to a chip what it is: a CV certificate, then a signature.

SET PUBLIC IC KEY is the card's own command; what its parameters select beyond P2 = C1, and what
follows it, is not known. Ours: a role stands in the certified key's id, and EXTERNAL AUTHENTICATE
proves the key over the card's serial and a challenge of this chip.
"""

from typing import Final

from kumihimo.card import apdu
from kumihimo.card.apdu import Command, Declined
from kumihimo.card.cv import (
    CERTIFICATE_BYTES,
    FIRST_BLOCK_BYTES,
    BadCertificate,
    CvCertificate,
    KeyId,
    check_signature,
    parse_public,
)
from kumihimo.card.memory import TERMINAL_CA, object_slot
from kumihimo.card.running import Running

_KEY: Final = 0xC1
_BLOCK: Final = {0x00, 0x06}  # both were seen; what they tell apart is not known
_ID_BYTES: Final = 16
_CHALLENGE_MIN: Final = 16  # a shorter one could be waited for and replayed
SERIAL: Final = object_slot(0x0045)


def set_public_ic_key(chip: Running, command: Command) -> bytes:
    """Take a certificate: whole, or the part up to the signature and then the signature."""
    if command.p2 != _KEY or command.p1 not in _BLOCK:
        raise Declined(apdu.WRONG_PARAMETERS)
    if len(command.data) == FIRST_BLOCK_BYTES:
        chip.half_certificate = command.data
        return b""
    whole = command.data
    if len(whole) == CERTIFICATE_BYTES - FIRST_BLOCK_BYTES:
        whole = chip.half_certificate + whole
    chip.half_certificate = b""
    chip.offered = None
    if len(whole) != CERTIFICATE_BYTES:
        raise Declined(apdu.WRONG_LENGTH)
    trusted = chip.memory.read(TERMINAL_CA)
    if trusted is None:
        raise Declined(apdu.NO_REFERENCE)
    try:
        certificate = CvCertificate.parse(whole)
        certificate.check(KeyId.parse(trusted[:_ID_BYTES]), parse_public(trusted[_ID_BYTES:]))
    except BadCertificate as error:
        raise Declined(apdu.COMPARE_FAILED) from error
    if certificate.subject.role is None:
        raise Declined(apdu.CONDITIONS)
    chip.offered = (certificate.subject.role, certificate.key)
    return b""


def external_authenticate(chip: Running, command: Command) -> bytes:
    """Check that the terminal has the key that it showed a certificate for."""
    if command.p1 or command.p2:
        raise Declined(apdu.WRONG_PARAMETERS)
    challenge, chip.challenge = chip.challenge, None
    if chip.offered is None or challenge is None or len(challenge) < _CHALLENGE_MIN:
        raise Declined(apdu.CONDITIONS)
    role, key = chip.offered
    try:
        check_signature(key, command.data, to_prove(chip.memory.read(SERIAL) or b"", challenge))
    except BadCertificate as error:
        raise Declined(apdu.COMPARE_FAILED) from error
    chip.states.add(role)
    return b""


def to_prove(serial: bytes, challenge: bytes) -> bytes:
    """Return what a terminal signs: with the serial, so that it cannot be led to another chip."""
    return serial + challenge
