"""What a person does at the portal: she sees the text, her card signs it, and only then it is done."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from litestar import Response

from kumihimo.pages.forms import Form, Problem, text
from kumihimo.pages.front import Show, away
from kumihimo.pages.visits import Visit
from kumihimo.rooms.portal import proving, questions, wording
from kumihimo.rooms.portal.domain.statements import one_line
from kumihimo.rooms.portal.pages import drafts, subjects
from kumihimo.rooms.portal.pages.looked import LOOKED
from kumihimo.rooms.portal.pages.site import ONESELF, Site
from kumihimo.rooms.portal.proving import Spent, Wanted
from kumihimo.rooms.portal.questions import Asked, Question

Finish = Callable[[Visit, Spent], Awaitable[str]]
"""Does what a card signed; returns where to go."""

ASK: Final = "/ask"
ACT: Final = "/act"
ACT_FINISH: Final = "/act/finish"
QUESTIONS: Final = "/questions"
_LINE: Final = 60  # characters of a line that is signed; the text is cut there and nowhere else


def screens(site: Site, others: Mapping[str, Finish]) -> list[Any]:
    """Return the routes of questions and of what is signed; `others` do what is no question."""
    return [*_asking(site), *_signing(site, others), _questions(site)]


def _asking(site: Site) -> list[Any]:
    front = site.front

    async def choose(visit: Visit, form: Form) -> str:
        subjects.keep(visit, await subjects.chosen(site, visit, form))
        drafts.drop(visit)
        return ASK

    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        subject = subjects.kept(visit)
        if subject is None:
            return away(LOOKED)
        typed = drafts.shown(visit, ASK, typed)
        answer = front.page(
            visit,
            "ask.html",
            problem=problem,
            typed=typed,
            subject=subject,
            entry=subject.entry(visit.language),
            read=subject.read(visit.language),
            office=wording.body(subject.inquiry.office).say(visit.language)
            if subject.inquiry
            else "",
        )
        answer.headers |= site.policy()
        return answer

    async def ask(visit: Visit, form: Form) -> str:
        subject = subjects.kept(visit)
        if subject is None:
            raise proving.ProofOver
        return await to_ask(site, visit, subjects.asked(subject, form), draft=(ASK, form))

    says = "a question about an entry"
    nothing = nothing_but_why(site)
    return [
        front.deed_route("/looked/ask", choose, admitted=ONESELF, says=says, otherwise=nothing),
        front.page_route(ASK, show, admitted=ONESELF, says=says),
        front.deed_route(ASK, ask, admitted=ONESELF, says="ask it", otherwise=show),
    ]


def nothing_but_why(site: Site) -> Show:
    """Return a page that shows a problem and nothing else."""

    async def nothing(visit: Visit, problem: Problem | None, _: Form) -> Response[Any]:
        return site.front.page(visit, "problem.html", problem=problem)

    return nothing


async def to_sign(
    site: Site,
    visit: Visit,
    change: msgspec.Struct,
    lines: tuple[str, ...],
    *,
    kind: str,
    draft: tuple[str, Form] | None = None,
) -> str:
    """Open a proof for what she wants changed; returns where her card signs `lines`.

    `draft` is the form's address and what she typed: it is there again if her card signs nothing.
    """
    if draft is not None:
        drafts.keep(visit, *draft)
    wanted = Wanted(
        purpose="act",
        channel="here",
        form_token=visit.form_token,
        who=visit.who,
        lines=lines,
        change=msgspec.json.encode(change).decode(),
        kind=kind,
    )
    opened = await proving.open_proof(site.portal, visit.token, wanted, source=visit.source)
    return site.to_helper(opened.proof, visit)


async def to_ask(site: Site, visit: Visit, asked: Asked, *, draft: tuple[str, Form]) -> str:
    """Open a proof for what she asks, which is of no `kind`; returns where her card signs it."""
    return await to_sign(site, visit, asked, _lines(asked), kind="", draft=draft)


def _lines(asked: Asked) -> tuple[str, ...]:
    """Return what is signed: all of what is asked, and to whom."""
    said = wording.said("said", asked.kind)
    whole = " ".join(asked.text.split())
    cut = [whole[at : at + _LINE] for at in range(0, len(whole), _LINE)]
    to = wording.body(asked.addressee).japanese
    return one_line(
        [f"{said.japanese} {said.english}", f"宛先 to: {to}", f"記録 entry: {asked.entry}", *cut]
    )


def _signing(site: Site, others: Mapping[str, Finish]) -> list[Any]:
    front = site.front

    async def show(visit: Visit, problem: Problem | None, _: Form) -> Response[Any]:
        found = await proving.waiting(site.portal, visit.token)
        helper = "" if found is None else site.to_helper(found.proof, visit)
        return front.page(
            visit,
            "act.html",
            problem=problem,
            found=found,
            helper=helper,
            back=drafts.where(visit),
        )

    async def finish(visit: Visit, form: Form) -> str:
        spent = await proving.spend(site.portal, visit.token, text(form, "receipt"), who=visit.who)
        if spent.wanted.kind:
            where = await others[spent.wanted.kind](visit, spent)
            drafts.drop(visit)
            return where
        asked = msgspec.json.decode(spent.wanted.change, type=Asked)
        question = await questions.keep(site.portal, spent, asked)
        subjects.drop(visit)
        drafts.drop(visit)
        visit.done = ("asked", question)
        return QUESTIONS

    return [
        front.page_route(ACT, show, admitted=ONESELF, says="what waits for the card"),
        front.deed_route(
            ACT_FINISH, finish, admitted=ONESELF, says="what the card signed", otherwise=show
        ),
    ]


def _questions(site: Site) -> Any:  # noqa: ANN401 - a route
    async def show(visit: Visit, problem: Problem | None, _: Form) -> Response[Any]:
        found = await questions.listed(site.portal, visit.who)
        heard = await questions.standing(site.portal, visit, found)
        today = site.portal.today()
        stands = heard or {}
        rows = [
            (one, wording.body(one.asked.addressee).say(visit.language), stands.get(one.question))
            for one in found
        ]

        def late(one: Question) -> bool:
            return today > one.due_on

        return site.front.page(
            visit,
            "questions.html",
            problem=problem,
            rows=rows,
            heard=heard is not None,
            late=late,
        )

    return site.front.page_route(QUESTIONS, show, admitted=ONESELF, says="what she asked")
