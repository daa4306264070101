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
from kumihimo.rooms.agency.domain.reports import check, place_of
from kumihimo.rooms.agency.store import MislinkRow
from kumihimo.rooms.oversight.api import Received
from kumihimo.rooms.oversight.client import DirectoryBook

AT_ONCE: Final = 1_000


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
    row = MislinkRow(
        institution=sender.sender, place=place_of(report.state), **msgspec.structs.asdict(report)
    )
    async with agency.database.transaction() as tx:
        await store.lock(tx)
        new = await store.add(tx, row, now)
        for other in await store.states(tx, row.institution, row.report):
            if other.affair != row.affair:
                raise Conflict("this report was of another affair before", pointer="affair")
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


def _report(row: MislinkRow) -> MislinkReported:
    return msgspec.convert(row, MislinkReported, from_attributes=True)
