"""Coming in by card: with a reader beside the browser, or by a phone with two digits to compare."""

import asyncio
import base64
import binascii
import re
from typing import Any, Final

import segno
from litestar import Response
from litestar.params import FromPath

from kumihimo.kernel.refusal import Refusal
from kumihimo.kernel.routes import get, post
from kumihimo.kernel.wire import decode_strictly
from kumihimo.pages.forms import Asked, Form, Problem, digits, text
from kumihimo.pages.front import ANYONE, away
from kumihimo.pages.visits import Known, Visit
from kumihimo.rooms.portal import proving, visits
from kumihimo.rooms.portal.api import (
    ANSWER_PATH,
    PRESENCE_PATH,
    QUESTION_PATH,
    CardPresence,
    CardQuestion,
    PresenceHeard,
)
from kumihimo.rooms.portal.domain.statements import session_hash
from kumihimo.rooms.portal.pages.site import READER, Site
from kumihimo.rooms.portal.proving import Brought, Wanted
from kumihimo.rooms.portal.reading import VERIFICATION
from kumihimo.rooms.portal.visits import PRESENCE

CARD: Final = "/sign-in/card"
PHONE: Final = "/sign-in/phone"
FINISH: Final = "/sign-in/finish"
COMPARE: Final = "/phone"
# An answer takes this long at least, whatever is wrong with it: three times what jpki takes.
ANSWER_S: Final = 0.3
_PRESENCE: Final = re.compile("[0-9a-f]{64}")
_BASE64_MAX: Final = 12_000


def screens(site: Site) -> list[Any]:
    """Return the routes of coming in."""
    return [*_here(site), *_by_phone(site), *_finishing(site), *_of_readers(site)]


def _here(site: Site) -> list[Any]:
    front = site.front

    async def show(visit: Visit, problem: Problem | None, _: Form) -> Response[Any]:
        found = await proving.waiting(site.portal, visit.token)
        answer = front.page(
            visit, "card.html", problem=problem, found=found, helper=_link(site, visit, found)
        )
        answer.headers |= site.policy()
        return answer

    async def begin(visit: Visit, _: Form) -> str:
        wanted = Wanted(purpose="login", channel="here", form_token=visit.form_token)
        opened = await proving.open_proof(site.portal, visit.token, wanted, source=visit.source)
        return site.to_helper(opened.proof, visit)

    says = "a card in a reader beside this browser"
    return [
        front.page_route(CARD, show, admitted=ANYONE, says=says),
        front.deed_route(CARD, begin, admitted=ANYONE, says=says, otherwise=show),
    ]


def _link(site: Site, visit: Visit, found: proving.Opened | None) -> str:
    return "" if found is None else site.to_helper(found.proof, visit)


def _by_phone(site: Site) -> list[Any]:
    front = site.front

    async def show(visit: Visit, problem: Problem | None, _: Form) -> Response[Any]:
        found = await proving.waiting(site.portal, visit.token)
        address = "" if found is None else f"{site.portal.origin}{COMPARE}?proof={found.proof}"
        drawn = _drawn(address) if address else ""
        return front.page(
            visit, "phone.html", problem=problem, found=found, address=address, drawn=drawn
        )

    async def begin(visit: Visit, _: Form) -> str:
        wanted = Wanted(purpose="login", channel="phone", form_token=visit.form_token)
        await proving.open_proof(site.portal, visit.token, wanted, source=visit.source)
        return PHONE

    async def ask(visit: Visit, problem: Problem | None, form: Form) -> Response[Any]:
        answer = front.page(
            visit, "compare.html", problem=problem, typed=form, proof=text(form, "proof")
        )
        answer.headers |= site.policy()
        return answer

    async def compare(visit: Visit, form: Form) -> str:
        proof = text(form, "proof")
        await proving.compare(site.portal, proof, digits(form, "code"))
        return site.to_helper(proof, visit)

    return [
        front.page_route(PHONE, show, admitted=ANYONE, says="the code for a phone"),
        front.deed_route(PHONE, begin, admitted=ANYONE, says="wait for a phone", otherwise=show),
        front.page_route(
            COMPARE, ask, admitted=ANYONE, says="two digits to compare", places=("proof",)
        ),
        front.deed_route(COMPARE, compare, admitted=ANYONE, says="the digits", otherwise=ask),
    ]


def _drawn(address: str) -> str:
    """Return a QR code as SVG, without a style and with nothing of a person in it."""
    return segno.make(address, error="m", micro=False).svg_inline(
        scale=5, border=4, svgclass="kh-code", lineclass=None, omitsize=True
    )


def _finishing(site: Site) -> list[Any]:
    front = site.front

    async def finish(visit: Visit, form: Form) -> str:
        await let_in(site, visit, text(form, "receipt"))
        return "/"

    async def otherwise(visit: Visit, problem: Problem | None, _: Form) -> Response[Any]:
        return front.page(visit, "sign_in.html", problem=problem)

    return [
        front.deed_route(
            FINISH, finish, admitted=ANYONE, says="let her in by card", otherwise=otherwise
        )
    ]


async def let_in(site: Site, visit: Visit, receipt: str) -> None:
    """Spend a login's proof: a new token, and no other visit of hers goes on."""
    spent = await proving.spend(site.portal, visit.token, receipt, who="")
    await site.front.let_in(visit, Known(spent.account))
    visit.kept[VERIFICATION] = spent.verification
    if spent.presence:
        visit.kept[PRESENCE] = spent.presence
        await site.visits.share(visit)


def _of_readers(site: Site) -> list[Any]:
    open_to = READER.opt()

    @get(QUESTION_PATH, name="card-question", opt=open_to)
    async def question(proof: FromPath[str]) -> CardQuestion:
        """Tell what a card is asked to sign."""
        return await proving.question(site.portal, proof)

    @post(ANSWER_PATH, name="card-answer", opt=open_to)
    async def answer(request: Asked) -> Response[Any]:
        """Take what a card signed, and let the same browser go on."""
        loop = asyncio.get_running_loop()
        until = loop.time() + ANSWER_S
        visit = await site.front.visit(request)
        try:
            brought = await _brought(site, request, visit)
            return await _go_on(site, visit, brought)
        finally:
            await asyncio.sleep(max(0.0, until - loop.time()))

    @post(PRESENCE_PATH, name="card-presence", status_code=200, opt=open_to)
    async def presence(request: Asked) -> PresenceHeard:
        """Hear from a shared terminal whether the card is still in its reader."""
        told = decode_strictly(await request.body(), CardPresence)
        known = visits.presence_hash(_secret(told.secret))
        if told.there:
            return PresenceHeard(goes_on=await visits.still_there(site.portal, known))
        await visits.taken_out(site.portal, known)
        return PresenceHeard(goes_on=False)

    return [question, answer, presence]


async def _brought(site: Site, request: Asked, visit: Visit) -> Brought:
    sent = await request.form()
    fields = {name: str(value) for name, value in sent.multi_items()}
    presence = fields.get("presence", "")
    return await proving.answer(
        site.portal,
        fields.get("proof", ""),
        certificate=_bytes(fields.get("certificate", "")),
        signature=_bytes(fields.get("signature", "")),
        presence=presence if _PRESENCE.fullmatch(presence) else "",
        source=visit.source,
    )


async def _go_on(site: Site, visit: Visit, brought: Brought) -> Response[Any]:
    """Let the browser in at once where it shows that it is the one that asked.

    Its cookie comes along only where helper and portal are one site to the browser; another time
    the page that it gets has a form with which it shows itself.
    """
    if brought.channel == "phone":
        return site.front.page(visit, "phone_done.html")
    same = session_hash(visit.token) == brought.session
    if same and brought.purpose == "login":
        try:
            await let_in(site, visit, brought.receipt)
        except Refusal as refusal:
            problem = site.front.told(refusal, visit.language)
            return site.front.page(visit, "sign_in.html", problem=problem)
        return await site.front.remember(away("/"), visit)
    return site.front.page(visit, "answered.html", brought=brought, finish=_where(brought))


def _where(brought: Brought) -> str:
    return FINISH if brought.purpose == "login" else "/act/finish"


def _bytes(sent: str) -> bytes:
    try:
        return base64.b64decode(sent, validate=True) if len(sent) <= _BASE64_MAX else b""
    except (binascii.Error, ValueError):
        return b""


def _secret(sent: str) -> bytes:
    return bytes.fromhex(sent) if _PRESENCE.fullmatch(sent) else b""
