"""What passed between a reader and a chip, as lines that tell nothing secret.

A header, lengths and the status word always stand there. Bytes stand there of two things only: what
a SELECT names, and the beginning of a file that the card shows to everybody. PINs, what is signed,
signatures and all other contents are told by their length.
"""

from typing import Final

from kumihimo.card import apdu
from kumihimo.card.apdu import BadLength, Command, Response
from kumihimo.card.files import FREE, Application, Card, File, Records

SHOWN_BYTES: Final = 16
_NAMES: Final = {
    0x20: "VERIFY",
    0x24: "CHANGE PIN",
    0x2A: "SIGN",
    0x2C: "RESET COUNTER",
    0x32: "CHANGE KEY",
    0x46: "GENERATE KEY",
    0x82: "EXTERNAL AUTH",
    0x84: "GET CHALLENGE",
    0x88: "INTERNAL AUTH",
    0xA2: "SET PUBLIC KEY",
    0xA4: "SELECT",
    0xAE: "SET SESSION KEY",
    0xB0: "READ BINARY",
    0xB2: "READ RECORD",
    0xCA: "GET DATA",
    0xD6: "UPDATE BINARY",
}
_WIDTH: Final = max(map(len, _NAMES.values()))
_SELECT: Final = 0xA4
_READS: Final = (0xB0, 0xB2)
_SECURE: Final = 0x0C
_BY_AID: Final = 0x04
_FILE_ID_BYTES: Final = 2
_HEADER: Final = 4
_NO_CLASS: Final = 0x70


class ApduLog:
    """Tells commands and answers of one chip; follows what is selected to know what is public."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self._application: Application | None = None
        self._current: int | None = None

    def line(self, command: bytes, answer: bytes) -> str:
        """Return one line, without a line break."""
        response = Response.parse(answer)
        if len(command) < _HEADER or command[0] & _NO_CLASS:
            # Perhaps a PIN that somebody sent bare: digits and letters are no class.
            return f"{'?':{_WIDTH}} ({len(command)} bytes) → {response.status:04X}"
        header = command[:_HEADER].hex().upper()
        name = _NAMES.get(command[1], "?")
        try:
            parsed = Command.parse(command)
        except BadLength:
            sent, back = f"({len(command) - _HEADER} bytes)", ""
        else:
            self._follow(parsed, response.status)
            sent, back = _sent(parsed), self._back(parsed, response.data)
        told = " ".join(part for part in (f"{name:{_WIDTH}}", header, sent) if part)
        return f"{told} → {response.status:04X}{back}"

    def _follow(self, command: Command, status: int) -> None:
        if status != apdu.OK:
            return
        if command.ins == _SELECT and command.p1 == _BY_AID:
            found = (one for one in self._card.applications if one.aid == command.data)
            self._application = next(found, None)
            self._current = None
        elif command.ins == _SELECT and len(command.data) == _FILE_ID_BYTES:
            self._current = int.from_bytes(command.data, "big")
        elif command.ins in _READS and (sfi := _short_id(command)):
            self._current = sfi

    def _back(self, command: Command, data: bytes) -> str:
        if not data:
            return ""
        if command.ins not in _READS or command.cla & _SECURE or not self._public():
            return f" ({len(data)} bytes)"
        more = "…" if len(data) > SHOWN_BYTES else ""
        return f" {data[:SHOWN_BYTES].hex().upper()}{more} ({len(data)} bytes)"

    def _public(self) -> bool:
        if self._application is None or self._current is None:
            return False
        entry = self._application.entries.get(self._current)
        return isinstance(entry, File | Records) and entry.read is FREE


def _short_id(command: Command) -> int:
    if command.ins == _READS[0]:
        return command.p1 & 0x1F if command.p1 & 0x80 else 0
    return command.p2 >> 3


def _sent(command: Command) -> str:
    if not command.data:
        return ""
    return command.data.hex().upper() if command.ins == _SELECT else f"({len(command.data)} bytes)"
