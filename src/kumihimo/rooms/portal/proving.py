"""Proofs by card: a browser asks, the card signs, the same browser goes on. Each is spent once.

(1) a browser opens a proof: the text, two digits to compare, three minutes;
(2) the program beside the reader fetches the text by the proof's id and has the chip sign it;
(3) jpki says whose card it was; whoever brought the answer gets a receipt;
(4) the browser that opened the proof spends it. Where the card was read beside it, it must show the
    receipt too: who lures somebody into signing for another browser has one of the two only. Where
    a phone read the card there is no such tie, and the person compares two digits instead.
"""

import hashlib
import hmac
import re
from datetime import datetime
from typing import Final

import attrs
import msgspec

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import BadInput, TooMany
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.portal import accounts, store
from kumihimo.rooms.portal.api import CardQuestion
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.domain import proofs
from kumihimo.rooms.portal.domain.limits import FAILED_MAX, OPENED_MAX, PROOF_FOR
from kumihimo.rooms.portal.domain.proofs import Proof
from kumihimo.rooms.portal.domain.refusals import (
    CardNotConfirmed,
    CodeDiffers,
    OtherPerson,
    ProofOver,
)
from kumihimo.rooms.portal.domain.statements import (
    Channel,
    Purpose,
    Statement,
    draw_code,
    session_hash,
    session_words,
)
from kumihimo.rooms.portal.identity import Identified
from kumihimo.rooms.portal.store import Tried

_RECEIPT_BYTES: Final = 32
_TWO_DIGITS: Final = re.compile("[0-9]{2}")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser wants a proof for. `lines` are shown and signed, `change` is then done.

    `who` is whom an act is for: "" for a login. `kind` says which pages know what to do with `change`.
    """

    purpose: Purpose
    channel: Channel
    form_token: str
    who: str = ""
    lines: tuple[str, ...] = ()
    change: str = ""
    kind: str = ""


class _Content(msgspec.Struct, frozen=True, kw_only=True):
    wanted: Wanted
    code: str


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What was signed, the signature, and the certificate, DER: enough for anybody to check it."""

    text: str
    signature: bytes
    certificate: bytes


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    user: str
    certificate: str
    verification: str
    presence: str
    evidence: Evidence


@attrs.frozen(kw_only=True)
class Opened:
    """A proof that a browser waits for."""

    proof: str
    code: str
    channel: Channel
    answered: bool = False


@attrs.frozen(kw_only=True, repr=False)
class Brought:
    """What whoever brought an answer is given: its receipt, and what that browser's form needs."""

    receipt: str
    form_token: str
    purpose: Purpose
    channel: Channel
    session: bytes


@attrs.frozen(kw_only=True, repr=False)
class Spent:
    """A proof that was spent: whose account, the check at jpki, what was to be done.

    `certificate` is jpki's name of the one that signed.
    """

    account: str
    certificate: str
    verification: str
    presence: str
    wanted: Wanted
    evidence: Evidence


async def open_proof(portal: Portal, token: str, wanted: Wanted, *, source: str) -> Opened:
    """Open a proof for a browser. Raises `TooMany` for a place that opens one after another."""
    now = portal.clock.now()
    made = Opened(
        proof=new_id(portal.entropy), code=draw_code(portal.entropy), channel=wanted.channel
    )
    content = msgspec.json.encode(_Content(wanted=wanted, code=made.code))
    row = Proof(
        proof=made.proof,
        session=session_hash(token),
        purpose=wanted.purpose,
        channel=wanted.channel,
        state="open",
        content_locked=portal.locker.lock(content, label=_label(made.proof), block=256),
        opened_at=now,
        expires_at=now + PROOF_FOR,
    )
    async with portal.database.transaction() as tx:
        if await _count(portal, tx, "open", source) > OPENED_MAX:
            raise TooMany("too many proofs from one place; try again in a minute")
        await store.add_proof(tx, row)
    return made


async def waiting(portal: Portal, token: str) -> Opened | None:
    """Return what a browser waits for."""
    async with portal.database.transaction() as tx:
        row = await store.latest_proof(tx, session_hash(token), portal.clock.now())
    if row is None or row.state in {"spent", "failed"}:
        return None
    return Opened(
        proof=row.proof,
        code=_content(portal, row).code,
        channel=row.channel,
        answered=row.state == "answered",
    )


async def question(portal: Portal, proof: str) -> CardQuestion:
    """Return what a card is asked to sign; one `ProofOver` for any proof that is not waiting."""
    async with portal.database.transaction() as tx:
        row = await store.proof(tx, proof, portal.clock.now())
    if row is None or not proofs.waits(row):
        raise ProofOver
    return CardQuestion(
        text=_text(portal, row), code=_content(portal, row).code, expires_at=row.expires_at
    )


async def compare(portal: Portal, proof: str, typed: str) -> None:
    """Go on with a phone's proof if its person typed the digits of the other screen.

    Raises `CodeDiffers`, and the proof is over: nobody tries all hundred. What is not two digits is no
    try: `BadInput`. Raises `ProofOver`.
    """
    if not _TWO_DIGITS.fullmatch(typed):
        raise BadInput("two digits", pointer="code")
    async with portal.database.transaction() as tx:
        row = await store.proof(tx, proof, portal.clock.now())
        shown = _content(portal, row).code if row is not None else ""
        same = hmac.compare_digest(typed.encode(), shown.encode())
        await store.save_proof(tx, proofs.compared(row, same=same))
        if not same:
            await portal.journal(tx, "code-differs")
    if not same:
        raise CodeDiffers


async def answer(
    portal: Portal,
    proof: str,
    *,
    certificate: bytes,
    signature: bytes,
    presence: str,
    source: str,
) -> Brought:
    """Take what a card signed. Raises `CardNotConfirmed` whatever is wrong, `TooMany`."""
    now = portal.clock.now()
    async with portal.database.transaction() as tx:
        if await store.tries(tx, "fail", _source(portal, source), _minute(now)) >= FAILED_MAX:
            raise TooMany("too many failures from one place; try again in a minute")
        row = await store.proof(tx, proof, now)
    identified = None
    if row is not None and proofs.waits(row):
        identified = await portal.identity.identify(
            certificate=certificate, text=_text(portal, row).encode(), signature=signature
        )
    receipt = portal.entropy.bytes(_RECEIPT_BYTES).hex()
    async with portal.database.transaction() as tx:
        row = await store.proof(tx, proof, portal.clock.now())
        if row is not None and identified is not None and proofs.waits(row):
            evidence = Evidence(
                text=_text(portal, row), signature=signature, certificate=certificate
            )
            answered = _answered(portal, row, identified, evidence, receipt, presence)
            await store.save_proof(tx, answered)
        else:
            row = None
            await _count(portal, tx, "fail", source)
        await portal.journal(tx, "card-answered", sound=int(row is not None))
    if row is None:
        raise CardNotConfirmed
    wanted = _content(portal, row).wanted
    return Brought(
        receipt=receipt,
        form_token=wanted.form_token,
        purpose=row.purpose,
        channel=row.channel,
        session=bytes(row.session),
    )


async def spend(portal: Portal, token: str, receipt: str, *, who: str) -> Spent:
    """Spend what this browser waited for; opens the account of whose card it was.

    Raises `ProofOver`, `NotYetAnswered`, and `OtherPerson` where card, session and record are not
    of one person: then nothing is done.
    """
    now = portal.clock.now()
    async with portal.database.transaction() as tx:
        row = await store.latest_proof(tx, session_hash(token), now)
        row = proofs.spent(row, receipt_hash=_hash(receipt))
        assert row.answer_locked is not None, "what was answered has its answer"
        plain = portal.locker.unlock(bytes(row.answer_locked), label=_label(row.proof))
        told = msgspec.json.decode(plain, type=_Answer)
        wanted = _content(portal, row).wanted
        account = await accounts.of_card(portal, tx, told.user, told.certificate)
        await store.save_proof(tx, row)
        refusal = _refused(wanted, card=account, session=who)
        await portal.journal(tx, "subject-mismatch" if refusal else "proof-spent")
    if refusal is not None:
        raise refusal
    return Spent(
        account=account,
        certificate=told.certificate,
        verification=told.verification,
        presence=told.presence,
        wanted=wanted,
        evidence=told.evidence,
    )


def _answered(
    portal: Portal,
    row: Proof,
    identified: Identified,
    evidence: Evidence,
    receipt: str,
    presence: str,
) -> Proof:
    content = _Answer(
        user=identified.user,
        certificate=identified.certificate,
        verification=identified.verification,
        presence=presence,
        evidence=evidence,
    )
    locked = portal.locker.lock(msgspec.json.encode(content), label=_label(row.proof))
    return proofs.answered(row, receipt_hash=_hash(receipt), answer_locked=locked)


def _refused(wanted: Wanted, *, card: str, session: str) -> OtherPerson | None:
    """Return why an act is not done; a login makes the card's person the session's."""
    if wanted.purpose == "login":
        return None
    try:
        proofs.require_one_person(card=card, session=session, record=wanted.who)
    except OtherPerson as refusal:
        return refusal
    return None


def _text(portal: Portal, row: Proof) -> str:
    content = _content(portal, row)
    return Statement(
        origin=portal.origin,
        purpose=row.purpose,
        proof=row.proof,
        session=session_words(bytes(row.session)),
        code=content.code,
        opened_at=row.opened_at,
        lines=content.wanted.lines,
    ).text()


def _content(portal: Portal, row: Proof) -> _Content:
    plain = portal.locker.unlock(bytes(row.content_locked), label=_label(row.proof))
    return msgspec.json.decode(plain, type=_Content)


async def _count(portal: Portal, tx: Tx, what: Tried, source: str) -> int:
    minute = _minute(portal.clock.now())
    return await store.count_try(tx, what, _source(portal, source), minute)


def _source(portal: Portal, source: str) -> bytes:
    return portal.locker.tag(source.encode(), label=b"source")


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _label(proof: str) -> bytes:
    return b"proof" + proof.encode()


def _hash(receipt: str) -> bytes:
    return hashlib.sha256(receipt.encode()).digest()
