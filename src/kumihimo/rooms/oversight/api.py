"""What others may know of oversight: the signed directory of parties, and where to raise alarms.

Keys stand in a directory signed here and not by the core: a core that could hand out false keys
could open what it converts. The directory never holds anything about a person.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal, Self

import attrs
import msgspec
from cryptography.exceptions import InvalidSignature

from kumihimo.kernel.group import NotInGroup, Point
from kumihimo.kernel.keys import PublicKeys, verification_key
from kumihimo.kernel.message import key_id_of, party_of
from kumihimo.kernel.refusal import NotAuthentic
from kumihimo.kernel.tlog import note

PARTY = "oversight"

DIRECTORY_PATH = "/directory"
HEAD_PATH = "/directory/head"
ENROL_PATH = "/directory/enrol"
ALARM_PATH = "/alarms"
LEAK_PATH = "/leaks"
WITNESS_PATH = "/witness"
SEEN_PATH = "/witness/seen"
WAITING_LEAVES_PATH = "/log/waiting"
CLAIMS_PATH = "/claims"
CLAIM_STATES_PATH = "/claims/states"
COUNTED_PATH = "/counted"
STATISTICS_PATH = "/statistics"
MONTH_PATH = "/statistics/{month:str}"

# The log's name in its checkpoints. The ledger signs them with its signing key in the directory,
# and oversight cosigns them with its own, under the name of a witness.
LOG_KEEPER = "ledger"
LOG_ORIGIN = "kumihimo/ledger"
WITNESS_NAME = "kumihimo/oversight"

Kind = Literal[
    "institution", "register", "linkage", "ledger", "oversight", "jpki", "cards", "agency",
    "portal", "desk",
]  # fmt: skip
Standing = Literal["active", "suspended"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One party. `pia_published_on` is None until its 特定個人情報保護評価 is published (art. 28)."""

    party: str
    kind: Kind
    standing: Standing
    keys: PublicKeys
    retired_signing: tuple[bytes, ...] = ()
    pia_published_on: date | None = None


class DirectoryBody(msgspec.Struct, frozen=True, kw_only=True):
    """The content that oversight signs. `version` only ever grows."""

    version: int
    issued_at: datetime
    entries: tuple[Entry, ...]


class SignedDirectory(msgspec.Struct, frozen=True):
    """The signed bytes (JSON of `DirectoryBody`) and oversight's Ed25519 signature over them."""

    body: bytes
    signature: bytes


class HeadBody(msgspec.Struct, frozen=True, kw_only=True):
    """What oversight says of its directory: at this instant, this one is the latest.

    `digest` is the SHA-256 of the directory's body.
    """

    version: int
    digest: bytes
    at: Annotated[datetime, msgspec.Meta(tz=True)]


class SignedHead(msgspec.Struct, frozen=True):
    """The signed bytes (JSON of `HeadBody`) and oversight's Ed25519 signature over them.

    Who stands in between can show a room an old directory again and again, but no new head of it:
    by its age a room knows how long it may have been cut off.
    """

    body: bytes
    signature: bytes

    def verify(self, *, oversight: bytes) -> HeadBody:
        """Return what it says; raises `NotAuthentic`."""
        try:
            verification_key(oversight).verify(self.signature, head_signed_bytes(self.body))
            return msgspec.json.decode(self.body, type=HeadBody)
        except (InvalidSignature, ValueError) as error:
            raise NotAuthentic from error


class Nothing(msgspec.Struct, frozen=True):
    """An empty question or answer."""


class Enrol(msgspec.Struct, frozen=True, kw_only=True):
    """An operator's act: enrol a party, change its keys, standing or PIA date."""

    entry: Entry


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """Something that oversight must look at: which exchange and which bodies, never who."""

    alarm: str
    kind: Literal[
        "ends-disagree",
        "end-missing",
        "answer-overdue",  # `requester` owes it to the person of the exchange
        "chain-broken",
        "record-changed",
        "record-missing",
        "two-histories",
        "log-damaged",
        "journal-broken",
        "rows-touched",
        "state-changed",
    ]
    permit: str  # "" where it is about no one exchange, or journal or rows of `requester`
    requester: str
    provider: str
    noticed_at: datetime


class CheckpointShown(msgspec.Struct, frozen=True):
    """A checkpoint of the log with its proof: a request's body as c2sp.org/tlog-witness has it."""

    request: bytes


class CheckpointSeen(msgspec.Struct, frozen=True):
    """The newest checkpoint of the log that was cosigned, as the log signed it; "" for none."""

    note: str


class Witnessed(msgspec.Struct, frozen=True, kw_only=True):
    """The line of a cosignature; or "", and from which size the proof must start."""

    cosignature: str
    size: int


# What a leak is reported as (Number Act art. 29-4): 1a in the network and what is connected to it,
# 1b in a system of an affair of use, 1c in an organ's system of a related affair, 2 for an unjust
# purpose, 3 open to anyone, 4 more than a hundred persons.
LeakType = Literal["1a", "1b", "1c", "2", "3", "4"]
LeakStage = Literal["known", "preliminary", "final"]
LeakAct = Literal["leak", "loss", "damage", "use", "provision"]


class LeakEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to specific personal information, in facts that name nobody.

    `system`: `network` is what is connected to the network between institutions; `use-affair` a
    system of an affair of use; `related-affair` one of a related affair; `undecided` where people
    must still say which. `acts` feared count as done. `use` and `provision` are those against the
    Act (art. 9, 19). `encrypted`: so well that nothing can be read. `known_on` is the day on which
    the institution came to know (Japanese calendar).
    """

    system: Literal["network", "use-affair", "related-affair", "undecided", "none"]
    holder: Literal["administrative-organ", "local-government", "independent-agency", "private"]
    acts: tuple[LeakAct, ...]
    persons: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
    known_on: date
    unjust_purpose: bool = False
    viewable_by_anyone: bool = False
    encrypted: bool = False
    sensitive: bool = False
    property_damage: bool = False


LeakText = Annotated[str, msgspec.Meta(max_length=4_000)]


class LeakContents(msgspec.Struct, frozen=True, kw_only=True):
    """The nine contents of a report, in words; no name and no number of a person."""

    outline: LeakText = ""
    items: LeakText = ""
    persons: LeakText = ""
    cause: LeakText = ""
    secondary_damage: LeakText = ""
    response_to_persons: LeakText = ""
    publication: LeakText = ""
    prevention: LeakText = ""
    other: LeakText = ""


class LeakReported(msgspec.Struct, frozen=True, kw_only=True):
    """An institution tells of a leak, at once when it knows of it, then by the two reports.

    `known` starts the clocks; `preliminary` (速報) needs an outline; `final` (確報) all but `other`.
    """

    leak: str
    stage: LeakStage
    event: LeakEvent
    contents: LeakContents = LeakContents()


# What a person says of an exchange, carried by the ledger: to the institution, or to oversight.

ClaimKind = Literal["question", "objection", "not-mine", "wrong"]
ClaimDecision = Literal["corrected", "kept", "answered"]
ANSWER_WITHIN = timedelta(days=30)  # our choice: no rule of the network names a period
CLAIM_TEXT_MAX = 1_000
CLAIM_ANSWER_MAX = 2_000


class ClaimContent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What she wrote, of which `item`; `reference` names what has no permit, in its own log."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=CLAIM_TEXT_MAX)]
    item: Annotated[str, msgspec.Meta(max_length=128)] = ""
    reference: Annotated[str, msgspec.Meta(max_length=22)] = ""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """About which exchange (`permit`, "" for none) a person says something; `sealed`: `ClaimContent`.

    It never names her: who has the permit on record knows whom it was about. That her card signed
    it, the portal has checked and can prove.
    """

    claim: str
    kind: ClaimKind
    permit: str
    requester: str
    provider: str
    affair: str
    requested_at: Annotated[datetime, msgspec.Meta(tz=True)]
    sealed: bytes


class AskClaims(msgspec.Struct, frozen=True):
    """The ledger asks how they stand."""

    claims: tuple[str, ...]


class ClaimState(msgspec.Struct, frozen=True, kw_only=True):
    """How one stands. `sealed` is the answer's text, to the ledger; `unknown` never came."""

    claim: str
    state: Literal["unknown", "open", "answered"]
    decision: Literal["", "corrected", "kept", "answered"] = ""
    answered_on: date | None = None
    sealed: bytes = b""

    @classmethod
    def kept(
        cls, claim: str, decision: str | None, answered_on: date | None, sealed: bytes | None
    ) -> Self:
        """Return how one stands that came: what of its answer is kept where it lies."""
        return cls(
            claim=claim,
            state="open" if answered_on is None else "answered",
            decision=msgspec.convert(decision, ClaimDecision) if decision else "",
            answered_on=answered_on,
            sealed=bytes(sealed or b""),
        )


class ClaimStates(msgspec.Struct, frozen=True):
    """In the order asked."""

    claims: tuple[ClaimState, ...]


def claim_context(claim: str) -> bytes:
    """Return what binds a person's words to their claim."""
    return b"kumihimo-claim-v1\n" + claim.encode()


def answer_context(claim: str) -> bytes:
    """Return what binds an answer to its claim."""
    return b"kumihimo-claim-answer-v1\n" + claim.encode()


class Received(msgspec.Struct, frozen=True):
    """How many were new."""

    new: int


_DOMAIN = b"kumihimo-directory-v1\n"


def signed_bytes(body: bytes) -> bytes:
    """Return what the signature covers, apart from every other kind of signature."""
    return _DOMAIN + hashlib.sha256(body).digest()


def head_signed_bytes(body: bytes) -> bytes:
    """Return what the signature of a head covers, apart from every other kind of signature."""
    return b"kumihimo-directory-head-v1\n" + hashlib.sha256(body).digest()


@attrs.frozen
class Directory:
    """A verified directory; also the `KeyBook` of every party."""

    version: int
    issued_at: datetime
    entries: Mapping[str, Entry]
    _by_key_id: Mapping[str, bytes]

    @classmethod
    def verify(cls, signed: SignedDirectory, *, oversight: bytes, at_least: int = 0) -> "Directory":
        """Check signature and version; raises `NotAuthentic`.

        `oversight` is the pinned Ed25519 key; `at_least` the version already known (no rollback).
        """
        try:
            verification_key(oversight).verify(signed.signature, signed_bytes(signed.body))
            body = msgspec.json.decode(signed.body, type=DirectoryBody)
        except (InvalidSignature, ValueError) as error:
            raise NotAuthentic from error
        if body.version < at_least:
            raise NotAuthentic
        return cls.of(body)

    @classmethod
    def of(cls, body: DirectoryBody) -> "Directory":
        """Index a body whose signature was checked."""
        keys: dict[str, bytes] = {}
        for entry in body.entries:
            for signing in (entry.keys.signing, *entry.retired_signing):
                keys[key_id_of(entry.party, signing)] = signing
        return cls(body.version, body.issued_at, {e.party: e for e in body.entries}, keys)

    def signing_key(self, key_id: str) -> bytes | None:
        """Return a signing key; None when unknown or its party is suspended."""
        entry = self.entries.get(party_of(key_id))
        if entry is None or entry.standing != "active":
            return None
        return self._by_key_id.get(key_id)

    def active(self, party: str) -> Entry | None:
        """Return a party in good standing."""
        entry = self.entries.get(party)
        return entry if entry is not None and entry.standing == "active" else None

    def receiving(self, party: str) -> Point | None:
        """Return the point that persons for this party are sealed to."""
        entry = self.active(party)
        if entry is None:
            return None
        try:
            return entry.keys.receiving_point()
        except NotInGroup:
            return None

    def pia_published(self, party: str, on: date) -> bool:
        """Say whether the party's PIA was published by that day (art. 21(2), 28)."""
        entry = self.active(party)
        return (
            entry is not None
            and entry.pia_published_on is not None
            and entry.pia_published_on <= on
        )


def new_body(
    version: int, issued_at: datetime, entries: Mapping[str, Entry]
) -> tuple[DirectoryBody, bytes]:
    """Return a directory's content and its canonical bytes, entries in order of party."""
    ordered = tuple(entries[name] for name in sorted(entries))
    body = DirectoryBody(version=version, issued_at=issued_at.astimezone(UTC), entries=ordered)
    return body, msgspec.json.encode(body, order="deterministic")


def log_keys(directory: Directory) -> list[note.NoteKey]:
    """Return the keys that checkpoints of the log are signed with at present: one, or none."""
    entry = directory.active(LOG_KEEPER)
    return [] if entry is None else [note.NoteKey(LOG_ORIGIN, note.Kind.TEXT, entry.keys.signing)]


def witness_key(oversight: bytes) -> note.NoteKey:
    """Return the key that oversight cosigns with: the pinned one."""
    return note.NoteKey(WITNESS_NAME, note.Kind.COSIGNATURE, oversight)
