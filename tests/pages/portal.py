"""A room for citizens, who sign in by what a card answers and not by a passcode, and its browsers."""

from datetime import UTC, datetime
from typing import Any

import attrs
import httpx2

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SeededEntropy
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import BadInput, NotAuthentic
from kumihimo.pages.engine import Pages
from kumihimo.pages.forms import Problem, text
from kumihimo.pages.front import ANYONE, Admitted, Entrance, Front, away
from kumihimo.pages.visits import Known, MemoryVisits
from tests.rooms.cards.forms import form_of

CITIZEN = Admitted("Number Act art. 3", ("anyone",))
CLERK = Admitted("Number Act art. 3", ("anyone",), roles=("clerk",))
PEOPLE = {"1001": Known("hanako"), "1002": Known("taro"), "1003": Known("ito", "clerk")}


class Bug(Exception):
    pass


def told(refusal, language):
    return Problem.said(
        refusal.code, ("断りました", "Refused", "", ""), language, field=refusal.pointer
    )


def told_of_http(status, language):
    return Problem.said(f"http-{status}", ("ありません", "Nothing", "", ""), language)


class Portal:
    """`taken` is what its people have sent; its card answers the challenge before the number."""

    def __init__(self, *, https=False, most=1000):
        self.clock = HandClock(datetime(2026, 6, 1, 3, tzinfo=UTC))
        self.visits = MemoryVisits(self.clock, most=most)
        self.taken = []
        self.bugs = []
        self.https = https
        entropy = SeededEntropy("portal")
        self.front = Front(
            name="portal",
            pages=Pages.of("tests.pages"),
            visits=self.visits,
            entropy=entropy,
            told=told,
            told_of_http=told_of_http,
            https=https,
        )
        self.app = self.front.application(
            [*self._challenge(entropy), *self._note(), *self._odd()],
            entrance=Entrance("sign_in.html", self._check),
            report=lambda where, error: self.bugs.append((where, error)),
        )

    def _challenge(self, entropy):
        async def show(visit, problem, typed):
            visit.kept = {"challenge": new_id(entropy)}
            return away("/sign-in")

        return [self.front.page_route("/begin", show, admitted=ANYONE, says="a challenge")]

    async def _check(self, visit, form):
        number, _, challenge = text(form, "answer").partition(" ")
        if challenge != visit.kept.get("challenge") or number not in PEOPLE:
            raise NotAuthentic
        return PEOPLE[number]

    def _note(self):
        async def show(visit, problem, typed):
            return self.front.page(visit, "note.html", problem=problem, typed=typed)

        async def act(visit, form):
            if not text(form, "text"):
                raise BadInput(pointer="text")
            self.taken.append((visit.who, text(form, "text")))
            visit.done = (text(form, "text"), "")
            return "/note"

        says = "a note"
        return [
            self.front.page_route("/", show, admitted=CITIZEN, says=says),
            self.front.page_route("/note", show, admitted=CITIZEN, says=says, places=("after",)),
            self.front.page_route("/clerk", show, admitted=CLERK, says=says),
            self.front.deed_route("/note", act, admitted=CITIZEN, says=says, otherwise=show),
        ]

    def _odd(self):
        async def breaks(visit, problem, typed):
            raise Bug("secret of a person")

        return [self.front.page_route("/bug", breaks, admitted=ANYONE, says="a bug")]

    def browser(self):
        return Browser(self)


@attrs.define
class Browser:
    """One browser of the portal, without script."""

    portal: Portal
    http: Any = attrs.field(init=False)
    page: str = ""
    at: str = ""

    def __attrs_post_init__(self):
        app: Any = self.portal.app
        transport = httpx2.ASGITransport(app)
        scheme = "https" if self.portal.https else "http"
        base = f"{scheme}://portal"
        self.http = httpx2.AsyncClient(transport=transport, base_url=base, follow_redirects=True)

    @property
    def token(self):
        return self.http.cookies.get(self.portal.front.cookie)

    async def open(self, path, **more):
        return self._see(await self.http.get(path, **more))

    async def post(self, path, data, **more):
        return self._see(await self.http.post(path, data=data, **more))

    async def send(self, path, **fields):
        return await self.post(path, form_of(self.page, path).filled(fields))

    async def log_in(self, number="1001"):
        """Do as the card does: it signs the challenge that the visit keeps."""
        await self.open("/begin")
        visit = await self.portal.visits.find(self.token)
        assert visit is not None
        return await self.send("/sign-in", answer=f"{number} {visit.kept['challenge']}")

    def _see(self, answer):
        self.page, self.at = answer.text, answer.url.path
        return answer
