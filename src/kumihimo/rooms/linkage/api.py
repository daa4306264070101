"""The core's doors: acquisition of codes, inquiries and permits, ends, records, rotation.

No message here can carry a number, a name, an address, a code in the clear or a payload. A person
appears only as `bytes` that are a point blinded by register or a point sealed to one party.
Protocol: docs/explanation/sealed-codes.md.
"""

import hashlib
from datetime import UTC, date, datetime
from typing import Annotated, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from msgspec import UNSET, UnsetType

from kumihimo.kernel.keys import verification_key
from kumihimo.kernel.message import KeyBook, party_of
from kumihimo.kernel.refusal import NotAuthentic
from kumihimo.kernel.tlog.leaf import commit
from kumihimo.rooms.linkage.asker_api import Asker

PARTY = "linkage"
LEDGER = "ledger"

BLINDED_PATH = "/acquisitions"
COLLECT_PATH = "/acquisitions/collect"
INQUIRIES_PATH = "/inquiries"
REFUSALS_PATH = "/refusals"
STAFF_LOOKS_PATH = "/staff-looks"
ENDS_PATH = "/ends"
ROTATE_PATH = "/keys/rotate"
ROTATED_PATH = "/keys/rotated"
PORTAL_NOTICES_PATH = "/portal-notices"
EXCHANGES_PATH = "/exchanges/mine"

# The ledger implements these doors; the core, which speaks first, owns the messages.
RECORDS_PATH = "/linkage/records"
NOTICES_PATH = "/linkage/portal-notices"

BATCH_MAX = 1_000
ROTATION_CONTEXT = b"kumihimo-rotation-v1"

# Of a domain's key. An integer column ends it above; no domain changes its key that often.
KeyVersion = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]

Outcome = Literal[
    "OK",
    "NO_DATA",
    "NO_COPY",
    "NO_PERSON",
    "PENDING_ACQUISITION",
    "PENDING_MANUAL",
    "REFUSED_REQUESTER",
    "REFUSED_AFFAIR",
    "REFUSED_PROVIDER",
    "REFUSED_ITEM",
    "REFUSED_PIA",
    "REFUSED_CASE",
    "REFUSED_FLAG",
    "STALE_LAYOUT",
    "PROVIDER_DOWN",
    "EXPIRED",
    "DUPLICATE",
    "LOOKED",
]


class Received(msgspec.Struct, frozen=True):
    """How many of the messages were new; a repeat counts nothing."""

    new: int


class Nothing(msgspec.Struct, frozen=True):
    """An empty question."""


# Acquisition of codes (符号取得, Number Act art. 21-2)


class Blinded(msgspec.Struct, frozen=True, kw_only=True):
    """Register to core: acquisition number t, the domain, and X = r·a·H(J)."""

    acquisition: str
    domain: str
    point: bytes


class BlindedBatch(msgspec.Struct, frozen=True):
    """At most `BATCH_MAX` blinded persons."""

    blinded: tuple[Blinded, ...]


class Collect(msgspec.Struct, frozen=True):
    """Domain to core: which of my acquisition numbers are ready?"""

    acquisitions: tuple[str, ...]


class Evaluated(msgspec.Struct, frozen=True, kw_only=True):
    """Core to domain: Y = b_i·X under key version `version`; or the state without a point."""

    acquisition: str
    state: Literal["ready", "waiting", "expired", "spent"]
    point: bytes = b""
    version: KeyVersion = 0


class Collected(msgspec.Struct, frozen=True):
    """Answers in the order asked."""

    evaluated: tuple[Evaluated, ...]


# Inquiry (情報照会, art. 19(viii), 21)


class Inquiry(msgspec.Struct, frozen=True, kw_only=True):
    """One question about one person: a positive-list tuple, and the person sealed twice.

    `case` is the requester's opaque reference of the open case. `for_provider` is the requester's
    code of the person sealed to the provider's receiving key, `for_ledger` the same code sealed to
    the ledger's; both 64 bytes. `version` is the key version of the requester's code.
    """

    inquiry: str
    affair: str
    provider: str
    items: tuple[str, ...]
    layout: str
    case: str
    for_provider: bytes
    for_ledger: bytes
    version: KeyVersion
    hidden: bool = False
    asker: Asker | UnsetType = UNSET


class InquiryBatch(msgspec.Struct, frozen=True):
    """1 to `BATCH_MAX` inquiries of one requester, signed once."""

    inquiries: tuple[Inquiry, ...]


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one inquiry: a permit, or a refusal by name. Both are on record.

    A permit that was given and leads nowhere any more stands here beside its refusal, so that the
    requester can report its end.
    """

    inquiry: str
    outcome: Outcome
    permit: str = ""
    reason: str = ""


class Permit(msgspec.Struct, frozen=True, kw_only=True):
    """One permitted question, as the provider sees it. `person` is 64 bytes sealed to it."""

    permit: str
    affair: str
    items: tuple[str, ...]
    layout: str
    person: bytes
    hidden: bool = False


class PermitSheet(msgspec.Struct, frozen=True, kw_only=True):
    """All permits of one batch for one provider. `version` is the provider's code version."""

    requester: str
    requester_payload_key: bytes
    provider: str
    list_version: str
    issued_at: datetime
    expires_at: datetime
    version: KeyVersion
    permits: tuple[Permit, ...]


class SignedSheet(msgspec.Struct, frozen=True, kw_only=True):
    """The sheet's bytes (JSON of `PermitSheet`) and the core's Ed25519 signature."""

    provider: str
    body: bytes
    key_id: str
    signature: bytes


class Grants(msgspec.Struct, frozen=True, kw_only=True):
    """The core's answer to a batch: an outcome for each inquiry, a sheet for each provider."""

    granted: tuple[Granted, ...]
    sheets: tuple[SignedSheet, ...]


def sheet_signed_bytes(body: bytes) -> bytes:
    """Return what a sheet's signature covers, apart from every other kind of signature."""
    return b"kumihimo-permit-sheet-v1\n" + hashlib.sha256(body).digest()


def verify_sheet(signed: SignedSheet, book: KeyBook) -> PermitSheet:
    """Return the sheet if the core signed it; raises `NotAuthentic` otherwise."""
    key = book.signing_key(signed.key_id)
    if key is None or party_of(signed.key_id) != PARTY:
        raise NotAuthentic
    try:
        verification_key(key).verify(signed.signature, sheet_signed_bytes(signed.body))
        sheet = msgspec.json.decode(signed.body, type=PermitSheet)
    except (InvalidSignature, ValueError) as error:
        raise NotAuthentic from error
    if sheet.provider != signed.provider:
        raise NotAuthentic
    return sheet


# Ends (art. 23)


class End(msgspec.Struct, frozen=True, kw_only=True):
    """One party's end of an exchange: what it did and when.

    The provider seals the person to the ledger from its **own** code; the requester's seal came
    with the inquiry. `hidden` marks 不開示: the exchange is not shown to the person.
    """

    permit: str
    side: Literal["requester", "provider"]
    outcome: Outcome
    at: datetime
    for_ledger: bytes = b""
    version: KeyVersion = 0
    hidden: bool = False


class Ends(msgspec.Struct, frozen=True):
    """At most `BATCH_MAX` ends of one party."""

    ends: tuple[End, ...]


# Records (情報提供等記録), core to ledger


class RecordContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the leaf of a record commits to; its form is fixed, whatever a record gains later.

    One that says which office and role asked has a form of its own, `exchange-record/2`.
    """

    record: str
    permit: str
    requester: str
    provider: str
    affair: str
    items: tuple[str, ...]
    basis: tuple[str, ...]
    list_version: str
    outcome: Outcome
    requested_at: datetime
    sealed_digest: bytes
    hidden: bool
    asker: Asker | UnsetType = UNSET

    def encode(self) -> bytes:
        """Return the bytes that the leaf is over."""
        words = (
            *(self.record, self.permit, self.requester, self.provider, self.affair),
            *(self.items, self.basis, self.list_version, self.outcome),
            *(self.requested_at.astimezone(UTC), self.sealed_digest, self.hidden),
        )
        if isinstance(self.asker, Asker):
            told = (self.asker.office, self.asker.role)
            return msgspec.json.encode(("exchange-record/2", *words, *told))
        return msgspec.json.encode(("exchange-record/1", *words))


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """An exchange or a refusal; `person` is sealed to the ledger (64 bytes).

    `salt` is of its leaf in the log; b"" for a record from before there was one.
    """

    record: str
    permit: str
    requester: str
    provider: str
    affair: str
    items: tuple[str, ...]
    basis: tuple[str, ...]
    list_version: str
    outcome: Outcome
    requested_at: datetime
    person: bytes
    hidden: bool
    salt: bytes = b""
    asker: Asker | UnsetType = UNSET

    def sealed_digest(self) -> bytes:
        """Return the digest of the sealed person: what is left of the seal with the ledger.

        No two seals are alike, so a digest of one tells nothing of who is in it.
        """
        return hashlib.sha256(self.person).digest()

    def leaf(self) -> bytes:
        """Return the record's leaf in the log."""
        content = RecordContent(
            record=self.record,
            permit=self.permit,
            requester=self.requester,
            provider=self.provider,
            affair=self.affair,
            items=self.items,
            basis=self.basis,
            list_version=self.list_version,
            outcome=self.outcome,
            requested_at=self.requested_at,
            sealed_digest=self.sealed_digest(),
            hidden=self.hidden,
            asker=self.asker,
        )
        return commit(self.salt, content.encode())


class Sent(msgspec.Struct, frozen=True):
    """So many of a delivery's records, in their order, have their leaves in this submission."""

    submission: str
    records: int


class EndRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An end as the core passes it on; `person` (provider's end only) sealed to the ledger."""

    permit: str
    side: Literal["requester", "provider"]
    outcome: Outcome
    at: datetime
    person: bytes
    hidden: bool


class RecordsDelivered(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery; the ledger stores each record and end once, however often it comes.

    `version` is the key version of the ledger's domain under which every person in it is sealed;
    `submissions` say where the leaves of the records went.
    """

    records: tuple[Record, ...] = ()
    ends: tuple[EndRecord, ...] = ()
    version: KeyVersion = 1
    submissions: tuple[Sent, ...] = ()


# Rotation of a domain key


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """The scalar b'·b⁻¹ from version `old` to `new`, HPKE-sealed to the domain's payload key."""

    old: KeyVersion
    new: KeyVersion
    sealed_scalar: bytes


class KeyState(msgspec.Struct, frozen=True, kw_only=True):
    """How a domain's key stands with whoever holds its codes: which version, how many are left.

    `version` is the one that all codes get; `changed_on` is None while a change is under way, and
    where the key was never changed (`version` 1). `left` codes stand under an older version.
    """

    version: int
    under_way: bool
    changed_on: date | None
    codes: int
    left: int


class Rotated(msgspec.Struct, frozen=True):
    """Domain to core: every code of mine is at this version."""

    version: KeyVersion
