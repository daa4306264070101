"""The chip: commands in, answers out. Whatever comes, it answers; it never raises.

`power_on` and `reset` give the answer to reset of a contact reader. Everything that outlives a
loss of power is in the memory; everything else is lost by `reset` and `power_off`.
"""

from collections.abc import Callable, Mapping
from typing import Final

from kumihimo.card import (
    administration,
    apdu,
    messaging,
    pins,
    reading,
    selecting,
    signing,
    terminals,
)
from kumihimo.card.apdu import BadLength, Command, Declined, Response
from kumihimo.card.files import Card
from kumihimo.card.holding import draw_key
from kumihimo.card.memory import Memory, MemoryFailed
from kumihimo.card.running import Draw, Running
from kumihimo.card.selecting import CONTACT_ATR
from kumihimo.card.switches import Switches
from kumihimo.kernel.entropy import Entropy

Handler = Callable[[Running, Command], bytes | Response]

_CHANNEL: Final = 0x03
_SECURE: Final = 0x0C
_OWN: Final = 0x80

_INTERINDUSTRY: Final[Mapping[int, Handler]] = {
    0x20: pins.verify,
    0x24: pins.change,
    0x2C: administration.reset_retry_counter,
    0x82: terminals.external_authenticate,
    0x84: signing.get_challenge,
    0x88: signing.internal_authenticate,
    0xA4: selecting.select,
    0xB0: reading.read_binary,
    0xB2: reading.read_record,
    0xCA: selecting.get_data,
    0xD6: administration.update_binary,
    0xDC: administration.update_record,
}
_PROPRIETARY: Final[Mapping[int, Handler]] = {
    0x2A: signing.compute_signature,
    0x32: pins.change,
    0x46: administration.generate_key_pair,
    0xA2: terminals.set_public_ic_key,
    0xAE: messaging.set_session_key,
}


class Chip:
    """One card's chip over its memory."""

    def __init__(
        self,
        card: Card,
        memory: Memory,
        *,
        entropy: Entropy,
        switches: Switches | None = None,
        draw: Draw = draw_key,
    ) -> None:
        self._running = Running(
            card, memory, entropy=entropy, switches=switches or Switches(), draw=draw
        )

    def power_on(self) -> bytes:
        """Give power; returns the answer to reset."""
        return self.reset()

    def reset(self) -> bytes:
        """Reset, warm or cold; returns the answer to reset."""
        self.power_off()
        return CONTACT_ATR

    def power_off(self) -> None:
        """Take the power away: selection, security states, session and challenge are lost."""
        self._running.application = None
        self._running.forget()

    def process(self, command: bytes) -> bytes:
        """Answer one command."""
        try:
            return self._answer(Command.parse(command)).encode()
        except BadLength:
            return Response(b"", apdu.WRONG_LENGTH).encode()
        except Declined as declined:
            return Response(b"", declined.status).encode()
        except MemoryFailed:
            return Response(b"", apdu.MEMORY_FAILED).encode()

    def _answer(self, command: Command) -> Response:
        if command.cla & ~(_CHANNEL | _SECURE | _OWN):
            raise Declined(apdu.NO_CLASS)
        if command.cla & _CHANNEL:
            raise Declined(apdu.NO_CHANNEL)
        if command.cla & _SECURE:
            return messaging.secured(self._running, command)
        handlers = _PROPRIETARY if command.cla & _OWN else _INTERINDUSTRY
        handler = handlers.get(command.ins)
        if handler is None:
            raise Declined(apdu.NO_INSTRUCTION)
        answer = handler(self._running, command)
        return answer if isinstance(answer, Response) else Response(answer, apdu.OK)
