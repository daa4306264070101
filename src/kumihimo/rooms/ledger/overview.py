"""What the first page of a portal needs, in one answer: who looked, how her claims stand, her notices."""

from typing import Final

from kumihimo.kernel import journal
from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.listed import read_listed
from kumihimo.rooms.ledger import claims, notices, store_seen
from kumihimo.rooms.ledger.api import Look, Overview
from kumihimo.rooms.ledger.context import Ledger, reading
from kumihimo.rooms.ledger.service import PAGE_MAX, reader_of, told_whole
from kumihimo.rooms.ledger.sessions import Person
from kumihimo.rooms.ledger.store_claims import ClaimRow
from kumihimo.rooms.ledger.store_notices import NoticeRow

TOLD_WHOLE: Final = 10  # our choice: a first page shows fewer


async def read(ledger: Ledger, person: Person) -> Overview:
    """Return it, read in one transaction with one line in the journal."""
    now = ledger.clock.now()
    async with reading(ledger, person.code, store_seen.PLAN_ONCE) as (tx, codes):
        reader = reader_of(ledger, codes)
        found = await store_seen.overview(
            tx,
            reader,
            looks=PAGE_MAX + 1,
            whole=TOLD_WHOLE,
            claims=claims.LISTED_MAX,
            notices=notices.LISTED_MAX,
            on=legal_day(now),
        )
        told, rows = read_listed(found.claims, ClaimRow), read_listed(found.notices, NoticeRow)
        detail = {"looks": len(found.names), "claims": len(told), "notices": len(rows)}
        line = journal.JournalLine(act="overview-read", actor="person", detail=detail)
        await journal.write(tx, line, at=now)
    looks = zip(found.names, found.moments, strict=True)
    return Overview(
        looks=tuple(Look(name, at) for name, at in looks)[:PAGE_MAX],
        more=len(found.names) > PAGE_MAX,
        latest=told_whole(found.latest),
        claims=claims.told_of(ledger, told),
        notices=await notices.told_of(ledger, rows),
    )
