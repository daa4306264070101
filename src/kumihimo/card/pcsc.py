"""PC/SC card readers of this machine, through Debian's `libpcsclite` and the service behind it.

The library is called as it is: pyscard comes without a wheel for Linux and would need SWIG and
headers at set-up, for the seven calls that a terminal makes. The service is found where the library
finds it, by its socket or by the one that `PCSCLITE_CSOCK_NAME` names.
"""

import ctypes
from collections.abc import Generator
from contextlib import contextmanager
from ctypes import POINTER, Structure, byref, c_char_p, c_long, c_ubyte, c_ulong, c_void_p
from functools import cache
from typing import Final

import attrs

from kumihimo.card.keeping import CardInUse
from kumihimo.card.readers import CardGone, NoCard, NoReader
from kumihimo.card.terminal import Transmit
from kumihimo.kernel.refusal import BadInput

LIBRARY: Final = "libpcsclite.so.1"
ANSWER_MAX: Final = 0x10000 + 2  # an extended answer and its status word
_NAMES_MAX: Final = 16 * 1024
_ATR_BYTES: Final = 33
_SYSTEM: Final = 2
_EXCLUSIVE: Final = 1
_ANY_PROTOCOL: Final = 3  # T=0 or T=1
_LEAVE: Final = 0
_RESET: Final = 1
_STATUS_BYTES: Final = 2
_PRESENT: Final = 0x20
_WORD: Final = 0xFFFFFFFF
_DONE: Final = 0
_SHARING: Final = 0x8010000B
_NO_CARD: Final = {0x8010000C, 0x80100066, 0x80100067, 0x80100069}  # none, mute, no power, removed
_NOBODY: Final = {0x8010001D, 0x8010001E, 0x8010002E}  # no service, it stopped, it has no reader


class _State(Structure):
    _fields_ = (
        ("reader", c_char_p),
        ("user_data", c_void_p),
        ("current", c_ulong),
        ("event", c_ulong),
        ("atr_bytes", c_ulong),
        ("atr", c_ubyte * _ATR_BYTES),
    )


class _Protocol(Structure):
    _fields_ = (("protocol", c_ulong), ("length", c_ulong))


@cache
def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError:
        raise NoReader("no PC/SC on this machine: sudo apt-get install -y pcscd") from None
    words = POINTER(c_ulong)
    forms: dict[str, tuple[object, ...]] = {
        "SCardEstablishContext": (c_ulong, c_void_p, c_void_p, POINTER(c_long)),
        "SCardReleaseContext": (c_long,),
        "SCardListReaders": (c_long, c_char_p, c_char_p, words),
        "SCardGetStatusChange": (c_long, c_ulong, POINTER(_State), c_ulong),
        "SCardConnect": (c_long, c_char_p, c_ulong, c_ulong, POINTER(c_long), words),
        "SCardDisconnect": (c_long, c_ulong),
        "SCardTransmit": (
            c_long, POINTER(_Protocol), c_char_p, c_ulong, c_void_p, c_char_p, words,
        ),
    }  # fmt: skip
    for name, arguments in forms.items():
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, c_long
    return library


def _call(name: str, *arguments: object) -> int:
    """Call the library; returns the word that it answers, 0 for done."""
    return int(getattr(_library(), name)(*arguments)) & _WORD


@contextmanager
def _context() -> Generator[c_long]:
    """Hold a line to the service. Raises `NoReader` when nobody is there."""
    context = c_long()
    word = _call("SCardEstablishContext", _SYSTEM, None, None, byref(context))
    if word != _DONE:
        raise NoReader("the PC/SC service does not answer: is pcscd running?")
    try:
        yield context
    finally:
        _call("SCardReleaseContext", context)


def readers() -> list[str]:
    """Return the names of the readers of this machine. Raises `NoReader` without a service."""
    with _context() as context:
        names, size = ctypes.create_string_buffer(_NAMES_MAX), c_ulong(_NAMES_MAX)
        word = _call("SCardListReaders", context, None, names, byref(size))
    if word in _NOBODY:
        return []
    if word != _DONE:
        raise NoReader(f"the PC/SC service answered {word:08X}")
    return [one.decode("utf-8", "replace") for one in names.raw[: size.value].split(b"\0") if one]


@attrs.frozen
class PcscReader:
    """One PC/SC reader, by its name."""

    name: str

    @classmethod
    def named(cls, words: str) -> "PcscReader":
        """Return the reader of that name, or the one whose name holds these words.

        Raises `NoReader` when there is none, `BadInput` when the words fit more than one.
        """
        known = readers()
        found = [one for one in known if one == words] or [one for one in known if words in one]
        if not found:
            there = "; ".join(known) or "none"
            raise NoReader(f"no reader of that name; there are: {there}")
        if len(found) > 1:
            raise BadInput(f"more than one reader: {'; '.join(found)}", pointer="reader")
        return cls(found[0])

    def there(self) -> bool:
        """Say whether a card is in the reader; no when the reader or the service is gone."""
        state = _State(reader=self.name.encode())
        try:
            with _context() as context:
                word = _call("SCardGetStatusChange", context, 0, byref(state), 1)
        except NoReader:
            return False
        return word == _DONE and bool(state.event & _PRESENT)

    @contextmanager
    def card(self) -> Generator[Transmit]:
        """Connect alone; the chip is reset at the end. See `Reader.card`."""
        with _context() as context:
            handle, protocol = c_long(), c_ulong()
            word = _call(
                "SCardConnect", context, self.name.encode(), _EXCLUSIVE, _ANY_PROTOCOL,
                byref(handle), byref(protocol),
            )  # fmt: skip
            if word in _NO_CARD:
                raise NoCard
            if word == _SHARING:
                raise CardInUse(self.name)
            if word != _DONE:
                raise NoReader(f"the PC/SC service answered {word:08X}")
            line = _Line(handle, protocol.value)
            try:
                yield line.transmit
            finally:
                # Measured with pcscd 1.9.9: who resets a card that is gone makes the service blind
                # for the next one, until that is pulled out again.
                _call("SCardDisconnect", handle, _LEAVE if line.gone else _RESET)


@attrs.define
class _Line:
    """The line to a connected card, until the card is gone."""

    handle: c_long
    protocol: int
    gone: bool = False

    def transmit(self, command: bytes) -> bytes:
        """Send one command. Raises `CardGone`."""
        sent = _Protocol(protocol=self.protocol, length=ctypes.sizeof(_Protocol))
        answer, size = ctypes.create_string_buffer(ANSWER_MAX), c_ulong(ANSWER_MAX)
        word = _call(
            "SCardTransmit", self.handle, byref(sent), command, len(command), None, answer,
            byref(size),
        )  # fmt: skip
        # A card that goes in the middle can leave an answer without even a status word.
        if self.gone or word != _DONE or size.value < _STATUS_BYTES:
            self.gone = True
            raise CardGone
        return answer.raw[: size.value]
