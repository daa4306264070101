"""`kumihimo agency`: what the Digital Agency's people look at: cases of mis-links, and their counts."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path
from typing import Final, TypeVar

from cyclopts import App

from kumihimo.kernel.clock import JST, SystemClock, legal_day
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import KeyFileUnsafe
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.settings import BadSettings, load
from kumihimo.rooms.agency import service
from kumihimo.rooms.agency.service import Agency
from kumihimo.rooms.agency.settings import Settings
from kumihimo.rooms.agency.store import CaseRow, CountRow

T = TypeVar("T")

_ID: Final = re.compile(r"[a-z][a-z0-9-]{0,63}")

STATES: Final = {
    "suspected": "疑い suspected",
    "confirmed": "正しいと確認 confirmed",
    "corrected": "訂正済み corrected",
    "told": "本人へ通知済み told",
}
MECHANISMS: Final = {
    "household": "同一世帯 household",
    "homonym": "同姓同名 homonym",
    "twin": "双子 twin",
    "random": "無関係 random",
    "shift": "行ずれ shift",
    "mismatch": "照合の不一致 mismatch",
    "reported": "申出 reported",
}

app = App(
    name="agency",
    help="デジタル庁の閲覧。 What the Digital Agency's people look at.",
)


@app.command
def mislinks(
    *,
    institution: str | None = None,
    affair: str | None = None,
    unsettled: bool = False,
    config: Path,
) -> None:
    """ひも付け誤りの案件。 List the latest 100 cases of mis-links: counts and codes, nobody in them.

    Each line: institution, state, mechanism, affairs, links, persons, first and latest word, and,
    where a leak came of it, by when oversight is owed the two reports.

    Parameters
    ----------
    institution
        機関。 Only of this institution, such as lg-131032.
    affair
        事務。 Only of this affair, such as b081.
    unsettled
        未了だけ。 Only those in doubt, or of which somebody still has to be told.
    config
        デジタル庁の設定ファイル。 The agency's settings file.
    """
    of, about = _id(institution, "institution"), _id(affair, "affair")

    async def found(agency: Agency) -> list[CaseRow]:
        return await service.cases(agency, institution=of, affair=about, unsettled=unsettled)

    today = legal_day(SystemClock().now())
    for row in asyncio.run(_within(config, found)):
        print("\t".join(_words(row, today)))


@app.command
def counts(*, config: Path) -> None:
    """件数。 Count links by affair, by how they had gone wrong, and by state.

    Parameters
    ----------
    config
        デジタル庁の設定ファイル。 The agency's settings file.
    """
    rows: list[CountRow] = asyncio.run(_within(config, service.counts))
    for row in rows:
        print(
            f"{row.affair or '-'}\t{MECHANISMS[row.mechanism]}\t{STATES[row.state]}"
            f"\t{row.links:,} 件 links\t{row.persons:,} 人 persons"
        )


def _id(typed: str | None, option: str) -> str:
    """Return the id of a party or an affair, "" for every one. Raises `BadInput`."""
    if typed is not None and not _ID.fullmatch(typed):
        raise BadInput("small letters, digits and dashes, a letter first", pointer=option)
    return typed or ""


def _words(row: CaseRow, today: date) -> list[str]:
    words = [
        row.institution,
        STATES[row.state],
        MECHANISMS[row.mechanism],
        ",".join(row.affairs) or "-",
        f"{row.links:,} 件 links",
        f"{row.persons:,} 人 persons",
        f"{_day(row.first_at)}〜{_day(row.latest_at)}",
    ]
    for name, due in (("速報 preliminary", row.preliminary_due), ("確報 final", row.final_due)):
        if due is not None:
            words.append(f"{name} {due}{' 期日経過 past' if due < today else ''}")
    return [*words, row.opened_case]


def _day(at: datetime) -> str:
    return at.astimezone(JST).date().isoformat()


async def _within(config: Path, act: Callable[[Agency], Awaitable[T]]) -> T:
    settings = load(config, Settings)
    clock, entropy = SystemClock(), SystemEntropy()
    try:
        agency = settings.agency(beside=config, book=settings.book(), clock=clock, entropy=entropy)
    except KeyFileUnsafe as error:
        raise BadSettings(str(error)) from None
    await agency.database.open()
    try:
        return await act(agency)
    finally:
        await agency.database.close()
