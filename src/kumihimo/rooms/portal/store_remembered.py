"""The portal's SQL for what the first page shows of its own: one question to the database, not four."""

from collections.abc import Sequence
from datetime import date

import attrs

from kumihimo.kernel.sql import Database


@attrs.frozen(kw_only=True, repr=False)
class RememberedRow:
    """Somebody's account, what she wishes, locked, the words of proxies that she has not seen, and marks.

    Of `tags` and `marks` one belongs to the other. `look_locked` is what she had seen, if it was asked.
    """

    opened_on: date
    content_locked: bytes | None
    unseen: int
    look_locked: bytes | None
    tags: Sequence[bytes]
    marks: Sequence[str]


async def remembered(
    database: Database, account: str, tags: Sequence[bytes], *, look: bool
) -> RememberedRow | None:
    """Return what is remembered of somebody; of her marks those of the notices that `tags` name.

    What she had seen comes only where `look` asks for it: it is the longest.
    """
    return await database.look(
        "SELECT a.opened_on, w.content_locked, (SELECT count(*) FROM proxy_word p"
        "  WHERE p.account = a.account AND NOT p.seen) AS unseen, m.tags, m.marks,"
        " CASE WHEN %(look)s THEN (SELECT l.content_locked FROM last_look l"
        "  WHERE l.account = a.account) END AS look_locked"
        " FROM account a LEFT JOIN wish w ON w.account = a.account CROSS JOIN LATERAL ("
        "  SELECT coalesce(array_agg(n.notice_tag ORDER BY n.notice_tag), '{}') AS tags,"
        "  coalesce(array_agg(n.mark ORDER BY n.notice_tag), '{}') AS marks FROM notice_mark n"
        "  WHERE n.account = a.account AND n.notice_tag = ANY(%(tags)s)) m"
        " WHERE a.account = %(account)s",
        {"account": account, "tags": list(tags), "look": look},
        RememberedRow,
    )
