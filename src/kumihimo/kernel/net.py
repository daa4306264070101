"""The client's side of a signed call between parties.

`Net` carries bytes to a party and back; it is the only thing that the demo (in-process), the
service (HTTP) and the simulation (loss, delay, reordering) do differently. `Caller` signs,
sends, and believes an answer only when the party that was asked signed it to this question.
"""

import ssl
from collections.abc import Mapping
from functools import cache
from typing import Protocol, TypeVar

import attrs
import httpx2
import msgspec
from typing_extensions import override

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.fair import FairGate
from kumihimo.kernel.keys import PartyKeys
from kumihimo.kernel.message import KeyBook, Verified, sign_request, verify_answer
from kumihimo.kernel.messenger import Messenger, Questions
from kumihimo.kernel.refusal import (
    BadInput,
    Busy,
    NotAuthentic,
    Problem,
    Refusal,
    TooMany,
    Unavailable,
    is_busy,
)
from kumihimo.kernel.tracing import span
from kumihimo.kernel.wire import decode_strictly

T = TypeVar("T")

CALL_TIMEOUT_S = 30.0
CALLS_EACH = 32  # to one party at once; the rest waits, in turns by consumer
CALLS_MAX = 1_024  # in all: thirty parties that all hang keep none from the others
WAITING_EACH = 2_048
WAITING_MAX = 8_192
_OK = 200
_SERVER_ERROR = 500


@cache
def trusted() -> ssl.SSLContext:
    """Return whom every client of this process trusts behind HTTPS: to read that takes 27 ms."""
    return httpx2.create_ssl_context(trust_env=False)


@attrs.frozen
class Answer:
    """What came back: nothing in it is believed before its signature is checked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Net(Protocol):
    """Carries a message to a party. At most once, in no order, or not at all."""

    async def post(
        self, party: str, path: str, *, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """Deliver and return the answer; raises `Unavailable` when none comes."""
        ...


class HttpNet:
    """HTTP to each party's base address; `routes` maps a party to it."""

    def __init__(
        self,
        routes: Mapping[str, str],
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        timeout_s: float = CALL_TIMEOUT_S,
    ) -> None:
        self._routes = routes
        self._gates: dict[str, FairGate] = {}
        self._timeout_s = timeout_s
        self._questions = Questions(
            transport or Messenger(trusted(), connections=CALLS_MAX), timeout_s=timeout_s
        )

    async def post(
        self, party: str, path: str, *, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """POST to the party's address; raises `Unavailable` for no route or no answer."""
        address = self._routes.get(party)
        if address is None:
            raise Unavailable(f"no address is configured for party {party}")
        gate = self._gate_of(party)
        try:
            await gate.enter()  # whoever is slow keeps none from the others
        except (TimeoutError, Busy) as error:
            raise Unavailable(f"too much waits for party {party}") from error
        try:
            response = await self._questions.ask(
                "POST", address.rstrip("/") + path, headers=headers, body=body
            )
        except httpx2.HTTPError as error:
            raise Unavailable(f"party {party} does not answer") from error
        finally:
            gate.leave()
        return Answer(response.status_code, response.headers, response.content)

    def _gate_of(self, party: str) -> FairGate:
        gate = self._gates.get(party)
        if gate is None:
            gate = self._gates[party] = FairGate(
                CALLS_EACH, each=WAITING_EACH, most=WAITING_MAX, wait_s=self._timeout_s
            )
        return gate

    async def close(self) -> None:
        """Close the connections."""
        await self._questions.close()


class Refused(Refusal):
    """Another party refused, by name. Unless it is `later`, the same message is refused again."""

    def __init__(self, party: str, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.party = party
        self.remote = problem

    @property
    def reason(self) -> str:
        """The other party's refusal code, such as `not-allowed`."""
        return self.remote.type.removeprefix("urn:kumihimo:")

    @property
    def later(self) -> bool:
        """Whether the other party has only too much to do now: nothing is wrong with the message."""
        return self.reason == TooMany.code

    @override
    def problem(self) -> Problem:
        return self.remote


@attrs.frozen
class Caller:
    """One party's voice: signs with its keys, believes only signed answers."""

    keys: PartyKeys
    book: KeyBook
    net: Net
    clock: Clock
    entropy: Entropy

    async def call(
        self, recipient: str, path: str, body: msgspec.Struct, reply: type[T]
    ) -> tuple[T, Verified]:
        """Ask and return the decoded answer with its evidence.

        Raises `Refused` when the recipient refused under its signature, `Unavailable` when no
        answer came, when the recipient had too much under way, or the answer was not authentic
        (whoever sits in between may not make us believe in a refusal).
        """
        encoded = msgspec.json.encode(body)
        return await self.send(recipient, path, encoded, reply)

    async def send(
        self, recipient: str, path: str, body: bytes, reply: type[T]
    ) -> tuple[T, Verified]:
        """As `call`, for bytes that were encoded (and perhaps stored) before."""
        with span(f"call {path}", begins=True):  # to whom, would tell who asks whom
            return await self._send(recipient, path, body, reply)

    async def _send(
        self, recipient: str, path: str, body: bytes, reply: type[T]
    ) -> tuple[T, Verified]:
        question = sign_request(
            self.keys,
            path=path,
            recipient=recipient,
            body=body,
            at=self.clock.now(),
            entropy=self.entropy,
        )
        answer = await self.net.post(recipient, path, headers=question, body=body)
        verified = self._believe(recipient, path, question, answer)
        if answer.status >= _SERVER_ERROR:
            raise Unavailable(f"party {recipient} could not answer")
        if answer.status != _OK:
            problem = _decode(recipient, answer.body, Problem)
            if is_busy(problem):
                raise Unavailable(f"party {recipient} has enough of ours to do now")
            raise Refused(recipient, problem)
        return _decode(recipient, answer.body, reply), verified

    def _believe(
        self, recipient: str, path: str, question: Mapping[str, str], answer: Answer
    ) -> Verified:
        try:
            return verify_answer(
                status=answer.status,
                headers=answer.headers,
                body=answer.body,
                question=question,
                path=path,
                sender=recipient,
                book=self.book,
                now=self.clock.now(),
            )
        except NotAuthentic as error:
            detail = f"party {recipient} gave status {answer.status} without a valid signature"
            raise Unavailable(detail) from error


def _decode(party: str, body: bytes, form: type[T]) -> T:
    try:
        return decode_strictly(body, form)
    except BadInput as error:
        raise Unavailable(f"party {party} answered in a form that is not understood") from error
