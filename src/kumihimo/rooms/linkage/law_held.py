"""By which law's data the core permits: each change has a line in its journal and a leaf in the log."""

from typing import Final

import attrs
import msgspec

from kumihimo.kernel import journal, leaves, turns
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.tlog.leaf import OPEN_SALT, Submission, commit
from kumihimo.rooms.linkage.api import PARTY
from kumihimo.rooms.linkage.service import Core

LAW: Final = "law/1"
_HELD: Final = "law-held"


def law_leaf(version: str) -> bytes:
    """Return the leaf of the law's data. Its salt is zeros: who has the data knows its version."""
    return commit(OPEN_SALT, msgspec.json.encode((LAW, PARTY, version)))


@attrs.define
class LawHeld:
    """Notes which data the core holds, where it is not what it held last."""

    core: Core
    _noted: str = attrs.field(init=False, default="")

    async def note(self) -> int:
        """Look once; returns 0, since there is always time for the next look."""
        version, now = self.core.law.current().version, self.core.clock.now()
        if version == self._noted:
            return 0
        async with self.core.database.transaction() as tx:
            # Of two processes that begin at once the second waits here, and finds the line.
            await turns.take(tx, _HELD, at=now, until=now)
            last = await tx.value(
                "SELECT detail FROM journal WHERE act = %(act)s ORDER BY seq DESC LIMIT 1",
                {"act": _HELD},
            )
            detail = {"version": _word(version)}
            if last is None or msgspec.json.decode(last, type=dict[str, str]) != detail:
                submission = Submission(new_id(self.core.entropy), law_leaf(version))
                await leaves.put(tx, submission, now)
                line = journal.JournalLine(act=_HELD, actor=PARTY, detail=detail)
                await journal.write(tx, line, at=now)
        self._noted = version
        return 0


def _word(version: str) -> str:
    """Return a version as a journal takes it: in parts, for nothing in it may look like a number."""
    return "-".join(["v", *(version[at : at + 8] for at in range(0, len(version), 8))])
