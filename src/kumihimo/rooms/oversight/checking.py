"""Oversight holds its own state against what it signed, what the log signed, and what it saw.

(1) Every directory is signed, stands under its version, and is the one whose leaf was put down; a
    part at each look, in rounds. None is taken out at the end.
(2) The parties, from which the next directory is made, are those of the newest.
(3) How far the log was seen is what the ledger signed, and never less than before.
(4) By the server's own count, no row of what is never changed was changed.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

import attrs
import msgspec
from psycopg.errors import UniqueViolation

from kumihimo.kernel import journal, leaves, store_anchors
from kumihimo.kernel.health import Broken, Found, Made
from kumihimo.kernel.ids import id_of
from kumihimo.kernel.refusal import NotAuthentic
from kumihimo.kernel.sql import Tx
from kumihimo.kernel.tlog.checkpoint import Checkpoint
from kumihimo.kernel.tlog.note import BadNote, Kind, Note, NoteKey
from kumihimo.rooms.oversight import logged, store, store_witness
from kumihimo.rooms.oversight.api import (
    LOG_KEEPER,
    LOG_ORIGIN,
    PARTY,
    Directory,
    DirectoryBody,
)
from kumihimo.rooms.oversight.service import Oversight, tell_oneself
from kumihimo.rooms.oversight.store import IssuedRow
from kumihimo.rooms.oversight.store_witness import WitnessedRow

CHECKING_PAUSE_S: Final = 10.0  # our choice: what was changed is to be told within a minute
DIRECTORIES: Final = 100  # our choice: a federation changes its directory a few times a day
_NEVER_CHANGED: Final = ("directory_version", "two_histories")
_FOUND_MAX: Final = 64


@attrs.define
class StateChecker:
    """Looks at oversight's own state; what is wrong is an alarm, and its health says it."""

    oversight: Oversight
    directories: int = DIRECTORIES
    found: dict[str, datetime] = attrs.field(init=False, factory=dict[str, datetime])
    whole_at: datetime | None = attrs.field(init=False, default=None)
    _after: int = attrs.field(init=False, default=0)
    _newest: int = attrs.field(init=False, default=0)
    _seen: int = attrs.field(init=False, default=0)
    _changed: int | None = attrs.field(init=False, default=None)
    _untold: list[str] = attrs.field(init=False, factory=list[str])

    async def run_once(self) -> int:
        """Look once; returns 0, since there is always time for the next look."""
        now = self.oversight.clock.now()
        # What is found is kept at once: a look may be broken off that alone could see it.
        async with self.oversight.database.transaction() as tx:
            await tx.put("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            rows = await store.issued(tx, self._after, self.directories)
            self._find(await self._directories(tx, rows), now)
            self._find(await self._newest_one(tx), now)
            self._find(self._witnessed(await store_witness.witnessed(tx, LOG_ORIGIN)), now)
            before, self._changed = self._changed, await store_anchors.changed(tx, _NEVER_CHANGED)
            self._find(["touched"] if before is not None and self._changed > before else [], now)
        await self._tell(now)
        ends = len(rows) < self.directories
        self._after = 0 if ends else rows[-1].version
        if ends and not self.found:
            self.whole_at = now
        return 0

    async def look(self, _: Tx) -> Sequence[Found]:
        """Tell what is wrong, and when all was last found right."""
        broken = [Broken(what.partition("|")[0], at) for what, at in self.found.items()]
        return [Made("state-checked", self.whole_at), *broken]

    async def _directories(self, tx: Tx, rows: Sequence[IssuedRow]) -> list[str]:
        keys = self.oversight.keys
        names = {row.version: logged.directory_submission(keys, row.version) for row in rows}
        put = await logged.of(tx, list(names.values()))
        wrong: list[str] = []
        for expected, row in enumerate(rows, start=self._after + 1):
            leaf = put.get(names[row.version])
            same = leaf is None or leaf.leaves == logged.directory_leaf(row.version, row.body)
            if row.version != expected or not same or not self._is_signed(row):
                wrong.append(f"directory-changed|{row.version}")
        return wrong

    def _is_signed(self, row: IssuedRow) -> bool:
        try:
            found = Directory.verify(row.signed(), oversight=self.oversight.keys.public.signing)
        except NotAuthentic:
            return False
        return (found.version, found.issued_at) == (row.version, row.issued_at)

    async def _newest_one(self, tx: Tx) -> list[str]:
        """Hold the newest directory against what was seen before, and the parties against it."""
        row, parties = await store.latest(tx), await store.entries(tx)
        version = 0 if row is None else row.version
        wrong = [f"directory-cut|{version}"] if version < self._newest else []
        self._newest = version
        if row is None:
            return wrong
        try:
            body = msgspec.json.decode(bytes(row.body), type=DirectoryBody)
        except msgspec.DecodeError:
            return [*wrong, f"directory-changed|{version}"]
        entries = {entry.party: entry for entry in body.entries}
        return wrong if parties == entries else [*wrong, f"parties-changed|{version}"]

    def _witnessed(self, row: WitnessedRow | None) -> list[str]:
        size = 0 if row is None else row.size
        wrong = [f"witness-turned-back|{size}"] if size < self._seen else []
        self._seen = size
        if row is not None and not self._is_the_logs(row):
            wrong.append(f"witness-changed|{size}")
        return wrong

    def _is_the_logs(self, row: WitnessedRow) -> bool:
        entry = self.oversight.book.current().entries.get(LOG_KEEPER)
        known = () if entry is None else (entry.keys.signing, *entry.retired_signing)
        try:
            note = Note.parse(row.note.encode())
            note.check([NoteKey(LOG_ORIGIN, Kind.TEXT, key) for key in known])
            said = Checkpoint.parse(note.text)
        except BadNote:
            return False
        return (said.origin, said.size, said.root) == (LOG_ORIGIN, row.size, bytes(row.root))

    def _find(self, found: Sequence[str], now: datetime) -> None:
        for wrong in found:
            if wrong not in self.found and len(self.found) < _FOUND_MAX:
                self.found[wrong] = now
                self._untold.append(wrong)

    async def _tell(self, now: datetime) -> None:
        """Tell of what was found; what could not be told and written down stays for the next look."""
        secret = leaves.salts(self.oversight.keys)
        while self._untold:
            wrong = self._untold[0]
            alarm = id_of(leaves.salt_of(secret, f"state|{wrong}"))
            await tell_oneself(self.oversight, alarm, "state-changed")
            detail = {"what": wrong.partition("|")[0]}
            line = journal.JournalLine(act="state-changed", actor=PARTY, detail=detail)
            # Somebody's line may stand where the journal's next belongs; that is found by itself.
            with suppress(UniqueViolation):
                async with self.oversight.database.transaction() as tx:
                    await journal.write(tx, line, at=now)
            del self._untold[0]
