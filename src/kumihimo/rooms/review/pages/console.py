"""The desk in the browser: server-rendered pages, no script, a session for each who signed in.

Nothing of a person stands in an address or a cookie: the record that a page shows is the one that
the session's officer holds.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

import attrs
from litestar import Litestar, Response, get, post
from litestar.exceptions import HTTPException
from litestar.response import Redirect

from kumihimo.kernel.door import Reporter, lawful
from kumihimo.kernel.refusal import Refusal
from kumihimo.pages.engine import LANGUAGES, Language, Pages, style_routes
from kumihimo.pages.forms import Asked, Form, Problem, read, text
from kumihimo.pages.shifts import Officers, Shift, Shifts
from kumihimo.rooms.review.api import Role
from kumihimo.rooms.review.context import Desk
from kumihimo.rooms.review.domain.refusals import RoleNeeded
from kumihimo.rooms.review.pages.telling import told, told_otherwise
from kumihimo.rooms.review.pages.words import word

COOKIE: Final = "kumihimo-review"
BODY_MAX: Final = 64 * 1024  # our choice: a form of the desk is under 2 KiB
SAFETY: Final = "Number Act art. 12"  # safety management of individual numbers
EVERYBODY: Final = (Role.REVIEWER, Role.SUPERVISOR)

Act = Callable[[Shift, Form], Awaitable[str]]
Show = Callable[[Shift, Problem | None, Form], Awaitable[Response[Any]]]


@attrs.frozen(kw_only=True)
class Console:
    """What the pages need. `https`: cookies travel over TLS only."""

    desk: Desk
    officers: Officers
    shifts: Shifts
    pages: Pages
    https: bool

    @classmethod
    def of(cls, desk: Desk, officers: Officers, *, https: bool) -> "Console":
        """Put a console together."""
        return cls(
            desk=desk,
            officers=officers,
            shifts=Shifts(desk.clock, desk.entropy),
            pages=Pages.of("kumihimo.rooms.review.pages"),
            https=https,
        )

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
        """Return a page of this shift; what was typed comes back, but no number."""
        done, shift.done = shift.done, None
        answer = self.pages.render(
            name,
            language=shift.language,
            status=422 if problem else 200,
            officer=shift.officer,
            role=shift.role,
            form_token=shift.form_token,
            problem=problem,
            wrong=partial(_wrong, problem),
            was=partial(text, typed or {}),
            done=done,
            w=partial(word, language=shift.language),
            **context,
        )
        self.remember(answer, shift)
        return answer

    def away(self, shift: Shift, path: str) -> Redirect:
        """Send the browser on; what it asks next is a GET."""
        answer = Redirect(path, status_code=303)
        self.remember(answer, shift)
        return answer

    def remember(self, answer: Response[Any], shift: Shift) -> None:
        """Let the browser know its shift."""
        answer.set_cookie(
            key=COOKIE, value=shift.token, httponly=True, samesite="strict", secure=self.https
        )


def _wrong(problem: Problem | None, field: str) -> str:
    return problem.text if problem is not None and problem.field == field else ""


def page_of(console: Console, path: str, show: Show, *, roles: tuple[Role, ...], says: str) -> Any:  # noqa: ANN401 - a route
    """Return the route that shows a page to these roles."""
    opt = lawful(authority=SAFETY, callers=tuple(role.value for role in roles))

    async def shown(request: Asked) -> Response[Any]:
        shift = console.shift(request)
        stranger = sign_in_first(console, shift, roles)
        return stranger or await show(shift, None, _asked_for(request))

    shown.__doc__ = f"Show: {says}"
    return get(path, name=path.strip("/") or "home", opt=opt)(shown)


def deed_of(
    console: Console, path: str, act: Act, *, roles: tuple[Role, ...], says: str, otherwise: Show
) -> Any:  # noqa: ANN401 - a route
    """Return the route that does what a form asks for; `act` returns where to go.

    What is refused is told on the page that `otherwise` shows.
    """
    opt = lawful(authority=SAFETY, callers=tuple(role.value for role in roles))

    async def sent(request: Asked) -> Response[Any]:
        shift = console.shift(request)
        stranger = sign_in_first(console, shift, roles)
        if stranger is not None:
            return stranger
        form: Form = {}
        try:
            form = await read(request, shift.form_token)
            where = await act(shift, form)
        except Refusal as refusal:
            return await otherwise(shift, told(refusal, shift.language), form)
        return console.away(shift, where)

    sent.__doc__ = f"Do: {says}"
    return post(path, name=f"{path.strip('/')}-sent", opt=opt)(sent)


def sign_in_first(console: Console, shift: Shift, roles: tuple[Role, ...]) -> Redirect | None:
    """Send a stranger to sign in. Raises `RoleNeeded` for who may not open this."""
    if not shift.officer:
        return console.away(shift, "/sign-in")
    if shift.role not in roles:
        raise RoleNeeded
    return None


def _asked_for(request: Asked) -> Form:
    """Return what stands in the address: places in a list, and nothing of a person."""
    return {name: [str(value)] for name, value in request.query_params.items()}


def entrance(console: Console) -> list[Any]:
    """Return the routes of signing in and out, and of the language."""
    opt = lawful(authority="operations: signing in", callers=("anyone",))

    @get("/sign-in", name="sign-in", opt=opt)
    async def sign_in(request: Asked) -> Response[str]:
        """Ask who is there."""
        return console.page(console.shift(request), "sign_in.html")

    @post("/sign-in", name="signed-in", opt=opt)
    async def signed_in(request: Asked) -> Response[Any]:
        """Let an officer in: a new token, and no other session of hers goes on."""
        shift = console.shift(request)
        try:
            form = await read(request, shift.form_token)
            officer = text(form, "officer")
            console.officers.check(officer, text(form, "passcode"))
        except Refusal as refusal:
            return console.page(shift, "sign_in.html", problem=told(refusal, shift.language))
        console.shifts.end(shift)
        console.shifts.end_of(officer)
        fresh = console.shifts.begin(shift.language)
        fresh.officer, fresh.role = officer, console.officers.roles.get(officer, "")
        return console.away(fresh, "/")

    @post("/sign-out", name="sign-out", opt=opt)
    async def sign_out(request: Asked) -> Response[Any]:
        """Let the officer go."""
        shift = console.shift(request)
        await read(request, shift.form_token)
        console.shifts.end(shift)
        return console.away(console.shifts.begin(shift.language), "/sign-in")

    @post("/language", name="language", opt=opt)
    async def language(request: Asked) -> Response[Any]:
        """Change the language of the pages."""
        shift = console.shift(request)
        form = await read(request, shift.form_token)
        wanted: dict[str, Language] = {one: one for one in LANGUAGES}
        shift.language = wanted.get(text(form, "language"), shift.language)
        back = text(form, "back")
        return console.away(shift, back if back in BACK else "/")

    return [sign_in, signed_in, sign_out, language]


BACK: Final = frozenset({"/", "/item", "/queue", "/progress", "/viewings", "/patterns", "/sign-in"})


def application(
    console: Console,
    routes: list[Any],
    report: Reporter,
    **more: Any,  # noqa: ANN401
) -> Litestar:
    """Return the desk's application; `more` goes to the framework."""

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
        report("review-page", error)
        return page(request, told_otherwise(500, console.shift(request).language), 500)

    return Litestar(
        [*entrance(console), *routes, *style_routes()],
        exception_handlers={Refusal: refused, HTTPException: http, Exception: bug},
        openapi_config=None,
        logging_config=None,
        request_max_body_size=BODY_MAX,
        **more,
    )
