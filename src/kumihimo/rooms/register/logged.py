"""Each inquiry about a person on record, with its leaf for the ledger's log in the same transaction.

The leaf commits to the line of the inquiry log; who has neither register's key nor the line learns
from it only that there was one.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from kumihimo.kernel import leaves
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.sql import Tx
from kumihimo.kernel.tlog.leaf import Submission, commit
from kumihimo.rooms.register.context import Register
from kumihimo.rooms.register.store_asking import InquiryRow, log_inquiries

INQUIRY: Final = "strict-inquiry/1"


async def log(
    register: Register, tx: Tx, office: str, rows: Sequence[InquiryRow]
) -> frozenset[str]:
    """Log a batch; returns the ids that the office used before for another inquiry."""
    today = register.today()
    new, reused = await log_inquiries(tx, office, rows, on=today)
    if not reused and new:
        made = b"".join(leaf(register, office, row, today) for row in rows if row.inquiry in new)
        submission = Submission(new_id(register.entropy), made)
        await leaves.put(tx, submission, register.clock.now())
    return reused


def leaf(register: Register, office: str, row: InquiryRow, on: date) -> bytes:
    """Return the leaf of a line of the inquiry log."""
    salt = leaves.salt_of(leaves.salts(register.keys), f"inquiry|{office}|{row.inquiry}")
    content = msgspec.json.encode(
        (
            INQUIRY,
            office,
            row.inquiry,
            row.affair,
            on,
            row.answered,
            row.compared,
            row.person_tag,
        )
    )
    return commit(salt, content)
