"""Whose turn it is: of all the processes of a room, one at a time does a piece of work.

A turn is a lease: who dies in it loses it by time. Since a turn can also run out under whoever is
slow, what is done in one must bear to be done twice; turns only spare the work.
"""

from datetime import datetime

from kumihimo.kernel.sql import Tx


async def take(tx: Tx, what: str, *, at: datetime, until: datetime) -> bool:
    """Take the turn at a piece of work unless another has it; `at` is now."""
    changed = await tx.execute(
        "INSERT INTO turn (what, until) VALUES (%(what)s, %(until)s)"
        " ON CONFLICT (what) DO UPDATE SET until = excluded.until WHERE turn.until <= %(at)s",
        {"what": what, "at": at, "until": until},
    )
    return changed == 1


async def end(tx: Tx, what: str, *, taken_until: datetime, at: datetime) -> None:
    """End a turn at an instant, if it is still the one that was taken until `taken_until`."""
    await tx.put(
        "UPDATE turn SET until = %(at)s WHERE what = %(what)s AND until = %(taken)s",
        {"what": what, "at": at, "taken": taken_until},
    )
