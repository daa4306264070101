"""Who looked: every exchange and refusal about a person, in words."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import attrs
import msgspec
from litestar import Response

from kumihimo.kernel.clock import JST
from kumihimo.kernel.refusal import BadInput, Unavailable
from kumihimo.pages.engine import Language
from kumihimo.pages.forms import Form, Problem, text
from kumihimo.pages.front import Show
from kumihimo.pages.visits import Visit
from kumihimo.rooms.ledger.api import MyRecord
from kumihimo.rooms.portal import exporting, proxies_reading, reading, wording
from kumihimo.rooms.portal.pages.delegated import ShownAct, acts_shown
from kumihimo.rooms.portal.pages.inquired import Inquired, inquired_shown
from kumihimo.rooms.portal.pages.site import ONESELF, Site
from kumihimo.rooms.portal.proxies_reading import Act
from kumihimo.rooms.portal.reading import Filter, FreshCardNeeded
from kumihimo.rooms.register.api import OfficeAsked

LOOKED: Final = "/looked"
FILTER: Final = "looked"
_MINUTES: Final = len("2026-06-01 12:00")
_OUTCOMES: Final = (
    "OK",
    "NO_DATA",
    "PENDING_MANUAL",
    "REFUSED_ITEM",
    "REFUSED_FLAG",
    wording.LOOKED,
)


@attrs.frozen(kw_only=True)
class Entry:
    """One record as the page says it."""

    record: str
    number: int | None
    at: str
    requester: str
    provider: str
    affair: str
    items: tuple[str, ...]
    outcome: str
    kind: str
    given_at: str
    law: tuple[str, ...]
    doubted: bool
    asker: str
    inside: bool


def entry_of(record: MyRecord, language: Language) -> Entry:
    """Return a record in the words of a language."""
    refused = wording.refused(record.outcome)
    given = record.outcome == "OK"
    inside = record.outcome == wording.LOOKED
    return Entry(
        record=record.record,
        number=record.number,
        at=_local(record.requested_at),
        requester=wording.body(record.requester).say(language),
        provider=wording.body(record.provider).say(language),
        affair=wording.affair(record.affair).say(language),
        items=tuple(wording.item(one).say(language) for one in record.items),
        outcome=wording.outcome(record.outcome).say(language),
        kind="refused" if refused else "given" if given else "other",
        given_at=_local(record.provided_at) if record.provided_at else "",
        law=wording.law_of(record.affair, record.basis, inside=inside, language=language),
        doubted=record.under_investigation,
        asker=wording.asker(record.office, record.role),
        inside=inside,
    )


def look_of(one: MyRecord | OfficeAsked, language: Language) -> Entry | Inquired:
    """Return a look of others in the words of a language."""
    if isinstance(one, OfficeAsked):
        return inquired_shown(one, language)
    return entry_of(one, language)


def _local(at: datetime) -> str:
    return at.astimezone(JST).isoformat(" ", "minutes")[:_MINUTES]


Line = Entry | ShownAct | Inquired


def together(
    entries: Sequence[Entry],
    others: Sequence[ShownAct | Inquired],
    wanted: Filter,
    *,
    last_page: bool,
) -> list[Line]:
    """Return a page of one timeline: its entries, and what else was from its first to its last.

    Who looks for what one body asked, or for one result, looks for exchanges alone.
    """
    if wanted.requester or wanted.outcome:
        return list(entries)
    oldest = "" if last_page or not entries else entries[-1].at
    mine = [
        one
        for one in others
        if one.at >= oldest
        and (not wanted.acts_before or one.at < wanted.acts_before)
        and _within(one.at, wanted)
    ]
    whole: list[Line] = [*mine, *entries]
    return sorted(whole, key=lambda one: one.at, reverse=True)


def _within(at: str, wanted: Filter) -> bool:
    """Say whether what was at a moment, as pages show it, is of the days that she wants."""
    return wanted.since <= at[:10] and (not wanted.until or at[:10] <= wanted.until)


def patiently(site: Site, show: Show) -> Show:
    """Return a page that is also there, with what was had so far, while the ledger does not answer."""

    async def shown(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        try:
            return await show(visit, problem, typed)
        except (Unavailable, FreshCardNeeded) as refusal:
            told = site.front.told(refusal, visit.language)
            answer = site.front.page(visit, "problem.html", problem=told)
            answer.status_code = refusal.status
            answer.headers |= site.policy()
            return answer

    return shown


def screens(site: Site) -> list[Any]:
    """Return the routes of the history and of its exports."""
    return [*_history(site), *_offices(site), *_exports(site)]


def _history(site: Site) -> list[Any]:
    front = site.front

    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        wanted = filter_of(visit)
        found = await reading.records(site.portal, visit, wanted)
        entries = [entry_of(one, visit.language) for one in found.records]
        log = await reading.offices(site.portal, visit)
        on_her = await proxies_reading.acts_on(site.portal, visit, found.acts)
        others = [
            *acts_shown(on_her, visit.language),
            *(inquired_shown(one, visit.language) for one in log.inquiries),
        ]
        bodies = [
            (one, wording.body(one.requester).say(visit.language), _local(one.last_at)[:10])
            for one in found.bodies
        ]
        return front.page(
            visit,
            "looked.html",
            problem=problem,
            typed=typed,
            entries=together(entries, others, wanted, last_page=not found.next),
            following=found.next,
            oldest=entries[-1].at if entries else "",
            first=found.first,
            last=found.last,
            wanted=wanted,
            narrowed=wanted.narrows,
            sought=wanted if problem is None else _sought(typed),
            bodies=bodies,
            outcomes=[(one, wording.outcome(one).say(visit.language)) for one in _OUTCOMES],
        )

    async def choose(visit: Visit, form: Form) -> str:
        wanted = _sought(form)
        _check_days(wanted)
        visit.kept[FILTER] = msgspec.json.encode(attrs.asdict(wanted)).decode()
        return LOOKED

    patient = patiently(site, show)
    says = "who looked at my data"
    return [
        front.page_route(LOOKED, patient, admitted=ONESELF, says=says),
        front.deed_route(LOOKED, choose, admitted=ONESELF, says="which entries", otherwise=patient),
    ]


def _sought(form: Form) -> Filter:
    """Return what a form asks for, as it was typed."""
    names = ("since", "until", "requester", "outcome", "cursor", "acts_before")
    return Filter(**{name: text(form, name) for name in names})


def _check_days(wanted: Filter) -> None:
    for name in ("since", "until"):
        day = getattr(wanted, name)
        if day and not reading.is_day(day):
            raise BadInput("a day is YYYY-MM-DD", pointer=name)
    if wanted.since and wanted.until and wanted.until < wanted.since:
        raise BadInput("it ends before it begins", pointer="until")


def filter_of(visit: Visit) -> Filter:
    """Return which entries she wants to see."""
    kept = visit.kept.get(FILTER, "{}")
    return Filter(**msgspec.json.decode(kept, type=dict[str, str]))


def _offices(site: Site) -> list[Any]:
    async def show(visit: Visit, problem: Problem | None, _: Form) -> Response[Any]:
        log = await reading.offices(site.portal, visit)
        return site.front.page(
            visit,
            "offices.html",
            problem=problem,
            rows=[inquired_shown(one, visit.language) for one in log.inquiries],
            fresh=log.is_fresh,
            as_of="" if log.at is None else _local(log.at),
        )

    says = "which offices asked register"
    return [
        site.front.page_route("/looked/offices", patiently(site, show), admitted=ONESELF, says=says)
    ]


async def _acts(site: Site, visit: Visit) -> list[Act]:
    """Return what proxies read for her on the days that she wants; of one body or result, nothing."""
    wanted = filter_of(visit)
    if wanted.requester or wanted.outcome:
        return []
    found = await proxies_reading.acts_on(site.portal, visit, None)
    return [one for one in found if _within(_local(one.at), wanted)]


def _exports(site: Site) -> list[Any]:
    front = site.front

    async def whole(visit: Visit) -> Sequence[MyRecord]:
        wanted = attrs.evolve(filter_of(visit), cursor="")
        return await reading.every_record(site.portal, visit, wanted)

    async def as_json(visit: Visit, _: Problem | None, _form: Form) -> Response[Any]:
        content = exporting.as_json(
            await whole(visit), await _acts(site, visit), at=site.portal.clock.now()
        )
        return file_of(content, "application/json", "who-looked.json")

    async def as_csv(visit: Visit, _: Problem | None, _form: Form) -> Response[Any]:
        content = exporting.as_csv(await whole(visit), await _acts(site, visit), visit.language)
        return file_of(content, "text/csv; charset=utf-8", "who-looked.csv")

    async def as_pdf(visit: Visit, _: Problem | None, _form: Form) -> Response[Any]:
        told = [entry_of(one, visit.language) for one in await whole(visit)]
        read = acts_shown(await _acts(site, visit), visit.language)
        entries = together(
            told, read, attrs.evolve(filter_of(visit), acts_before=""), last_page=True
        )
        content = await exporting.as_pdf(entries, visit.language, at=site.portal.clock.now())
        return file_of(content, "application/pdf", "who-looked.pdf")

    async def schema(_visit: Visit, _: Problem | None, _form: Form) -> Response[Any]:
        return file_of(exporting.schema(), "application/schema+json", "who-looked.schema.json")

    async def proof(visit: Visit, _: Problem | None, _form: Form) -> Response[Any]:
        content = await reading.history(site.portal, visit)
        return file_of(content, "application/json", "who-looked-proof.json")

    async def proof_schema(_visit: Visit, _: Problem | None, _form: Form) -> Response[Any]:
        name = "who-looked-proof.schema.json"
        return file_of(exporting.proof_schema(), "application/schema+json", name)

    made = {"json": as_json, "csv": as_csv, "pdf": as_pdf, "schema": schema}
    made |= {"proof": proof, "proof-schema": proof_schema}
    return [
        front.page_route(
            f"/looked/{name}", patiently(site, act), admitted=ONESELF, says=f"the records as {name}"
        )
        for name, act in made.items()
    ]


def file_of(content: bytes, kind: str, name: str) -> Response[bytes]:
    """Return a file that the browser keeps."""
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=kind, headers=headers)
