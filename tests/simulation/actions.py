"""What happens in a federation: clerks, officers, residents, workers, keys, clocks and accidents."""

from typing import Any

import attrs
import msgspec

from kumihimo.kernel import leaves
from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.gateway import (
    acquire,
    answers,
    asking,
    cases,
    copies,
    persons,
    rotation,
    sending,
)
from kumihimo.rooms.gateway.business import (
    Attributes,
    CloseCase,
    Decide,
    Flags,
    OpenCase,
    Question,
    Registration,
)
from kumihimo.rooms.ledger import chain
from kumihimo.rooms.ledger import rotation as ledger_rotation
from kumihimo.rooms.ledger import service as ledger_service
from kumihimo.rooms.ledger.witnessed import be_witnessed
from kumihimo.rooms.linkage.service import expire_acquisitions
from tests.federation.street import ALLOWANCE, INCOME, LAYOUT
from tests.rooms.register.made import attributes, birth
from tests.simulation.disk import Stopped
from tests.simulation.federation import INSTITUTIONS, OUTSIDER, PERSONS
from tests.simulation.truth import Asked, Case

HEADER = "addressee,as_of,income-year,total-income,no_automatic_answer"
UNLISTED = "b999"
ROOMS = ("linkage", "ledger", "register", "oversight", *INSTITUTIONS)
LOSSES = "local-tax.losses"
COPAY = "medical-insurance-benefit.copay"
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "no-data": {"items": (LOSSES,)},
    "stale": {"layout": "local-tax/1999"},
    "item": {"items": (COPAY,)},
    "provider": {"provider": OUTSIDER},
    "affair": {"affair": UNLISTED},
}


STORED = (
    "SELECT inquiry, affair, provider, items, layout, person_locked FROM inquiry"
    " WHERE inquiry <> ALL(%(known)s)"
)


@attrs.frozen
class Named:
    person: str
    addressee: str


@attrs.frozen
class Stored:
    """A question that its requester stored."""

    inquiry: str
    affair: str
    provider: str
    items: list[str]
    layout: str
    person_locked: bytes

    def is_of(self, question, who):
        said = (self.affair, self.provider, tuple(self.items), self.layout, who)
        return said == (
            question.affair,
            question.provider,
            question.items,
            question.layout,
            question.addressee,
        )


class Actor:
    """Does one thing at a time; an accident on the way is what the simulation is about."""

    def __init__(self, federation, truth, rng):
        self.federation = federation
        self.truth = truth
        self.rng = rng

    async def act(self, act, *parties):
        """Do something at rooms; a sender that stops on the way is started again."""
        try:
            await act
        except Unavailable:
            pass
        except Stopped as stop:
            await self.federation.transport.idle()
            for party in [stop.party] if stop.party else parties:
                self.federation.restart(party)

    def _somewhere(self):
        name = self.rng.choice(INSTITUTIONS)
        return name, self.federation.room(name), self.federation.tenants[name]

    async def clerk_asks(self):
        name, room, tenant = self._somewhere()
        here = sorted(who for at, who in self.truth.registered if at == name)
        if not here:
            return
        kinds = self.rng.choices([*KINDS], weights=[12, 2, 2, 1, 1, 1], k=self.rng.randint(1, 4))
        drawn = [(kind, self.rng.choice(here), self._other(name)) for kind in kinds]
        questions = [self._question(*one) for one in drawn]
        self.truth.sent += len(questions)
        try:
            taken = await asking.ask(room.gateway, tenant, questions)
        except (Unavailable, Stopped):
            self.federation.restart(name)
            await self._find_unacknowledged(name, list(zip(questions, drawn, strict=True)))
            return
        for one, question, (kind, who, _) in zip(taken.accepted, questions, drawn, strict=True):
            self._note(name, one.inquiry, question, kind, who)
        if taken.batch is not None and self.rng.random() < 0.7:
            await self.act(sending.carry(room.gateway, tenant, taken.batch, taken.rows), name)

    def _other(self, name):
        return self.rng.choice([one for one in INSTITUTIONS if one != name])

    def _question(self, kind, who, provider):
        plain = Question(
            addressee=str(who), affair=ALLOWANCE, provider=provider, items=(INCOME,), layout=LAYOUT
        )
        return msgspec.structs.replace(plain, **KINDS[kind])

    async def _find_unacknowledged(self, name, asked):
        """Learn what of a batch was stored though nobody was told: it is asked all the same."""
        with self.federation.transport.disks.calm():
            database, tenant = self.federation.databases_of[name], self.federation.tenants[name]
            async with database.transaction(institution=name) as tx:
                found = await tx.rows(STORED, {"known": list(self.truth.asked)}, Stored)
                names = await tx.rows("SELECT person, addressee FROM addressee", {}, Named)
        named = {one.person: one.addressee for one in names}
        assert len(found) in {0, len(asked)}, "a part of a batch was stored"
        for row in found:
            label = asking.inquiry_label(tenant, row.inquiry)
            who = named[tenant.locker.unlock(row.person_locked, label=label).decode()]
            [at, *_] = [at for at, (one, _) in enumerate(asked) if row.is_of(one, who)]
            question, (kind, person, _) = asked.pop(at)
            self._note(name, row.inquiry, question, kind, person, acknowledged=False)

    def _note(self, name, inquiry, question, kind, who, *, acknowledged=True):
        truth, now = self.truth, self.federation.clock.now()
        there = (question.provider, who)
        case = truth.cases.get((name, who, question.affair))
        truth.asked[inquiry] = Asked(
            inquiry=inquiry,
            requester=name,
            provider=question.provider,
            person=who,
            kind=kind,
            at=now,
            had_case=case is not None and case.opened_on <= legal_day(now),
            had_code=(name, who) in truth.bound,
            provider_knew=there in truth.bound,
            provider_held=there in truth.copies,
            acknowledged=acknowledged,
        )

    async def resident_registers(self):
        await self._registers(self.rng.choice(INSTITUTIONS), self.rng.randrange(PERSONS))

    async def _registers(self, name, who):
        of = attributes(birth(who))
        card = Registration(
            addressee=str(who),
            source="card",
            number=self.federation.numbers[who],
            attributes=Attributes(name=of.name, birth=of.birth, sex=of.sex, address=of.address),
        )
        room, tenant = self.federation.room(name), self.federation.tenants[name]
        with self.federation.transport.disks.calm():
            await persons.register_persons(room.gateway, tenant, [card])
        self.truth.registered.add((name, who))
        for affair in (ALLOWANCE, UNLISTED):
            if self.rng.random() < 0.8:
                await self._open_case(name, who, affair)

    async def people_settle(self):
        """Most people are known at most places before the first accident."""
        for name in INSTITUTIONS:
            for who in range(PERSONS):
                if self.rng.random() < 0.6:
                    await self._registers(name, who)
                    if self.rng.random() < 0.8:
                        await self._load(name, who)
        for _ in range(2):
            await self.everybody_works()
            self.federation.clock.tick(61)

    async def _open_case(self, name, who, affair):
        if (name, who, affair) in self.truth.cases:
            return
        room, tenant = self.federation.room(name), self.federation.tenants[name]
        with self.federation.transport.disks.calm():
            [case] = await cases.open_cases(
                room.gateway, tenant, [OpenCase(addressee=str(who), affair=affair)]
            )
        self.truth.cases[name, who, affair] = Case(case.case, case.opened_on)

    async def case_changes(self):
        here = self._registered()
        if here is None:
            return
        name, who = here
        held = self.truth.cases.get((name, who, ALLOWANCE))
        if held is None:
            await self._open_case(name, who, ALLOWANCE)
        elif held.opened_on <= legal_day(self.federation.clock.now()):
            room, tenant = self.federation.room(name), self.federation.tenants[name]
            with self.federation.transport.disks.calm():
                await cases.close_case(room.gateway, tenant, CloseCase(case=held.name))
            del self.truth.cases[name, who, ALLOWANCE]

    def _registered(self):
        here = sorted(self.truth.registered)
        return self.rng.choice(here) if here else None

    async def copy_is_loaded(self):
        here = self._registered()
        if here is not None:
            await self._load(*here)

    async def _load(self, name, who):
        room, tenant = self.federation.room(name), self.federation.tenants[name]
        income, flag = self.truth.income(who), int(self.rng.random() < 0.35)
        row = f"{who},{room.gateway.today()},2025,{income},{flag}"
        content = f"{HEADER}\n{row}\n".encode()
        file = copies.File(
            content=content, layout=LAYOUT, form="csv", encoding=None, skip_bad=False
        )
        if flag:  # though it may not get there
            self.truth.flagged.add((name, who))
        try:
            report = await copies.load(room.gateway, tenant, file)
        except (Unavailable, Stopped):
            self.federation.restart(name)
            return
        if report.loaded:
            self.truth.copies[name, who] = income

    async def flags_change(self):
        here = self._registered()
        if here is None:
            return
        name, who = here
        flags = Flags(
            addressee=str(who),
            no_self_information=self.rng.random() < 0.5,
            hidden=self.rng.random() < 0.2,
        )
        room, tenant = self.federation.room(name), self.federation.tenants[name]
        await self.act(persons.set_flags(room.gateway, tenant, flags), name)

    async def officer_decides(self):
        name, room, tenant = self._somewhere()
        with self.federation.transport.disks.calm():
            waiting = await answers.waiting(room.gateway, tenant)
        if waiting:
            kind = self.rng.choice(("provide", "refuse"))
            permit = self.rng.choice(waiting).permit
            decision = Decide(permit=permit, decision=kind, officer="o1")
            await self.act(answers.decide(room.gateway, tenant, decision), name)

    async def gateway_works(self):
        await self._works(self.rng.choice(INSTITUTIONS))

    async def _works(self, name):
        tenant = self.federation.tenants[name]
        for work in self.rng.sample(("send", "outbox", "acquire", "purge"), k=3):
            room = self.federation.room(name)
            match work:
                case "send":
                    await self.act(sending.run_once(room.gateway, tenant), name)
                case "outbox":
                    await self.act(room.outbox.run_once(), name)
                case "acquire":
                    await self.act(acquire.run_once(room.gateway, tenant), name)
                case _:
                    await self.act(answers.purge(room.gateway, tenant), name)

    async def everybody_works(self):
        for name in INSTITUTIONS:
            await self._works(name)
        await self.register_works()
        await self.core_works()
        await self.ledger_works()

    async def register_works(self):
        room = self.federation.register_room
        await self.act(room.outbox.run_once(), "register")
        register = room.register
        await self.act(leaves.settle(register.database, room.log, register.clock), "register")

    async def core_works(self):
        room = self.federation.linkage
        await self.act(room.outbox.run_once(), "linkage")
        await self.act(expire_acquisitions(room.core), "linkage")
        room = self.federation.linkage
        await self.act(leaves.settle(room.core.database, room.log, room.core.clock), "linkage")

    async def ledger_works(self):
        room = self.federation.ledger
        await self.act(room.outbox.run_once(), "ledger")
        await self.act(ledger_service.report_missing_ends(room.ledger), "ledger")
        await self.act(chain.place(room.ledger), "ledger")
        await self.act(ledger_rotation.resume(room.ledger, room.caller, rows_at_once=3), "ledger")

    async def rooms_check_themselves(self):
        """Hold a journal, the ledger's rows and oversight's state against the log; be witnessed."""
        party = self.rng.choice([*self.federation.anchors])
        await self.act(self.federation.anchors[party].run_once(), party)
        room = self.federation.ledger
        pinned = self.federation.book.pinned
        await self.act(be_witnessed(room.ledger, room.caller, pinned=pinned), "ledger")
        await self.act(self.federation.fetching.run_once(), "ledger")
        await self.act(self.federation.ledger.checker.run_once(), "ledger")
        await self.act(self.federation.oversight_room.checker.run_once(), "oversight")

    async def institution_changes_its_key(self):
        name, room, tenant = self._somewhere()
        try:
            await self.act(rotation.rotate(room.gateway, tenant), name)
        except Refused as refusal:
            if refusal.reason != "conflict":  # the last change may be too young for another
                raise

    async def ledger_changes_its_key(self):
        room = self.federation.ledger
        await self.act(ledger_rotation.rotate(room.ledger, room.caller, rows_at_once=3), "ledger")

    async def oversight_changes_the_directory(self):
        pia = self.federation.pia
        if pia:
            pia.clear()
        else:
            name = self.rng.choice(INSTITUTIONS)
            pia[name] = None
            self.truth.unpublished.add(name)
        self.federation.publish()

    async def clock_moves(self):
        seconds = self.rng.choice((1, 1, 5, 30, 30, 61, 61, 300, 1_800, 4_000, -20))
        self._moved(seconds)

    async def clock_jumps(self):
        self._moved(self.rng.choice((3, 9, 30, 80, 360)) * 3_600)

    def _moved(self, seconds):
        net = self.federation.transport
        net.seen["clock-forward" if seconds > 0 else "clock-backward"] += 1
        self.federation.clock.tick(seconds)

    async def late_messages_arrive(self):
        await self.federation.transport.hand_over_late(self.rng)

    async def weather_changes(self):
        net = self.federation.transport
        net.roughness = self.rng.choice((0.0, 0.1, 0.2, 0.3, 0.5))
        net.disks.roughness = self.rng.choice((0.0, 0.0, 0.01, 0.03, 0.1))
        net.down.clear()
        if self.rng.random() < 0.4:
            net.down.add(self.rng.choice(ROOMS))

    async def room_restarts(self):
        party = self.rng.choice(ROOMS)
        self.federation.transport.seen["restart"] += 1
        self.federation.restart(party)


WEIGHTS = {
    "clerk_asks": 18,
    "resident_registers": 3,
    "case_changes": 2,
    "copy_is_loaded": 6,
    "flags_change": 1,
    "officer_decides": 7,
    "gateway_works": 14,
    "everybody_works": 6,
    "register_works": 2,
    "core_works": 5,
    "ledger_works": 4,
    "rooms_check_themselves": 4,
    "institution_changes_its_key": 2,
    "ledger_changes_its_key": 1,
    "oversight_changes_the_directory": 1,
    "clock_moves": 14,
    "clock_jumps": 1,
    "late_messages_arrive": 6,
    "weather_changes": 5,
    "room_restarts": 3,
}
