"""The agency's use cases: take reports of mis-links, let the ministry in charge read them.

It never sees a person: who reported, which affair, how the links had gone wrong, and how many.
"""

from collections.abc import Mapping
from typing import Final

import attrs
import msgspec

from kumihimo.kernel import journal
from kumihimo.kernel.clock import Clock, legal_day
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import PartyKeys
from kumihimo.kernel.message import Verified
from kumihimo.kernel.refusal import Conflict, NotAllowed
from kumihimo.kernel.sql import Database
from kumihimo.rooms.agency import store
from kumihimo.rooms.agency.api import MislinkReported, MislinksAsked, MislinksTold, MislinkTold
from kumihimo.rooms.agency.domain.reports import check, check_states, place_of
from kumihimo.rooms.agency.store import CaseRow, CountRow, MislinkRow
from kumihimo.rooms.oversight.api import Received
from kumihimo.rooms.oversight.client import DirectoryBook

AT_ONCE: Final = 1_000
CASES_LISTED: Final = 100


@attrs.frozen
class Agency:
    """What every use case needs. `in_charge`: the affairs of each ministry, by its party."""

    database: Database
    keys: PartyKeys
    book: DirectoryBook
    clock: Clock
    entropy: Entropy
    in_charge: Mapping[str, frozenset[str]]


async def take(agency: Agency, sender: Verified, report: MislinkReported) -> Received:
    """Take what an institution says of mis-links; a repeat changes nothing, a later state holds.

    Raises `NotAllowed` for whoever is no institution in good standing, `BadInput` as `check`, and
    `Conflict` for a state that was told otherwise before, or of another affair.
    """
    entry = agency.book.current().active(sender.sender)
    if entry is None or entry.kind != "institution":
        raise NotAllowed("only an institution in good standing reports mis-links here")
    now = agency.clock.now()
    check(report, legal_day(now))
    row = _row(sender.sender, report)
    async with agency.database.transaction() as tx:
        await store.lock(tx)
        new = await store.add(tx, row, now)
        states = await store.states(tx, row.institution, row.report)
        check_states({one.state for one in states} | {row.state})
        for other in states:
            if other.affair != row.affair:
                raise Conflict("this report was of another affair before", pointer="affair")
            if other.of_case != row.of_case:
                raise Conflict("this report was of another case before", pointer="case")
            if other.place == row.place and other != row:
                raise Conflict("this state was reported otherwise before", pointer="state")
        if new:
            line = journal.JournalLine(
                act="mislink-reported", actor=row.institution, detail={"state": row.state}
            )
            await journal.write(tx, line, at=now)
    return Received(new)


async def of_ministry(agency: Agency, sender: Verified, asked: MislinksAsked) -> MislinksTold:
    """Let a ministry read the reports of the affairs that it is in charge of, and no other.

    Raises `NotAllowed` for whoever is in charge of none, or in no good standing.
    """
    entry = agency.book.current().active(sender.sender)
    affairs = agency.in_charge.get(sender.sender)
    if entry is None or entry.kind != "institution" or not affairs:
        raise NotAllowed("only the ministry in charge of an affair reads its reports")
    async with agency.database.transaction() as tx:
        rows = await store.latest(tx, affairs, after=asked.after, limit=AT_ONCE)
        line = journal.JournalLine(
            act="mislinks-read", actor=sender.sender, detail={"reports": len(rows)}
        )
        await journal.write(tx, line, at=agency.clock.now())
    return MislinksTold(
        reports=tuple(MislinkTold(institution=r.institution, reported=_report(r)) for r in rows),
        after=rows[-1].mislink if rows else asked.after,
    )


async def cases(
    agency: Agency, *, institution: str = "", affair: str = "", unsettled: bool = False
) -> list[CaseRow]:
    """Return the latest cases; "" is every institution, every affair."""
    async with agency.database.transaction() as tx:
        return await store.cases(
            tx, institution=institution, affair=affair, unsettled=unsettled, limit=CASES_LISTED
        )


async def counts(agency: Agency) -> list[CountRow]:
    """Count links by affair, mechanism and state."""
    async with agency.database.transaction() as tx:
        return await store.counts(tx)


def _row(institution: str, report: MislinkReported) -> MislinkRow:
    leak = report.leak
    return MislinkRow(
        institution=institution,
        report=report.report,
        place=place_of(report.state),
        state=report.state,
        affair=report.affair,
        mechanism=report.mechanism,
        links=report.links,
        persons=report.persons,
        corrected_on=report.corrected_on,
        of_case=report.case,
        leak_types=" ".join(leak.types) if leak else "",
        preliminary_due=leak.preliminary_due if leak else None,
        final_due=leak.final_due if leak else None,
    )


def _report(row: MislinkRow) -> MislinkReported:
    leak = row.leak_types and {
        "types": row.leak_types.split(),
        "preliminary_due": row.preliminary_due,
        "final_due": row.final_due,
    }
    return msgspec.convert(
        attrs.asdict(row) | {"case": row.of_case, "leak": leak or None}, MislinkReported
    )
