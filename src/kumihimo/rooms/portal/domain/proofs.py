"""A proof by card and what may become of it. Every way through it is one of these functions."""

import hmac
from datetime import datetime
from typing import Literal

import attrs

from kumihimo.rooms.portal.domain.refusals import (
    CardNotConfirmed,
    NotYetAnswered,
    OtherPerson,
    ProofOver,
)
from kumihimo.rooms.portal.domain.statements import Channel, Purpose

State = Literal["open", "compared", "answered", "spent", "failed"]


@attrs.frozen(kw_only=True, repr=False)
class Proof:
    """What a card is asked to sign for one browser (`session`), and what came of it."""

    proof: str
    session: bytes
    purpose: Purpose
    channel: Channel
    state: State
    content_locked: bytes
    opened_at: datetime
    expires_at: datetime
    receipt_hash: bytes | None = None
    answer_locked: bytes | None = None


def waits(proof: Proof) -> bool:
    """Say whether a card may sign: on a phone only after the two digits were compared."""
    return proof.state == ("compared" if proof.channel == "phone" else "open")


def compared(proof: Proof | None, *, same: bool) -> Proof:
    """Return a phone's proof after its person typed the digits; a wrong one ends it."""
    if proof is None or proof.channel != "phone" or proof.state != "open":
        raise ProofOver
    return attrs.evolve(proof, state="compared" if same else "failed")


def answered(proof: Proof | None, *, receipt_hash: bytes, answer_locked: bytes) -> Proof:
    """Return the proof with what a card signed; raises `CardNotConfirmed` if none waits."""
    if proof is None or not waits(proof):
        raise CardNotConfirmed
    return attrs.evolve(
        proof, state="answered", receipt_hash=receipt_hash, answer_locked=answer_locked
    )


def spent(proof: Proof | None, *, receipt_hash: bytes) -> Proof:
    """Return the proof that its browser spends; raises `ProofOver`, `NotYetAnswered`.

    Where the card was read beside the browser, only who has the receipt too may spend it.
    """
    if proof is None or proof.state in {"spent", "failed"}:
        raise ProofOver
    if proof.state != "answered":
        raise NotYetAnswered
    assert proof.receipt_hash is not None, "what was answered has a receipt"
    mine = hmac.compare_digest(receipt_hash, bytes(proof.receipt_hash))
    if proof.channel == "here" and not mine:
        raise ProofOver
    return attrs.evolve(proof, state="spent")


def require_one_person(*, card: str, session: str, record: str) -> None:
    """Raise `OtherPerson` unless card, session and record are of one person, and of somebody.

    2023: a session outlived its person, and the next one's account was written under her name.
    """
    if not card or not card == session == record:
        raise OtherPerson
