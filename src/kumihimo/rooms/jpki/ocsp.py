"""Answering about the status of certificates (RFC 6960): registered verifiers only.

Everything that is asked at one moment is looked up and recorded in one transaction, before any
answer leaves; so a revocation that is committed shows in the next answer. An answer without a nonce
may serve again while nothing it says has changed (RFC 5019); one with a nonce is signed each time.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Final, TypeVar

import attrs

from kumihimo.kernel.refusal import TooMany, Unavailable
from kumihimo.kernel.together import Together
from kumihimo.rooms.jpki import responders, store_status
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain import ocsp
from kumihimo.rooms.jpki.domain.ocsp import CertId, CertStatus, MalformedRequest, Question
from kumihimo.rooms.jpki.domain.verifiers import PURPOSES, Purpose, may_ask
from kumihimo.rooms.jpki.responders import Responder, Responders
from kumihimo.rooms.jpki.store_status import AskedRow, ToldRow, VerifierRow
from kumihimo.rooms.jpki.verifiers import token_hash_of

NEXT_UPDATE: Final = timedelta(hours=1)  # our choice; the real figure is not public
SERVES_AGAIN: Final = timedelta(minutes=10)  # our choice: what is told is never older
ANSWERS_KEPT: Final = 20_000  # about 2 KB each
QUESTIONS_KEPT: Final = 20_000
SHORT: Final = 160  # bytes of a question about one certificate
TOGETHER_MAX: Final = 256
SIGNED_TOGETHER_MAX: Final = 16  # RSA takes some five milliseconds for so many
RELOAD: Final = timedelta(minutes=1)

K = TypeVar("K")
V = TypeVar("V")
Statuses = tuple[tuple[CertId, CertStatus], ...]


@attrs.frozen
class _Asked:
    token_hash: bytes
    purpose: Purpose
    question: Question
    responder: Responder


@attrs.frozen
class _Unsigned:
    responder: Responder
    told: Statuses
    nonce: bytes | None
    at: datetime


@attrs.frozen
class _Kept:
    answer: bytes
    until: datetime


class _Lately(dict[K, V]):
    """What was put here last; the oldest goes when there are too many."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def put(self, key: K, value: V) -> None:
        if len(self) >= self._most:
            del self[next(iter(self))]
        self[key] = value


class OcspService:
    """Answers questions. One for a process."""

    def __init__(self, jpki: Jpki) -> None:
        self._jpki = jpki
        self._responders = Responders({})
        self._loaded_at: datetime | None = None
        self._read = _Lately[bytes, Question](QUESTIONS_KEPT)
        self._kept = _Lately[tuple[Responder, Statuses], _Kept](ANSWERS_KEPT)
        self._together = Together[_Asked, Statuses | None](self._look_up, most=TOGETHER_MAX)
        self._signing = Together[_Unsigned, bytes](self._sign_all, most=SIGNED_TOGETHER_MAX)

    async def answer(self, request: bytes, *, authorization: str, purpose: str) -> bytes:
        """Return the answer to a request, DER; every request gets one.

        Who is not registered, is suspended, or may not ask about these certificates is told
        `unauthorized`, and no more.
        """
        try:
            question = self._question(request)
        except MalformedRequest:
            return ocsp.unsuccessful("malformed-request")
        token_hash = token_hash_of(authorization)
        why = PURPOSES.get(purpose)
        if token_hash is None or why is None:
            return ocsp.unsuccessful("unauthorized")
        try:
            responder = await self._responder(question)
            if responder is None:
                return ocsp.unsuccessful("unauthorized")
            told = await self._together.ask(_Asked(token_hash, why, question, responder))
            if told is None:
                return ocsp.unsuccessful("unauthorized")
            return await self._signed(responder, told, question.nonce)
        except (TooMany, Unavailable):
            return ocsp.unsuccessful("try-later")

    def _question(self, request: bytes) -> Question:
        """Read a question; a short one without a nonce is likely to come again, byte for byte."""
        question = self._read.get(request)
        if question is None:
            question = ocsp.parse_question(request)
            if question.nonce is None and len(request) <= SHORT:
                self._read.put(request, question)
        return question

    async def _responder(self, question: Question) -> Responder | None:
        """Return who answers for the one issuer that a question names; None where it names more."""
        now = self._jpki.clock.now()
        if self._loaded_at is None or not self._loaded_at <= now < self._loaded_at + RELOAD:
            self._responders = await responders.load(self._jpki)
            self._loaded_at = now
        found = {
            self._responders.by_issuer.get((one.hash, one.issuer_name_hash, one.issuer_key_hash))
            for one in question.ids
        }
        return found.pop() if len(found) == 1 else None

    async def _look_up(self, asked: Sequence[_Asked]) -> list[Statuses | None]:
        """Look up and record everything that was asked at one moment; None: may not ask."""
        jpki = self._jpki
        async with jpki.database.transaction() as tx:
            known = await store_status.verifiers_by_token(tx, {one.token_hash for one in asked})
            askers = [_asker(known.get(one.token_hash), one) for one in asked]
            rows = [
                AskedRow(
                    verifier=asker,
                    ca=one.responder.ca,
                    generation=one.responder.generation,
                    serial=cert_id.serial,
                    purpose=one.purpose,
                )
                for asker, one in zip(askers, asked, strict=True)
                if asker is not None
                for cert_id in one.question.ids
            ]
            told = await store_status.tell(tx, rows, jpki.today()) if rows else {}
            refused = askers.count(None)
            await jpki.journal(tx, "status-told", "ocsp", certificates=len(rows), refused=refused)
        places = count()
        return [
            None
            if asker is None
            else tuple((cert_id, _status(told.get(next(places)))) for cert_id in one.question.ids)
            for asker, one in zip(askers, asked, strict=True)
        ]

    async def _signed(self, responder: Responder, told: Statuses, nonce: bytes | None) -> bytes:
        now = self._jpki.clock.now()
        kept = self._kept.get((responder, told)) if nonce is None else None
        if kept is not None and now < kept.until:
            return kept.answer
        answer = await self._signing.ask(_Unsigned(responder, told, nonce, now))
        if nonce is None:
            self._kept.put((responder, told), _Kept(answer, now + SERVES_AGAIN))
        return answer

    async def _sign_all(self, answers: Sequence[_Unsigned]) -> list[bytes]:
        """Sign whatever waits for it.

        A thread for a key in memory would take the interpreter from the event loop and back at each
        signature, which cost a fifth of all signatures; a room has a process for each core instead.
        """
        if self._jpki.key_store.waits:
            return await asyncio.to_thread(lambda: [self._sign(one) for one in answers])
        await asyncio.sleep(0)
        return [self._sign(one) for one in answers]

    def _sign(self, answer: _Unsigned) -> bytes:
        responder = answer.responder
        data = ocsp.response_data(
            answer.told,
            responder_key_id=responder.key_id,
            produced_at=answer.at,
            next_update=answer.at + NEXT_UPDATE,
            nonce=answer.nonce,
        )
        signature = self._jpki.key_store.sign(responder.key_label, data)
        return ocsp.successful(
            data, kind=responder.kind, signature=signature, responder=responder.certificate
        )


def _asker(row: VerifierRow | None, asked: _Asked) -> str | None:
    if row is None or row.suspended or not may_ask(row.roles, asked.responder.ca):
        return None
    return row.verifier


def _status(told: ToldRow | None) -> CertStatus:
    if told is None:
        return "good"
    if told.told == "unknown":
        return "unknown"
    assert told.reason is not None, "a certificate that is not good has a reason"
    assert told.status_at is not None, "and a time"
    return ocsp.Revoked(told.status_at, told.reason)
