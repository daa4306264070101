"""Puts a chip into a virtual PC/SC slot: vpcd's protocol over a loopback socket.

Each message is two bytes of length (big-endian) and so many bytes; one byte is a control, all else
a command that gets an answer. Reversed, vpcd is the one who connects. Nothing but this machine's
loopback is spoken to. Closing the connection pulls the card out, whatever it is doing.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from threading import Event, Thread
from types import TracebackType
from typing import Final, Protocol, Self

LOOPBACK: Final = "127.0.0.1"
PORT: Final = 0x8C7B  # 35963, vpcd's own; each further slot is at the next port
MESSAGE_MAX: Final = 0xFFFF
_POWER_OFF: Final = b"\x00"
_POWER_ON: Final = b"\x01"
_RESET: Final = b"\x02"
_ATR: Final = b"\x04"
_LENGTH_BYTES: Final = 2
# Asked for the answer to reset once at power-on, and again when the service has told its programs.
_PUBLISHED: Final = 2
_PULLED_IN_S: Final = 10.0

Told = Callable[[bytes, bytes], None]


class Powered(Protocol):
    """What can be in a slot."""

    def power_on(self) -> bytes:
        """Give power; returns the answer to reset."""
        ...

    def reset(self) -> bytes:
        """Reset; returns the answer to reset."""
        ...

    def power_off(self) -> None:
        """Take the power away."""
        ...

    def process(self, command: bytes) -> bytes:
        """Answer one command."""
        ...


class NotLoopback(ValueError):
    """The other side is not on this machine; nothing was said to it."""


class NoReader(ConnectionError):
    """Nobody holds that slot open."""


def connect(slot: int = 0, *, port: int = PORT, host: str = LOOPBACK) -> socket.socket:
    """Connect to a slot that vpcd holds open. Raises `NotLoopback` or `NoReader`."""
    _refuse_others(host)
    try:
        return socket.create_connection((host, port + slot))
    except OSError:
        raise NoReader from None


def accept(listening: socket.socket) -> socket.socket:
    """Wait for a vpcd in reversed mode. Raises `NotLoopback`."""
    _refuse_others(listening.getsockname()[0])
    connection, _ = listening.accept()
    return connection


def listen(slot: int = 0, *, port: int = PORT, host: str = LOOPBACK) -> socket.socket:
    """Open a slot's port for a vpcd in reversed mode. Raises `NotLoopback`, `OSError`."""
    _refuse_others(host)
    return socket.create_server((host, port + slot), backlog=1)


class Inserted:
    """A chip in a slot, from its making until `remove` or until the reader is gone.

    `atr` replaces the chip's own: a contactless reader makes one up. `told` gets each command with
    its answer, after the answer was sent. Raises `NotLoopback`.
    """

    def __init__(
        self,
        chip: Powered,
        connection: socket.socket,
        *,
        atr: bytes | None = None,
        told: Told | None = None,
    ) -> None:
        _refuse_others(connection.getpeername()[0])
        self._chip = chip
        self._connection = connection
        self._atr = atr or chip.power_on()
        chip.power_off()
        self._told = told
        self._polls: int | None = None  # since power-on
        self._seen = Event()
        # Not `Thread.join`: interrupted by Ctrl-C, it takes a thread that still runs for ended.
        self._gone = Event()
        Thread(target=self._serve, daemon=True).start()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the reader is gone; says whether it is."""
        return self._gone.wait(seconds)

    def seen(self, seconds: float) -> bool:
        """Wait until programs can find the card; says whether they can."""
        return self._seen.wait(seconds)

    def remove(self) -> None:
        """Pull the card out. A command that runs may still reach the chip's memory; no answer."""
        with suppress(OSError):  # the reader may have gone first
            self._connection.shutdown(socket.SHUT_RDWR)
        assert self.wait(_PULLED_IN_S), "a chip answers every command in time"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.remove()

    def _serve(self) -> None:
        try:
            with self._connection, suppress(OSError):  # pulled out, or the reader is gone
                while True:
                    self._obey(self._message())
        finally:
            self._chip.power_off()
            self._gone.set()

    def _obey(self, message: bytes) -> None:
        if message == _ATR:
            self._answer(self._atr)
            if self._polls is not None:
                self._polls += 1
                if self._polls >= _PUBLISHED:
                    self._seen.set()
        elif message == _POWER_ON:
            self._chip.power_on()
            self._polls = 0
        elif message == _RESET:
            self._chip.reset()
        elif message == _POWER_OFF:
            self._chip.power_off()
        else:
            answer = self._chip.process(message)
            self._answer(answer)
            if self._told:
                self._told(message, answer)

    def _message(self) -> bytes:
        return self._exactly(int.from_bytes(self._exactly(_LENGTH_BYTES), "big"))

    def _exactly(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            # vpcd sends length and message apart, and the second waits until the first is
            # acknowledged: without this each command takes 40 ms.
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            more = self._connection.recv(size - len(found))
            if not more:
                raise ConnectionResetError
            found += more
        return bytes(found)

    def _answer(self, answer: bytes) -> None:
        assert len(answer) <= MESSAGE_MAX, "no file of a card is that large"
        self._connection.sendall(len(answer).to_bytes(_LENGTH_BYTES, "big") + answer)


def _refuse_others(host: str) -> None:
    """Raise `NotLoopback` unless the address is one of this machine's loopback."""
    try:
        loopback = ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise NotLoopback
