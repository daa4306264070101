"""The portals that a helper serves, and how it hears what they ask: nobody else's text is signed."""

from collections.abc import Sequence
from typing import ClassVar, Final

import httpx2
import msgspec

from kumihimo.kernel.ids import is_id
from kumihimo.kernel.refusal import NotAllowed, Refusal, Unavailable
from kumihimo.rooms.portal.api import (
    PRESENCE_PATH,
    QUESTION_PATH,
    CardPresence,
    CardQuestion,
    PresenceHeard,
)
from kumihimo.rooms.portal.domain.statements import origin_of

TIMEOUT_S: Final = 10.0
ANSWER_BYTES_MAX: Final = 64 * 1024
_OK: Final = 200


class QuestionOver(Refusal):
    """The portal waits for no such signature, or its time is over."""

    code: ClassVar[str] = "question-over"
    title: ClassVar[str] = "The portal does not wait for this signature"
    status: ClassVar[int] = 410


class Portals:
    """The portals of one helper, by their origins."""

    def __init__(
        self, origins: Sequence[str], *, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self.origins = tuple(origins)
        self._http = httpx2.AsyncClient(transport=transport, timeout=TIMEOUT_S, trust_env=False)

    async def question(self, origin: str, proof: str) -> CardQuestion:
        """Fetch what a portal asks. Raises `NotAllowed`, `QuestionOver`, `Unavailable`.

        The text must name the very origin that it was fetched from: a portal cannot pass another's
        question on.
        """
        if origin not in self.origins:
            raise NotAllowed("this helper serves other portals")
        if not is_id(proof):
            raise QuestionOver
        try:
            answer = await self._http.get(origin + QUESTION_PATH.replace("{proof:str}", proof))
        except httpx2.HTTPError as error:
            raise Unavailable("the portal does not answer") from error
        if answer.status_code != _OK or len(answer.content) > ANSWER_BYTES_MAX:
            raise QuestionOver
        try:
            found = msgspec.json.decode(answer.content, type=CardQuestion)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise QuestionOver from error
        if origin_of(found.text) != origin:
            raise NotAllowed("the text is not this portal's")
        return found

    async def tell(self, origin: str, secret: str, *, there: bool) -> bool:
        """Say whether the card is still there; returns whether the session goes on.

        A portal that does not answer ends it by itself.
        """
        body = msgspec.json.encode(CardPresence(secret=secret, there=there))
        headers = {"content-type": "application/json"}
        try:
            answer = await self._http.post(
                f"{origin}{PRESENCE_PATH}", content=body, headers=headers
            )
            return msgspec.json.decode(answer.content, type=PresenceHeard).goes_on
        except (httpx2.HTTPError, msgspec.DecodeError, UnicodeDecodeError):
            return True

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
