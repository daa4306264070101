"""What a person asks about herself: of whom, in which layout, and what of the answers she is told."""

from collections.abc import Iterable
from functools import cache
from typing import Final, Literal

from kumihimo.rooms.gateway.api import USAGE_CODE, USAGE_LAYOUT, USAGE_TOKEN, USAGE_UNTIL
from kumihimo.rooms.linkage.api import Outcome
from kumihimo.rooms.oversight.api import Directory
from kumihimo.statute.law import USAGES, holders, institutions
from kumihimo.statute.layouts import Field, Layout, layouts

State = Literal["here", "checking"]

TOLD: Final[dict[Outcome, State]] = {"OK": "here", "PENDING_MANUAL": "checking"}


_USAGES: Final = Layout(
    USAGE_LAYOUT,
    USAGES,
    tuple(
        Field(item, "", "text", required=True, length=128)
        for item in (USAGE_TOKEN, USAGE_CODE, USAGE_UNTIL)
    ),
)


def layout_of(information: str) -> Layout | None:
    """Return the newest layout of a kind of information, None where there is none."""
    if information == USAGES:
        return _USAGES
    found = [one for one in layouts().values() if one.information == information]
    return max(found, key=lambda one: one.layout, default=None)


def whom_to_ask(information: str, directory: Directory) -> list[str]:
    """Return every institution in good standing that may hold it, whoever asks.

    That list depends on no person: who holds her data cannot be told from who is asked. One that
    the law's tables do not know (a deployment's own) may hold anything; all keep who used data.
    """
    holding, known = holders(information), _known()
    names = (one.party for one in directory.entries.values() if one.kind == "institution")
    return sorted(
        name
        for name in names
        if directory.active(name) is not None
        and (information == USAGES or name in holding or name not in known)
    )


@cache
def _known() -> frozenset[str]:
    return frozenset(one.institution for one in institutions())


def state_of(outcome: Outcome | None) -> State | None:
    """Return what she is told of an answer: None for every one that shows her nothing.

    Who knows nobody, holds nothing or withholds it is absent, and all of them alike: who has a
    victim's card must not learn where she lives now.
    """
    return None if outcome is None else TOLD.get(outcome)


def silent(answers: Iterable[tuple[str, Outcome | None]]) -> tuple[str, ...]:
    """Return who has not answered yet."""
    return tuple(sorted(provider for provider, outcome in answers if outcome is None))
