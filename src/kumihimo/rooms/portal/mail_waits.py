"""Since when mail waits, and when bells were last heard, as this process has seen it.

Not in the database: the instant at which somebody's bell was heard would tie her account to a look
that the ledger knows.
"""

from collections.abc import Sequence
from datetime import datetime

import attrs

from kumihimo.kernel.health import Found, Made, Waits
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.portal.store_wishes import DueRow

RELAY = "relay"


@attrs.define
class MailWaits:
    """What operators are told of mail: `mail` is to go out now, `mail-put-off` after a rest."""

    _rows: Sequence[DueRow] = attrs.field(init=False, factory=tuple)
    _since: dict[str, datetime] = attrs.field(init=False, factory=dict[str, datetime])
    _heard: datetime | None = attrs.field(init=False, default=None)

    def saw(self, rows: Sequence[DueRow], now: datetime) -> None:
        """Take note of all mail that is due, as it was seen just now."""
        self._rows = rows
        self._since = {row.account: self._since.get(row.account, now) for row in rows}

    def heard(self, now: datetime) -> None:
        """Take note that the ledger has said which bells ring."""
        self._heard = now

    async def look(self, tx: Tx) -> Sequence[Found]:
        """Find what waits for the relay, for the room's health."""
        del tx  # nothing of it stands in the database
        found: list[Found] = []
        for queue, rests in (("mail", False), ("mail-put-off", True)):
            since = [self._since[row.account] for row in self._rows if row.rests == rests]
            if since:
                found.append(Waits(queue, RELAY, len(since), min(since)))
        return found

    def ages(self) -> Sequence[Made]:
        """Return when bells were last heard; none where nothing is mailed."""
        return () if self._heard is None else (Made("bells", self._heard),)
