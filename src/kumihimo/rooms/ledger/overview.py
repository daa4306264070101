"""What the first page of a portal needs, in one answer: who looked, how her claims stand, her notices."""

from typing import Final

from kumihimo.kernel import journal
from kumihimo.kernel.clock import legal_day
from kumihimo.rooms.ledger import claims, notices, store_claims, store_notices, store_seen
from kumihimo.rooms.ledger.api import Look, Overview
from kumihimo.rooms.ledger.context import Ledger, reading
from kumihimo.rooms.ledger.service import PAGE_MAX, read_named, reader_of
from kumihimo.rooms.ledger.sessions import Person

TOLD_WHOLE: Final = 10  # our choice: a first page shows fewer


async def read(ledger: Ledger, person: Person) -> Overview:
    """Return it, read in one transaction with one line in the journal."""
    now = ledger.clock.now()
    async with reading(ledger, person.code, store_seen.PLAN_ONCE) as (tx, codes):
        reader = reader_of(ledger, codes)
        looks = await store_seen.looks(tx, reader, PAGE_MAX + 1)
        latest = await read_named(tx, reader, looks.names[:TOLD_WHOLE])
        told = await store_claims.mine(tx, reader.persons, claims.LISTED_MAX)
        rows = await store_notices.mine(tx, reader.persons, legal_day(now), notices.LISTED_MAX)
        detail = {"looks": len(looks.names), "claims": len(told), "notices": len(rows)}
        line = journal.JournalLine(act="overview-read", actor="person", detail=detail)
        await journal.write(tx, line, at=now)
    found = zip(looks.names, looks.moments, strict=True)
    return Overview(
        looks=tuple(Look(name, at) for name, at in found)[:PAGE_MAX],
        more=len(looks.names) > PAGE_MAX,
        latest=latest,
        claims=claims.told_of(ledger, told),
        notices=await notices.told_of(ledger, rows),
    )
