"""The portal's SQL for what people say of its pages."""

from datetime import date

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(kw_only=True, repr=False)
class FeedbackRow:
    """What somebody said of a page; her words are locked."""

    feedback: str
    page: str
    found: str
    language: str
    text_locked: bytes
    said_on: date


async def add(tx: Tx, row: FeedbackRow) -> None:
    """Write down what somebody said."""
    await tx.put(
        "INSERT INTO feedback (feedback, page, found, language, text_locked, said_on)"
        " VALUES (%(feedback)s, %(page)s, %(found)s, %(language)s, %(text_locked)s, %(said_on)s)",
        attrs.asdict(row),
    )


async def since(tx: Tx, day: date, most: int) -> list[FeedbackRow]:
    """Return what was said since a day, the latest first."""
    return await tx.rows(
        "SELECT feedback, page, found, language, text_locked, said_on FROM feedback"
        " WHERE said_on >= %(day)s ORDER BY said_on DESC, feedback LIMIT %(most)s",
        {"day": day, "most": most},
        FeedbackRow,
    )


async def forget(tx: Tx, before: date) -> int:
    """Drop what was said before a day; returns how many."""
    return await tx.execute("DELETE FROM feedback WHERE said_on < %(before)s", {"before": before})
