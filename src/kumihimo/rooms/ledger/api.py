"""What others may know of the ledger: how a person's session begins and what she reads."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from kumihimo.kernel.tlog import leaf, mine
from kumihimo.kernel.wire import whole
from kumihimo.rooms.gateway.api import NoticeCategory
from kumihimo.rooms.linkage.api import RecordContent
from kumihimo.rooms.oversight.api import CLAIM_TEXT_MAX, ClaimKind
from kumihimo.rooms.register.api import OfficeAsked

PARTY = "ledger"

SESSIONS_PATH = "/sessions"
MY_RECORDS_PATH = "/my/records"
WHO_ASKED_PATH = "/my/who-asked"
MY_SESSION_PATH = "/my/session"
HISTORY_PATH = "/my/history"
OWN_PATH = "/my/information"
MY_CLAIMS_PATH = "/my/claims"
TELL_CLAIM_PATH = "/my/claims/tell"
MY_NOTICES_PATH = "/my/notices"
OVERVIEW_PATH = "/my/overview"
ASK_OWN_PATH = "/my/information/ask"
GIVE_DELEGATION_PATH = "/my/delegations/give"
ACT_FOR_PATH = "/my/delegations/act"
ACTS_FOR_PATH = "/my/delegations/acts-for"
ACTS_ON_ME_PATH = "/my/delegations/acts"
END_DELEGATION_PATH = "/delegations/end"
HANG_BELL_PATH = "/my/bells/hang"
HEAR_BELLS_PATH = "/bells/hear"

# The log, below the prefix `/log`, as c2sp.org/tlog-tiles has it; and where leaves come in.
CHECKPOINT_PATH = "/log/checkpoint"
COSIGNED_PATH = "/log/cosigned"
TILE_PATH = "/log/tile/{tile:path}"
LEAVES_PATH = leaf.LEAVES_PATH
MINE_PATH = mine.MINE_PATH


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session opened with a disclosure ticket; `token` is a bearer secret of 256 bits.

    `user_code` is what the data tracker's doors call her in this session.
    """

    token: str
    expires_at: datetime
    user_code: str = ""


class OpenSession(msgspec.Struct, frozen=True, kw_only=True):
    """The ticket that register sealed to the ledger and handed to the person."""

    acquisition: str
    sealed: bytes


class MyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange, refusal or look as its person reads it; `number` is None while it has none.

    `office` and `role` are of who asked, "" where that was not told. Where `outcome` is LOOKED, staff
    of `requester` looked at what it holds itself.
    """

    record: str
    requested_at: datetime
    requester: str
    provider: str
    affair: str
    items: tuple[str, ...]
    basis: tuple[str, ...]
    outcome: str
    provided_at: datetime | None
    under_investigation: bool
    number: int | None = None
    office: str = ""
    role: str = ""


class WhoAsked(msgspec.Struct, frozen=True, kw_only=True):
    """One body that asked about me, how often, and when last."""

    requester: str
    times: int
    refused: int
    last_at: datetime


class MyRecords(msgspec.Struct, frozen=True, kw_only=True):
    """A page, newest first. `next` is "" on the last page. Hidden records are absent.

    `first` and `last` are the numbers of all her records that have one, whatever the page shows: none
    is missing between them. Both are 0 where none has a number. `bodies` are who asked, of all too.
    `acts` are what others read for her, the latest 200; None where they were not asked for.
    """

    records: tuple[MyRecord, ...]
    next: str
    first: int = 0
    last: int = 0
    bodies: tuple[WhoAsked, ...] = ()
    acts: "tuple[DelegatedAct, ...] | None" = None


class WhoAskedList(msgspec.Struct, frozen=True):
    """Most recent first."""

    bodies: tuple[WhoAsked, ...]


class AskOwn(msgspec.Struct, frozen=True):
    """A person asks about herself: one kind of information (`local-tax`)."""

    information: str


class OwnItem(msgspec.Struct, frozen=True, kw_only=True):
    """One item as an institution holds it: since when it is so, when it was registered (days)."""

    item: str
    value: str | int | float | bool | list[str] | None
    as_of: str
    registered_on: str


class OwnAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What one institution answered. `checking`: whose record it is, is being checked (確認中).

    `answer` names the exchange, for what she may say of it.
    """

    answer: str
    provider: str
    state: Literal["here", "checking"]
    items: tuple[OwnItem, ...]


class OwnAsked(msgspec.Struct, frozen=True, kw_only=True):
    """One question of this session. `waiting` are the bodies that have not answered yet.

    Who holds nothing about her, and who withholds it, is among the `institutions` that were asked
    and nowhere else.
    """

    information: str
    asked_at: datetime
    institutions: int
    waiting: tuple[str, ...]
    answers: tuple[OwnAnswer, ...]


class OwnInformation(msgspec.Struct, frozen=True):
    """What this session asked, the latest first. It ends with the session."""

    asked: tuple[OwnAsked, ...]


class TellClaim(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says: `about` is the id of a record, an answer, or a proxy's act; or it is `inquiry`."""

    claim: str
    kind: ClaimKind
    about: Annotated[str, msgspec.Meta(max_length=64)]
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=CLAIM_TEXT_MAX)]
    item: Annotated[str, msgspec.Meta(max_length=128)] = ""
    inquiry: OfficeAsked | None = None


class MyClaim(msgspec.Struct, frozen=True, kw_only=True):
    """How it stands: `sent`, `open` at whom it is for, or `answered` in words."""

    claim: str
    kind: ClaimKind
    addressee: str
    told_on: date
    due_on: date
    state: Literal["sent", "open", "answered"]
    decision: Literal["", "corrected", "kept", "answered"]
    answered_on: date | None
    answer: str


class MyClaims(msgspec.Struct, frozen=True):
    """The latest first."""

    claims: tuple[MyClaim, ...]


class MyNotice(msgspec.Struct, frozen=True, kw_only=True):
    """What an institution tells a person. Of one that it withdrew only the title is left.

    `until` is the last day on which it is here; `deadline` the day on which she must have acted.
    """

    notice: str
    institution: str
    withdrawn: bool
    told_on: date
    until: date
    affair: str
    category: NoticeCategory
    title: str
    text: str
    deadline: date | None
    link: str


class MyNotices(msgspec.Struct, frozen=True):
    """The latest first. What was removed is absent."""

    notices: tuple[MyNotice, ...]


# One person reads for another (代理)

Secret = Annotated[str, msgspec.Meta(pattern=whole(r"[A-Za-z0-9_-]{43}"))]
DELEGATIONS_MAX = 50
BELLS_MAX = 1_000


class GiveDelegation(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody else may read a thing (`statute/data/delegated.tsv`) for her; the last day is JST."""

    purpose: Annotated[str, msgspec.Meta(max_length=64)]
    until: date


class DelegationGiven(msgspec.Struct, frozen=True, kw_only=True):
    """What was given. `secret` is 256 random bits: the proxy's portal keeps it, this ledger does not."""

    delegation: str
    secret: str


class ActFor(msgspec.Struct, frozen=True, kw_only=True):
    """A proxy, in her own session, reads what a delegation lets her.

    `cursor` is `next` of the page of records before. `ask`: have the institutions asked anew.
    """

    secret: Secret
    cursor: Annotated[str, msgspec.Meta(max_length=128)] = ""
    ask: bool = False


class DelegatedRead(msgspec.Struct, frozen=True, kw_only=True):
    """What a proxy reads: one of the three, as the delegation's purpose says."""

    purpose: str
    records: MyRecords | None = None
    notices: MyNotices | None = None
    own: OwnInformation | None = None


class DelegatedAct(msgspec.Struct, frozen=True, kw_only=True):
    """One time that something was read by a delegation."""

    act: str
    delegation: str
    purpose: str
    at: datetime


class DelegatedActs(msgspec.Struct, frozen=True):
    """The latest first, 200 at most."""

    acts: tuple[DelegatedAct, ...]


class ActsFor(msgspec.Struct, frozen=True):
    """A proxy asks what she herself read, by the delegations that she holds."""

    secrets: Annotated[tuple[Secret, ...], msgspec.Meta(max_length=DELEGATIONS_MAX)]


class EndDelegation(msgspec.Struct, frozen=True):
    """Whoever has the secret of a delegation ends it."""

    secret: Secret


class HangBell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing is to be said to have a bell hung."""


class BellHung(msgspec.Struct, frozen=True):
    """A bell: whoever has its secret hears that something new waits for a person."""

    secret: str


class HearBells(msgspec.Struct, frozen=True, kw_only=True):
    """Which of `bells` ring? Those of `heard` were heard to ring, those of `down` hang no more."""

    bells: Annotated[tuple[Secret, ...], msgspec.Meta(max_length=BELLS_MAX)]
    heard: Annotated[tuple[Secret, ...], msgspec.Meta(max_length=BELLS_MAX)] = ()
    down: Annotated[tuple[Secret, ...], msgspec.Meta(max_length=BELLS_MAX)] = ()


class BellsHeard(msgspec.Struct, frozen=True):
    """The bells that ring: since they were heard last, something came that was not there before."""

    rings: tuple[str, ...]


class Look(msgspec.Struct, frozen=True):
    """That a body looked at somebody's data: the record's id, and when it asked."""

    record: str
    requested_at: datetime


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """What a first page needs, in one answer.

    `looks` of others, newest first; `more`: there are more. `latest` tells the first of them whole.
    """

    looks: tuple[Look, ...]
    more: bool
    latest: tuple[MyRecord, ...]
    claims: MyClaims
    notices: MyNotices


# What a person takes away: her history with all that proves it

HISTORY_FORM = "kumihimo-history/1"


class ProvenLeaf(msgspec.Struct, frozen=True, kw_only=True):
    """What opens a leaf beside its content, where it stands, and the hashes from it to the root.

    `place` is None for what is not in the log up to this checkpoint; there are no hashes then.
    """

    salt: bytes
    place: int | None
    path: tuple[bytes, ...]


class ProvenEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The last word of one side of an exchange; its leaf is over `exchange-end/1`."""

    side: Literal["requester", "provider"]
    outcome: str
    at: datetime
    leaf: ProvenLeaf


class ProvenRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record as its leaf has it (`exchange-record/1`), and what both sides said last."""

    content: RecordContent
    leaf: ProvenLeaf
    ends: tuple[ProvenEnd, ...]


class ProvenLink(msgspec.Struct, frozen=True, kw_only=True):
    """One number of a person's chain; its leaf is over `person-link/1`.

    `before` is the leaf of the link before (b"" at 1), `before_at` when its record was asked for.
    """

    number: int
    before: bytes
    before_at: datetime | None
    leaf: ProvenLeaf
    record: ProvenRecord


class HistoryKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Whose signatures stand here, as c2sp.org/signed-note writes keys: who has to be believed."""

    log: str
    witness: str


class History(msgspec.Struct, frozen=True, kw_only=True):
    """A person's history, from its first number that is kept to the newest, at a cosigned checkpoint.

    `unnumbered` is what she reads and has no number yet. `statement` is a note that the ledger
    signed over all of it: that these are the numbers of this chain, and which is the newest.
    """

    form: str
    told_at: datetime
    chain: str
    first: int
    last: int
    links: tuple[ProvenLink, ...]
    unnumbered: tuple[ProvenRecord, ...]
    checkpoint: str
    keys: HistoryKeys
    statement: str
