"""READ BINARY and READ RECORD."""

from typing import Final

from kumihimo.card import apdu
from kumihimo.card.apdu import Command, Declined, Response
from kumihimo.card.files import File, Records
from kumihimo.card.running import Running

_BY_SFI: Final = 0x80
_SFI: Final = 0x1F
_ONE: Final = 4
_FROM_HERE: Final = 5


def read_binary(chip: Running, command: Command) -> Response:
    """READ BINARY of the current file, or of the one whose SFI stands in P1."""
    if command.data or command.le is None:
        raise Declined(apdu.WRONG_LENGTH)
    return binary(chip, command.p1, command.p2, command.le)


def binary(chip: Running, p1: int, p2: int, most: int) -> Response:
    """Return at most so many bytes from where P1 and P2 point."""
    if p1 & _BY_SFI:
        _by_sfi(chip, p1 ^ _BY_SFI)
        offset = p2
    else:
        offset = p1 << 8 | p2
    content = _content(chip, File)
    if offset >= len(content):
        # Also at the very end: an empty 9000 would let a reader loop for ever.
        raise Declined(apdu.OUT_OF_RANGE)
    found = content[offset : offset + most]
    # 256 and 65536 stand for "all there is": a whole answer is no short one.
    short = len(found) < most not in {apdu.SHORT_MAX, apdu.EXTENDED_MAX}
    return Response(found, chip.switches.eof_sw if short else apdu.OK)


def read_record(chip: Running, command: Command) -> bytes:
    """READ RECORD: one by its number, or all from it to the last."""
    if command.data or command.le is None:
        raise Declined(apdu.WRONG_LENGTH)
    mode = command.p2 & 7
    if mode not in {_ONE, _FROM_HERE}:
        raise Declined(apdu.NO_FUNCTION)
    if command.p2 >> 3:
        _by_sfi(chip, command.p2 >> 3)
    found = records(_content(chip, Records))[max(command.p1 - 1, 0) :]
    if not found or not command.p1:
        raise Declined(apdu.NO_RECORD)
    answer = found[0] if mode == _ONE else b"".join(found)
    if len(answer) > command.le:
        raise Declined(apdu.WRONG_LENGTH)
    return answer


def records(content: bytes) -> list[bytes]:
    """Split the records of a file: a tag, a length of one byte (all ours are short), a value."""
    found: list[bytes] = []
    while content:
        end = 2 + content[1]
        found.append(content[:end])
        content = content[end:]
    return found


def _by_sfi(chip: Running, sfi: int) -> None:
    if not 0 < sfi < _SFI:
        raise Declined(apdu.WRONG_PARAMETERS)
    if not chip.exists(sfi):
        raise Declined(apdu.NO_FILE)
    chip.current = sfi


def _content(chip: Running, kind: type[File | Records]) -> bytes:
    entry = None if chip.current is None else chip.entry(chip.current)
    if entry is None:
        raise Declined(apdu.NO_CURRENT_FILE)
    if not isinstance(entry, kind):
        raise Declined(apdu.WRONG_FILE_TYPE)
    if not chip.open_to(entry.read):
        raise Declined(apdu.SECURITY)
    return chip.read_slot(entry.fid) or b""
