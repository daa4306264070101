"""What people say of the pages (ご意見): of which page, in a word and a few more, and by nobody."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, Literal

import attrs

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import BadInput, TooMany
from kumihimo.pages.engine import Language
from kumihimo.rooms.portal import store
from kumihimo.rooms.portal import store_feedback as rows
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.store_feedback import FeedbackRow

Found = Literal["clear", "unclear", "broken"]
FOUND: Final[dict[str, Found]] = {"clear": "clear", "unclear": "unclear", "broken": "broken"}
TEXT_MAX: Final = 1_000
A_MINUTE: Final = 10  # our choice: from one place
KEPT_FOR: Final = timedelta(days=365)  # our choice
READ_MAX: Final = 10_000
_BLOCK: Final = 1_024


@attrs.frozen(kw_only=True)
class Feedback:
    """What somebody said of a page."""

    on: date
    page: str
    found: str
    language: str
    text: str


async def say(  # a place is counted, and stands beside nothing that was said
    portal: Portal, *, page: str, found: str, text: str, language: Language, source: str
) -> None:
    """Keep what somebody says of a page. Raises `BadInput`, `TooMany`."""
    if found not in FOUND:
        raise BadInput("choose one", pointer="found")
    if len(text) > TEXT_MAX:
        raise BadInput(f"at most {TEXT_MAX} characters", pointer="text")
    name = new_id(portal.entropy)
    row = FeedbackRow(
        feedback=name,
        page=page,
        found=found,
        language=language,
        text_locked=portal.locker.lock(text.encode(), label=_label(name), block=_BLOCK),
        said_on=portal.today(),
    )
    place = portal.locker.tag(source.encode(), label=b"feedback")
    minute = portal.clock.now().replace(second=0, microsecond=0)
    async with portal.database.transaction() as tx:
        if await store.count_try(tx, "open", place, minute) > A_MINUTE:
            raise TooMany("too much from one place; try again in a minute")
        await rows.add(tx, row)
        await portal.journal(tx, "feedback-given", "somebody", found=found)


async def read(portal: Portal, since: date) -> Sequence[Feedback]:
    """Return what was said since a day, the latest first."""
    async with portal.database.transaction() as tx:
        found = await rows.since(tx, since, READ_MAX)
    return [
        Feedback(
            on=row.said_on,
            page=row.page,
            found=row.found,
            language=row.language,
            text=portal.locker.unlock(bytes(row.text_locked), label=_label(row.feedback)).decode(),
        )
        for row in found
    ]


def _label(feedback: str) -> bytes:
    return b"feedback" + feedback.encode()
