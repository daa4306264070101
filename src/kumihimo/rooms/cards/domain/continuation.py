"""Using a card on after a move (継続利用): its deadlines, and when the card lapses (card_jpki 3.5).

A day named here is the first on which the card no longer works.
"""

from datetime import date, timedelta
from typing import Final

import attrs

NOTICE_DAYS: Final = 14  # Basic Resident Register Act art. 22: to give notice of moving in
AFTER_PLANNED_DAYS: Final = 30  # after the day on which one planned to move out
CONTINUE_DAYS: Final = 90  # from the notice of moving in


@attrs.frozen(kw_only=True)
class Move:
    """A move to another municipality, as far as it is known.

    `moved_on` is the day of actually moving, `notified_on` that of the notice of moving in, and
    `planned_out_on` the day for which the notice of moving out was given.
    """

    planned_out_on: date | None = None
    moved_on: date | None = None
    notified_on: date | None = None
    continued_on: date | None = None


def lapses_on(move: Move) -> date | None:
    """Return the day on which the card lapses if nothing more happens; None when it was continued.

    A notice that came too late has let the card lapse already: continuing does not bring it back.
    """
    if move.notified_on is None:
        return _without_notice(move)
    late = _without_notice(attrs.evolve(move, notified_on=None))
    if late is not None and move.notified_on >= late:
        return late
    last = move.notified_on + timedelta(days=CONTINUE_DAYS + 1)
    if move.continued_on is None or move.continued_on >= last:
        return last
    return None


def lapsed_by_next_move(move: Move, next_moved_on: date) -> bool:
    """Say whether a further move found the card not continued at its last place."""
    return move.continued_on is None or move.continued_on > next_moved_on


def _without_notice(move: Move) -> date | None:
    ends = [
        day + timedelta(days=days + 1)
        for day, days in (
            (move.planned_out_on, AFTER_PLANNED_DAYS),
            (move.moved_on, NOTICE_DAYS),
        )
        if day is not None
    ]
    return min(ends) if ends else None
