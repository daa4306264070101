"""Acting for somebody: her data on one page alone, under a banner that says whose screen this is not."""

from typing import Any, Final

import attrs
from litestar import Response

from kumihimo.pages.engine import Language
from kumihimo.pages.forms import Form, Problem, text
from kumihimo.pages.front import Show, away
from kumihimo.pages.visits import Visit
from kumihimo.rooms.ledger.api import PARTY as LEDGER
from kumihimo.rooms.ledger.api import DelegatedRead, MyRecord
from kumihimo.rooms.portal import proxies, proxies_reading, wording
from kumihimo.rooms.portal.domain.delegations import require_acting
from kumihimo.rooms.portal.domain.refusals import DelegationNotInForce
from kumihimo.rooms.portal.notices import Notice
from kumihimo.rooms.portal.pages import mine as own_pages
from kumihimo.rooms.portal.pages import notices as notice_pages
from kumihimo.rooms.portal.pages.delegated import shown as delegation_shown
from kumihimo.rooms.portal.pages.looked import Entry, entry_of, patiently
from kumihimo.rooms.portal.pages.proxies import PROXIES
from kumihimo.rooms.portal.pages.site import ONESELF, Site

ACTING: Final = "/acting"
FOR: Final = "acting-for"  # in `kept`: her part of the delegation that she acts by
WHERE: Final = "acting-where"  # in `kept`: where the list goes on


@attrs.frozen(kw_only=True)
class Read:
    """What is read for somebody, in the words of a language. One of the three is there."""

    entries: list[Entry] | None = None
    following: str = ""
    notices: list[notice_pages.Shown] | None = None
    asked: list[own_pages.Asked] | None = None


def read(found: DelegatedRead, language: Language) -> Read:
    """Return what a proxy reads. What belongs to the person alone (marks, questions) is not in it."""
    if found.records is not None:
        entries = [_entry(one, language) for one in found.records.records]
        return Read(entries=entries, following=found.records.next)
    if found.notices is not None:
        told = [Notice(told=one, mark="read", days_left=None) for one in found.notices.notices]
        return Read(notices=[notice_pages.shown(one, language) for one in told])
    asked = found.own.asked if found.own is not None else ()
    return Read(asked=own_pages.asked_shown(asked, language))


def _entry(record: MyRecord, language: Language) -> Entry:
    """Return a record without its number; who asked herself is the person, and not who reads this."""
    entry = attrs.evolve(entry_of(record, language), number=None)
    if record.requester != LEDGER:
        return entry
    return attrs.evolve(entry, requester=wording.body("another").say(language))


def _page(site: Site) -> Show:
    async def show(visit: Visit, problem: Problem | None, _: Form) -> Response[Any]:
        part = visit.kept.get(FOR, "")
        if not part:
            return away(PROXIES)
        try:
            mine = await proxies.one_of(site.portal, visit, part)
            cursor = visit.kept.get(WHERE, "")
            found = await proxies_reading.act(site.portal, visit, part, cursor=cursor)
        except DelegationNotInForce as refusal:
            _stop(visit)
            told = site.front.told(refusal, visit.language)
            return site.front.page(visit, "problem.html", problem=told)
        return site.front.page(
            visit,
            "acting.html",
            problem=problem,
            whose=delegation_shown(mine, visit.language),
            found=read(found, visit.language),
            later=bool(cursor),
        )

    return show


def screens(site: Site) -> list[Any]:
    """Return the routes of acting for somebody."""
    front = site.front

    async def begin(visit: Visit, form: Form) -> str:
        part = text(form, "part")
        mine = await proxies.one_of(site.portal, visit, part)
        require_acting(mine.one, visit.who)
        _stop(visit)
        visit.kept[FOR] = part
        return ACTING

    async def go_on(visit: Visit, form: Form) -> str:
        if text(form, "ask"):
            await proxies_reading.act(site.portal, visit, visit.kept.get(FOR, ""), ask=True)
        visit.kept[WHERE] = text(form, "cursor")
        return ACTING

    async def stop(visit: Visit, _: Form) -> str:
        _stop(visit)
        return PROXIES

    async def otherwise(visit: Visit, problem: Problem | None, _: Form) -> Response[Any]:
        return front.page(visit, "problem.html", problem=problem)

    patient = patiently(site, _page(site))
    return [
        front.page_route(ACTING, patient, admitted=ONESELF, says="what she reads for somebody"),
        front.deed_route(
            ACTING, go_on, admitted=ONESELF, says="read on for somebody", otherwise=otherwise
        ),
        front.deed_route(
            "/acting/begin", begin, admitted=ONESELF, says="act for somebody", otherwise=otherwise
        ),
        front.deed_route(
            "/acting/stop", stop, admitted=ONESELF, says="act for nobody", otherwise=otherwise
        ),
    ]


def _stop(visit: Visit) -> None:
    for name in (FOR, WHERE):
        visit.kept.pop(name, None)
