"""Whether a room's database has everything that it once put into the log: after a restore, above all.

(1) The log's keeper says which submissions of the party stand in the log, a stretch after another.
(2) Each must be known here, with as many leaves, at that place. One that is not was lost: the room
    writes leaves down before it sends them, so the log never knows of more than the room did.
(3) Each that is believed to be in the log must be there. One that is not was lost by the log.
(4) The journal is one chain, and every anchor is the line that it says.
What came after the newest leaf of the lost part leaves no trace in the log: of a journal that is
the last ten seconds. Nothing here changes anything, and nothing here names a person.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final, Literal

import attrs

from kumihimo.kernel import store_anchors, store_completeness
from kumihimo.kernel.anchoring import LINES_AT_ONCE, submission_id
from kumihimo.kernel.keys import PartyKeys
from kumihimo.kernel.leaves import salts
from kumihimo.kernel.sql import Database
from kumihimo.kernel.store_anchors import BEGINNING, WRONG_AT_ONCE
from kumihimo.kernel.store_completeness import KnownRow, NumberRow, PlacedRow
from kumihimo.kernel.tlog.mine import AskMine, Mine, MySubmission
from kumihimo.kernel.withheld import Withheld

Ask = Callable[[AskMine], Awaitable[Mine]]
What = Literal["head", "record", "leaf"]
_FAR: Final = (1 << 63) - 1


@attrs.frozen(kw_only=True)
class Lost:
    """Leaves of one kind that are in the log and not in the database: where, and since when."""

    what: What
    leaves: int
    first: int
    last: int
    since: datetime
    until: datetime


@attrs.frozen(kw_only=True)
class Held:
    """A party's leaves in the log, held against its database.

    `forgotten` counts submissions that the log was said to have and has not; `newest` is the entry
    where the newest of them was said to stand. `moved` stand elsewhere, or are of another length.
    """

    party: str
    size: int
    leaves: int
    newest_at: datetime | None
    lost: tuple[Lost, ...]
    moved: int
    forgotten: int
    believed: int | None

    def complete(self) -> bool:
        """Say whether nothing is missing, here and there."""
        return not (self.lost or self.moved or self.forgotten)


@attrs.frozen(kw_only=True)
class JournalHeld:
    """A journal held against itself and its anchors: its length, and what is wrong, by line."""

    lines: int
    newest_at: datetime | None
    anchored: int
    wrong: tuple[tuple[str, int], ...]


async def hold(
    database: Database, keys: PartyKeys, ask: Ask, *, since: int = 0, shared: bool = False
) -> Held:
    """Hold what the log has of a party from entry `since` on against the room's database.

    `shared`: the database is of several parties; then only anchors say whose they are. Raises
    `Unavailable`, and `Refused` where the log's keeper does not tell.
    """
    return await _Holding(database, keys, ask, since, shared).run()


@attrs.define
class _Holding:
    """One holding under way."""

    database: Database
    keys: PartyKeys
    ask: Ask
    since: int
    shared: bool
    size: int = 0
    leaves: int = 0
    newest_at: datetime | None = None
    moved: int = 0
    _asked_to: int = 0
    _matched: int = 0
    _open: list[str] = attrs.field(factory=list[str])
    _unknown: list[MySubmission] = attrs.field(factory=list[MySubmission])
    _heads: dict[str, NumberRow] = attrs.field(factory=dict[str, NumberRow])
    _at_place: dict[int, str] = attrs.field(factory=dict[int, str])

    async def run(self) -> Held:
        secret = salts(self.keys)
        async with self.database.transaction() as tx:
            numbers = await store_completeness.anchors(tx, self.keys.party)
        heads = {submission_id(secret, one.number): one for one in numbers}
        self._heads = dict(heads)
        self._at_place = {one.place: name for name, one in heads.items() if one.place is not None}
        self._asked_to = self.since
        await self._ask_on()
        placed = await self._placed()
        while placed.newest is not None and placed.newest >= self._asked_to:
            # It came while we asked, or the log is shorter than this room was told.
            before = self._asked_to
            await self._ask_on()
            if self._asked_to == before:
                break
            placed = await self._placed()
        await self._look_again(secret)
        gone = [one.place for one in self._heads.values() if (one.place or -1) >= self.since]
        believed = [place for place in (placed.newest, *gone) if place is not None]
        return Held(
            party=self.keys.party,
            size=self.size,
            leaves=self.leaves,
            newest_at=self.newest_at,
            lost=self._lost(set(heads), max((one.number for one in numbers), default=0)),
            moved=self.moved,
            forgotten=placed.count - self._matched + len(gone),
            believed=max(believed, default=None),
        )

    async def _look_again(self, secret: Withheld[bytes]) -> None:
        """Look for what is unknown among the anchors once more: a room that serves adds some."""
        if not self._unknown:
            return
        async with self.database.transaction() as tx:
            numbers = await store_completeness.anchors(tx, self.keys.party)
        names = {submission_id(secret, one.number) for one in numbers}
        self._unknown = [one for one in self._unknown if one.submission not in names]

    async def _ask_on(self) -> None:
        """Ask from where we are to the log's end."""
        while True:
            told = await self.ask(AskMine(self._asked_to))
            self.size = told.size
            await self._take(told.submissions)
            if told.until <= self._asked_to:
                return
            self._asked_to = told.until

    async def _take(self, submissions: Sequence[MySubmission]) -> None:
        names = [one.submission for one in submissions]
        async with self.database.transaction() as tx:
            known = await store_completeness.known(tx, names) if names else {}
        for one in submissions:
            self.leaves += one.leaves
            self.newest_at = max(one.at, self.newest_at or one.at)
            # A party that changed its key knows its old anchors by their places.
            name = (
                one.submission if one.submission in self._heads else self._at_place.get(one.first)
            )
            head, row = self._heads.pop(name or "", None), known.get(one.submission)
            if head is None and row is None:
                self._unknown.append(one)
            head_moved = head is not None and (
                head.place not in {None, one.first} or one.leaves > 1
            )
            self.moved += (row is not None and self._is_moved(one, row)) or head_moved

    def _is_moved(self, one: MySubmission, row: KnownRow) -> bool:
        """Say whether a submission that was put down is another; note that it was found."""
        if row.first is None:
            self._open.append(one.submission)
        else:
            self._matched += 1  # oversight puts the heads of its journal down with its other leaves
        return row.first not in {None, one.first} or row.leaves != one.leaves

    async def _placed(self) -> PlacedRow:
        if self.shared:
            return PlacedRow(0, None)
        async with self.database.transaction() as tx:
            return await store_completeness.placed(tx, self.since, self._open)

    def _lost(self, held: set[str], newest: int) -> tuple[Lost, ...]:
        """Say of which kinds the lost leaves are: heads are known by the ids that they must have."""
        if not self._unknown:
            return ()
        secret, until = salts(self.keys), newest + len(self._unknown)
        heads = {submission_id(secret, number) for number in range(1, until + 1)} - held
        kinds: dict[What, list[MySubmission]] = {}
        for one in self._unknown:
            what: What = "record" if one.kind == "record" else "leaf"
            kinds.setdefault("head" if one.submission in heads else what, []).append(one)
        return tuple(
            Lost(
                what=what,
                leaves=sum(one.leaves for one in lost),
                first=lost[0].first,
                last=lost[-1].first + lost[-1].leaves - 1,
                since=min(one.at for one in lost),
                until=max(one.at for one in lost),
            )
            for what, lost in kinds.items()
        )


async def journal_held(database: Database) -> JournalHeld:
    """Hold the whole journal against itself and its anchors."""
    async with database.transaction() as tx:
        head, newest = await store_anchors.head(tx), await store_anchors.newest(tx)
    wrong: list[tuple[str, int]] = []
    if head.newest != head.seq or (head.seq and head.line != head.digest):
        wrong.append(("head-moved", head.seq))
    at, ends = BEGINNING, False
    while not ends and len(wrong) < WRONG_AT_ONCE:
        async with database.transaction() as tx:
            lines = await store_anchors.walk(tx, at, until=head.seq, most=LINES_AT_ONCE)
            upto = lines[-1] if lines else at
            ends = upto.seq >= head.seq or not lines
            unlike = await store_anchors.unlike(tx, after=at.seq, until=_FAR if ends else upto.seq)
        wrong += [(line.wrong, line.seq) for line in lines if line.wrong]
        wrong += [("line-unlike-anchor", seq) for seq in unlike]
        at = upto
    return JournalHeld(
        lines=head.seq,
        newest_at=at.latest,
        anchored=0 if newest is None else newest.seq,
        wrong=tuple(wrong),
    )
