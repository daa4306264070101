"""Refusals by name: what the law or a rule foresees, told to the caller as a problem detail.

RFC 9457. A refusal's message says what is wrong, where, and what to do. It never carries
personal data; anything that quotes the caller's input quotes a field name or a position only.
"""

from collections.abc import Iterator
from typing import ClassVar, Final

import msgspec

URN: Final = "urn:kumihimo:"


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem detail (RFC 9457), `application/problem+json`."""

    type: str
    title: str
    status: int
    detail: str = ""
    pointer: str = ""
    retry_after_s: int = 0


class Refusal(Exception):
    """Base of everything a room refuses on purpose.

    `code` is the kebab-case name that clients switch on; `title` is the same sentence for every
    refusal of the class, so that it can be translated; `detail` is for this occasion. What may be
    tried again says after how many seconds (`Retry-After`).
    """

    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "Refused"
    status: ClassVar[int] = 400
    retry_after_s: ClassVar[int] = 0

    def __init__(self, detail: str = "", *, pointer: str = "") -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.pointer = pointer

    def problem(self) -> Problem:
        """Return what the caller is told."""
        return Problem(
            type=f"{URN}{self.code}",
            title=self.title,
            status=self.status,
            detail=self.detail,
            pointer=self.pointer,
            retry_after_s=self.retry_after_s,
        )


def codes() -> frozenset[str]:
    """Return the code of every refusal that the program has, as far as it is imported."""

    def of(kind: type[Refusal]) -> Iterator[str]:
        yield kind.code
        for more in kind.__subclasses__():
            yield from of(more)

    return frozenset(of(Refusal))


class BadInput(Refusal):
    """The caller's input does not have the form asked for."""

    code = "bad-input"
    title = "The input does not have the form asked for"
    status = 400


class NotFound(Refusal):
    """Also the answer to whoever may not know whether it exists."""

    code = "not-found"
    title = "No such record for you"
    status = 404


class NotAuthentic(Refusal):
    """The message is not signed by the one it names, or not for us, or not now."""

    code = "not-authentic"
    title = "The message could not be authenticated"
    status = 401


class TooSlow(Refusal):
    """The request did not arrive whole in time."""

    code = "too-slow"
    title = "The request did not arrive in time; nothing was done"
    status = 408


class NotAllowed(Refusal):
    """The caller is known and may not do this."""

    code = "not-allowed"
    title = "You may not do this"
    status = 403


class Conflict(Refusal):
    """The request contradicts what is already recorded."""

    code = "conflict"
    title = "This contradicts what is already recorded"
    status = 409


class TooMany(Refusal):
    """A limit per office or per queue is reached."""

    code = "too-many"
    title = "Too many requests; try again later"
    status = 429


class Busy(TooMany):
    """The caller has too much under way here; nothing was done."""

    code = "busy"
    title = "Too many of your requests are under way; nothing was done"
    retry_after_s = 1


class Unavailable(Refusal):
    """Another party does not answer; nothing was done."""

    code = "unavailable"
    title = "A party that is needed does not answer; nothing was done"
    status = 503


class Overloaded(Unavailable):
    """The room has too much under way for everybody; nothing was done."""

    code = "overloaded"
    title = "The room has more under way than it takes; nothing was done"
    retry_after_s = 2


class QueueFull(Unavailable):
    """As much waits for another party as may wait; nothing was done."""

    code = "queue-full"
    title = "Too much waits for a party that does not take it; nothing was done"
    retry_after_s = 60


def is_busy(problem: Problem) -> bool:
    """Say whether a room had only too much under way: nothing was done, and no decision made."""
    return problem.type in {f"{URN}{Busy.code}", f"{URN}{Overloaded.code}"}
