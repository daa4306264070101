"""At a shared terminal: the card that logged in is watched, and its going ends the session."""

import asyncio
import contextlib
import hashlib
from typing import Final

import attrs

from kumihimo.card.readers import Reader
from kumihimo.kernel.entropy import Entropy
from kumihimo.rooms.portal.helper.portals import Portals

LOOK_EVERY_S: Final = 0.5
TELL_EVERY: Final = 10  # looks: the portal waits four times as long
SECRET_BYTES: Final = 32


@attrs.define
class Watch:
    """What the terminal watches: at most one session, of the card that is in the reader."""

    reader: Reader
    portals: Portals
    entropy: Entropy
    _task: asyncio.Task[None] | None = None

    def begin(self, origin: str) -> str:
        """Watch the card for a new login; returns what its session is known by."""
        self.stop()
        secret = self.entropy.bytes(SECRET_BYTES)
        self._task = asyncio.get_running_loop().create_task(self._watch(origin, secret.hex()))
        return hashlib.sha256(b"kumihimo presence " + secret).hexdigest()

    def stop(self) -> None:
        """Watch no more; the portal ends the session when it hears nothing."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _watch(self, origin: str, secret: str) -> None:
        looks = 0
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(LOOK_EVERY_S)
                if not await asyncio.to_thread(self.reader.there):
                    await self.portals.tell(origin, secret, there=False)
                    return
                looks += 1
                if looks % TELL_EVERY == 0:
                    await self.portals.tell(origin, secret, there=True)
