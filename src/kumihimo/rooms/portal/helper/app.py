"""The helper's pages on loopback: what a portal asks is shown, and signed after the PIN.

It keeps no PIN, serves the portals that it was started for and no others, and answers only whoever
calls it by a name of this machine: a page that points another name here gets nothing.
"""

import base64
from typing import Any, Final

import attrs
from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect

from kumihimo.card.readers import Reader
from kumihimo.card.terminal import WrongPin
from kumihimo.kernel.door import Reporter, lawful
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import NotAllowed, NotAuthentic, Refusal
from kumihimo.kernel.routes import get, of_one_room, post
from kumihimo.kernel.withheld import Withheld
from kumihimo.pages.engine import Language, Pages, style_routes
from kumihimo.pages.forms import Asked, Form, Problem, read, text
from kumihimo.pages.front import HEADERS
from kumihimo.rooms.portal.api import ANSWER_PATH, CardQuestion
from kumihimo.rooms.portal.helper.portals import Portals
from kumihimo.rooms.portal.helper.signing import sign
from kumihimo.rooms.portal.helper.telling import told, told_otherwise
from kumihimo.rooms.portal.helper.tray import Tray
from kumihimo.rooms.portal.helper.watching import Watch

BODY_MAX: Final = 16 * 1024
PIN_CHARS_MAX: Final = 16
NAMES: Final = ("127.0.0.1", "localhost", "[::1]")
_OPT: Final = lawful(authority="JPKI Act art. 38", callers=("whoever sits at this machine",))


@attrs.define(kw_only=True)
class Helper:
    """What the pages need. `shared`: at this terminal a session ends when its card is taken out."""

    reader: Reader
    portals: Portals
    entropy: Entropy
    report: Reporter
    shared: bool = False
    tray: Tray | None = None
    pages: Pages = attrs.field(factory=lambda: Pages.of("kumihimo.rooms.portal.helper"))
    form_token: str = ""
    watch: Watch | None = None

    def __attrs_post_init__(self) -> None:
        self.form_token = new_id(self.entropy)
        if self.shared:
            self.watch = Watch(self.reader, self.portals, self.entropy)

    def application(self) -> Litestar:
        """Return the helper's application. It listens on loopback only."""

        def guarded(answer: Response[Any]) -> Response[Any]:
            answer.headers = HEADERS | answer.headers
            return answer

        def refused(request: Asked, refusal: Refusal) -> Response[Any]:
            problem = told(refusal, _language(request.query_params.get("lang", "")))
            return guarded(self._page("home.html", request, status=refusal.status, problem=problem))

        def http(request: Asked, error: HTTPException) -> Response[Any]:
            problem = told_otherwise(error.status_code, "ja")
            return guarded(
                self._page("home.html", request, status=error.status_code, problem=problem)
            )

        def bug(request: Asked, error: Exception) -> Response[Any]:
            self.report("helper-page", error)
            problem = told_otherwise(500, "ja")
            return guarded(self._page("home.html", request, status=500, problem=problem))

        async def stop() -> None:
            if self.watch is not None:
                self.watch.stop()
            await self.portals.close()

        return Litestar(
            [of_one_room("/", [*self._routes(), *style_routes()])],
            exception_handlers={Refusal: refused, HTTPException: http, Exception: bug},
            after_request=guarded,
            before_request=_only_of_this_machine,
            on_shutdown=[stop],
            openapi_config=None,
            logging_config=None,
            request_max_body_size=BODY_MAX,
        )

    def _routes(self) -> list[Any]:
        @get("/", name="home", opt=_OPT)
        async def home(request: Asked) -> Response[str]:
            """Show what a portal asks, or which cards lie here."""
            origin = request.query_params.get("portal", "")
            proof = request.query_params.get("proof", "")
            if not proof:
                return self._page("home.html", request)
            question = await self.portals.question(origin, proof)
            return self._ask(request, origin, proof, question)

        @post("/sign", name="sign", opt=_OPT)
        async def signed(request: Asked) -> Response[str]:
            """Have the card sign what was shown."""
            form = await read(request, self.form_token)
            origin, proof = text(form, "portal"), text(form, "proof")
            question = await self.portals.question(origin, proof)
            try:
                if question.text != _as_shown(form):
                    raise NotAllowed("the text is another than was shown")
                return self._signed(request, form, origin, question)
            except Refusal as refusal:
                language = _language(text(form, "lang"))
                problem = told(refusal, language, tries_left=_left(refusal))
                return self._ask(request, origin, proof, question, problem=problem, lang=language)

        @post("/tray", name="tray", opt=_OPT)
        async def lay(request: Asked) -> Redirect:
            """Lay a card of the tray into the reader, or take it out."""
            form = await read(request, self.form_token)
            if self.tray is not None:
                self.tray.put_in(text(form, "card"))
            return Redirect(_back(form), status_code=303)

        return [home, signed, lay]

    def _ask(
        self,
        request: Asked,
        origin: str,
        proof: str,
        question: CardQuestion,
        *,
        problem: Problem | None = None,
        lang: Language | None = None,
    ) -> Response[str]:
        more: dict[str, object] = {"portal": origin, "proof": proof, "question": question}
        status = 422 if problem else 200
        return self._page("ask.html", request, status=status, problem=problem, lang=lang, **more)

    def _signed(
        self, request: Asked, form: Form, origin: str, question: CardQuestion
    ) -> Response[str]:
        pin = Withheld(text(form, "pin")[:PIN_CHARS_MAX].encode())
        with self.reader.card() as transmit:
            made = sign(transmit, question.text, pin)
        presence = "" if self.watch is None else self.watch.begin(origin)
        answer = self._page(
            "signed.html",
            request,
            lang=_language(text(form, "lang")),
            portal=origin,
            action=f"{origin}{ANSWER_PATH}",
            proof=text(form, "proof"),
            certificate=base64.b64encode(made.certificate).decode(),
            signature=base64.b64encode(made.signature).decode(),
            presence=presence,
        )
        policy = HEADERS["content-security-policy"]
        answer.headers["content-security-policy"] = policy.replace(
            "form-action 'self'", f"form-action 'self' {origin}"
        )
        return answer

    def _page(
        self,
        name: str,
        request: Asked,
        *,
        status: int = 200,
        problem: Problem | None = None,
        lang: Language | None = None,
        **more: object,
    ) -> Response[str]:
        cards = {} if self.tray is None else dict.fromkeys(self.tray.cards)
        return self.pages.render(
            name,
            language=lang or _language(request.query_params.get("lang", "")),
            status=status,
            problem=problem,
            form_token=self.form_token,
            card_there=self.reader.there(),
            shared=self.shared,
            tray=list(cards),
            inside="" if self.tray is None else self.tray.inside,
            portals=self.portals.origins,
            here=_place(request),
            **({"portal": ""} | more),
        )


def _as_shown(form: Form) -> str:
    """Return the text of the page; a browser sends its line ends as CRLF."""
    return text(form, "text").replace("\r\n", "\n")


def _left(refusal: Refusal) -> int | None:
    return refusal.left if isinstance(refusal, WrongPin) else None


def _language(wanted: str) -> Language:
    found: dict[str, Language] = {"en": "en", "easy": "easy", "furigana": "furigana"}
    return found.get(wanted, "ja")


def _place(request: Asked) -> str:
    """Return where the page came from, to go back to after a card was laid in."""
    query = request.scope["query_string"].decode("ascii", "replace")
    return f"/?{query}" if query else "/"


def _back(form: Form) -> str:
    here = text(form, "here")
    return here if here.startswith("/?") else "/"


async def _only_of_this_machine(request: Request[Any, Any, Any]) -> None:
    """Raise `NotAuthentic` for a request under another name: somebody's name points here."""
    name = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
    if name not in NAMES:
        raise NotAuthentic
