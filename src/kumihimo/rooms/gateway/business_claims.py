"""What an institution reads of what persons say of an exchange, and how it answers."""

from datetime import date
from typing import Annotated

import msgspec

from kumihimo.kernel.wire import whole
from kumihimo.rooms.gateway.business import Staff
from kumihimo.rooms.oversight.api import CLAIM_ANSWER_MAX, ClaimDecision, ClaimKind


class ClaimShown(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that waits. `addressees` are whom it is about here; () where no record says it.

    `peer` is the other end of the exchange. `item` is what she calls wrong, "" elsewhere. Where it
    is about a question to register there is no `permit`, `addressees` are the records that register
    was asked about, and `reference` is the id of that inquiry; "" elsewhere.
    """

    claim: str
    kind: ClaimKind
    addressees: tuple[str, ...]
    affair: str
    peer: str
    permit: str
    item: str
    text: str
    taken_on: date
    due_on: date
    overdue: bool
    reference: str = ""


class ClaimsShown(msgspec.Struct, frozen=True):
    """At most 100, the one due first first."""

    claims: tuple[ClaimShown, ...]


class ClaimAnswered(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The institution's answer: the data were corrected, stay as they are, or a question is answered."""

    claim: Annotated[str, msgspec.Meta(pattern=whole("[A-Za-z0-9_-]{22}"))]
    officer: Staff
    decision: ClaimDecision
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=CLAIM_ANSWER_MAX)]
