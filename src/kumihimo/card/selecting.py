"""SELECT, and GET DATA of the objects that are there while no application is selected."""

from typing import Final

from kumihimo.card import apdu
from kumihimo.card.apdu import Command, Declined
from kumihimo.card.applications import ISD
from kumihimo.card.memory import object_slot
from kumihimo.card.running import Running

CONTACT_ATR: Final = bytes.fromhex("3BE000FF8131FE4514")
ATR_OBJECT: Final = 0x5F51
OBJECTS: Final = (0x0042, 0x0045, 0x0066, 0x00F0, 0x00F2, 0x00F7, 0x00F8, 0x7F21)

_AID_MAX: Final = 16


def select(chip: Running, command: Command) -> bytes:
    """SELECT an application by its name, a file of the current one, or (in vain) the master file.

    With P2 = 00 a reader asks for control information: the answer is empty, which clients take.
    """
    if command.p2 not in {0x00, 0x0C}:
        raise Declined(apdu.WRONG_PARAMETERS)
    match command.p1:
        case 0x04:
            _select_application(chip, command.data)
        case 0x02:
            _select_file(chip, command.data)
        case 0x00:
            _select_master(chip, command.data)
        case _:
            raise Declined(apdu.WRONG_PARAMETERS)
    return b""


def _select_application(chip: Running, name: bytes) -> None:
    if len(name) > _AID_MAX:
        raise Declined(apdu.WRONG_LENGTH)
    # JICSAP 4.2: a name may be cut short. The issuer domain is what an empty name means.
    if ISD.startswith(name):
        chip.select(None)
        return
    found = next((one for one in chip.card.applications if one.aid.startswith(name)), None)
    if found is None:
        raise Declined(apdu.NO_FILE)
    chip.select(found)


def _select_file(chip: Running, name: bytes) -> None:
    if len(name) != 2:  # noqa: PLR2004 - a file id
        raise Declined(apdu.WRONG_LENGTH)
    fid = int.from_bytes(name, "big")
    # An unknown file leaves the current one alone (our choice: no client seen cares).
    if not chip.exists(fid):
        raise Declined(apdu.NO_FILE)
    chip.current = fid


def _select_master(chip: Running, name: bytes) -> None:
    """Answer as the real card does: it cannot be selected, and says so in three ways."""
    if name:
        raise Declined(apdu.NO_FILE)
    if chip.application is None:
        raise Declined(apdu.WRONG_PARAMETERS)


def get_data(chip: Running, command: Command) -> bytes:
    """GET DATA: the contact ATR in any state, the card's own objects while nothing is selected."""
    tag = command.p1 << 8 | command.p2
    if command.data or command.le is None:
        raise Declined(apdu.WRONG_LENGTH)
    if tag == ATR_OBJECT:
        value = CONTACT_ATR[1:]
    else:
        here = chip.application is None and tag in OBJECTS
        value = chip.memory.read(object_slot(tag)) if here else None
    if value is None:
        raise Declined(apdu.NO_REFERENCE)
    if len(value) > command.le:
        raise Declined(apdu.WRONG_LENGTH)
    return value
