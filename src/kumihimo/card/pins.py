"""VERIFY, and the two ways in which a holder changes a PIN.

A try is spent before the comparison: see `memory`.
"""

from hmac import compare_digest

from kumihimo.card import apdu
from kumihimo.card.apdu import Command, Declined, tries_left
from kumihimo.card.files import Pin
from kumihimo.card.memory import slot, tries_slot
from kumihimo.card.running import Running


def verify(chip: Running, command: Command) -> bytes:
    """VERIFY: without data ask for the tries left, with data present a PIN."""
    if command.p1:
        raise Declined(apdu.WRONG_PARAMETERS)
    present(chip, chip.by_reference(command.p2, Pin), command.data)
    return b""


def present(chip: Running, pin: Pin, value: bytes) -> None:
    """Compare a PIN; ends with `Declined` unless it is right."""
    counter = tries_slot(*place(chip, pin))
    left = tries(chip, pin)
    if not value:
        # Never 9000, not even after the right PIN: OpenSC needs 63Cx in every state.
        raise Declined(tries_left(left))
    if not left:
        raise Declined(chip.switches.blocked_sw)
    chip.memory.write({counter: bytes((left - 1,))})
    stored = chip.memory.read(slot(*place(chip, pin)))
    if not stored or not compare_digest(stored, value):
        chip.states.discard(pin.fid)
        raise Declined(tries_left(left - 1))
    chip.memory.write({counter: bytes((pin.limit,))})
    chip.states.add(pin.fid)


def change(chip: Running, command: Command) -> bytes:
    """CHANGE PIN (24) or CHANGE KEY (32): a new value for a PIN that was presented."""
    wanted = 0x01 if command.ins == 0x24 else 0x00  # noqa: PLR2004 - CHANGE PIN
    if command.p1 != wanted:
        raise Declined(apdu.WRONG_PARAMETERS)
    if not any(
        isinstance(entry, Pin) and entry.change == command.ins
        for entry in (chip.application.entries.values() if chip.application else ())
    ):
        raise Declined(apdu.NO_INSTRUCTION)
    pin = chip.by_reference(command.p2, Pin)
    if pin.change != command.ins or pin.fid not in chip.states:
        raise Declined(apdu.SECURITY)
    set_pin(chip, pin, command.data)
    return b""


def set_pin(chip: Running, pin: Pin, value: bytes) -> None:
    """Store a new value and give back all tries; 6A80 when the value has another form."""
    if not pin.form.takes(value):
        raise Declined(apdu.WRONG_DATA)
    where = place(chip, pin)
    chip.memory.write({slot(*where): value, tries_slot(*where): bytes((pin.limit,))})


def tries(chip: Running, pin: Pin) -> int:
    """Return how many tries are left; a PIN that was never set has none."""
    stored = chip.memory.read(tries_slot(*place(chip, pin)))
    return stored[0] if stored else 0


def place(chip: Running, pin: Pin) -> tuple[str, int]:
    """Return the application and id under which a PIN is kept."""
    assert chip.application is not None, "a PIN was found, so something is selected"
    return pin.kept_in or (chip.application.name, pin.fid)
