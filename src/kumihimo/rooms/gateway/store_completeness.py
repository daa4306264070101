"""The gateway's SQL that says which inquiries it knows, and until when its journal goes."""

from collections.abc import Sequence
from datetime import datetime

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen
class _InquiryRow:
    inquiry: str


async def known(tx: Tx, inquiries: Sequence[str]) -> set[str]:
    """Return those of these inquiries that the institution knows."""
    rows = await tx.rows(
        "SELECT inquiry FROM inquiry WHERE inquiry = ANY(%(ids)s)",
        {"ids": list(inquiries)},
        _InquiryRow,
    )
    return {row.inquiry for row in rows}


async def newest(tx: Tx) -> datetime | None:
    """Return the latest instant that the journal names: every act has a line of its own instant."""
    found: datetime | None = await tx.value("SELECT max(at) FROM journal")
    return found
