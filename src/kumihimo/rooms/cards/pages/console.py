"""The console of a counter: server-rendered pages on the terminal itself, no script.

The officer acts on a card only while it is in the reader: every page that changes one asks the
chip, and the centre asks it again (`sessions`). Nothing of a person stands in an address, a cookie
or a file; what was typed is forgotten with the answer.
"""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, ClassVar, Final

import attrs
from litestar import Litestar

from kumihimo.card.readers import Reader
from kumihimo.kernel.clock import Clock
from kumihimo.kernel.door import Reporter
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.refusal import Refusal
from kumihimo.pages.engine import Pages
from kumihimo.pages.forms import Form, Problem, text
from kumihimo.pages.front import Admitted, Entrance, Front, Show
from kumihimo.pages.officers import MemoryTries, Officers, Porter
from kumihimo.pages.visits import MemoryVisits, Visit
from kumihimo.rooms.cards import api
from kumihimo.rooms.cards.counter import Centre, Counter
from kumihimo.rooms.cards.notes import Notes
from kumihimo.rooms.cards.pages.telling import told, told_otherwise

BODY_MAX: Final = 2 * 1024 * 1024  # a photo is in one form
OFFICER: Final = ("officer at the terminal",)
SIGNED_IN: Final = Admitted("operations: signing in", OFFICER)
ENTERING: Final = attrs.evolve(SIGNED_IN, strangers=True)


class OtherCard(Refusal):
    """The card in the reader is not the one that the page showed to the officer."""

    code: ClassVar[str] = "other-card"
    title: ClassVar[str] = "Another card is in the reader than the page shows"
    status: ClassVar[int] = 409


@attrs.frozen
class Seen:
    """The card in the reader as the centre knows it, or why there is nothing to show."""

    card: api.CardShown | None
    problem: Problem | None


@attrs.frozen(kw_only=True)
class Console:
    """What the pages need."""

    front: Front
    centre: Centre
    reader: Reader
    notes: Notes
    porter: Porter
    entropy: Entropy
    terminal: str

    @classmethod
    def of(
        cls,
        *,
        centre: Centre,
        reader: Reader,
        notes: Notes,
        officers: Officers,
        clock: Clock,
        entropy: Entropy,
        terminal: str,
    ) -> "Console":
        """Put a console together. It is of one terminal: who is signed in is in its memory."""
        front = Front(
            name="counter",
            pages=Pages.of("kumihimo.rooms.cards.pages"),
            visits=MemoryVisits(clock),
            entropy=entropy,
            told=told,
            told_of_http=told_otherwise,
            more=lambda _: {"card_there": reader.there()},
        )
        return cls(
            front=front,
            centre=centre,
            reader=reader,
            notes=notes,
            porter=Porter(officers, MemoryTries(clock)),
            entropy=entropy,
            terminal=terminal,
        )

    @contextmanager
    def counter(self) -> Generator[Counter]:
        """Return the counter with the card that is in the reader, which is its own until the end.

        Raises what `Reader.card` raises.
        """
        with self.reader.card() as transmit:
            yield Counter(
                centre=self.centre,
                transmit=transmit,
                notes=self.notes,
                entropy=self.entropy,
                name=self.terminal,
            )

    async def look(self, visit: Visit) -> Seen:
        """Ask the centre about the card in the reader, for a page that shows it."""
        try:
            with self.counter() as counter:
                return Seen(await counter.find(), None)
        except Refusal as refusal:
            return Seen(None, told(refusal, visit.language))


async def same_card(counter: Counter, form: Form) -> api.CardShown:
    """Return the card in the reader if it is the one of the page. Raises `OtherCard`.

    2023: who changed places at a shared terminal got another person's papers.
    """
    card = await counter.find()
    if card.card != text(form, "card"):
        raise OtherCard
    return card


Act = Callable[[Visit, Form], Awaitable[tuple[str, str]]]


def screen(
    console: Console, path: str, show: Show, act: Act, *, says: str, authority: str
) -> list[Any]:
    """Return the routes of one screen: it is shown, and what is sent is done or refused in place.

    `act` returns where to go and what to say there.
    """
    admitted = Admitted(authority, OFFICER)

    async def done(visit: Visit, form: Form) -> str:
        visit.done = await act(visit, form)
        where, _ = visit.done
        return where

    return [
        console.front.page_route(path, show, admitted=admitted, says=says),
        console.front.deed_route(path, done, admitted=admitted, says=says, otherwise=show),
    ]


def application(console: Console, routes: list[Any], report: Reporter) -> Litestar:
    """Return the application of a terminal. It listens on loopback only."""
    entrance = Entrance("officer_sign_in.html", console.porter.signed_in, ENTERING)
    return console.front.application(routes, entrance=entrance, report=report, body_max=BODY_MAX)
