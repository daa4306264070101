"""The desk asks its gateway what the regular check of links found, and puts it before its people.

Each link comes once: a record that waits already is only noted as found, and what people have
decided about the same values stays decided. The gateway hands over the attributes beside the
number and register's levels; what register holds, and the number, it hands to nobody.
"""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from typing import Final, Protocol

import attrs

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.gateway.business_links import (
    LinkCheck,
    LinksToReview,
    LinkToReview,
    Suspension,
)
from kumihimo.rooms.review import sides, store_checks, store_loading
from kumihimo.rooms.review.api import ItemState
from kumihimo.rooms.review.context import Desk
from kumihimo.rooms.review.domain.checks import (
    CHECK,
    MECHANISM,
    MINUTES,
    SUSPICIONS,
    Standing,
    Taking,
    taking,
)
from kumihimo.rooms.review.domain.worth import worth
from kumihimo.rooms.review.sides import Sides
from kumihimo.rooms.review.store_checks import DoubtRow, Known
from kumihimo.rooms.review.store_loading import LineRow, LoadingRow

RUNS: Final = 2  # the one that goes on, and the one before it, of which pages may not be here yet
_WAITING: Final = frozenset({ItemState.OPEN, ItemState.ANSWERED, ItemState.OFFICE})
_DIGITS: Final = 32


class Checks(Protocol):
    """The part of `gateway.client.BusinessClient` that is asked here."""

    def link_checks(self) -> Sequence[LinkCheck]:
        """Return the runs of the regular check, the latest first."""
        ...

    def links_to_review(self, run: str, *, after: int = 0) -> LinksToReview:
        """Return a page of what a run found and nobody has settled."""
        ...


@attrs.frozen
class _Came:
    """What one page did to the queue."""

    new: int = 0
    again: int = 0


async def ask(desk: Desk, gateway: Checks) -> int:
    """Take in what has come since; returns how many links are before people newly or anew.

    Raises `Refused` (a token without the affair of the check), `Unavailable`.
    """
    runs = await asyncio.to_thread(gateway.link_checks)
    came = 0
    for run in reversed(runs[:RUNS]):
        more = True
        while more:
            more, here = await _page(desk, gateway, run)
            came += here.new + here.again
    return came


async def _page(desk: Desk, gateway: Checks, run: LinkCheck) -> tuple[bool, _Came]:
    """Take in the next page of a run; returns whether there is another."""
    async with desk.database.transaction() as tx:
        before = await store_checks.taken(tx, run.run, started_on=run.started_on)
    if before.whole:
        return False, _Came()
    page = await asyncio.to_thread(gateway.links_to_review, run.run, after=before.taken_until)
    async with desk.database.transaction() as tx:
        now = await store_checks.taken(tx, run.run, started_on=run.started_on)
        if now != before:
            return False, _Came()  # another process of this desk has taken it in meanwhile
        whole = run.finished_on is not None and not page.more
        came = await _take(desk, tx, run, page.links)
        await store_checks.advance(tx, run.run, until=page.until, whole=whole)
        audit_run = audit_run_of(run.run)
        gone = await store_checks.vanish(tx, audit_run, on=desk.today()) if whole else 0
        if page.links or gone:
            counts = {"new": came.new, "again": came.again, "vanished": gone}
            await desk.journal(tx, "check-taken", "desk", **counts)
    return page.more, came


def audit_run_of(run: str) -> str:
    """Return how the desk's tables call a run of the gateway's check."""
    return hashlib.sha256(f"check {run}".encode()).hexdigest()[:_DIGITS]


async def _take(desk: Desk, tx: Tx, run: LinkCheck, links: Sequence[LinkToReview]) -> _Came:
    audit_run = audit_run_of(run.run)
    if links and not await store_loading.known(tx, audit_run):
        await store_loading.begin(tx, audit_run, rows=0, at=desk.clock.now(), source=CHECK)
    done = [await _take_one(desk, tx, run, link) for link in links if link.verdict in SUSPICIONS]
    await store_checks.count_rows(tx, audit_run, len(done))
    return _Came(new=done.count(Taking.ADD), again=done.count(Taking.AGAIN))


async def _take_one(desk: Desk, tx: Tx, run: LinkCheck, link: LinkToReview) -> Taking:
    known = await store_checks.known(tx, run.affair, link.addressee)
    row = _row(desk, run, link, affair=known.affair if known else run.affair)
    row = attrs.evolve(row, pattern=await _count(tx, row.audit_run, link))
    open_doubt = next((one for one in link.doubts if one.state == "SUSPENDED"), None)
    standing = _standing(known, row) if known else None
    what = taking(standing, doubted=open_doubt is not None)
    item = known.item if known else row.item
    match what:
        case Taking.ADD:
            await store_checks.add(tx, row)
        case Taking.AGAIN:
            await store_checks.begin_anew(tx, item, row)
        case Taking.REFRESH:
            await store_checks.refresh(tx, item, row)
        case Taking.KEEP:
            pass
    if open_doubt is not None and (standing is None or standing.told):
        await _adopt(tx, item, known, what, open_doubt)
    await store_checks.note_finding(tx, item, run.run, on=run.started_on, verdict=link.verdict)
    await store_checks.note_doubts(tx, item, [_doubt(one) for one in link.doubts])
    return what


def _standing(known: Known, row: LoadingRow) -> Standing:
    return Standing(
        waits=known.state in _WAITING,
        decided=known.state == ItemState.DECIDED,
        source=known.source,
        same=bytes(known.content_tag) == row.content_tag,
        told=not known.waiting,
        refused=known.refused,
    )


async def _adopt(tx: Tx, item: str, known: Known | None, what: Taking, doubt: Suspension) -> None:
    """Let the item stand for the gateway's case, so that it is settled by what is decided here."""
    own, _, number = doubt.case.rpartition("-")
    if own == item and number.isdigit():
        await store_checks.adopt(tx, item, suspended_in=int(number), gateway_case="")
        return
    before = known.round if known else 1
    now = before + 1 if what is Taking.AGAIN else before
    await store_checks.adopt(tx, item, suspended_in=now, gateway_case=doubt.case)


def _doubt(one: Suspension) -> DoubtRow:
    return DoubtRow(
        review_case=one.case,
        ground=one.ground,
        state=one.state,
        suspended_at=one.suspended_at,
        settled_at=one.settled_at,
    )


def _row(desk: Desk, run: LinkCheck, link: LinkToReview, *, affair: str) -> LoadingRow:
    suspicion = SUSPICIONS[link.verdict]
    held = link.attributes
    own = {"name": held.name, "birth": held.birth, "sex": held.sex, "address": held.address}
    both = Sides(own=own, other={}, number="")
    # What register said of them belongs to the content: other levels are another matter to decide.
    what = json.dumps({"verdict": link.verdict, **_levels(link)})
    return LoadingRow(
        audit_run=audit_run_of(run.run),
        item=new_id(desk.entropy),
        affair=affair,
        record_id=link.addressee,
        pattern=0,
        verdict=suspicion.verdict,
        mechanism=MECHANISM,
        odds=suspicion.odds,
        minutes=MINUTES,
        worth=worth(suspicion.odds, MINUTES),
        reason=link.verdict,
        shift_run=None,
        content_tag=sides.tag(
            desk.locker, both, None, label=sides.label(what, affair, link.addressee)
        ),
        sides_locked=sides.lock(
            desk.locker, both, label=sides.label("sides", affair, link.addressee)
        ),
        proposal_locked=None,
    )


def _levels(link: LinkToReview) -> dict[str, str]:
    return {"name": link.name, "birth": link.birth, "sex": link.sex, "address": link.address}


async def _count(tx: Tx, audit_run: str, link: LinkToReview) -> int:
    """Count a link in the check's pattern table, whose lines come as they are found.

    Returns the pattern.
    """
    suspicion = SUSPICIONS[link.verdict]
    line = LineRow(
        pattern=0,
        verdict=suspicion.verdict,
        mechanism=MECHANISM,
        rows_found=1,
        levels=json.dumps(_levels(link)),
        weights="{}",
        reason_ja=suspicion.ja,
        reason_en=suspicion.en,
    )
    pattern = await store_checks.count_line(tx, audit_run, line)
    if pattern is None:
        pattern = await store_checks.next_pattern(tx, audit_run)
        await store_loading.add_lines(tx, audit_run, [attrs.evolve(line, pattern=pattern)])
    return pattern
