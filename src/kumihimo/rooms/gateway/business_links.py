"""What an institution tells its gateway of a link in doubt: suspended, confirmed or corrected.

A link is the tie between a record of the institution, named by its addressee number, and an
individual number. Whoever doubts one says so; two people decide what becomes of it.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from kumihimo.rooms.gateway.business import Addressee, Attributes, Staff

ReviewCase = Annotated[
    str,
    msgspec.Meta(
        pattern="^[A-Za-z0-9_-]{1,64}$",
        description="The institution's own id of the case in which the link is looked into.",
    ),
]

# How a link may have gone wrong: a family's number, a namesake's, a twin's, no one's in
# particular, rows that slipped, attributes that register does not confirm, somebody's report.
Ground = Literal["household", "homonym", "twin", "random", "shift", "mismatch", "reported"]

SuspensionState = Literal["SUSPENDED", "CONFIRMED", "CORRECTED"]


class LinkSuspended(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A link is in doubt. From now on nothing goes out or in over it, until two people decide."""

    addressee: Addressee
    ground: Ground
    case: ReviewCase


class LinksSuspended(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """1 to 1,000 links, all or none. `officer` may be a person or a program that checks links."""

    officer: Staff
    links: tuple[LinkSuspended, ...]


class LinkConfirmed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The link was right. `approver` is another person than `officer`."""

    addressee: Addressee
    case: ReviewCase
    officer: Staff
    approver: Staff


class LinkCorrected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The number was another person's. It is taken away, and the right one put in its place.

    `source` says where the right one comes from, as in a registration; `none` when nobody knows it
    yet: the record then stands without a number. `approver` is another person than `officer`.
    """

    addressee: Addressee
    case: ReviewCase
    officer: Staff
    approver: Staff
    source: Literal["card", "strict-inquiry", "form", "none"]
    attributes: Attributes | None = None
    number: str = ""
    affair: str = ""
    sexless_scheme: bool = False


class Suspension(msgspec.Struct, frozen=True, kw_only=True):
    """A link in doubt, and what became of it.

    `load_again`, after a correction: the kinds of information of which two records were loaded over
    each other, so that each has to be loaded again.
    """

    addressee: str
    case: str
    ground: Ground
    state: SuspensionState
    suspended_at: datetime
    settled_at: datetime | None
    load_again: tuple[str, ...] = ()


class Suspensions(msgspec.Struct, frozen=True):
    """In the order given; of one record, the latest first."""

    suspensions: tuple[Suspension, ...]
