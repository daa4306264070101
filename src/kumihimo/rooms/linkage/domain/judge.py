"""May this be asked? The whole decision of the core on one inquiry, as a pure function.

Number Act art. 21(2): the core passes a request on unless the positive list has no such entry
(the four grounds of refusal of the former 別表第二, kept apart) or either side's file breaches
the PIA duty of art. 28. Whatever is decided is recorded.
"""

from datetime import date
from typing import Protocol, assert_never

import attrs

from kumihimo.rooms.linkage.api import Inquiry, Outcome
from kumihimo.rooms.oversight.api import Directory
from kumihimo.statute.positive_list import Ground, Permitted, Refused


class Law(Protocol):
    """The positive list in force."""

    @property
    def version(self) -> str:
        """Name this edition of the list."""
        ...

    def decide(  # noqa: D102 - see statute.positive_list.PositiveList.decide
        self, *, requester: str, affair: str, provider: str, items: tuple[str, ...], on: date
    ) -> Permitted | Refused: ...


@attrs.frozen
class Verdict:
    """The outcome of the judgement; `basis` names the entries of the list that allow it."""

    outcome: Outcome
    reason: str = ""
    basis: tuple[str, ...] = ()

    @property
    def permitted(self) -> bool:
        """Say whether a permit is due."""
        return self.outcome == "OK"


def judge(
    inquiry: Inquiry, *, requester: str, directory: Directory, law: Law, today: date
) -> Verdict:
    """Decide on one inquiry of `requester`, whose signature was already checked."""
    if directory.active(inquiry.provider) is None:
        return Verdict("REFUSED_PROVIDER", "the provider does not take part or is suspended")
    found = law.decide(
        requester=requester,
        affair=inquiry.affair,
        provider=inquiry.provider,
        items=inquiry.items,
        on=today,
    )
    if isinstance(found, Refused):
        return Verdict(_outcome_of(found.ground), found.reason)
    for party in (requester, inquiry.provider):
        if not directory.pia_published(party, today):
            return Verdict("REFUSED_PIA", f"{party} has not published its assessment (art. 28)")
    return Verdict("OK", basis=found.entries)


def _outcome_of(ground: Ground) -> Outcome:
    match ground:
        case Ground.REQUESTER:
            return "REFUSED_REQUESTER"
        case Ground.AFFAIR:
            return "REFUSED_AFFAIR"
        case Ground.PROVIDER:
            return "REFUSED_PROVIDER"
        case Ground.ITEM:
            return "REFUSED_ITEM"
        case _:
            assert_never(ground)
