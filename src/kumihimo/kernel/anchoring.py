"""A room's journal, held against itself and against what it put into the log of its own heads.

Beside it, every row that the room only adds, by the server's own count (`touching`), and whose each
change in any table was, by the server's own log (`watching`), where the server can tell.

(1) What is new since the last look is checked, and the whole in rounds, a part at each look; what
    was there at an earlier look is held against marks in this process's memory (`marking`).
(2) The newest head that was checked goes into the log as a leaf (`journal-head/1`), under an id that
    follows from the party's key and a number: under one number the log takes one leaf for ever, so
    a journal that was turned back cannot be anchored anew unseen.
(3) The newest anchor is put into the log again at each look: it must get the place that it had.
What is wrong is told to oversight once, written into the journal, and shown as the room's health.
A superuser who rewrites what came since the last anchor, chain and head, is not found out.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final, Literal

import attrs
import msgspec
from psycopg.errors import UniqueViolation

from kumihimo.kernel import journal, store_anchors
from kumihimo.kernel.clock import Clock
from kumihimo.kernel.health import Broken, Found, Made
from kumihimo.kernel.ids import id_of
from kumihimo.kernel.keys import PartyKeys
from kumihimo.kernel.leaves import Send, salt_of, salts
from kumihimo.kernel.marking import Marks, Part
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Conflict, Refusal, Unavailable
from kumihimo.kernel.sql import Database, Tx
from kumihimo.kernel.store_anchors import BEGINNING, AnchorRow, Line
from kumihimo.kernel.tlog.leaf import Submission, Submitted, commit
from kumihimo.kernel.touching import Touches
from kumihimo.kernel.watching import Watching
from kumihimo.kernel.withheld import Withheld

ANCHOR_PAUSE_S: Final = 10.0  # our choice: what was changed is to be told within a minute
LINES_AT_ONCE: Final = 20_000  # our choice: some hundredths of a second of the database
HEAD: Final = "journal-head/1"
_FOUND_MAX: Final = 64  # who rewrote a whole journal is told of no further line
_JOURNAL: Final = "journal"

What = Literal["journal-broken", "rows-touched"]
Counts = Literal["line", "rows", "transaction", "place"]


@attrs.frozen
class Wrong:
    """Something that is not as the room left it: what, and at which line of the journal (0: any).

    Of another table: how many of its rows were touched so far, or by which transaction. Of the watch
    over all tables: at which place of the server's log.
    """

    what: str
    seq: int
    table: str = ""
    counts: Counts = "line"

    @property
    def kind(self) -> What:
        """Return as what oversight is told of it."""
        return "journal-broken" if self.counts == "line" else "rows-touched"

    @property
    def words(self) -> str:
        """Return it as operators are told of it."""
        return f"{self.what} {self.table}".rstrip()


# Takes the id of an alarm, the same for the same finding, and of what it is.
Tell = Callable[[str, What], Awaitable[None]]


async def nobody(*_: str) -> None:
    """Tell nobody: for a room that has no way to oversight; its health says it all the same."""


@attrs.define(kw_only=True)
class Anchoring:
    """Checks and anchors the journal of one room.

    `send` puts leaves into the log as the party of `keys`; None for a room that has no way there.
    `several`: other parties may have anchored this journal before.
    """

    room: str
    database: Database
    keys: PartyKeys
    clock: Clock
    send: Send | None
    tell: Tell = nobody
    several: bool = False
    lines_at_once: int = LINES_AT_ONCE
    found: dict[Wrong, datetime] = attrs.field(init=False, factory=dict[Wrong, datetime])
    whole_at: datetime | None = attrs.field(init=False, default=None)
    _untold: list[Wrong] = attrs.field(init=False, factory=list[Wrong])
    _new: Line | None = attrs.field(init=False, default=None)
    _seen_at: datetime | None = attrs.field(init=False, default=None)
    _round: Line = attrs.field(init=False, default=BEGINNING)
    _touches: Touches = attrs.field(init=False, factory=Touches)
    _given_up: int = attrs.field(init=False, default=0)
    _marks: Marks | None = attrs.field(init=False, default=None)
    _watching: Watching | None = attrs.field(init=False, default=None)

    async def run_once(self) -> int:
        """Look once; returns 0, since there is time for the next look, but 1 where more is to be seen.

        Raises `Unavailable` while the log or oversight is silent: the next look goes on.
        """
        now = self.clock.now()
        newest = await self._check(now)
        try:
            if self.send is not None:
                await self._anchor(newest, self.send, now)
        finally:
            await self._tell(now)
        return int(await self.watching.done())

    async def look(self, _: Tx) -> Sequence[Found]:
        """Tell what is wrong, and when the whole journal was last found right."""
        broken = [Broken(wrong.words, at) for wrong, at in self.found.items()]
        return [
            Made("journal-checked", self.whole_at),
            Made("writers-seen", self.watching.seen_at),
            *broken,
        ]

    @property
    def watching(self) -> Watching:
        """Return what looks who wrote into the room's database."""
        if self._watching is None:
            self._watching = Watching(database=self.database)
        return self._watching

    async def _check(self, now: datetime) -> AnchorRow | None:
        for one in await self.watching.look(now):
            counts = "transaction" if one.table else "place"
            self._find([Wrong(one.what, one.number, one.table, counts)], now)
        # What is found is kept at once: a look may be broken off that alone could see it.
        async with self.database.transaction() as tx:
            head = await store_anchors.head(tx)
            newest = await store_anchors.newest(tx)
            self._find(await self._touched(tx), now)
            if head.newest != head.seq or (head.seq and head.line != head.digest):
                self._find([Wrong("head-moved", head.seq)], now)
            # Marks come before the walks: what is changed in between, one of the two finds.
            for part in await self._held().look(tx, head.newest):
                self._find(await self._changed_in(tx, part), now)
            self._find(await self._check_new(tx, newest, head.seq, now), now)
            self._find(await self._check_part(tx, head.seq, now), now)
        return newest

    def _held(self) -> Marks:
        if self._marks is None:
            seed = salt_of(salts(self.keys), "journal-marks")[:8]
            self._marks = Marks(
                seed=int.from_bytes(seed, "big", signed=True), width=self.lines_at_once
            )
        return self._marks

    async def _changed_in(self, tx: Tx, part: Part) -> list[Wrong]:
        """Name the lines of a part that is not what it was."""
        lines = await store_anchors.walk(
            tx,
            await store_anchors.line(tx, part.after),
            until=part.until,
            most=self.lines_at_once,
        )
        return _wrong(lines) or [Wrong("line-changed", part.until)]

    async def _touched(self, tx: Tx) -> list[Wrong]:
        """Ask the server's own count, which finds at once what a round would find later."""
        return [
            Wrong("lines-touched", 0)
            if one.name == _JOURNAL
            else Wrong("rows-touched", one.rows, one.name, "rows")
            for one in await self._touches.look(tx)
        ]

    async def _check_new(
        self, tx: Tx, newest: AnchorRow | None, head: int, now: datetime
    ) -> list[Wrong]:
        if self._new is None:
            self._new, self._seen_at = _after(newest)
        if head < self._new.seq:
            cut = [Wrong("lines-cut", self._new.seq)]
            self._new = None  # from the newest anchor on
            return cut
        lines = await store_anchors.walk(
            tx, self._new, until=head, most=self.lines_at_once, seen_at=self._seen_at
        )
        if lines:
            self._new = lines[-1]
        if self._new.seq == head:
            self._seen_at = now
        return _wrong(lines)

    async def _check_part(self, tx: Tx, head: int, now: datetime) -> list[Wrong]:
        """Go on with the round; at its end the next begins."""
        lines = await store_anchors.walk(tx, self._round, until=head, most=self.lines_at_once)
        upto = lines[-1] if lines else self._round
        ends = upto.seq >= head
        unlike = await store_anchors.unlike(
            tx, after=self._round.seq, until=_FAR if ends else upto.seq
        )
        self._round = BEGINNING if ends else upto
        if ends and not self.found:
            self.whole_at = now
        return _wrong(lines) + [Wrong("line-unlike-anchor", seq) for seq in unlike]

    async def _anchor(self, newest: AnchorRow | None, send: Send, now: datetime) -> None:
        """Have the newest head in the log, and the newest anchor where it was."""
        held = newest
        done = held is None or held.place is not None or held.number <= self._given_up
        new = self._new
        if done and new is not None and new.seq > (0 if held is None else held.seq):
            held = AnchorRow(
                number=1 if held is None else held.number + 1,
                seq=new.seq,
                digest=new.digest,
                party=self.keys.party,
                at=now,
                place=None,
            )
            await store_anchors.add(self.database, held)
            async with self.database.transaction() as tx:
                held = await store_anchors.newest(tx)
        if held is not None and (held.party == self.keys.party or not self.several):
            await self._put(held, send, now)

    async def _put(self, held: AnchorRow, send: Send, now: datetime) -> None:
        secret = salts(self.keys)
        one = Submission(
            submission_id(secret, held.number),
            leaf(secret, self.room, held.number, held.seq, bytes(held.digest)),
        )
        try:
            [place] = (await send(Submitted((one,)))).firsts
        except Refusal as refusal:
            if not _is_conflict(refusal):
                raise
            self._given_up = held.number
            place = None
        except ValueError as error:
            raise Unavailable("the log answered for another number of submissions") from error
        if place is None or held.place not in {None, place} or held.party != self.keys.party:
            self._find([Wrong("anchor-changed", held.seq)], now)
        elif held.place is None:
            await store_anchors.place(self.database, held.number, place)

    def _find(self, found: Sequence[Wrong], now: datetime) -> None:
        for wrong in found:
            if wrong not in self.found and len(self.found) < _FOUND_MAX:
                self.found[wrong] = now
                self._untold.append(wrong)

    async def _tell(self, now: datetime) -> None:
        """Tell of what was found; what could not be told and written down stays for the next look.

        Whom it was told to knows it when it comes again. A line of whose commit nothing was heard
        may stand twice.
        """
        while self._untold:
            wrong = self._untold[0]
            secret = salts(self.keys)
            name = f"{self.room}|{wrong.words}|{wrong.seq}"
            await self.tell(id_of(salt_of(secret, name)), wrong.kind)
            await self._write(wrong, now)
            del self._untold[0]

    async def _write(self, wrong: Wrong, now: datetime) -> None:
        detail: dict[str, int | str] = {"what": wrong.what, wrong.counts: wrong.seq}
        if wrong.table:
            detail["table"] = wrong.table
        line = journal.JournalLine(act=wrong.kind, actor=self.keys.party, detail=detail)
        try:
            async with self.database.transaction() as tx:
                await journal.write(tx, line, at=now)
        except UniqueViolation:
            return  # somebody's line stands where the next belongs: this journal takes none


_FAR: Final = (1 << 63) - 1


def _after(newest: AnchorRow | None) -> tuple[Line, datetime | None]:
    """Return from where a process that begins checks what is new: from the newest anchor."""
    if newest is None:
        return BEGINNING, None
    line = Line(seq=newest.seq, digest=bytes(newest.digest), latest=None)
    return line, newest.at


def _wrong(lines: Sequence[Line]) -> list[Wrong]:
    return [Wrong(line.wrong, line.seq) for line in lines if line.wrong]


def _is_conflict(refusal: Refusal) -> bool:
    reason = refusal.reason if isinstance(refusal, Refused) else refusal.code
    return reason == Conflict.code


def submission_id(secret: Withheld[bytes], number: int) -> str:
    """Return the id under which the one anchor of a number goes into the log."""
    return id_of(salt_of(secret, f"journal-anchor|{number}"))


def leaf(secret: Withheld[bytes], room: str, number: int, seq: int, digest: bytes) -> bytes:
    """Return the leaf of an anchor: who has the party's key can open it."""
    content = msgspec.json.encode((HEAD, room, seq, digest))
    return commit(salt_of(secret, f"journal-head|{number}"), content)
