"""The ledger's SQL that says which submissions of one party are in the log. It only reads."""

from datetime import datetime

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.kernel.tlog.leaf import Kind
from kumihimo.kernel.tlog.mine import MySubmission


@attrs.frozen
class MineRow:
    """A submission, and when its leaves came into the log."""

    submission: str
    first: int
    leaves: int
    at: datetime
    kind: Kind

    def told(self) -> MySubmission:
        """Return it as its sender is told."""
        return MySubmission(self.submission, self.first, self.leaves, self.at, self.kind)


async def submissions(tx: Tx, sender: str, start: int, until: int) -> list[MineRow]:
    """Return a sender's submissions that begin in [start, until), in the order of the log."""
    return await tx.rows(
        "SELECT s.submission, s.first, s.leaves, s.kind, b.at FROM log_submission s"
        " JOIN log_batch b ON b.start = (SELECT max(o.start) FROM log_batch o"
        "   WHERE o.start <= s.first)"
        " WHERE s.first >= %(start)s AND s.first < %(until)s AND s.sender = %(sender)s"
        " ORDER BY s.first",
        {"sender": sender, "start": start, "until": until},
        MineRow,
    )
