"""The front of every room that has pages: who is there, in which language, and what the answer says.

Signing in and out, sessions, the language, forms that only our own pages can send, security
headers, cookies and pages of errors are here once, for staff and for citizens alike. A room brings
its templates (`frame.html` is the one around all), its words for refusals, and how it knows people.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import attrs
from litestar import Litestar, Response
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from kumihimo.kernel.door import Reporter, lawful
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.ids import ID_LENGTH, is_id, new_id
from kumihimo.kernel.metrics import MeasuredDoors, Meter, metered
from kumihimo.kernel.refusal import NotAllowed, Refusal
from kumihimo.kernel.routes import get, of_one_room, post
from kumihimo.pages.engine import LANGUAGES, Language, Pages, style_routes
from kumihimo.pages.forms import Asked, Form, Problem, read, text, texts
from kumihimo.pages.visits import Known, Visit, Visits

LANGUAGE_COOKIE: Final = "kumihimo-language"
_LANGUAGE: Final[dict[str, Language]] = {one: one for one in LANGUAGES}
BODY_MAX: Final = 64 * 1024  # our choice: a form without a photo is under 2 KiB
SIGN_IN: Final = "/sign-in"
OVER: Final = f"{SIGN_IN}?over=yes"
HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
        " frame-ancestors 'none'; base-uri 'none'"
    ),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
_STRICT_TRANSPORT: Final = {"strict-transport-security": "max-age=63072000"}  # two years

Show = Callable[[Visit, Problem | None, Form], Awaitable[Response[Any]]]
Act = Callable[[Visit, Form], Awaitable[str]]


class RoleNeeded(NotAllowed):
    """The page is for another role."""

    code = "role-needed"
    title = "Your role does not open this page"


@attrs.frozen
class Admitted:
    """Who may open a page, and under which law. No `roles`: whoever is signed in."""

    authority: str
    callers: tuple[str, ...]
    roles: tuple[str, ...] = ()
    strangers: bool = False

    def opt(self) -> dict[str, Any]:
        """Return what the route says of it."""
        return lawful(authority=self.authority, callers=self.callers)


ANYONE: Final = Admitted("operations: signing in", ("anyone",), strangers=True)


@attrs.frozen
class Entrance:
    """How somebody is let in: the page that asks, and who the form shows her to be.

    `check` raises a refusal unless it knows her. A room whose people come in by more than one form
    has routes of its own for that, and calls `Front.let_in`. `headers` are of that page alone.
    """

    template: str
    check: Callable[[Visit, Form], Awaitable[Known]]
    admitted: Admitted = ANYONE
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])


def nothing_more(_: Visit) -> Mapping[str, object]:
    """Give templates nothing more."""
    return {}


@attrs.frozen(kw_only=True)
class Front:
    """What is the same in front of every room's pages.

    `name` is in the cookie and in reports of bugs. `told` and `told_of_http` say what a refusal of
    ours, or a status of HTTP, means to who sits there. `more` gives templates what every page of
    the room shows. `https`: browsers come over TLS, and nothing travels without it.
    """

    name: str
    pages: Pages
    visits: Visits
    entropy: Entropy
    told: Callable[[Refusal, Language], Problem]
    told_of_http: Callable[[int, Language], Problem]
    more: Callable[[Visit], Mapping[str, object]] = nothing_more
    https: bool = False

    @property
    def cookie(self) -> str:
        """The name of the cookie; over TLS no other host can have set one of this name."""
        return f"{'__Host-' if self.https else ''}kumihimo-{self.name}"

    async def visit(self, request: Asked) -> Visit:
        """Return the visit of the browser that asks: a stranger's when no other goes on."""
        stranger = self._stranger(request)
        found = await self.visits.find(stranger.token) if self._token(request) else None
        visit = stranger if found is None else found
        visit.language, visit.source = stranger.language, stranger.source
        visit.shown = stranger.shown
        request.state.visit = visit
        return visit

    async def let_in(self, visit: Visit, known: Known) -> None:
        """Make it the visit of somebody: a new token, and no other visit of hers goes on."""
        await self.let_out(visit)
        await self.visits.end_of(known.who)
        visit.becomes(visit.token, known)
        await self.visits.begin(visit)
        visit.begun = True

    async def let_out(self, visit: Visit) -> None:
        """End a visit; the browser goes on as a stranger under a new token."""
        await self.visits.end(visit.token)
        visit.becomes(self._new_token())

    def page(
        self,
        visit: Visit,
        name: str,
        *,
        problem: Problem | None = None,
        typed: Form | None = None,
        **context: object,
    ) -> Response[str]:
        """Return a page; templates choose which of what was typed comes back."""
        done, visit.done = visit.done, None
        return self.pages.render(
            name,
            language=visit.language,
            status=422 if problem else 200,
            who=visit.who,
            role=visit.role,
            form_token=visit.form_token,
            problem=problem,
            wrong=partial(_wrong, problem),
            was=partial(text, typed or {}),
            were=partial(texts, typed or {}),
            done=done,
            **self.more(visit),
            **context,
        )

    def page_route(
        self,
        path: str,
        show: Show,
        *,
        admitted: Admitted,
        says: str,
        places: tuple[str, ...] = (),
    ) -> Any:  # noqa: ANN401 - a route
        """Return the route that shows a page to whom it is for; others are asked who they are.

        `places` may stand in its address: where a list goes on, and nothing of a person.
        """

        async def shown(request: Asked) -> Response[Any]:
            visit = await self.visit(request)
            asked = {name: [request.query_params.get(name, "")] for name in places}
            answer = _not_for(visit, admitted) or await show(visit, None, asked)
            return await self.remember(answer, visit)

        shown.__doc__ = f"Show: {says}"
        return get(path, name=path.strip("/") or "home", opt=admitted.opt())(shown)

    def deed_route(
        self, path: str, act: Act, *, admitted: Admitted, says: str, otherwise: Show
    ) -> Any:  # noqa: ANN401 - a route
        """Return the route that does what a form asks for; `act` returns where to go.

        What is refused is told on the page that `otherwise` shows.
        """

        async def sent(request: Asked) -> Response[Any]:
            visit = await self.visit(request)
            answer = _not_for(visit, admitted, sent=True)
            answer = answer or await self._do(request, visit, act, otherwise)
            return await self.remember(answer, visit)

        sent.__doc__ = f"Do: {says}"
        return post(path, name=f"{path.strip('/') or 'home'}-sent", opt=admitted.opt())(sent)

    def application(
        self,
        routes: Sequence[HTTPRouteHandler],
        *,
        entrance: Entrance,
        report: Reporter,
        body_max: int = BODY_MAX,
        **more: Any,  # noqa: ANN401
    ) -> Litestar:
        """Return the room's application; `more` goes to the framework."""
        headers = HEADERS | (_STRICT_TRANSPORT if self.https else {})

        def guarded(answer: Response[Any]) -> Response[Any]:
            answer.headers = headers | answer.headers
            return answer

        # In the event loop: what is no coroutine the framework hands to a thread, page by page.
        async def leaving(answer: Response[Any]) -> Response[Any]:
            return guarded(answer)

        def refused(request: Asked, refusal: Refusal) -> Response[Any]:
            visit = self._known_so_far(request)
            return guarded(self._problem(visit, self.told(refusal, visit.language), refusal.status))

        def http(request: Asked, error: HTTPException) -> Response[Any]:
            visit, status = self._known_so_far(request), error.status_code
            return guarded(self._problem(visit, self.told_of_http(status, visit.language), status))

        def bug(request: Asked, error: Exception) -> Response[Any]:
            report(f"{self.name}-page", error)
            visit = self._known_so_far(request)
            return guarded(self._problem(visit, self.told_of_http(500, visit.language), 500))

        meter = Meter()
        every = [*self._entrance(entrance, opened(routes)), *routes, *style_routes()]
        app = Litestar(
            [of_one_room("/", every)],
            exception_handlers={Refusal: refused, HTTPException: http, Exception: bug},
            after_request=leaving,
            middleware=[MeasuredDoors(meter)],
            openapi_config=None,
            logging_config=None,
            request_max_body_size=body_max,
            **more,
        )
        return metered(app, meter)

    def _entrance(self, entrance: Entrance, opened: frozenset[str]) -> list[Any]:
        async def asks(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
            over = bool(text(typed, "over"))
            answer = self.page(visit, entrance.template, problem=problem, over=over)
            answer.headers |= dict(entrance.headers)
            return answer

        async def let_in(visit: Visit, form: Form) -> str:
            await self.let_in(visit, await entrance.check(visit, form))
            return "/"

        async def let_out(visit: Visit, _: Form) -> str:
            await self.let_out(visit)
            return SIGN_IN

        async def speak(visit: Visit, form: Form) -> str:
            visit.language = _LANGUAGE.get(text(form, "language"), visit.language)
            back = text(form, "back")
            return back if back in opened else "/"

        async def nothing(visit: Visit, problem: Problem | None, _: Form) -> Response[Any]:
            return self.page(visit, "problem.html", problem=problem)

        who = entrance.admitted
        return [
            self.page_route(SIGN_IN, asks, admitted=who, says="who is there?", places=("over",)),
            self.deed_route(SIGN_IN, let_in, admitted=who, says="let her in", otherwise=asks),
            self.deed_route("/sign-out", let_out, admitted=who, says="bye", otherwise=nothing),
            self.deed_route("/language", speak, admitted=who, says="speak it", otherwise=nothing),
        ]

    async def _do(
        self, request: Asked, visit: Visit, act: Act, otherwise: Show
    ) -> Response[Any] | Redirect:
        form: Form = {}
        try:
            form = await read(request, visit.form_token)
            where = await act(visit, form)
        except Refusal as refusal:
            return await otherwise(visit, self.told(refusal, visit.language), form)
        return away(where)

    async def remember(self, answer: Response[Any], visit: Visit) -> Response[Any]:
        """Write down what the visit keeps, and let the browser know its visit."""
        if visit.begun:
            await self.visits.keep(visit)
        elif visit.kept:
            await self.visits.begin(visit)
        return self._signed(answer, visit)

    def _signed(self, answer: Response[Any], visit: Visit) -> Response[Any]:
        """Give the browser those of its cookies that it does not have."""
        cookies = (self.cookie, visit.token), (LANGUAGE_COOKIE, visit.language)
        for (key, value), shown in zip(cookies, visit.shown, strict=True):
            if value != shown:
                answer.set_cookie(
                    key=key, value=value, httponly=True, samesite="strict", secure=self.https
                )
        return answer

    def _problem(self, visit: Visit, problem: Problem, status: int) -> Response[Any]:
        """Return a page that says nothing but what went wrong."""
        answer = self.page(visit, "problem.html", problem=problem)
        answer.status_code = status
        return self._signed(answer, visit)

    def _known_so_far(self, request: Asked) -> Visit:
        """Return the visit for a page of errors, which no store is asked about."""
        found = request.state.get("visit")
        return found if isinstance(found, Visit) else self._stranger(request)

    def _stranger(self, request: Asked) -> Visit:
        spoken = request.cookies.get(LANGUAGE_COOKIE, "")
        language = _LANGUAGE.get(spoken, LANGUAGES[0])
        source = request.client.host if request.client is not None else ""
        shown = self._token(request)
        return Visit(
            shown or self._new_token(), language=language, source=source, shown=(shown, spoken)
        )

    def _token(self, request: Asked) -> str:
        """Return the token that the browser shows, "" where it is none of ours."""
        shown = request.cookies.get(self.cookie, "")
        return shown if all(map(is_id, (shown[:ID_LENGTH], shown[ID_LENGTH:]))) else ""

    def _new_token(self) -> str:
        return new_id(self.entropy) + new_id(self.entropy)


def away(path: str) -> Redirect:
    """Send the browser on; what it asks next is a GET."""
    return Redirect(path, status_code=303)


def _not_for(visit: Visit, admitted: Admitted, *, sent: bool = False) -> Redirect | None:
    """Send a stranger to sign in, and say that her visit is over where she `sent` a form of it.

    Raises `RoleNeeded` for who may not open this.
    """
    if admitted.strangers:
        return None
    if not visit.who:
        return away(OVER if sent else SIGN_IN)
    if admitted.roles and visit.role not in admitted.roles:
        raise RoleNeeded
    return None


def opened(routes: Sequence[HTTPRouteHandler]) -> frozenset[str]:
    """Return the addresses of pages: where the language may be changed without losing the place."""
    found = (one for one in routes if "GET" in one.http_methods)
    return frozenset({path for one in found for path in one.paths} | {SIGN_IN})


def _wrong(problem: Problem | None, field: str) -> str:
    """Return what is wrong with a field, "" for nothing."""
    return problem.text if problem is not None and problem.field == field else ""
