"""What happens in a federation: clerks, officers, residents, workers, keys, clocks and accidents."""

from typing import Any

import msgspec

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
    Decision,
    Flags,
    OpenCase,
    Question,
    Registration,
)
from kumihimo.rooms.ledger import chain
from kumihimo.rooms.ledger import rotation as ledger_rotation
from kumihimo.rooms.ledger import service as ledger_service
from kumihimo.rooms.linkage.service import expire_acquisitions
from tests.federation.street import ALLOWANCE, INCOME, LAYOUT
from tests.rooms.register.made import attributes, birth
from tests.simulation.federation import INSTITUTIONS, OUTSIDER, PERSONS
from tests.simulation.net import Stopped
from tests.simulation.truth import Asked, Case

HEADER = "addressee,as_of,income-year,total-income,no_automatic_answer"
UNLISTED = "b999"
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
        except Stopped:
            await self.federation.transport.idle()
            for party in parties:
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
        accepted, batch = await asking.ask(room.gateway, tenant, questions)
        for one, question, (kind, who, _) in zip(accepted, questions, drawn, strict=True):
            self._note(name, one.inquiry, question, kind, who)
        if batch is not None and self.rng.random() < 0.7:
            await self.act(sending.advance(room.gateway, tenant, batch), name)

    def _other(self, name):
        return self.rng.choice([one for one in INSTITUTIONS if one != name])

    def _question(self, kind, who, provider):
        plain = Question(
            addressee=str(who), affair=ALLOWANCE, provider=provider, items=(INCOME,), layout=LAYOUT
        )
        return msgspec.structs.replace(plain, **KINDS[kind])

    def _note(self, name, inquiry, question, kind, who):
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
        report = await copies.load(room.gateway, tenant, file)
        if report.loaded:
            self.truth.copies[name, who] = income
            if flag:
                self.truth.flagged.add((name, who))

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
        await persons.set_flags(room.gateway, tenant, flags)

    async def officer_decides(self):
        _, room, tenant = self._somewhere()
        waiting = await answers.waiting(room.gateway, tenant)
        if waiting:
            kind = self.rng.choice(("provide", "refuse"))
            decision = Decision(decision=kind, officer="o1")
            permit = self.rng.choice(waiting).permit
            await answers.decide(room.gateway, tenant, permit, decision)

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
                    await answers.purge(room.gateway, tenant)

    async def everybody_works(self):
        for name in INSTITUTIONS:
            await self._works(name)
        await self.register_works()
        await self.core_works()
        await self.ledger_works()

    async def register_works(self):
        await self.act(self.federation.register_room.outbox.run_once(), "register")

    async def core_works(self):
        await self.act(self.federation.linkage.outbox.run_once(), "linkage")
        await expire_acquisitions(self.federation.linkage.core)

    async def ledger_works(self):
        room = self.federation.ledger
        await self.act(room.outbox.run_once(), "ledger")
        await ledger_service.report_missing_ends(room.ledger)
        await self.act(chain.place(room.ledger), "ledger")
        await self.act(ledger_rotation.resume(room.ledger, room.caller, rows_at_once=3), "ledger")

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
        net.down.clear()
        if self.rng.random() < 0.4:
            net.down.update(self.rng.sample(("linkage", "ledger", "register", *INSTITUTIONS), k=1))

    async def room_restarts(self):
        party = self.rng.choice(("linkage", "ledger", "register", *INSTITUTIONS))
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
    "institution_changes_its_key": 2,
    "ledger_changes_its_key": 1,
    "oversight_changes_the_directory": 1,
    "clock_moves": 14,
    "clock_jumps": 1,
    "late_messages_arrive": 6,
    "weather_changes": 5,
    "room_restarts": 3,
}
