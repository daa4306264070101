"""The core holds its exchanges against the leaves that it put down with them, a part at each look.

(1) The leaf is made anew from each row, with the salt that stands in no database, and must be among
    those of its submission; none has no submission since there is a log. So who edits, back-dates
    or puts in a row is found in the round.
(2) At the round's end, and when the server counts a row as taken out, there must be as many rows of
    each submission as leaves.
What is wrong is told to oversight once, and shown as the core's health. What only the core has no
leaf of is not looked at here: both ends, the case, the digest of what was asked, how long a permit
was good. Who changes leaves so that they fit finds the log against him (`operations prove`).
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Final, Literal

import attrs
import msgspec
from psycopg.errors import UniqueViolation

from kumihimo.kernel import journal, leaves, outbox
from kumihimo.kernel.health import Broken, Found
from kumihimo.kernel.ids import id_of
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.linkage import store_checking
from kumihimo.rooms.linkage.api import PARTY
from kumihimo.rooms.linkage.domain.sheets import PERMIT_LIFETIME
from kumihimo.rooms.linkage.inquiries import wire
from kumihimo.rooms.linkage.service import Core
from kumihimo.rooms.linkage.store_checking import CheckedRow
from kumihimo.rooms.linkage.store_completeness import records_gone
from kumihimo.rooms.oversight.api import ALARM_PATH, Alarm
from kumihimo.rooms.oversight.api import PARTY as OVERSIGHT

CHECKING_PAUSE_S: Final = 10.0  # our choice: what was changed is to be told within a minute
AT_ONCE: Final = 2_000  # our choice: some tenths of a second
_FOUND_MAX: Final = 256
_START: Final = ("", "")
_Place = tuple[date, tuple[str, str]]  # a month, and behind which requester's inquiry in it
_BEGINNING: Final[_Place] = (date.min, _START)


@attrs.frozen
class Wrong:
    """What does not fit, and which exchange or how many."""

    what: Literal["record-changed", "record-missing"]
    where: str
    permit: str = ""
    requester: str = PARTY
    provider: str = ""


@attrs.define
class RecordChecker:
    """Looks at one part after another; behind the last month the next round begins."""

    core: Core
    salt: Callable[[str], bytes]
    at_once: int = AT_ONCE
    found: dict[tuple[str, str], datetime] = attrs.field(
        init=False, factory=dict[tuple[str, str], datetime]
    )
    whole_at: datetime | None = attrs.field(init=False, default=None)
    _untold: dict[Wrong, None] = attrs.field(init=False, factory=dict[Wrong, None])
    _place: _Place = attrs.field(init=False, default=_BEGINNING)
    _removed: int | None = attrs.field(init=False, default=None)
    _logged_since: datetime | None = attrs.field(init=False, default=None)

    async def run_once(self) -> int:
        """Look once; returns 0, since there is always time for the next look."""
        now = self.core.clock.now()
        async with self.core.database.transaction() as tx:
            removed = await store_checking.removed(tx)
            rows, place = await self._next(tx)
            wrong = await self._unlike(tx, rows)
        ends = place == _BEGINNING
        if ends or (self._removed is not None and removed > self._removed):
            wrong += await self._missing(now)
        self._untold |= dict.fromkeys(wrong)
        self._removed, self._place = removed, place  # a look that is broken off begins again there
        for one in list(self._untold):  # what could not be written down stays for the next look
            await self._tell(one, now)
            del self._untold[one]
        if ends and not self.found:
            self.whole_at = now
        return 0

    async def look(self, _: Tx) -> Sequence[Found]:
        """Tell what does not fit."""
        return [Broken(what, at) for (what, _), at in self.found.items()]

    async def _next(self, tx: Tx) -> tuple[list[CheckedRow], _Place]:
        """Return the next part and where it ends, which is the beginning where the round does."""
        rows: list[CheckedRow] = []
        month, after = self._place
        while True:
            most = self.at_once - len(rows)
            rows += await store_checking.part(tx, month, after, most)
            if len(rows) == self.at_once:
                return rows, (month, (rows[-1].requester, rows[-1].inquiry))
            found = await store_checking.first_month(tx, month)
            if found is None:
                return rows, _BEGINNING
            month, after = found, _START

    async def _unlike(self, tx: Tx, rows: Sequence[CheckedRow]) -> list[Wrong]:
        """Return the exchanges that are not what their leaves say."""
        bare = [row for row in rows if row.submission is None]
        if bare and self._logged_since is None:
            self._logged_since = await store_checking.logged_since(tx)
        logged = {row.record: row for row in rows if row.said and row.submission is not None}
        made = await asyncio.to_thread(self._leaves, list(logged.values()))
        submissions = [row.submission or "" for row in logged.values()]
        wrong = await store_checking.without_leaf(tx, list(logged), submissions, made)
        wrong |= {row.record for row in rows if not row.said}
        if self._logged_since is not None:
            began = self._logged_since + PERMIT_LIFETIME
            wrong |= {row.record for row in bare if row.expires_at > began}
        return [_changed(row) for row in rows if row.record in wrong]

    def _leaves(self, rows: Sequence[CheckedRow]) -> list[bytes]:
        return [wire(row, self.salt(row.record)).leaf() for row in rows]

    async def _missing(self, now: datetime) -> list[Wrong]:
        gone = await records_gone(self.core.database, now)
        if gone.since is None:
            return []
        return [Wrong("record-missing", f"{gone.records}|{gone.since.isoformat()}")]

    async def _tell(self, wrong: Wrong, now: datetime) -> None:
        """Tell oversight, once for each finding: it knows one that comes again by its id."""
        key = (wrong.what, wrong.where)
        if key in self.found or len(self.found) >= _FOUND_MAX:
            return
        secret = leaves.salts(self.core.keys)
        alarm = Alarm(
            alarm=id_of(leaves.salt_of(secret, f"alarm|{wrong.what}|{wrong.where}")),
            kind=wrong.what,
            permit=wrong.permit,
            requester=wrong.requester,
            provider=wrong.provider,
            noticed_at=now,
        )
        async with self.core.database.transaction() as tx:
            body = msgspec.json.encode(alarm)
            await outbox.put(tx, topic=ALARM_PATH, destination=OVERSIGHT, body=body, at=now)
        line = journal.JournalLine(act="records-broken", actor=PARTY, detail={"what": wrong.what})
        # Somebody's line may stand where the journal's next belongs; that is found by itself.
        with suppress(UniqueViolation):
            async with self.core.database.transaction() as tx:
                await journal.write(tx, line, at=now)
        self.found[key] = now


def _changed(row: CheckedRow) -> Wrong:
    return Wrong("record-changed", row.permit, row.permit, row.requester, row.provider)
