"""The messages of the business systems' API (`/v1`): what an institution tells its own gateway.

Persons are named by the business system's own addressee number (宛名番号). The integrated id, the
code and the number never come back out.
"""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from kumihimo.kernel.wire import whole
from kumihimo.rooms.gateway.api import ItemValue
from kumihimo.rooms.linkage.asker_api import NOT_TOLD, Asker

Addressee = Annotated[
    str,
    msgspec.Meta(
        pattern=whole("[!-~]{1,64}"),
        description="The business system's own number of a person (宛名番号), visible ASCII.",
    ),
]
Affair = Annotated[
    str, msgspec.Meta(pattern=whole("[a-z0-9-]{1,64}"), description="An affair, such as `b081`.")
]

Word = Annotated[
    str, msgspec.Meta(pattern=whole("[A-Za-z][A-Za-z0-9_-]{0,31}"), description="A short code.")
]
Staff = Annotated[
    str,
    msgspec.Meta(
        pattern=whole("(?!.*[0-9]{11})[A-Za-z][A-Za-z0-9_-]{0,31}"),
        description="Who acts, by a staff id and not by a name.",
    ),
]
StaffOrNone = Annotated[
    str, msgspec.Meta(pattern=whole("(?!.*[0-9]{11})([A-Za-z][A-Za-z0-9_-]{0,31})?"))
]

Outcome = Literal[
    "REGISTERED", "ATTACHED", "KNOWN", "NO_MATCH", "TAKEN", "OTHERS_NUMBER", "HOUSEHOLD_NUMBER"
]

WithheldBecause = Literal["", "link-suspended", "link-corrected", "withdrawn"]
BATCH_MAX = 1_000


class Attributes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The basic four attributes (基本4情報) as written. `sex` is "" where the scheme has none."""

    name: str
    birth: str
    sex: str
    address: str


class Registration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One person to register.

    `card`: the number was read from the person's card, with the attributes beside it.
    `strict-inquiry`: the number is asked of register by all attributes, for `affair`. `form`: it
    was typed in from a form; register must name the same number for the attributes, and `officer`
    and `approver` are two people. `household` are the other records of one household here, whose
    numbers this one must not be; `case` is where the registration is on file.
    """

    addressee: Addressee
    source: Literal["card", "strict-inquiry", "form"]
    attributes: Attributes
    number: str = ""
    affair: str = ""
    sexless_scheme: bool = False
    officer: StaffOrNone = ""
    approver: StaffOrNone = ""
    household: Annotated[tuple[Addressee, ...], msgspec.Meta(max_length=100)] = ()
    case: Annotated[str, msgspec.Meta(pattern=whole("[A-Za-z0-9_-]{0,64}"))] = ""


class ChipReading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person's card, read at a terminal for an affair (マイナンバー登録事務のデジタル化).

    The files are those of the chip's text application as they are; the gateway checks the issuer's
    signature over them. `serial` is the card's.
    """

    addressee: Addressee
    affair: Affair
    officer: Word
    terminal: Word
    serial: str
    number: bytes
    attributes: bytes
    integrity: bytes
    certificate: bytes


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """How a number came into the vault: whence, for which affair, by whom, where, on which day."""

    affair: str
    officer: str
    terminal: str
    read_on: date
    source: str = "chip"
    approver: str = ""
    case: str = ""


class Registrations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """1 to 1,000 persons."""

    persons: tuple[Registration, ...]


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one registration.

    REGISTERED: a new person. ATTACHED: a person known here under another addressee number. KNOWN:
    this number stands for this person already. NO_MATCH: register did not answer; nobody is told
    why. TAKEN: the addressee number stands for somebody else. OTHERS_NUMBER: this number stands here
    for somebody of another name, birth date or sex. HOUSEHOLD_NUMBER: for another of the household.
    """

    addressee: str
    outcome: Outcome


class RegistrationReport(msgspec.Struct, frozen=True):
    """In the order given."""

    persons: tuple[Registered, ...]


class NewNumber(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person's number after a change (Number Act art. 7(2)), read from her new card."""

    addressee: Addressee
    number: str
    attributes: Attributes


class Addressees(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """1 to 1,000 persons."""

    addressees: tuple[Addressee, ...]


class PersonStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How far a person's registration is; `state` is that of the acquisition of her code."""

    addressee: str
    state: str
    rejected_because: str
    no_self_information: bool
    hidden: bool
    link_suspended: bool = False


class PersonStatuses(msgspec.Struct, frozen=True):
    """In the order asked."""

    persons: tuple[PersonStatus, ...]


class Flags(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What this institution withholds of a person.

    `no_self_information` (自己情報提供不可): she does not get her own data by the portal. `hidden`
    (不開示): exchanges about her look absent in her list of records.
    """

    addressee: Addressee
    no_self_information: bool
    hidden: bool


class OpenCase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case that begins; `opened_on` is today when it is left out."""

    addressee: Addressee
    affair: Affair
    opened_on: date | None = None


class OpenCases(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """1 to 1,000 cases."""

    cases: tuple[OpenCase, ...]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A case of a person at this institution."""

    case: str
    addressee: str
    affair: str
    opened_on: date
    closed_on: date | None = None


class Cases(msgspec.Struct, frozen=True):
    """In the order asked; of one person, the latest first."""

    cases: tuple[Case, ...]


class CloseCase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The end of a case; `closed_on` is today when it is left out."""

    case: Annotated[str, msgspec.Meta(pattern=whole("[A-Za-z0-9_-]{22}"))]
    closed_on: date | None = None


class OneAddressee(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One person."""

    addressee: Addressee


class BadLine(msgspec.Struct, frozen=True, kw_only=True):
    """A row that was refused: its number (1 is the first row of data), the column, and why."""

    row: int
    column: str
    why: str


class LoadReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file.

    `loaded` is False when nothing was stored because of bad rows. `bad` lists at most 1,000 of
    the `rows_bad`. `repeated` when this very file was the last one loaded: nothing was doubled.
    `rejects` is a CSV file of the bad rows with a column `why` in front, when good rows were
    loaded without them; it is not kept here.
    """

    load: str
    loaded: bool
    repeated: bool
    rows_good: int
    rows_bad: int
    bad: tuple[BadLine, ...] = ()
    rejects: str = ""


class CopyOf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The copies of one kind of information about one person."""

    addressee: Addressee
    info: Annotated[str, msgspec.Meta(pattern=whole("[a-z0-9-]{1,64}"))]


class CopyInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One copy, without its content."""

    copy: int
    layout: str
    as_of: date
    valid_from: date
    valid_to: date | None
    supersedes: int | None
    current: bool
    no_automatic_answer: bool
    load: str


class Copies(msgspec.Struct, frozen=True):
    """The latest first."""

    copies: tuple[CopyInfo, ...]


class Withdrawn(msgspec.Struct, frozen=True):
    """The number of the copy that is no longer in force."""

    copy: int


class InquiryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Where an inquiry stands. `outcome` is "" while it is on its way; `values` when it is OK.

    `withheld` says why there are no values though there was an answer: whose number stands on this
    record is being checked (確認中), or it was another person's, or the provider said so of its own.
    """

    inquiry: str
    outcome: str
    provider: str
    affair: str
    items: tuple[str, ...]
    asked_at: datetime
    answered_at: datetime | None
    values: tuple[ItemValue, ...]
    purged: bool
    withheld: WithheldBecause = ""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A permit that waits for a decision at this institution."""

    permit: str
    requester: str
    affair: str
    items: tuple[str, ...]
    received_at: datetime


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Who received a copy, when, for what."""

    requester: str
    affair: str
    items: tuple[str, ...]
    provided_at: datetime | None
    copy: int


class RecipientsOf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who received these copies since a day?"""

    copies: Annotated[tuple[int, ...], msgspec.Meta(min_length=1, max_length=1_000)]
    since: date


class Recipients(msgspec.Struct, frozen=True):
    """Every delivery of the copies asked for."""

    recipients: tuple[Recipient, ...]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One question of a clerk. All items belong to one kind of information.

    `asker` says which office and role asks; without it the person reads that nobody said.
    """

    addressee: str
    affair: str
    provider: str
    items: tuple[str, ...]
    layout: str
    asker: Asker = NOT_TOLD


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """Where to ask for the answer; `outcome` is "" while it is on its way."""

    inquiry: str
    outcome: str


class Questions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """1 to 1,000 questions; they travel as one batch."""

    questions: tuple[Question, ...]


class AcceptedQuestions(msgspec.Struct, frozen=True):
    """Where to poll each answer, in the order asked; with `wait`, the answers as they stand."""

    questions: tuple[Accepted, ...]
    answers: tuple[InquiryAnswer, ...] = ()


InquiryName = Annotated[str, msgspec.Meta(pattern=whole("[A-Za-z0-9_-]{22}"))]


class Poll(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """1 to 1,000 inquiries of this institution."""

    inquiries: tuple[InquiryName, ...]


class Answers(msgspec.Struct, frozen=True):
    """In the order asked."""

    answers: tuple[InquiryAnswer, ...]


class WaitingPermits(msgspec.Struct, frozen=True):
    """Oldest first."""

    waiting: tuple[Waiting, ...]


class Decide(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person's decision on a waiting permit. `officer` is a staff id, not a name."""

    permit: InquiryName
    decision: Literal["provide", "refuse"]
    officer: Annotated[str, msgspec.Meta(pattern=whole("[A-Za-z][A-Za-z0-9_-]{0,31}"))]


class Decided(msgspec.Struct, frozen=True):
    """What the requester is told."""

    outcome: str
