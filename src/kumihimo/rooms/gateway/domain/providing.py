"""What a provider answers to one permit, as a pure function of what it holds.

Answers that a clerk must tell apart (linkage digest 3.5): nobody under this code, no copy loaded,
a copy that says nothing, a copy in another layout, a flag, a person who must decide first.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import attrs

from kumihimo.rooms.gateway.api import ItemValue, Provided
from kumihimo.rooms.linkage.api import Outcome
from kumihimo.statute.law import SELF_INFORMATION, USAGES


@attrs.frozen(kw_only=True)
class HeldCopy:
    """A current copy (副本) of one kind of information about the person; its values by item."""

    copy: int
    info: str
    layout: str
    as_of: date
    registered_on: date
    no_automatic_answer: bool
    values: Mapping[str, Any] = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class HeldPerson:
    """The person as this institution knows her."""

    person: str
    no_self_information: bool
    hidden: bool
    link_suspended: bool = False
    copies: tuple[HeldCopy, ...]


@attrs.frozen(kw_only=True)
class Asked:
    """What one permit asks for."""

    affair: str
    items: Sequence[str]
    layout: str


def info_of(item: str) -> str:
    """Return the kind of information that an item belongs to (`local-tax` of `local-tax.total`)."""
    return item.partition(".")[0]


def outcome_before_reading(
    asked: Asked, held: HeldPerson | None
) -> tuple[Outcome, HeldCopy | None]:
    """Decide everything that needs no look at the values; OK means: read this copy.

    While it is checked whose number stands on this record, others are refused as by a flag, and
    whoever reads of herself is told that a person must look first (確認中). Who reads of herself
    reads nothing where it is hidden that this institution has to do with her.
    """
    if held is None:
        return "NO_PERSON", None
    own = asked.affair == SELF_INFORMATION
    withheld = held.no_self_information or held.hidden
    if withheld if own else held.link_suspended:
        return "REFUSED_FLAG", None
    info = info_of(asked.items[0])
    copy = next((c for c in held.copies if c.info == info), None)
    if copy is None:
        return "NO_COPY", None
    if copy.layout != asked.layout:
        return "STALE_LAYOUT", None
    if held.link_suspended if own else copy.no_automatic_answer:
        return "PENDING_MANUAL", copy
    return "OK", copy


def asks_for_usages(asked: Asked) -> bool:
    """Say whether somebody asks who used her data here, of whom no copy is needed."""
    return asked.affair == SELF_INFORMATION and info_of(asked.items[0]) == USAGES


def outcome_of_usages(held: HeldPerson | None) -> Outcome:
    """Decide whether a person may read who used her data here.

    While it is checked whose number stands on this record, nobody reads as its person.
    """
    if held is None:
        return "NO_PERSON"
    withheld = held.no_self_information or held.hidden or held.link_suspended
    return "REFUSED_FLAG" if withheld else "OK"


def as_told(asked: Asked, outcome: Outcome) -> Outcome:
    """Return the outcome that leaves the house.

    Whoever reads as somebody from whom all is withheld may be another person with her card: she is
    told what everybody is told whom this institution does not know. Our own record says why.
    """
    withheld = asked.affair == SELF_INFORMATION and outcome == "REFUSED_FLAG"
    return "NO_PERSON" if withheld else outcome


def read_items(asked: Asked, copy: HeldCopy) -> tuple[Outcome, Provided]:
    """Take the items asked for, and no others, out of a copy."""
    values = tuple(
        ItemValue(
            item=item,
            value=copy.values[item],
            as_of=copy.as_of.isoformat(),
            registered_on=copy.registered_on.isoformat(),
            layout=copy.layout,
        )
        for item in asked.items
        if copy.values.get(item) is not None
    )
    return ("OK" if values else "NO_DATA"), Provided(values)
