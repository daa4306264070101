"""The ledger's SQL for a data tracker's client."""

from datetime import datetime

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.ledger import store
from kumihimo.rooms.ledger.store import Reader, Wanted


async def how_many(tx: Tx, reader: Reader, wanted: Wanted) -> int:
    """Return how many records of a person fit, whatever a page shows of them."""
    query = "SELECT count(*)" + store.WITH_ENDS + store.OF_PERSON + store.FITS
    return await tx.value(query, store.fitting(reader, wanted))


async def kept_since(tx: Tx, at: datetime) -> datetime:
    """Return how far back records are kept, by the database's own table of the law."""
    return await tx.value("SELECT %(at)s - kept FROM retention WHERE what = 'record'", {"at": at})
