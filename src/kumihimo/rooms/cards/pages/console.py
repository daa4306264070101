"""The console of a counter: server-rendered pages on the terminal itself, no script.

The officer acts on a card only while it is in the reader: every page that changes one asks the
chip, and the centre asks it again (`sessions`). Nothing of a person stands in an address, a cookie
or a file; what was typed is forgotten with the answer.
"""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar, Final

import attrs
from litestar import Litestar, Response, get, post
from litestar.exceptions import HTTPException
from litestar.response import Redirect

from kumihimo.card.readers import Reader
from kumihimo.kernel.clock import Clock
from kumihimo.kernel.door import Reporter, lawful
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.refusal import Refusal
from kumihimo.pages.engine import LANGUAGES, Language, Pages, style_routes
from kumihimo.pages.forms import Asked, Form, Problem, read, text, texts
from kumihimo.pages.shifts import Officers, Shift, Shifts
from kumihimo.rooms.cards import api
from kumihimo.rooms.cards.counter import Centre, Counter
from kumihimo.rooms.cards.notes import Notes
from kumihimo.rooms.cards.pages.telling import told, told_otherwise

COOKIE: Final = "kumihimo-counter"
BODY_MAX: Final = 2 * 1024 * 1024


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

    centre: Centre
    reader: Reader
    notes: Notes
    officers: Officers
    shifts: Shifts
    pages: Pages
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
        """Put a console together."""
        return cls(
            centre=centre,
            reader=reader,
            notes=notes,
            officers=officers,
            shifts=Shifts(clock, entropy),
            pages=Pages.of("kumihimo.rooms.cards.pages"),
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

    async def look(self, shift: Shift) -> Seen:
        """Ask the centre about the card in the reader, for a page that shows it."""
        try:
            with self.counter() as counter:
                return Seen(await counter.find(), None)
        except Refusal as refusal:
            return Seen(None, told(refusal, shift.language))

    def shift(self, request: Asked) -> Shift:
        """Return the shift of the browser that asks."""
        return self.shifts.find(request.cookies.get(COOKIE, ""))

    def page(
        self,
        shift: Shift,
        name: str,
        *,
        problem: Problem | None = None,
        typed: Form | None = None,
        **context: object,
    ) -> Response[str]:
        """Return a page of this shift; what was typed comes back, but no number and no secret."""
        typed = typed or {}
        done, shift.done = shift.done, None
        answer = self.pages.render(
            name,
            language=shift.language,
            status=422 if problem else 200,
            officer=shift.officer,
            form_token=shift.form_token,
            card_there=self.reader.there(),
            problem=problem,
            wrong=partial(_wrong, problem),
            done=done,
            was=partial(text, typed),
            were=partial(texts, typed),
            **context,
        )
        answer.set_cookie(key=COOKIE, value=shift.token, httponly=True, samesite="strict")
        return answer


def _wrong(problem: Problem | None, field: str) -> str:
    """Return what is wrong with a field, "" for nothing."""
    return problem.text if problem is not None and problem.field == field else ""


def away(shift: Shift, path: str) -> Redirect:
    """Send the browser on; what it asks next is a GET."""
    answer = Redirect(path, status_code=303)
    answer.set_cookie(key=COOKIE, value=shift.token, httponly=True, samesite="strict")
    return answer


async def same_card(counter: Counter, form: Form) -> api.CardShown:
    """Return the card in the reader if it is the one of the page. Raises `OtherCard`.

    2023: who changed places at a shared terminal got another person's papers.
    """
    card = await counter.find()
    if card.card != text(form, "card"):
        raise OtherCard
    return card


Act = Callable[[Shift, Form], Awaitable[tuple[str, str]]]
Show = Callable[[Shift, Problem | None, Form], Awaitable[Response[Any]]]


def screen(
    console: Console,
    path: str,
    show: Show,
    act: Act,
    *,
    name: str,
    says: str,
    authority: str,
) -> list[Any]:
    """Return the routes of one screen: it is shown, and what is sent is done or refused in place.

    `act` returns where to go and what to say there.
    """
    opt = lawful(authority=authority, callers=("officer at the terminal",))

    async def shown(request: Asked) -> Response[Any]:
        shift = console.shift(request)
        if not shift.officer:
            return away(shift, "/sign-in")
        return await show(shift, None, {})

    async def sent(request: Asked) -> Response[Any]:
        shift = console.shift(request)
        if not shift.officer:
            return away(shift, "/sign-in")
        form: Form = {}
        try:
            form = await read(request, shift.form_token)
            where, what = await act(shift, form)
        except Refusal as refusal:
            return await show(shift, told(refusal, shift.language), form)
        shift.done = (where, what)
        return away(shift, where)

    shown.__doc__, sent.__doc__ = f"Show: {says}", f"Do: {says}"
    return [
        get(path, name=name, operation_id=name, opt=opt)(shown),
        post(path, name=f"{name}-sent", operation_id=f"{name}_sent", opt=opt)(sent),
    ]


def entrance(console: Console) -> list[Any]:
    """Return the routes of signing in and out, of the language, and of the first page."""
    opt = lawful(authority="operations: signing in", callers=("officer at the terminal",))

    @get("/", name="home", opt=opt)
    async def home(request: Asked) -> Response[Any]:
        """Show what can be done."""
        shift = console.shift(request)
        if not shift.officer:
            return away(shift, "/sign-in")
        return console.page(shift, "home.html")

    @get("/sign-in", name="sign-in", opt=opt)
    async def sign_in(request: Asked) -> Response[str]:
        """Ask who is there."""
        return console.page(console.shift(request), "sign_in.html")

    @post("/sign-in", name="signed-in", opt=opt)
    async def signed_in(request: Asked) -> Response[Any]:
        """Let an officer in; the session gets a new token."""
        shift = console.shift(request)
        try:
            form = await read(request, shift.form_token)
            officer = text(form, "officer")
            console.officers.check(officer, text(form, "passcode"))
        except Refusal as refusal:
            problem = told(refusal, shift.language)
            return console.page(shift, "sign_in.html", problem=problem)
        console.shifts.end(shift)
        fresh = console.shifts.begin(shift.language)
        fresh.officer = officer
        return away(fresh, "/")

    @post("/sign-out", name="sign-out", opt=opt)
    async def sign_out(request: Asked) -> Response[Any]:
        """Let the officer go."""
        shift = console.shift(request)
        await read(request, shift.form_token)
        console.shifts.end(shift)
        return away(console.shifts.begin(shift.language), "/sign-in")

    @post("/language", name="language", opt=opt)
    async def language(request: Asked) -> Response[Any]:
        """Change the language of the pages."""
        shift = console.shift(request)
        form = await read(request, shift.form_token)
        wanted: dict[str, Language] = {one: one for one in LANGUAGES}
        shift.language = wanted.get(text(form, "language"), shift.language)
        return away(shift, "/")

    return [home, sign_in, signed_in, sign_out, language]


def application(console: Console, routes: list[Any], report: Reporter) -> Litestar:
    """Return the application of a terminal. It listens on loopback only."""

    def page(request: Asked, problem: Problem, status: int) -> Response[Any]:
        shift = console.shift(request)
        answer = console.page(shift, "problem.html", problem=problem)
        answer.status_code = status
        return answer

    def refused(request: Asked, refusal: Refusal) -> Response[Any]:
        return page(request, told(refusal, console.shift(request).language), refusal.status)

    def http(request: Asked, error: HTTPException) -> Response[Any]:
        status = error.status_code
        return page(request, told_otherwise(status, console.shift(request).language), status)

    def bug(request: Asked, error: Exception) -> Response[Any]:
        report("counter-page", error)
        return page(request, told_otherwise(500, console.shift(request).language), 500)

    return Litestar(
        [*entrance(console), *routes, *style_routes()],
        exception_handlers={Refusal: refused, HTTPException: http, Exception: bug},
        openapi_config=None,
        logging_config=None,
        request_max_body_size=BODY_MAX,
    )
