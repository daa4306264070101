"""The ledger holds its own rows against its log, a stretch of the log at each look, in rounds.

(1) The entries of a stretch are those over which the hashes above them stand, and each entry came
    with a submission.
(2) Each row that claims a place there has the leaf that stands there: records, ends, links.
(3) Each leaf of a record or link has its row, once the row came, or after ten minutes.
(4) A link has its neighbours, its chain, and a record of the chain's person with both ends.
(5) A record that stands nowhere in the log is none that the core delivered.
(6) A stretch whose rows are not what they were when this process last marked them (a keyed sum) is
    looked at at once: every stretch is marked anew within a minute, however long a round takes.
What does not fit is told to oversight once, and shown as the ledger's health. Who changes several
tables so that they fit each other, submissions among them, is not found out here.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import attrs
import msgspec
from psycopg.errors import UniqueViolation

from kumihimo.kernel import journal, outbox, store_anchors
from kumihimo.kernel.health import Broken, Found, Made
from kumihimo.kernel.ids import id_of
from kumihimo.kernel.sql import Tx
from kumihimo.kernel.tlog.leaf import commit
from kumihimo.kernel.tlog.tiles import LEVELS, WIDTH
from kumihimo.kernel.tlog.tree import fold, leaf_hash
from kumihimo.rooms.ledger import chain, store_chain, store_checking, store_log
from kumihimo.rooms.ledger.api import PARTY
from kumihimo.rooms.ledger.context import Ledger
from kumihimo.rooms.ledger.domain.chain import Link, Linked
from kumihimo.rooms.ledger.domain.history import end_content
from kumihimo.rooms.ledger.store_chain import RecordRow
from kumihimo.rooms.ledger.store_checking import (
    EndLeafRow,
    LinkedRow,
    MarkRow,
    PartiesRow,
    TakenRow,
)
from kumihimo.rooms.ledger.taking import end_salt
from kumihimo.rooms.linkage.api import PARTY as LINKAGE
from kumihimo.rooms.oversight.api import ALARM_PATH, Alarm
from kumihimo.rooms.oversight.api import PARTY as OVERSIGHT

CHECKING_PAUSE_S: Final = 2.5  # our choice: what was changed is to be told within a minute
MARKING_LOOKS: Final = 20  # our choice: every stretch is marked anew within fifty seconds
STRETCH: Final = 8 * WIDTH  # our choice: some hundredths of a second
_DELIVERED_WITHIN: Final = timedelta(minutes=10)  # our choice: an outbox that works takes seconds
_FOUND_MAX: Final = 256
_NEVER_CHANGED: Final = ("log_batch", "log_node", "log_submission", "log_cosignature")
_NOBODY: Final = PartiesRow("", PARTY, "")

What = Literal["record-changed", "record-missing", "chain-broken", "log-damaged"]


@attrs.frozen
class Wrong:
    """Something that does not fit the log: what, where, and whose exchange it is."""

    what: What
    where: str
    about: PartiesRow = _NOBODY


@attrs.frozen(kw_only=True)
class _Stretch:
    """A stretch of the log, and every row that claims a place in it."""

    start: int
    entries: Sequence[bytes]
    records: Sequence[RecordRow]
    ends: Sequence[EndLeafRow]
    links: Sequence[LinkedRow]
    linked: dict[str, RecordRow]
    ended: frozenset[tuple[str, str]]
    alarmed: frozenset[str]

    def holds(self, place: int | None, leaf: bytes) -> bool:
        return place is not None and self.entries[place - self.start] == leaf


@attrs.define
class Checker:
    """Looks at one stretch after another; at the log's end the next round begins."""

    ledger: Ledger
    stretch: int = STRETCH
    found: dict[tuple[str, str], datetime] = attrs.field(
        init=False, factory=dict[tuple[str, str], datetime]
    )
    whole_at: datetime | None = attrs.field(init=False, default=None)
    _at: int = attrs.field(init=False, default=0)
    _marked_at: int = attrs.field(init=False, default=0)
    _marks: dict[int, MarkRow] = attrs.field(init=False, factory=dict[int, MarkRow])
    _suspects: dict[int, None] = attrs.field(init=False, factory=dict[int, None])
    _suspecting: bool = attrs.field(init=False, default=False)
    _whole_to: int = attrs.field(init=False, default=0)
    _unproven_after: str = attrs.field(init=False, default="")
    _changed: int | None = attrs.field(init=False, default=None)
    _untold: dict[Wrong, None] = attrs.field(init=False, factory=dict[Wrong, None])

    async def run_once(self) -> int:
        """Look once; returns 0, since there is always time for the next look."""
        now = self.ledger.clock.now()
        wrong, end, ends = await self._look(now, marking=True)
        self._untold |= dict.fromkeys(wrong)
        for one in list(self._untold):  # what could not be written down stays for the next look
            await self._tell(one, now)
            del self._untold[one]
        if not self._suspecting:
            self._at = 0 if ends else end
            if ends and not self.found:
                self.whole_at = now
        return 0

    async def round(self) -> list[Wrong]:
        """Look at everything once, and tell nobody: for whoever asks by hand."""
        now, found = self.ledger.clock.now(), list[Wrong]()
        while True:
            wrong, end, ends = await self._look(now, marking=False)
            found += wrong
            self._at = 0 if ends else end
            if ends and not self._unproven_after:
                return list(dict.fromkeys(found))

    async def _look(self, now: datetime, *, marking: bool) -> tuple[list[Wrong], int, bool]:
        """Look at the next stretch; returns what is wrong, where it ends, and whether the log does."""
        async with self.ledger.database.transaction() as tx:
            await tx.put("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            head = await store_log.head(tx)
            size = 0 if head is None else head.size
            if marking:
                await self._mark(tx, size)
            start = self._next(size) if marking else self._in_turn(size)
            end = min(start + self.stretch, size)
            read = await _read(tx, start, end)
            wrong = await _hashes(tx, read, end)
            wrong += await self._submissions(tx, start, end, now)
            wrong += await self._unproven(tx)
            wrong += await self._turned_back(tx, read.links)
            # Only this look sees it, so it comes last: what stops the look before is asked again.
            wrong += await self._touched(tx)
        if self._suspecting:
            self._suspects.pop(start // self.stretch, None)
        wrong += await asyncio.to_thread(_rows, self.ledger, read)
        return wrong, end, end == size

    async def _mark(self, tx: Tx, size: int) -> None:
        """Mark those stretches anew whose turn it is; one that changed is suspected."""
        total = -(-size // self.stretch)
        first = self._marked_at if self._marked_at < total else 0
        last = min(total, first + max(1, -(-total // MARKING_LOOKS)))
        width, seed = self.stretch, self._seed
        rows = await store_checking.marks(tx, seed, first * width, last * width, width)
        found = {row.stretch: row for row in rows}
        for at in range(first, last):
            mark = found.get(at, MarkRow(at, 0, 0))
            if self._marks.setdefault(at, mark) != mark:
                self._suspects[at] = None
                self._marks[at] = mark
        self._marked_at = last

    def _next(self, size: int) -> int:
        """Return where the stretch begins that is looked at: a suspect's, or the round's next in turn."""
        self._suspecting = bool(self._suspects) and not self._suspecting
        if self._suspecting:
            at = next(iter(self._suspects))
            if at * self.stretch < size:
                return at * self.stretch
            del self._suspects[at]
            self._suspecting = False
        return self._in_turn(size)

    def _in_turn(self, size: int) -> int:
        return self._at if self._at < size else 0

    @property
    def _seed(self) -> int:
        return int.from_bytes(self.ledger.salt("checking-marks")[:8], "big", signed=True)

    async def look(self, _: Tx) -> Sequence[Found]:
        """Tell what does not fit, and when a round last found everything right."""
        broken = [Broken(what, at) for (what, _), at in self.found.items()]
        return [Made("ledger-checked", self.whole_at), *broken]

    async def _submissions(self, tx: Tx, start: int, end: int, now: datetime) -> list[Wrong]:
        """Hold the submissions of a stretch together, and their rows against their leaves."""
        since = await store_checking.kept_since(tx, now)
        wrong: list[Wrong] = []
        rows = await store_checking.submissions(tx, start, end)
        whole_to, expected = end, min(start, rows[0].first) if rows else start
        for one in rows:
            if one.first != expected:
                wrong.append(Wrong("log-damaged", f"submission|{expected}"))
            expected = one.first + one.leaves
            if one.rows == one.leaves:  # a core that was away delivers later than that
                self.found.pop(("record-missing", one.submission), None)
                self._untold.pop(Wrong("record-missing", one.submission), None)
            if one.rows == one.leaves or one.at < since or not _has_rows(one):
                continue
            if one.first < self._whole_to or one.at < now - _DELIVERED_WITHIN:
                wrong.append(Wrong("record-missing", one.submission))
            else:
                whole_to = min(whole_to, one.first)
        if expected < end:
            wrong.append(Wrong("log-damaged", f"submission|{expected}"))
        if start <= self._whole_to:
            self._whole_to = max(self._whole_to, whole_to)
        return wrong

    async def _unproven(self, tx: Tx) -> list[Wrong]:
        rows = await store_checking.unproven(tx, self._unproven_after)
        full = len(rows) == store_checking.UNPROVEN_AT_ONCE
        self._unproven_after = rows[-1].record if full else ""
        return [_changed(row) for row in rows]

    async def _touched(self, tx: Tx) -> list[Wrong]:
        """Ask the server's own count of changed rows, where none is ever changed."""
        before, self._changed = self._changed, await store_anchors.changed(tx, _NEVER_CHANGED)
        grown = before is not None and self._changed > before
        return [Wrong("log-damaged", "touched")] if grown else []

    async def _turned_back(self, tx: Tx, links: Sequence[LinkedRow]) -> list[Wrong]:
        """Find chains of which the number after the newest was in the log."""
        after = {
            chain.submission_id(self.ledger, one.chain, one.newest + 1): one.chain
            for one in links
            if one.number == one.newest
        }
        rows = await store_log.submissions(tx, list(after))
        return [Wrong("chain-broken", after[row.submission]) for row in rows]

    async def _tell(self, wrong: Wrong, now: datetime) -> None:
        """Tell oversight, once for each finding: it knows one that comes again by its id."""
        key = (wrong.what, wrong.where)
        if key in self.found or len(self.found) >= _FOUND_MAX:
            return
        alarm = Alarm(
            alarm=id_of(self.ledger.salt(f"alarm|{wrong.what}|{wrong.where}")),
            kind=wrong.what,
            permit=wrong.about.permit,
            requester=wrong.about.requester,
            provider=wrong.about.provider,
            noticed_at=now,
        )
        try:
            await self._write(alarm, now, journaled=True)
        except UniqueViolation:  # somebody's line stands where the journal's next belongs
            await self._write(alarm, now, journaled=False)
        self.found[key] = now

    async def _write(self, alarm: Alarm, now: datetime, *, journaled: bool) -> None:
        async with self.ledger.database.transaction() as tx:
            body = msgspec.json.encode(alarm)
            await outbox.put(tx, topic=ALARM_PATH, destination=OVERSIGHT, body=body, at=now)
            if journaled:
                line = journal.JournalLine(
                    act="ledger-broken", actor=PARTY, detail={"what": alarm.kind}
                )
                await journal.write(tx, line, at=now)


def _has_rows(one: TakenRow) -> bool:
    return (one.kind, one.sender) in {("record", LINKAGE), ("link", PARTY)}


def _changed(row: RecordRow) -> Wrong:
    about = PartiesRow(row.permit, row.requester, row.provider)
    return Wrong("record-changed", row.permit, about)


async def _read(tx: Tx, start: int, end: int) -> _Stretch:
    links = await store_checking.links(tx, start, end)
    linked = await store_checking.named(tx, [one.record for one in links])
    permits = [row.permit for row in linked.values()]
    ends = await store_chain.ends(tx, permits)
    return _Stretch(
        start=start,
        entries=await store_log.entries(tx, start, end),
        records=await store_checking.records(tx, start, end),
        ends=await store_checking.ends(tx, start, end),
        links=links,
        linked=linked,
        ended=frozenset((one.permit, one.side) for one in ends),
        alarmed=await store_checking.alarmed(tx, permits),
    )


async def _hashes(tx: Tx, read: _Stretch, end: int) -> list[Wrong]:
    """Check the hashes over each tile that is full within the stretch, at every level."""
    assert read.start % WIDTH == 0, "a stretch begins with a tile"
    wrong: list[Wrong] = []
    if len(read.entries) != end - read.start:
        return [Wrong("log-damaged", f"entries|{read.start}")]
    below = [leaf_hash(entry) for entry in read.entries]
    first, until = read.start // WIDTH, end // WIDTH
    for level in range(1, LEVELS):
        if until <= first:
            break
        over = [fold(below[at : at + WIDTH]) for at in range(0, (until - first) * WIDTH, WIDTH)]
        if await store_log.hashes(tx, level, first, until) != over:
            wrong.append(Wrong("log-damaged", f"hashes|{level}|{first}"))
        # The tiles above that are full with these hashes may have begun before them.
        first, until = first // WIDTH, until // WIDTH
        if until > first:
            below = await store_log.hashes(tx, level, first * WIDTH, until * WIDTH)
            if len(below) != (until - first) * WIDTH:
                wrong.append(Wrong("log-damaged", f"hashes|{level}|{first}"))
                break
    return wrong


def _rows(ledger: Ledger, read: _Stretch) -> list[Wrong]:
    """Hold the rows of a stretch against its entries."""
    if not read.entries:
        return []
    wrong = [
        _changed(row) for row in read.records if not read.holds(row.leaf, chain.record_leaf(row))
    ]
    for end in read.ends:
        content = end_content(end.permit, end.side, end.outcome, end.at, hidden=end.hidden)
        if not read.holds(end.leaf, commit(end_salt(ledger, end.permit, end.side), content)):
            about = PartiesRow(end.permit, PARTY, "")
            wrong.append(Wrong("record-changed", f"{end.permit}|{end.side}", about))
    for one in read.links:
        if not _link_fits(ledger, one, read):
            row = read.linked.get(one.record)
            about = _NOBODY if row is None else _changed(row).about
            wrong.append(Wrong("chain-broken", one.chain, about))
    return wrong


def _link_fits(ledger: Ledger, one: LinkedRow, read: _Stretch) -> bool:
    row = read.linked.get(one.record)
    if row is None:
        return False
    linked = Linked(record=row.record, leaf=chain.record_leaf(row), requested_at=row.requested_at)
    link = Link(
        chain=one.chain,
        number=one.number,
        linked=linked,
        before=None if one.before is None else bytes(one.before),
        before_at=one.before_at,
    )
    leaf = chain.link_leaf(ledger, link)
    return (
        leaf == bytes(one.leaf)
        and read.holds(one.place, leaf)
        and (one.number - 1 <= one.forgotten or one.before == one.before_leaf)
        and (one.followed if one.number < one.newest else one.head == one.leaf)
        and (one.person is None or (_is_hers(one, row, read) and _has_ended(row, read)))
    )


def _is_hers(one: LinkedRow, row: RecordRow, read: _Stretch) -> bool:
    """Whether a chain's person is whom both sides named, or one of them where they disagree.

    Codes of two keys say nothing of each other.
    """
    codes = [(row.version, row.person), (row.other_version, row.other)]
    fits = [code == one.person for version, code in codes if code and version == one.version]
    return all(fits) or (any(fits) and row.permit in read.alarmed)


def _has_ended(row: RecordRow, read: _Stretch) -> bool:
    sides = {(row.permit, "requester"), (row.permit, "provider")}
    return row.outcome != "OK" or sides <= read.ended
