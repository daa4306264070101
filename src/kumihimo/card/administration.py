"""What the issuer's counter may do to a chip, and nobody else.

The commands of the real card for this are not public; these are ours, in ISO 7816-4 and -8 form.
Each needs the role of a counter, proved in the application that is selected. Each is whole or did
not happen: what is not in the memory when it answers was not done.
"""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kumihimo.card import apdu
from kumihimo.card.apdu import Command, Declined
from kumihimo.card.applications import JPKI
from kumihimo.card.cv import public_tlv
from kumihimo.card.files import File, Key, Pin, Records, Role
from kumihimo.card.holding import stored
from kumihimo.card.memory import slot, tries_slot
from kumihimo.card.pins import place, set_pin
from kumihimo.card.reading import records
from kumihimo.card.running import PrivateKey, Running
from kumihimo.card.tlv import tlv

POINT: Final = 0x86
FILE_MAX: Final = 0x7FFF  # the last place that READ BINARY can name
_BY_SFI: Final = 0x80
_ABSOLUTE: Final = 4


def update_binary(chip: Running, command: Command) -> bytes:
    """UPDATE BINARY: at 0 the data are the whole file, at its end they are added to it."""
    _counter_only(chip)
    if not command.data:
        raise Declined(apdu.WRONG_LENGTH)
    if command.p1 & _BY_SFI:
        file, offset = chip.by_reference(command.p1, File), command.p2
    else:
        file, offset = chip.by_reference(0x80, File), command.p1 << 8 | command.p2
    before = chip.read_slot(file.fid) or b""
    if offset not in {0, len(before)}:
        raise Declined(apdu.OUT_OF_RANGE)
    content = (before if offset else b"") + command.data
    if len(content) > FILE_MAX:
        raise Declined(apdu.NO_SPACE)
    chip.memory.write({chip.slot(file.fid): content})
    return b""


def update_record(chip: Running, command: Command) -> bytes:
    """UPDATE RECORD: a record that is there gets another value of the same length."""
    _counter_only(chip)
    if command.p2 & 7 != _ABSOLUTE:
        raise Declined(apdu.NO_FUNCTION)
    file = chip.by_reference(0x80 | command.p2 >> 3, Records)
    found = records(chip.read_slot(file.fid) or b"")
    if not 0 < command.p1 <= len(found):
        raise Declined(apdu.NO_RECORD)
    old = found[command.p1 - 1]
    if command.data[:2] != old[:2] or len(command.data) != len(old):
        raise Declined(apdu.WRONG_DATA)
    found[command.p1 - 1] = command.data
    chip.memory.write({chip.slot(file.fid): b"".join(found)})
    return b""


def generate_key_pair(chip: Running, command: Command) -> bytes:
    """GENERATE KEY PAIR: a new key of the holder's in P2; answers its public half."""
    _counter_only(chip)
    if command.p1:
        raise Declined(apdu.WRONG_PARAMETERS)
    entry = chip.entry(command.p2 ^ _BY_SFI)
    in_jpki = chip.application is not None and chip.application.name == JPKI.name
    if not in_jpki or not isinstance(entry, Key):
        raise Declined(apdu.NO_REFERENCE)
    key = chip.draw(chip.card.key_type)
    chip.memory.write({chip.slot(entry.fid): stored(key)})
    return public_half(key)


def reset_retry_counter(chip: Running, command: Command) -> bytes:
    """RESET RETRY COUNTER: P1 02 a new value, 03 the old value with all tries, 04 no PIN at all."""
    _counter_only(chip)
    pin = chip.by_reference(command.p2, Pin)
    where = place(chip, pin)
    chip.states.discard(pin.fid)
    match command.p1, bool(command.data):
        case 0x02, True:
            set_pin(chip, pin, command.data)
        case 0x03, False:
            if chip.memory.read(slot(*where)) is None:
                raise Declined(apdu.CONDITIONS)
            chip.memory.write({tries_slot(*where): bytes((pin.limit,))})
        case 0x04, False:
            chip.memory.write({slot(*where): None, tries_slot(*where): b"\0"})
        case ((0x02 | 0x03 | 0x04), _):
            raise Declined(apdu.WRONG_LENGTH)
        case _:
            raise Declined(apdu.WRONG_PARAMETERS)
    return b""


def public_half(key: PrivateKey) -> bytes:
    """Return a public key as the chip tells it: RSA as in its files, else a point under 86."""
    if isinstance(key, RSAPrivateKey):
        return public_tlv(key.public_key())
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return tlv(POINT, point)


def _counter_only(chip: Running) -> None:
    if Role.COUNTER not in chip.states:
        raise Declined(apdu.SECURITY)
