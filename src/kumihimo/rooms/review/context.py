"""What the desk's use cases are given."""

from datetime import date

import attrs

from kumihimo.kernel import journal
from kumihimo.kernel.clock import Clock, legal_day
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import Locker
from kumihimo.kernel.sql import Database, Tx
from kumihimo.people.check_digits import NumberSpace


@attrs.frozen(kw_only=True)
class Desk:
    """What every use case needs. `suspend_at_once`: a suspicion stops the link before any look."""

    database: Database
    locker: Locker
    clock: Clock
    entropy: Entropy
    space: NumberSpace
    suspend_at_once: bool = True

    def today(self) -> date:
        """Return the Japanese calendar day."""
        return legal_day(self.clock.now())

    async def journal(self, tx: Tx, act: str, actor: str, **detail: int | str) -> None:
        """Write the use case's one line; call it last."""
        line = journal.JournalLine(act=act, actor=actor, detail=detail)
        await journal.write(tx, line, at=self.clock.now())


def officer_as_actor(officer: str) -> str:
    """Return how the journal names somebody who signed in."""
    return f"officer:{officer}"
