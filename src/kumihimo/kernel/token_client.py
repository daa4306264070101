"""The caller's side of a bearer door: for programs that are no party and sign nothing."""

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Self, TypeVar

import httpx2
import msgspec

from kumihimo.kernel.net import Refused, trusted
from kumihimo.kernel.refusal import Problem, Unavailable, is_busy
from kumihimo.kernel.tracing import span
from kumihimo.kernel.withheld import Withheld

T = TypeVar("T")

TIMEOUT_S: Final = 60.0
TRIES: Final = 5  # at a room that is busy: ten seconds of waiting where it says one
JSON: Final = "application/json"
_SUCCESS: Final = range(200, 300)


class TokenClient:
    """Calls one room with a token, synchronously. Raises `Refused`, `Unavailable`.

    `room` is the room's name in what is raised. A room that is busy has done nothing: it is asked
    again after the time that it says, ever more rarely, and is `Unavailable` in the end. `wait` lets
    so many seconds pass.
    """

    def __init__(
        self,
        room: str,
        address: str,
        token: Withheld[str] | str,
        *,
        transport: httpx2.BaseTransport | None = None,
        timeout_s: float = TIMEOUT_S,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._wait = wait
        secret = token.reveal() if isinstance(token, Withheld) else token
        self._room = room
        self._http = httpx2.Client(
            base_url=address,
            headers={"authorization": f"Bearer {secret}"},
            verify=trusted(),
            transport=transport,
            timeout=timeout_s,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _post(self, path: str, body: msgspec.Struct, reply: type[T]) -> T:
        return self._decode(self._exchange("POST", path, msgspec.json.encode(body)), reply)

    def _send(self, path: str, body: msgspec.Struct) -> None:
        self._exchange("POST", path, msgspec.json.encode(body))

    def _exchange(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        content_type: str = JSON,
        params: Mapping[str, str] | None = None,
    ) -> bytes:
        with span(f"call {self._room}", begins=True):
            return self._insist(method, path, body, {"content-type": content_type}, params)

    def _insist(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
    ) -> bytes:
        for tried in range(1, TRIES + 1):
            try:
                response = self._http.request(
                    method, path, content=body, params=params, headers=headers
                )
            except httpx2.HTTPError as error:
                raise Unavailable(f"{self._room} does not answer") from error
            if response.status_code in _SUCCESS:
                return response.content
            problem = self._decode(response.content, Problem)
            if not is_busy(problem):
                raise Refused(self._room, problem)
            if tried < TRIES:
                self._wait(problem.retry_after_s * tried)
        raise Unavailable(f"{self._room} has too much to do now")

    def _decode(self, body: bytes, reply: type[T]) -> T:
        try:
            return msgspec.json.decode(body, type=reply)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            said = f"{self._room} answered in a form that is not understood"
            raise Unavailable(said) from error
