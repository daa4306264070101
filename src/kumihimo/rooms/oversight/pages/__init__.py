"""The page of public statistics: a month of every institution, as numbers and as bars."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import attrs
from litestar import Request, Response, Router
from litestar.types import ControllerRouterHandler

from kumihimo.kernel.door import lawful
from kumihimo.kernel.routes import get
from kumihimo.pages.engine import Language, Pages, style_routes
from kumihimo.pages.front import HEADERS
from kumihimo.rooms.oversight import published
from kumihimo.rooms.oversight.service import Oversight
from kumihimo.rooms.oversight.statistics_api import InstitutionCounted, SideCounted
from kumihimo.statute.law import institutions

_OPEN: Final = lawful(authority="Number Act art. 33", callers=("anyone",)) | {"unsigned": True}
_GOOD: Final = "OK"
_REFUSED: Final = "REFUSED"
OUTCOMES: Final[Mapping[str, tuple[str, str]]] = {
    "OK": ("提供された", "Provided"),
    "OPEN": ("許可され、結末の届かないもの", "Permitted, and no end was told"),
    "NO_DATA": ("該当する情報なし", "No such data"),
    "NO_COPY": ("副本なし", "No copy"),
    "NO_PERSON": ("該当者なし", "No such person"),
    "PENDING_ACQUISITION": ("符号の取得待ち", "Waiting for a code"),
    "PENDING_MANUAL": ("担当者の判断待ち", "Waiting for an officer"),
    "REFUSED_REQUESTER": ("拒否：照会できない機関", "Refused: may not ask"),
    "REFUSED_AFFAIR": ("拒否：事務が対象外", "Refused: the affair"),
    "REFUSED_PROVIDER": ("拒否：提供する機関が対象外", "Refused: the provider"),
    "REFUSED_ITEM": ("拒否：項目が対象外", "Refused: the item"),
    "REFUSED_PIA": ("拒否：保護評価が未公表", "Refused: no assessment published"),
    "REFUSED_CASE": ("拒否：開いている事案なし", "Refused: no open case"),
    "REFUSED_FLAG": ("拒否：提供が止められている", "Refused: provision is stopped"),
    "STALE_LAYOUT": ("古い様式", "Layout out of date"),
    "PROVIDER_DOWN": ("提供機関の応答なし", "Provider does not answer"),
    "EXPIRED": ("期限切れ", "Expired"),
    "DUPLICATE": ("重複", "Duplicate"),
    "LOOKED": ("機関の中での閲覧", "Looked at inside"),
}
WITHIN: Final = (
    ("10秒以内", "Within 10 seconds"),
    ("1分以内", "Within a minute"),
    ("1時間以内", "Within an hour"),
    ("1日以内", "Within a day"),
)


@attrs.frozen
class Bar:
    """One bar: its words, its count, and its length in hundredths of the longest."""

    words: tuple[str, str]
    count: int
    length: float


@attrs.frozen
class Side:
    """One side of an institution's exchanges, in a row of the table."""

    inquiries: int
    provided: int
    refused: int
    soon: int


@attrs.frozen
class Row:
    """An institution: its name in the directory, the name people know, and both its sides."""

    institution: str
    label: str
    asked: Side
    was_asked: Side


def statistics_pages(oversight: Oversight) -> list[ControllerRouterHandler]:
    """Return the page and its style."""
    pages = Pages.of("kumihimo.rooms.oversight.pages")

    @get("/", opt=_OPEN)
    async def statistics_page(request: Request[Any, Any, Any]) -> Response[str]:
        """Show a month's public statistics; the latest, where none is named that there is."""
        language: Language = "en" if request.query_params.get("language") == "en" else "ja"
        known = (await published.months(oversight)).months
        wanted = request.query_params.get("month", "")
        name = wanted if wanted in known else next(iter(known), "")
        counted = (await published.month(oversight, name)).institutions if name else ()
        answer = pages.render(
            "statistics.html",
            language=language,
            months=known,
            month=name,
            missing=bool(wanted) and wanted != name,
            total=sum(one.asked.inquiries for one in counted),
            outcomes=_outcomes(counted),
            within=_within(counted),
            rows=[_row(one) for one in counted],
        )
        answer.headers = dict(HEADERS)
        return answer

    return [statistics_page, Router("/", route_handlers=style_routes(), opt={"unsigned": True})]


def _outcomes(counted: Sequence[InstitutionCounted]) -> list[Bar]:
    found: Counter[str] = Counter()
    for one in counted:
        found.update(one.asked.outcomes)
    return _bars([(OUTCOMES.get(name, (name, name)), count) for name, count in found.most_common()])


def _within(counted: Sequence[InstitutionCounted]) -> list[Bar]:
    sums = [sum(one.asked.within[at] for one in counted) for at in range(len(WITHIN))]
    return _bars(list(zip(WITHIN, sums, strict=True)))


def _bars(counts: Sequence[tuple[tuple[str, str], int]]) -> list[Bar]:
    longest = max((count for _, count in counts), default=0) or 1
    return [Bar(words, count, 100 * count / longest) for words, count in counts]


def _row(one: InstitutionCounted) -> Row:
    name = one.institution
    return Row(name, _labels().get(name, name), _side(one.asked), _side(one.was_asked))


def _side(side: SideCounted) -> Side:
    refused = sum(n for name, n in side.outcomes.items() if name.startswith(_REFUSED))
    return Side(side.inquiries, side.outcomes.get(_GOOD, 0), refused, side.within[0])


@cache
def _labels() -> Mapping[str, str]:
    return {one.institution: one.name for one in institutions()}
