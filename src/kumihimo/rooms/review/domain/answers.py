"""From looks to a decision: who has to look again, when it is decided, and what it changes.

A decision that changes a link, or lets a suspended one work again, needs two people who agree, each
without knowing the other's answer; a third where they do not. That an untouched link stays is
decided by one, but for blind repeats: one in twenty such items is shown to another as if it were
new, and what she says tells how often people err.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import attrs

from kumihimo.rooms.review.api import Answer, EffectKind

REPEAT_ONE_IN: Final = 20  # 5 %: matching.md, "keep 5 % blind repeats"
LOOKS_MAX: Final = 3
# Our choice: as long as one remembers what one has just typed.
TAKE_BACK_FOR: Final = timedelta(minutes=10)
# Our choice: a later look comes at a random moment within this, so that nobody can tell it from a
# first one by what was shown before it.
LATER_WITHIN: Final = timedelta(hours=2)
# Our choice: without a request for so long, a reviewer has left the record.
LEASE_FOR: Final = timedelta(minutes=15)


@attrs.frozen
class Look:
    """One person's answer. `number` is what two equal numbers share (a keyed tag), b"" for none."""

    officer: str
    answer: Answer
    number: bytes = b""

    def agrees(self, other: "Look") -> bool:
        """Whether two looks change the same: to `own` and `notation` alike the link stays."""
        return effect(self.answer) == effect(other.answer) and self.number == other.number


@attrs.frozen
class Again:
    """Another person has to look."""


@attrs.frozen
class Soon:
    """Decided, unless the one who answered takes it back in time."""

    look: Look


@attrs.frozen
class Decided:
    """Decided as this look says."""

    look: Look


@attrs.frozen
class AskOffice:
    """People cannot tell from the record: the office that keeps it is asked."""


Next = Again | Soon | Decided | AskOffice


def effect(answer: Answer) -> str:
    """Return what an answer does to the link: `stay`, `change` or nothing (`unsure`)."""
    match answer:
        case Answer.OWN | Answer.NOTATION:
            return "stay"
        case Answer.WRONG:
            return "change"
        case Answer.UNSURE:
            return "unsure"


def after(looks: Sequence[Look], *, repeat: bool, suspended: bool = False) -> Next:
    """Return what comes after the latest of `looks`, 1 to 3 by different people.

    `repeat` says that a blind repeat was drawn for this item.
    """
    assert 1 <= len(looks) <= LOOKS_MAX, "an item is looked at by one to three"
    assert len({look.officer for look in looks}) == len(looks), "nobody looks twice"
    if len(looks) == 1:
        return _after_first(looks[0], again=repeat or suspended)
    latest = looks[-1]
    if any(latest.agrees(look) for look in looks[:-1]):
        return AskOffice() if latest.answer is Answer.UNSURE else Decided(latest)
    return Again() if len(looks) < LOOKS_MAX else AskOffice()


def _after_first(look: Look, *, again: bool) -> Next:
    match effect(look.answer):
        case "stay":
            return Again() if again else Soon(look)
        case "change":
            return Again()
        case _:
            return AskOffice()


def told(answer: Answer, *, suspended: bool) -> Sequence[EffectKind]:
    """Return what the gateway is told of a decision, in order.

    It corrects no link that it has not suspended before.
    """
    match effect(answer):
        case "change" if suspended:
            return (EffectKind.CORRECT,)
        case "change":
            return (EffectKind.SUSPEND, EffectKind.CORRECT)
        case _:
            return (EffectKind.CONFIRM,) if suspended else ()
