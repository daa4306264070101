"""Answering about the status of certificates (RFC 6960): registered verifiers only.

Everything that is asked at one moment is looked up and recorded in one transaction, before any
answer leaves; so a revocation that is committed shows in the next answer. An answer without a nonce
may serve again while nothing it says has changed (RFC 5019); one with a nonce is signed each time.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import attrs

from kumihimo.kernel.refusal import TooMany, Unavailable
from kumihimo.kernel.together import Together
from kumihimo.rooms.jpki import responders, store_status
from kumihimo.rooms.jpki.api import Ca
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain import ocsp
from kumihimo.rooms.jpki.domain.ocsp import CertId, CertStatus, MalformedRequest, Question
from kumihimo.rooms.jpki.domain.verifiers import PURPOSES, Purpose, may_ask
from kumihimo.rooms.jpki.responders import Responder, Responders
from kumihimo.rooms.jpki.store_status import CheckRow, StatusRow, Told, VerifierRow
from kumihimo.rooms.jpki.verifiers import token_hash_of

NEXT_UPDATE: Final = timedelta(hours=1)  # our choice; the real figure is not public
SERVES_AGAIN: Final = timedelta(minutes=10)  # our choice: what is told is never older
ANSWERS_KEPT: Final = 20_000  # about 2 KB each
TOGETHER_MAX: Final = 256
RELOAD: Final = timedelta(minutes=1)
_SERIAL_MAX: Final = (1 << 63) - 1  # nothing larger was ever issued

Statuses = tuple[tuple[CertId, CertStatus], ...]


@attrs.frozen
class _Asked:
    token_hash: bytes
    purpose: Purpose
    question: Question
    responder: Responder


@attrs.frozen
class _Kept:
    answer: bytes
    until: datetime


class OcspService:
    """Answers questions. One for a process."""

    def __init__(self, jpki: Jpki) -> None:
        self._jpki = jpki
        self._responders = Responders({})
        self._loaded_at: datetime | None = None
        self._kept: dict[tuple[Responder, Statuses], _Kept] = {}
        self._together = Together[_Asked, Statuses | None](self._look_up, most=TOGETHER_MAX)

    async def answer(self, request: bytes, *, authorization: str, purpose: str) -> bytes:
        """Return the answer to a request, DER; every request gets one.

        Who is not registered, is suspended, or may not ask about these certificates is told
        `unauthorized`, and no more.
        """
        try:
            question = ocsp.parse_question(request)
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
        except (TooMany, Unavailable):
            return ocsp.unsuccessful("try-later")
        if told is None:
            return ocsp.unsuccessful("unauthorized")
        return await self._signed(responder, told, question.nonce)

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
            known = await store_status.verifiers_by_token(tx, [one.token_hash for one in asked])
            named: set[tuple[Ca, int]] = {
                (one.responder.ca, cert_id.serial)
                for one in asked
                for cert_id in one.question.ids
                if 0 < cert_id.serial <= _SERIAL_MAX
            }
            found = await store_status.statuses(tx, sorted(named))
            answers: list[Statuses | None] = []
            checks: list[CheckRow] = []
            for one in asked:
                verifier = _asker(known.get(one.token_hash), one)
                if verifier is None:
                    answers.append(None)
                    continue
                rows = [_row(one.responder, cert_id, found) for cert_id in one.question.ids]
                answers.append(
                    tuple(
                        (cert_id, _status(row))
                        for cert_id, row in zip(one.question.ids, rows, strict=True)
                    )
                )
                checks += [
                    _check(verifier, one, cert_id, row)
                    for cert_id, row in zip(one.question.ids, rows, strict=True)
                ]
            if checks:
                await store_status.add_checks(tx, checks, jpki.today())
            refused = answers.count(None)
            await jpki.journal(tx, "status-told", "ocsp", certificates=len(checks), refused=refused)
        return answers

    async def _signed(self, responder: Responder, told: Statuses, nonce: bytes | None) -> bytes:
        now = self._jpki.clock.now()
        kept = self._kept.get((responder, told)) if nonce is None else None
        if kept is not None and now < kept.until:
            return kept.answer
        answer = await asyncio.to_thread(self._sign, responder, told, nonce, now)
        if nonce is None:
            if len(self._kept) >= ANSWERS_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[responder, told] = _Kept(answer, now + SERVES_AGAIN)
        return answer

    def _sign(
        self, responder: Responder, told: Statuses, nonce: bytes | None, at: datetime
    ) -> bytes:
        data = ocsp.response_data(
            told,
            responder_key_id=responder.key_id,
            produced_at=at,
            next_update=at + NEXT_UPDATE,
            nonce=nonce,
        )
        signature = self._jpki.key_store.sign(responder.key_label, data)
        return ocsp.successful(
            data, kind=responder.kind, signature=signature, responder=responder.certificate
        )


def _asker(row: VerifierRow | None, asked: _Asked) -> str | None:
    if row is None or row.suspended or not may_ask(row.roles, asked.responder.ca):
        return None
    return row.verifier


def _row(
    responder: Responder, cert_id: CertId, found: dict[tuple[Ca, int], StatusRow]
) -> StatusRow | None:
    """Return the certificate that is meant: of this authority and of this generation's key."""
    row = found.get((responder.ca, cert_id.serial))
    return row if row is not None and row.generation == responder.generation else None


def _status(row: StatusRow | None) -> CertStatus:
    if row is None:
        return "unknown"
    if row.status == "good":
        return "good"
    assert row.reason is not None, "a certificate that is not good has a reason"
    return ocsp.Revoked(row.status_at, row.reason)


def _check(verifier: str, asked: _Asked, cert_id: CertId, row: StatusRow | None) -> CheckRow:
    told: Told = "unknown" if row is None else row.status
    return CheckRow(
        verifier=verifier,
        ca=asked.responder.ca,
        serial=cert_id.serial,
        purpose=asked.purpose,
        method="ocsp",
        told=told,
    )
