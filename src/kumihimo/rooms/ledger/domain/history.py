"""A person's history as a file: what its statement says, and what its leaves are over."""

import base64
import hashlib
from datetime import UTC, datetime
from typing import Final

import msgspec

from kumihimo.kernel.tlog.checkpoint import Checkpoint
from kumihimo.kernel.tlog.leaf import commit
from kumihimo.rooms.ledger.api import HISTORY_FORM, History, ProvenEnd, ProvenLink, ProvenRecord
from kumihimo.rooms.ledger.domain.chain import Link, Linked

NOTHING: Final = "-"


def end_content(permit: str, side: str, outcome: str, at: datetime, *, hidden: bool) -> bytes:
    """Return what the leaf of an end commits to. Its form is fixed, whatever an end gains later."""
    content = ("exchange-end/1", permit, side, outcome, at.astimezone(UTC), hidden)
    return msgspec.json.encode(content)


def leaf_of_record(record: ProvenRecord) -> bytes:
    """Return the leaf that a record's words and salt give."""
    return commit(record.leaf.salt, record.content.encode())


def leaf_of_end(record: ProvenRecord, end: ProvenEnd) -> bytes:
    """Return the leaf that the words and the salt of an end give; what is hidden is in no history."""
    permit = record.content.permit
    content = end_content(permit, end.side, end.outcome, end.at, hidden=False)
    return commit(end.leaf.salt, content)


def leaf_of_link(chain: str, link: ProvenLink) -> bytes:
    """Return the leaf that a link's words and salt give."""
    words = link.record.content
    linked = Linked(
        record=words.record, leaf=leaf_of_record(link.record), requested_at=words.requested_at
    )
    before = link.before or None
    made = Link(
        chain=chain, number=link.number, linked=linked, before=before, before_at=link.before_at
    )
    return commit(link.leaf.salt, made.content())


def statement_lines(history: History, checkpoint: Checkpoint) -> tuple[str, ...]:
    """Return the lines of the note that the ledger signs over a history.

    Its form, the chain, the first and the newest number, the leaf of the newest link, when it was
    told, and the checkpoint at which that link was the newest; then the digest of the whole file.
    """
    head = leaf_of_link(history.chain, history.links[-1]) if history.links else b""
    whole = msgspec.json.encode(msgspec.structs.replace(history, statement=""))
    return (
        HISTORY_FORM,
        history.chain or NOTHING,
        f"{history.first} {history.last}",
        _base64(head) or NOTHING,
        history.told_at.astimezone(UTC).isoformat(),
        str(checkpoint.size),
        _base64(checkpoint.root),
        _base64(hashlib.sha256(whole).digest()),
    )


def statement_text(history: History, checkpoint: Checkpoint) -> str:
    """Return the text of that note."""
    return "".join(f"{line}\n" for line in statement_lines(history, checkpoint))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
