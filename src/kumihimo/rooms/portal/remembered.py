"""What the portal itself remembers of somebody that her first page shows: had by one question."""

from collections.abc import Mapping, Sequence
from datetime import date

import attrs

from kumihimo.pages.visits import Visit
from kumihimo.rooms.ledger.api import Overview
from kumihimo.rooms.portal import news, notices, wishes
from kumihimo.rooms.portal import store_remembered as store
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.wishes import Wishes
from kumihimo.rooms.register.api import OfficeAsked


@attrs.frozen(kw_only=True)
class Remembered:
    """What she wishes, since when she has her account, how many words of proxies are new, her marks.

    `look` is what she had seen, locked, where this is the first page of a visit.
    """

    wishes: Wishes
    since: date
    unseen: int
    marks: Mapping[bytes, str]
    look: bytes | None


async def read(
    portal: Portal, visit: Visit, told: Overview, inquiries: Sequence[OfficeAsked]
) -> Remembered:
    """Return it, with the marks of the notices and looks that the ledger told."""
    tags = notices.tags_of(portal, visit, told, inquiries)
    first = news.begins(visit)
    row = await store.remembered(portal.database, visit.who, tags, look=first)
    assert row is not None, "who is signed in has an account"
    marks = zip(row.tags, row.marks, strict=True)
    return Remembered(
        wishes=wishes.wished(portal, visit.who, row.content_locked),
        since=row.opened_on,
        unseen=row.unseen,
        marks={bytes(tag): mark for tag, mark in marks},
        look=row.look_locked,
    )
