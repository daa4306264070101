"""What an institution tells its gateway of a link in doubt: suspended, confirmed or corrected.

A link is the tie between a record of the institution, named by its addressee number, and an
individual number. Whoever doubts one says so; two people decide what becomes of it.
"""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from kumihimo.kernel.wire import whole
from kumihimo.people.address_levels import AddressLevel
from kumihimo.people.birth_levels import BirthLevel, SexLevel
from kumihimo.people.levels import NameLevel
from kumihimo.rooms.gateway.business import Addressee, Attributes, Staff
from kumihimo.rooms.gateway.business_looks import AffairOrNone, LookedAt
from kumihimo.rooms.register.api import LinkVerdict

ReviewCase = Annotated[
    str,
    msgspec.Meta(
        pattern=whole("[A-Za-z0-9_-]{1,64}"),
        description="The institution's own id of the case in which the link is looked into.",
    ),
]

# How a link may have gone wrong: a family's number, a namesake's, a twin's, no one's in
# particular, rows that slipped, attributes that register does not confirm, somebody's report.
Ground = Literal["household", "homonym", "twin", "random", "shift", "mismatch", "reported"]

SuspensionState = Literal["SUSPENDED", "CONFIRMED", "CORRECTED"]


class LinkSuspended(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A link is in doubt. From now on nothing goes out or in over it, until two people decide.

    `affair` is that for which the institution keeps the record: its ministry in charge is told.
    """

    addressee: Addressee
    ground: Ground
    case: ReviewCase
    affair: AffairOrNone = ""


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


class LinkCase(LookedAt, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One link in one case, looked at."""

    case: ReviewCase


class Consequence(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange that a wrong link had misled.

    `given`: the institution received the record's data as if they were another's. `seen`: the person
    whose number it was read the record's data in the portal. `taken`: this institution received that
    person's data for the record. `reference` is the permit, or the inquiry where it was taken.
    `certain` is False where another record stood under the same person and the exchange may have
    been its own.
    """

    kind: Literal["given", "seen", "taken"]
    institution: str
    affair: str
    items: tuple[str, ...]
    at: datetime
    reference: str
    copies: tuple[int, ...]
    certain: bool


class LeakDue(msgspec.Struct, frozen=True, kw_only=True):
    """The leak of which oversight was told, and the last days of the two reports."""

    leak: str
    known_on: date
    types: tuple[str, ...]
    persons: int
    preliminary_due: date
    final_due: date


class Consequences(msgspec.Struct, frozen=True, kw_only=True):
    """What a wrong link had done, in the order of time; complete once it is `ready`.

    `holders_records` are the records here of the person whose number it was: who looked at whose.
    """

    addressee: str
    case: str
    ready: bool
    holders_records: tuple[str, ...]
    exchanges: tuple[Consequence, ...]
    leak: LeakDue | None


class NoticeDue(msgspec.Struct, frozen=True, kw_only=True):
    """A letter that a person is owed.

    It goes to the person of the record `addressee`, or, where that is "", to `name` at `address`,
    as they stood beside the number that was on the record.
    """

    notice: str
    case: str
    kind: Literal["your-data-went-astray", "you-saw-anothers-data"]
    made_at: datetime
    addressee: str = ""
    name: str = ""
    address: str = ""


class NoticesDue(msgspec.Struct, frozen=True):
    """The oldest first; at most 1,000."""

    notices: tuple[NoticeDue, ...]


class NoticeSent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A letter has gone out."""

    notice: Annotated[str, msgspec.Meta(pattern=whole("[A-Za-z0-9_-]{22}"))]
    officer: Staff


class WithdrawnAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of which its giver said that it was about another person; its values are gone.

    Whatever was decided on it for the persons of these records has to be looked at again.
    """

    inquiry: str
    addressees: tuple[str, ...]
    affair: str
    provider: str
    items: tuple[str, ...]
    asked_at: datetime
    withdrawn_at: datetime


class WithdrawnAnswers(msgspec.Struct, frozen=True):
    """The latest first; at most 1,000."""

    answers: tuple[WithdrawnAnswer, ...]


class LinkCheck(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the regular check; `counts` are links by verdict. Open while `finished_on` is None."""

    run: str
    affair: str
    started_on: date
    finished_on: date | None
    compared: int
    suspended: int
    counts: dict[str, int]


class LinkChecks(msgspec.Struct, frozen=True):
    """The latest first."""

    runs: tuple[LinkCheck, ...]


class LinkFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A link that somebody has to look at, with register's verdict and how far attributes agree."""

    run: str
    addressees: tuple[str, ...]
    verdict: LinkVerdict
    homonym: bool | None
    name: NameLevel
    birth: BirthLevel
    sex: SexLevel
    address: AddressLevel


class FindingsOf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which run, and where to go on (0 at first)."""

    run: Annotated[str, msgspec.Meta(pattern=whole("[A-Za-z0-9_-]{22}"))]
    after: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0


class LinkFindings(msgspec.Struct, frozen=True):
    """At most 1,000; `next` goes on, 0 when there are no more."""

    findings: tuple[LinkFinding, ...]
    next: int


class LinkToReview(msgspec.Struct, frozen=True, kw_only=True):
    """A link that a check found and nobody has settled since: what people need who decide about it.

    `attributes` stand beside the number in the vault; the number itself is handed to nobody. The
    levels are register's, which tells no value. `doubts`: the latest first.
    """

    addressee: str
    verdict: LinkVerdict
    homonym: bool | None
    name: NameLevel
    birth: BirthLevel
    sex: SexLevel
    address: AddressLevel
    attributes: Attributes
    doubts: tuple[Suspension, ...]


class LinksToReview(msgspec.Struct, frozen=True):
    """A page of a run. `until` is where it ended; `more`: another page is there already."""

    links: tuple[LinkToReview, ...]
    until: int
    more: bool
