"""What must hold after every step, whatever was lost, doubled, delayed or stopped."""

from collections import Counter
from datetime import datetime
from typing import LiteralString, TypeVar

import attrs

from kumihimo.kernel import journal
from kumihimo.kernel.group import Point, multiply
from kumihimo.rooms.gateway import answers
from kumihimo.rooms.gateway.records import unlock_detail
from kumihimo.rooms.oversight.service import alarms
from tests.simulation.eyes import Eyes
from tests.simulation.federation import INSTITUTIONS, Federation
from tests.simulation.truth import REVISIONS, Truth

T = TypeVar("T")
# True of honest parties too, when a room was away for so long; `quiet` sees that it passes.
LATE = {"end-missing", "record-missing"}
PASSING = {None, "PROVIDER_DOWN", "PENDING_MANUAL"}


@attrs.frozen
class InquiryLine:
    inquiry: str
    permit: str | None
    outcome: str | None
    answered_at: datetime | None


@attrs.frozen
class RecordLine:
    record: int
    side: str
    outcome: str
    detail_locked: bytes


@attrs.frozen
class ProvisionLine:
    permit: str
    requester: str
    outcome: str


@attrs.frozen
class CoreLine:
    record: str
    permit: str
    requester: str
    inquiry: str
    provider: str
    outcome: str
    hidden: bool


@attrs.frozen
class EndLine:
    permit: str
    side: str
    outcome: str
    hidden: bool


@attrs.frozen
class LedgerLine:
    record: str
    permit: str
    outcome: str
    requester: str
    provider: str


@attrs.frozen
class LinkLine:
    chain: str
    number: int
    record: str
    before: bytes | None
    leaf: bytes


@attrs.frozen
class AlarmLine:
    permit: str


@attrs.frozen
class CodeLine:
    addressee: str
    code: bytes
    code_version: int


@attrs.define
class Watch:
    """Looks at every database after each step and remembers what it saw."""

    federation: Federation
    truth: Truth
    eyes: Eyes
    inquiries: dict[str, InquiryLine] = attrs.field(factory=dict)
    waited: set[str] = attrs.field(factory=set)
    core: dict[str, CoreLine] = attrs.field(factory=dict)
    asked_as: dict[tuple[str, str], str] = attrs.field(factory=dict)
    ledger: dict[str, LedgerLine] = attrs.field(factory=dict)
    links: dict[tuple[str, int], LinkLine] = attrs.field(factory=dict)
    given: dict[str, ProvisionLine] = attrs.field(factory=dict)
    records: dict[tuple[str, str, str], str] = attrs.field(factory=dict)
    last_record: Counter[str] = attrs.field(factory=Counter)
    codes: dict[tuple[str, int], bytes] = attrs.field(factory=dict)
    code_lines: dict[tuple[str, int], tuple[int, bytes]] = attrs.field(factory=dict)
    outcomes: Counter[str | None] = attrs.field(factory=Counter)
    seen: dict[str, int] = attrs.field(factory=dict)
    looks: int = 0

    async def look(self, *, all_of_it: bool = False):
        """Check every invariant wherever something may have changed; raises `AssertionError`."""
        assert self.federation.bugs == [], self.federation.bugs
        disks = self.federation.disks_of
        changed = {p for p, disk in disks.items() if all_of_it or self.seen.get(p) != disk.used}
        with self.federation.transport.disks.calm():
            if "linkage" in changed:
                self._core()
            for name in INSTITUTIONS:
                if name in changed:
                    await self._requester(name)
                    self._provider(name)
                    self._records(name)
                    self._codes(name)
            if "ledger" in changed:
                self._ledger()
            if "oversight" in changed:
                await self._alarms()
            self._checked()
            await self._journal([*disks.values()][self.looks % len(disks)])
        self.looks += 1
        self.seen = {party: disk.used for party, disk in disks.items()}

    def rows(self, party: str, sql: LiteralString, kind: type[T]) -> list[T]:
        return self.eyes.rows(party, sql, kind, after=self.last_record[party])

    async def _journal(self, database):
        async with database.transaction() as tx:
            await journal.verify(tx)

    def _core(self):
        lines = self.rows(
            "linkage",
            "SELECT record, permit, requester, inquiry, provider, outcome, hidden"
            " FROM exchange_record",
            CoreLine,
        )
        now = {line.permit: line for line in lines}
        for permit, before in self.core.items():
            assert now.get(permit) == before, f"the core's record changed: {before}"
        for line in lines:
            known = self.asked_as.setdefault((line.requester, line.inquiry), line.permit)
            assert known == line.permit, f"two permits for one inquiry: {line}"
            asked = self.truth.asked.get(line.inquiry)
            assert asked, f"nobody asked this: {line}"
            assert (line.requester, line.provider) == (asked.requester, asked.provider)
        self.core = now

    async def _requester(self, name):
        lines = self.rows(
            name, "SELECT inquiry, permit, outcome, answered_at FROM inquiry", InquiryLine
        )
        now = {line.inquiry: line for line in lines}
        for inquiry, asked in self.truth.asked.items():
            if asked.requester == name:
                assert inquiry in now, f"an acknowledged inquiry disappeared: {inquiry}"
        for line in lines:
            await self._inquiry(name, line)

    async def _inquiry(self, name, line):
        before = self.inquiries.get(line.inquiry)
        if before == line:
            return
        if before is not None:
            assert before.outcome in PASSING, f"a final outcome changed: {before} -> {line}"
            assert before.permit in {None, line.permit}, f"the permit changed: {before} -> {line}"
        self.inquiries[line.inquiry] = line
        self.outcomes[line.outcome] += 1
        if line.outcome == "PENDING_MANUAL":
            self.waited.add(line.inquiry)
        if line.outcome in PASSING:
            return
        asked, at = self.truth.asked[line.inquiry], self.federation.clock.now()
        possible = self.truth.possible(asked, at, waited=line.inquiry in self.waited)
        assert line.outcome in possible, f"{line} is none of {possible}: {asked}"
        if line.outcome == "OK":
            await self._result(name, line, asked)

    async def _result(self, name, line, asked):
        record = self.core.get(line.permit)
        assert record, f"a result without a permit on record: {line}"
        assert (record.inquiry, record.outcome) == (line.inquiry, "OK"), f"{line}: {record}"
        room, tenant = self.federation.room(name), self.federation.tenants[name]
        [answer] = await answers.poll(room.gateway, tenant, [line.inquiry])
        owners = [int(str(value.value)) // REVISIONS for value in answer.values]
        assert owners == [asked.person], f"{line} tells of {owners}: {asked}"

    def _provider(self, name):
        lines = self.rows(name, "SELECT permit, requester, outcome FROM provision", ProvisionLine)
        for line in lines:
            before = self.given.get(line.permit)
            if before == line:
                continue
            if before is not None:
                assert before.outcome == "PENDING_MANUAL", f"{before} -> {line}"
            record = self.core.get(line.permit)
            assert record, f"answered without a permit on record: {line}"
            assert (record.outcome, record.provider) == ("OK", name), f"{line}: {record}"
            assert record.requester == line.requester, f"{line}: {record}"
            self.given[line.permit] = line

    def _records(self, name):
        lines = self.rows(
            name,
            "SELECT record, side, outcome, detail_locked FROM exchange_record"
            " WHERE record > %(after)s ORDER BY record",
            RecordLine,
        )
        tenant = self.federation.tenants[name]
        for line in lines:
            key = (name, line.side, unlock_detail(tenant, line.detail_locked).reference)
            assert key not in self.records, f"recorded twice: {key}"
            self.records[key] = line.outcome
            self.last_record[name] = line.record

    def _ledger(self):
        lines = self.rows(
            "ledger", "SELECT record, permit, outcome, requester, provider FROM record", LedgerLine
        )
        now = {line.permit: line for line in lines}
        for permit, before in self.ledger.items():
            assert now.get(permit) == before, f"the ledger's record changed: {before}"
        for line in lines:
            told = self.core.get(line.permit)
            assert told, f"the ledger knows what the core does not: {line}"
            assert (told.record, told.outcome) == (line.record, line.outcome), f"{told}: {line}"
        self.ledger = now
        self._chains()
        disputed = self.rows("ledger", "SELECT permit FROM alarm", AlarmLine)
        assert disputed == [], f"two honest ends disagree: {disputed}"

    async def _alarms(self):
        told = await alarms(self.federation.oversight)
        loud = [alarm for alarm in told if alarm.kind not in LATE]
        assert loud == [], f"an alarm about honest parties: {loud}"

    def _checked(self):
        for party, anchors in self.federation.anchors.items():
            assert anchors.found == {}, f"{party} finds its journal changed: {anchors.found}"
        found = {what for what, _ in self.federation.ledger.checker.found} - LATE
        assert found == set(), f"the ledger finds its rows changed: {found}"
        state = self.federation.oversight_room.checker.found
        assert state == {}, f"oversight finds its state changed: {state}"

    def _chains(self):
        lines = self.rows(
            "ledger",
            "SELECT chain, number, record, before, leaf FROM person_link ORDER BY chain, number",
            LinkLine,
        )
        heads = dict[str, LinkLine]()
        for line in lines:
            before = heads.get(line.chain)
            assert line.number == (before.number + 1 if before else 1), f"a gap before {line}"
            assert line.before == (before and before.leaf), f"another link before {line}"
            heads[line.chain] = line
        assert len({(one.chain, one.record) for one in lines}) == len(lines), "numbered twice"
        found = {(one.chain, one.number): one for one in lines}
        assert all(found.get(key) == was for key, was in self.links.items()), "a link changed"
        self.links = found

    def _codes(self, name):
        lines = self.rows(
            name,
            "SELECT addressee, code, code_version FROM person JOIN addressee"
            " USING (institution, person) WHERE code IS NOT NULL",
            CodeLine,
        )
        keys = self.federation.linkage.core.domain_keys
        for line in lines:
            who = int(line.addressee)
            if self.code_lines.get((name, who)) == (line.code_version, bytes(line.code)):
                continue
            self.code_lines[name, who] = (line.code_version, bytes(line.code))
            # Under one key for all: the same person must be the same point, wherever she is known.
            back = keys.factor(name, line.code_version, INSTITUTIONS[0], 1)
            point = bytes(multiply(back, Point(bytes(line.code))))
            known = next((self.codes[at, who] for at in INSTITUTIONS if (at, who) in self.codes), 0)
            assert known in {0, point}, f"person {who} has another code at {name}"
            others = [w for (_, w), held in self.codes.items() if held == point and w != who]
            assert others == [], f"persons {who} and {others} have one code"
            self.codes[name, who] = point
            self.truth.bound.add((name, who))
