"""The reader's side: functions that build commands, send them and read the answers.

`Transmit` is whatever carries bytes to a chip and back: a PC/SC reader, or `Chip.process` itself.
A refusal of the chip is raised by name; it never says what was sent.
"""

from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from kumihimo.card import apdu
from kumihimo.card.administration import POINT
from kumihimo.card.apdu import Command, Response
from kumihimo.card.applications import AUTH_PIN, CHANGE_KEY, CHIP_KEY, COMMON, JPKI, JUKI
from kumihimo.card.cv import FIRST_BLOCK_BYTES, parse_public
from kumihimo.card.files import Application
from kumihimo.card.hierarchy import TerminalKey
from kumihimo.card.terminals import to_prove
from kumihimo.card.tlv import parse_one
from kumihimo.kernel.refusal import Refusal
from kumihimo.kernel.withheld import Withheld

Transmit = Callable[[bytes], bytes]
PublicKey = RSAPublicKey | EllipticCurvePublicKey

_OWN: Final = 0x80
_CURRENT: Final = 0x80
_CHALLENGE: Final = 16
_SERIAL_OBJECT: Final = 0x0045
_BLOCKED: Final = {apdu.TRIES, apdu.LOCKED, apdu.AUTHENTICATION_BLOCKED}


class CardDeclined(Refusal):
    """The chip answered a command with a status word that is no success."""

    code = "card-declined"
    title = "The card declined the command"
    status = 409

    def __init__(self, word: int) -> None:
        super().__init__(f"the chip answered {word:04X}")
        self.word = word


class WrongPin(Refusal):
    """A PIN was wrong; `left` says how many tries remain."""

    code = "wrong-pin"
    title = "The PIN is wrong"
    status = 403

    def __init__(self, left: int) -> None:
        super().__init__(f"{left} tries are left")
        self.left = left


class PinBlocked(Refusal):
    """A PIN has no tries left, or none was ever set."""

    code = "pin-blocked"
    title = "The PIN is blocked; only a counter can set it anew"
    status = 403


def call(transmit: Transmit, command: Command) -> bytes:
    """Send one command and return its data. Raises `CardDeclined`."""
    answer = Response.parse(transmit(command.encode()))
    if answer.status != apdu.OK:
        raise CardDeclined(answer.status)
    return answer.data


def select(transmit: Transmit, application: Application) -> None:
    """Select an application. Raises `CardDeclined` (6A82) when the card has none such."""
    call(transmit, Command(0, 0xA4, 0x04, 0x0C, application.aid))


def select_file(transmit: Transmit, fid: int) -> None:
    """Select a file, PIN or key of the current application."""
    call(transmit, Command(0, 0xA4, 0x02, 0x0C, fid.to_bytes(2, "big")))


def read_file(transmit: Transmit, fid: int) -> bytes:
    """Read a transparent file to its end, in blocks that every reader can carry."""
    select_file(transmit, fid)
    found = b""
    while True:
        p1, p2 = len(found).to_bytes(2, "big")
        raw = transmit(Command(0, 0xB0, p1, p2, le=apdu.SHORT_MAX).encode())
        answer = Response.parse(raw)
        if answer.status == apdu.OUT_OF_RANGE and found:
            return found
        if answer.status not in {apdu.OK, apdu.END_OF_FILE}:
            raise CardDeclined(answer.status)
        found += answer.data
        if len(answer.data) < apdu.SHORT_MAX:
            return found


def read_record(transmit: Transmit, fid: int, number: int) -> bytes:
    """Read one record, with its tag and length."""
    select_file(transmit, fid)
    return call(transmit, Command(0, 0xB2, number, 0x04, le=apdu.SHORT_MAX))


def get_data(transmit: Transmit, tag: int) -> bytes:
    """Return a data object; a long one is asked for twice, as the card wants it."""
    p1, p2 = tag.to_bytes(2, "big")
    try:
        return call(transmit, Command(0, 0xCA, p1, p2, le=apdu.SHORT_MAX))
    except CardDeclined as declined:
        if declined.word != apdu.WRONG_LENGTH:
            raise
    return call(transmit, Command(0, 0xCA, p1, p2, le=apdu.EXTENDED_MAX))


def tries(transmit: Transmit, fid: int) -> int:
    """Return how many tries a PIN has left; 0 is blocked."""
    select_file(transmit, fid)
    word = Response.parse(transmit(Command(0, 0x20, 0, _CURRENT).encode())).status
    if word & 0xFFF0 != apdu.TRIES:
        raise CardDeclined(word)
    return word & 0xF


def verify(transmit: Transmit, fid: int, value: Withheld[bytes]) -> None:
    """Present a PIN. Raises `WrongPin`, `PinBlocked`, `CardDeclined`."""
    select_file(transmit, fid)
    command = Command(0, 0x20, 0, _CURRENT, value.reveal())
    word = Response.parse(transmit(command.encode())).status
    if word in _BLOCKED:
        raise PinBlocked
    if word & 0xFFF0 == apdu.TRIES:
        raise WrongPin(word & 0xF)
    if word != apdu.OK:
        raise CardDeclined(word)


def change_pin(
    transmit: Transmit, application: Application, fid: int, value: Withheld[bytes]
) -> None:
    """Give a PIN that was just presented a new value. Raises `CardDeclined` (6A80 for its form)."""
    select_file(transmit, fid)
    if application.name in {COMMON.name, JUKI.name}:
        command = Command(_OWN, CHANGE_KEY, 0, _CURRENT, value.reveal())
    else:
        command = Command(0, 0x24, 0x01, _CURRENT, value.reveal())
    call(transmit, command)


def sign(transmit: Transmit, fid: int, data: bytes, *, form: int = 0) -> bytes:
    """Sign with a key of the current application; `form` is P1: 0 pads whatever is given."""
    return call(transmit, Command(_OWN, 0x2A, form, _CURRENT | fid, data, apdu.SHORT_MAX))


def challenge(transmit: Transmit, size: int = _CHALLENGE) -> bytes:
    """Draw random bytes from the chip."""
    return call(transmit, Command(0, 0x84, 0, 0, le=size))


def prove_chip(transmit: Transmit, question: bytes) -> bytes:
    """Have the chip sign a question with its own key (common application, EF 0019)."""
    select(transmit, COMMON)
    return call(transmit, Command(0, 0x88, 0, _CURRENT | CHIP_KEY, question, apdu.SHORT_MAX))


def serial(transmit: Transmit) -> bytes:
    """Return the card's serial. Selects the issuer's domain: states are lost."""
    call(transmit, Command(0, 0xA4, 0x04, 0x0C, bytes.fromhex("A0000001510000")))
    return get_data(transmit, _SERIAL_OBJECT)


def prove_role(
    transmit: Transmit, application: Application, terminal: TerminalKey, card: bytes
) -> None:
    """Prove to the chip of the card with that serial what this terminal is, in one application."""
    select(transmit, application)
    first = terminal.certificate[:FIRST_BLOCK_BYTES]
    for block in (first, terminal.certificate[FIRST_BLOCK_BYTES:]):
        call(transmit, Command(_OWN, 0xA2, 0, 0xC1, block))
    proof = terminal.key.sign(to_prove(card, challenge(transmit)))
    call(transmit, Command(0, 0x82, 0, 0, proof))


def update_file(transmit: Transmit, fid: int, content: bytes) -> None:
    """Replace a file's content in one command (a counter's right)."""
    select_file(transmit, fid)
    call(transmit, Command(0, 0xD6, 0, 0, content))


def update_record(transmit: Transmit, fid: int, number: int, record: bytes) -> None:
    """Replace a record by one of the same length (a counter's right)."""
    select_file(transmit, fid)
    call(transmit, Command(0, 0xDC, number, 0x04, record))


def generate_key(transmit: Transmit, fid: int) -> PublicKey:
    """Have the chip make a new key of the holder's (a counter's right); return its public half."""
    answer = call(transmit, Command(_OWN, 0x46, 0, _CURRENT | fid, le=apdu.EXTENDED_MAX))
    if answer[0] != POINT:
        return parse_public(answer)
    return EllipticCurvePublicKey.from_encoded_point(SECP384R1(), parse_one(answer)[1])


def set_pin(transmit: Transmit, fid: int, value: Withheld[bytes]) -> None:
    """Give a PIN a new value and all its tries (a counter's right)."""
    call(transmit, Command(0, 0x2C, 0x02, _CURRENT | fid, value.reveal()))


def restore_tries(transmit: Transmit, fid: int) -> None:
    """Give a PIN all its tries again and leave its value (a counter's right)."""
    call(transmit, Command(0, 0x2C, 0x03, _CURRENT | fid))


def take_pin_away(transmit: Transmit, fid: int) -> None:
    """Leave a card without this PIN (a counter's right)."""
    call(transmit, Command(0, 0x2C, 0x04, _CURRENT | fid))


def sign_in(transmit: Transmit, pin: Withheld[bytes], digest_info: bytes) -> bytes:
    """Sign with the authentication key: the whole of what a login does with a card."""
    select(transmit, JPKI)
    verify(transmit, AUTH_PIN, pin)
    return sign(transmit, 0x17, digest_info)
