"""Who is at the pages: one visit of a browser each, known by a token that only its cookie has.

A stranger's visit is written down nowhere: its form token follows from its own token, its language
stands in a cookie. So nobody can fill a store, or push others out of it, by opening pages.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Final, Protocol

import attrs

from kumihimo.kernel.clock import Clock
from kumihimo.pages.engine import LANGUAGES, Language

VISIT_FOR: Final = timedelta(
    minutes=15
)  # our choice: without a request, whoever was there has left
VISITS_MAX: Final = 1000  # our choice: of one process that keeps them in memory


@attrs.frozen
class Known:
    """Who somebody turned out to be, and as what: `role` is of pages that tell roles apart."""

    who: str
    role: str = ""


@attrs.define
class Visit:
    """One browser. `kept` is what its pages remember of the work that was begun.

    `who` is "" for a stranger. `begun` says that a store has the visit. `source` is the address that
    the browser asks from, and `shown` the cookies that it has: its token and its language. `stored` is
    what it kept when a database gave it out.
    """

    token: str = attrs.field(repr=False)
    who: str = ""
    role: str = ""
    language: Language = LANGUAGES[0]
    kept: dict[str, str] = attrs.field(factory=dict[str, str], repr=False)
    done: tuple[str, str] | None = None
    begun: bool = False
    source: str = attrs.field(default="", repr=False)
    shown: tuple[str, str] = attrs.field(default=("", ""), repr=False)
    stored: bytes = attrs.field(default=b"", repr=False)

    @property
    def form_token(self) -> str:
        """What the visit's own pages put into their forms; another site cannot know it."""
        return hashlib.sha256(b"kumihimo form " + self.token.encode()).hexdigest()

    def becomes(self, token: str, known: Known = Known("")) -> None:
        """Be somebody else's visit from now on, under a new token and with nothing kept."""
        self.token, self.who, self.role = token, known.who, known.role
        self.kept, self.done, self.begun, self.stored = {}, None, False, b""


class Visits(Protocol):
    """Where visits are kept that have something to keep. A visit ends `VISIT_FOR` after its last find."""

    async def find(self, token: str) -> Visit | None:
        """Return a visit that goes on, and let it go on."""
        ...

    async def begin(self, visit: Visit) -> None:
        """Write a new visit down."""
        ...

    async def keep(self, visit: Visit) -> None:
        """Write down what changed; one that was ended meanwhile stays so."""
        ...

    async def end(self, token: str) -> None:
        """End a visit."""
        ...

    async def end_of(self, who: str) -> None:
        """End every visit of somebody."""
        ...


@attrs.define
class MemoryVisits:
    """Visits in the memory of one process: when it is ended, nobody is signed in."""

    clock: Clock
    most: int = VISITS_MAX
    _open: dict[str, tuple[Visit, datetime]] = attrs.field(
        factory=dict[str, tuple[Visit, datetime]]
    )

    async def find(self, token: str) -> Visit | None:
        """Return a copy of a visit that goes on."""
        self._forget()
        if token not in self._open:
            return None
        visit, _ = self._open[token]
        self._open[token] = visit, self._until()
        return _copy(visit)

    async def begin(self, visit: Visit) -> None:
        """Write a new visit down; a stranger's goes first when there are too many."""
        self._forget()
        if len(self._open) >= self.most:
            del self._open[min(self._open, key=self._worth)]
        self._open[visit.token] = _copy(visit), self._until()

    async def keep(self, visit: Visit) -> None:
        """Write down what changed."""
        if visit.token in self._open:
            self._open[visit.token] = _copy(visit), self._until()

    async def end(self, token: str) -> None:
        """End a visit."""
        self._open.pop(token, None)

    async def end_of(self, who: str) -> None:
        """End every visit of somebody."""
        self._open = {token: one for token, one in self._open.items() if one[0].who != who}

    def _worth(self, token: str) -> tuple[bool, datetime]:
        visit, until = self._open[token]
        return bool(visit.who), until

    def _until(self) -> datetime:
        return self.clock.now() + VISIT_FOR

    def _forget(self) -> None:
        now = self.clock.now()
        self._open = {token: one for token, one in self._open.items() if one[1] > now}


def _copy(visit: Visit) -> Visit:
    return attrs.evolve(visit, kept=dict(visit.kept), begun=True)
