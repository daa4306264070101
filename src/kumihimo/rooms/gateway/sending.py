"""A batch on its way: to the core for permits, to each provider with its sheet, and home.

Each step is stored before the next begins, and each may be repeated: the core gives a repeated
inquiry the permit it had, a provider gives a repeated permit the answer it gave.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import attrs
import msgspec

from kumihimo.kernel import journal
from kumihimo.kernel.keys import Opening
from kumihimo.kernel.message import Verified
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import NotAuthentic, Unavailable
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.gateway import store_exchange
from kumihimo.rooms.gateway.api import (
    PROVISIONS_PATH,
    RESULTS_PATH,
    Ask,
    Provide,
    Provision,
    Provisions,
    read_provision,
)
from kumihimo.rooms.gateway.asking import inquiry_label
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.locked import COPY_BLOCK, RecordDetail
from kumihimo.rooms.gateway.records import lock_detail, put_ends
from kumihimo.rooms.gateway.store_exchange import (
    PASSING,
    BatchRow,
    InquiryRow,
    RecordRow,
    Settled,
)
from kumihimo.rooms.linkage.api import (
    INQUIRIES_PATH,
    PARTY,
    End,
    Ends,
    Granted,
    Grants,
    Outcome,
    SignedSheet,
    verify_sheet,
)

RETRY_FIRST = timedelta(seconds=1)
RETRY_LONGEST = timedelta(minutes=5)
MANUAL_POLL = timedelta(seconds=30)
CLAIM_FOR = timedelta(seconds=60)  # twice a call's time-out: to the core, to the providers
BATCHES_AT_ONCE = 16


@attrs.frozen(kw_only=True)
class _News:
    """What is newly known of an inquiry."""

    inquiry: str
    outcome: Outcome
    permit: str | None = None
    payload: bytes | None = None


async def run_once(gateway: Gateway, tenant: Tenant) -> int:
    """Advance the batches of a tenant that are due; returns how many were tried.

    Each is claimed for a while: other processes of this gateway take others, and a batch that
    cannot be advanced does not stand in the way of those behind it.
    """
    for tried in range(BATCHES_AT_ONCE):
        now = gateway.clock.now()
        async with gateway.database.transaction(institution=tenant.institution) as tx:
            name = await store_exchange.claim_batch(tx, now, until=now + CLAIM_FOR)
        if name is None:
            return tried
        await advance(gateway, tenant, name)
    return BATCHES_AT_ONCE


async def advance(gateway: Gateway, tenant: Tenant, name: str) -> None:
    """Take a batch that is stored as far as it goes now."""
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        batch = await store_exchange.batch(tx, name)
        if batch is None or batch.state == "DONE":
            return
        rows = await store_exchange.batch_inquiries(tx, name)
    await carry(gateway, tenant, batch, rows)


async def carry(
    gateway: Gateway, tenant: Tenant, batch: BatchRow, rows: Sequence[InquiryRow]
) -> None:
    """Take a batch as it stands, with its inquiries, as far as it goes now; a silent party postpones it.

    The core's answer is kept only when the batch has to wait: until then it can be had again, for
    the core gives a repeated inquiry the permit it had.
    """
    journey = _Journey(gateway, tenant, batch, {row.inquiry: row for row in rows})
    try:
        await journey.go()
    except Unavailable:
        await journey.wait(_later(batch.tries))


def _later(tries: int) -> timedelta:
    return min(RETRY_FIRST * 2 ** min(tries, 16), RETRY_LONGEST)


@attrs.define
class _Journey:
    """One attempt to bring a batch home."""

    gateway: Gateway
    tenant: Tenant
    batch: BatchRow
    rows: Mapping[str, InquiryRow]
    grants: Grants | None = None

    async def go(self) -> None:
        """Ask the core, then every provider, then settle; raises `Unavailable` for the core."""
        evidence: list[Verified] = []
        if self.batch.granted is not None:
            self.grants = msgspec.json.decode(self.batch.granted, type=Grants)
        else:
            verified = await self._ask_core()
            if verified is None:
                return
            evidence.append(verified)
        assert self.grants is not None, "the core has answered"
        await self._ask_providers(self.grants, evidence)

    async def _ask_core(self) -> Verified | None:
        """Ask for permits; None when the core refused the whole batch, which is then settled."""
        gateway, tenant = self.gateway, self.tenant
        if gateway.book.current().active(tenant.institution) is None:
            # Suspended: nobody would believe the signature, and nobody's silence is to be blamed.
            return await self._end("REFUSED_REQUESTER")
        try:
            self.grants, verified = await gateway.caller(tenant).send(
                PARTY, INQUIRIES_PATH, self.batch.body, Grants
            )
        except Refused as refusal:
            if refusal.later:
                raise Unavailable("the core has too much to do now") from refusal
            # The core refuses a batch whole only for whoever sends it, for its form or for a dead
            # key version: asking the same again is useless, so the clerk asks anew.
            return await self._end(
                "REFUSED_REQUESTER" if refusal.reason == "not-allowed" else "EXPIRED"
            )
        return verified

    async def _end(self, outcome: Outcome) -> None:
        """End every question of the batch without a permit."""
        await self._settle(
            [_News(inquiry=name, outcome=outcome) for name in self.rows], [], done=True
        )

    async def _ask_providers(self, grants: Grants, evidence: list[Verified]) -> None:
        open_rows = {
            name: row
            for name, row in self.rows.items()
            if row.outcome is None or row.outcome in PASSING
        }
        refused = [
            _News(inquiry=g.inquiry, outcome=g.outcome, permit=g.permit or None)
            for g in grants.granted
            if g.outcome != "OK" and g.inquiry in open_rows
        ]
        unheard = set(open_rows) - {n.inquiry for n in refused}
        if refused and grants.sheets:
            # Nobody waits for a slow provider to learn of a refusal.
            await self._settle(refused, evidence, done=False)
            refused, evidence = [], []
        by_permit = {g.permit: g for g in grants.granted if g.permit and g.inquiry in open_rows}
        results = await asyncio.gather(
            *(
                _ask_provider(self.gateway, self.tenant, sheet, by_permit, open_rows)
                for sheet in grants.sheets
            )
        )
        answered = [n for found, _ in results for n in found]
        # What the core left out, or granted on a sheet that nobody can believe, leads nowhere.
        unheard -= {n.inquiry for n in answered}
        permits = {g.inquiry: g.permit or None for g in grants.granted}
        lost = [
            _News(inquiry=name, outcome="EXPIRED", permit=permits.get(name))
            for name in sorted(unheard)
        ]
        news = refused + answered + lost
        evidence += [verified for _, verified in results if verified is not None]
        waiting = [n for n in news if n.outcome in PASSING]
        manual = all(n.outcome == "PENDING_MANUAL" for n in waiting)
        pause = MANUAL_POLL if manual else _later(self.batch.tries)
        await self._settle(news, evidence, done=not waiting, pause=pause if waiting else None)

    async def wait(self, pause: timedelta) -> None:
        """Put the batch aside, with the core's answer if there is one."""
        until = self.gateway.clock.now() + pause
        async with self.gateway.database.transaction(institution=self.tenant.institution) as tx:
            await self._put_aside(tx, until)

    async def _put_aside(self, tx: Tx, until: datetime) -> None:
        if self.grants is not None and self.batch.granted is None:
            granted = msgspec.json.encode(self.grants)
            await store_exchange.set_granted(tx, self.batch.batch, granted)
        await store_exchange.postpone(tx, self.batch.batch, until)

    async def _settle(
        self,
        news: Sequence[_News],
        evidence: Sequence[Verified],
        *,
        done: bool,
        pause: timedelta | None = None,
    ) -> None:
        """Give questions their outcome, with records, our ends, evidence and the journal line.

        With `pause`, put the batch aside in the same transaction: whoever waits for an officer is
        asked about by the permits of now, which the core does not give again hours later.
        """
        gateway, tenant = self.gateway, self.tenant
        now = gateway.clock.now()
        settled = [_settled(gateway, tenant, n, now) for n in news]
        async with gateway.database.transaction(institution=tenant.institution) as tx:
            changed = await store_exchange.settle(tx, settled) if settled else set[str]()
            if changed:
                final = [n for n in news if n.inquiry in changed and n.outcome not in PASSING]
                await self._record(tx, final, evidence, now)
            if pause is not None:
                await self._put_aside(tx, now + pause)
            if done:
                await store_exchange.set_done(tx, self.batch.batch)

    async def _record(
        self, tx: Tx, final: Sequence[_News], evidence: Sequence[Verified], now: datetime
    ) -> None:
        gateway, tenant = self.gateway, self.tenant
        records = [_record(gateway, tenant, self.rows[n.inquiry], n, now) for n in final]
        if records:
            await store_exchange.add_records(tx, tenant.institution, records)
        ends = tuple(
            End(permit=n.permit, side="requester", outcome=n.outcome, at=now)
            for n in final
            if n.permit is not None
        )
        if ends:
            await put_ends(tenant, tx, Ends(ends), now)
        for verified in evidence:
            await store_exchange.keep_evidence(tx, tenant.institution, verified.evidence, now)
        detail = {"settled": len(final), "given": sum(n.outcome == "OK" for n in final)}
        line = journal.JournalLine(act="answers-taken", actor=tenant.institution, detail=detail)
        await journal.write(tx, line, at=now)


async def _ask_provider(
    gateway: Gateway,
    tenant: Tenant,
    signed: SignedSheet,
    by_permit: Mapping[str, Granted],
    rows: Mapping[str, InquiryRow],
) -> tuple[list[_News], Verified | None]:
    try:
        sheet = verify_sheet(signed, gateway.book)
    except NotAuthentic:  # the core's key was revoked while the sheet waited
        return [], None
    wanted = {p.permit: p for p in sheet.permits if p.permit in by_permit}
    if not wanted:
        return [], None
    manual = [p for p in wanted if rows[by_permit[p].inquiry].outcome == "PENDING_MANUAL"]
    expired = sheet.expires_at <= gateway.clock.now()
    caller = gateway.caller(tenant)
    try:
        if manual and len(manual) == len(wanted):
            answer, verified = await caller.call(
                sheet.provider, RESULTS_PATH, Ask(tuple(manual)), Provisions
            )
        elif expired:
            return _all(by_permit, wanted, "EXPIRED"), None
        else:
            answer, verified = await caller.call(
                sheet.provider, PROVISIONS_PATH, Provide(signed), Provisions
            )
    except (Unavailable, Refused) as refusal:
        if isinstance(refusal, Refused) and not refusal.later:
            return _all(by_permit, wanted, "EXPIRED"), None
        # Who waits for an officer goes on waiting: the decision may come after the sheet expires.
        down = [permit for permit in wanted if permit not in manual]
        waiting = _all(by_permit, manual, "PENDING_MANUAL")
        return waiting + _all(by_permit, down, "PROVIDER_DOWN"), None
    given = {p.permit: p for p in answer.provisions if p.permit in wanted}
    opening = Opening(tenant.keys.payload)
    news = await asyncio.to_thread(
        lambda: [
            _open(opening, by_permit[permit], given.get(permit), wanted[permit].items)
            for permit in wanted
        ]
    )
    return news, verified


def _all(
    by_permit: Mapping[str, Granted],
    permits: Sequence[str] | Mapping[str, object],
    outcome: Outcome,
) -> list[_News]:
    return [
        _News(inquiry=by_permit[permit].inquiry, outcome=outcome, permit=permit)
        for permit in permits
    ]


def _open(
    opening: Opening, granted: Granted, provision: Provision | None, items: tuple[str, ...]
) -> _News:
    outcome, payload = read_provision(opening, granted.permit, items, provision)
    return _News(inquiry=granted.inquiry, outcome=outcome, permit=granted.permit, payload=payload)


def _settled(gateway: Gateway, tenant: Tenant, news: _News, now: datetime) -> Settled:
    locked = None
    if news.payload is not None:
        label = inquiry_label(tenant, news.inquiry)
        locked = tenant.locker.lock(news.payload, label=label + b"|result", block=COPY_BLOCK)
    return Settled(
        inquiry=news.inquiry,
        permit=news.permit,
        outcome=news.outcome,
        answered_at=now,
        result_locked=locked,
        purge_after=now + gateway.result_lifetime if locked else None,
    )


def _record(
    gateway: Gateway, tenant: Tenant, row: InquiryRow, news: _News, now: datetime
) -> RecordRow:
    label = inquiry_label(tenant, row.inquiry)
    person = tenant.locker.unlock(row.person_locked, label=label).decode()
    return RecordRow(
        side="requester",
        peer=row.provider,
        affair=row.affair,
        items=row.items,
        outcome=news.outcome,
        list_version=gateway.law.current().version,
        requested_at=row.asked_at,
        provided_at=now if news.outcome == "OK" else None,
        hidden=row.hidden,
        detail_locked=lock_detail(tenant, RecordDetail(person=person, reference=row.inquiry)),
    )
