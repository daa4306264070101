"""The log for operators: how old its newest checkpoint is, and what oversight has not cosigned yet."""

from collections.abc import Sequence
from datetime import datetime

import attrs

from kumihimo.kernel.health import Found, Made, Waits
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.oversight.api import PARTY


@attrs.frozen
class _Uncosigned:
    """The checkpoints after the newest that is cosigned; `since` None where there are none."""

    count: int
    since: datetime | None


async def look_at_log(tx: Tx) -> Sequence[Found]:
    """Find the age of the newest checkpoint, and since when checkpoints wait for oversight."""
    newest: datetime | None = await tx.value("SELECT at FROM log_batch ORDER BY start DESC LIMIT 1")
    rest = await tx.one(
        "SELECT count(*) AS count, min(at) AS since FROM log_batch"
        " WHERE size > (SELECT coalesce(max(size), 0) FROM log_cosignature)",
        {},
        _Uncosigned,
    )
    found: list[Found] = [Made("checkpoint", newest)]
    if rest.since is not None:
        found.append(Waits("cosignature", PARTY, rest.count, rest.since))
    return found
