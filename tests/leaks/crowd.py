"""A crowd of residents whom three institutions, the core, the ledger and register all deal with.

Everything that could join them is the same everywhere: the order in which they come, the days, the
length of their names, the flags of the protected among them, the days from which copies are valid.
Only register was told of them in an order of its own: the world's events stand there by their days.
What the offices do with them is what offices do; nothing is left out to make it look well.
"""

import asyncio
import io
import random
from datetime import UTC, date, datetime, timedelta

import attrs

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.log import Log
from kumihimo.rooms.gateway import tagging
from kumihimo.rooms.gateway.business import Attributes, Registration
from kumihimo.rooms.register import api as register
from kumihimo.run.plan import Plan
from kumihimo.run.street import open_street
from tests.federation.street import ALLOWANCE, INCOME, LAYOUT, MINATO, NAGOYA, OSAKA
from tests.leaks.full_run import Left, Run
from tests.rooms.register.made import birth

GATEWAYS = {"gateway-a": [MINATO], "gateway-b": [OSAKA], "gateway-c": [NAGOYA]}
SIZE = 32
PROTECTED = 12
CHILDREN = "child-allowance/2024"
_BLOCK = 4  # codes are acquired for so many at a time


@attrs.define
class Crowd:
    """The dumps, and by which token each room knows each resident, in one order."""

    dumps: dict[str, bytes] = attrs.field(factory=dict[str, bytes])
    known_as: dict[str, list[bytes]] = attrs.field(factory=dict[str, list[bytes]])
    left: dict[str, bytes] = attrs.field(factory=dict[str, bytes])


@attrs.frozen
class _Person:
    addressee: str
    person: str


@attrs.frozen
class _Record:
    permit: str
    person: bytes
    at: datetime


class Offices(Run):
    """The offices at work on the crowd."""

    def __init__(self, street, clock):
        super().__init__(street, Left())
        self.clock = clock
        self.rng = random.Random(1)
        self.protected = set(self.rng.sample(range(SIZE), PROTECTED))
        self.births = [
            birth(
                code,
                name="鳳" * self.rng.randint(1, 12) + "　" + "麟" * self.rng.randint(1, 6),
                address="東京都港区芝公園" + "長" * self.rng.randint(1, 40) + "四番",
            )
            for code in self.rng.sample(range(10_000), SIZE)
        ]
        numbered = [f"{n:010}" for n in self.rng.sample(range(10**9), 3 * SIZE)]
        names = (MINATO, OSAKA, NAGOYA)
        self.names = {
            name: numbered[index * SIZE : (index + 1) * SIZE] for index, name in enumerate(names)
        }

    async def numbers(self):
        await self.ask_register(
            MINATO,
            register.EVENTS_PATH,
            register.EventBatch(tuple(self.rng.sample(self.births, SIZE))),
            register.EventsTaken,
            sealed=False,
        )
        codes = tuple(one.resident_code for one in self.births)
        given = await self.ask_register(
            MINATO, register.DESIGNATE_PATH, register.Designate(codes), register.Designations
        )
        by_code = {one.resident_code: one.number for one in given.designated}
        self.given = [by_code[code] for code in codes]

    def card(self, institution, who):
        one = self.births[who]
        return Registration(
            addressee=self.names[institution][who],
            source="card",
            number=self.given[who],
            attributes=Attributes(name=one.name, birth=one.birth, sex=one.sex, address=one.address),
        )

    async def arrive(self, first, second):
        """They come to two offices, one after the other, in one order."""
        for who in range(SIZE):
            self.clock.advance(timedelta(hours=7))
            for desk in (first, second):
                institution = desk.tenant.institution
                await desk(lambda c, i=institution, w=who: c.register([self.card(i, w)]))
                if who % _BLOCK == _BLOCK - 1:
                    await self.street.acquire(institution)
                if who in self.protected:
                    name = self.names[institution][who]
                    await desk(
                        lambda c, n=name: c.set_flags(n, no_self_information=True, hidden=False)
                    )

    async def load(self, desk, layout, columns):
        """Load a file in the order of arrival; the protected have the flag, all their own day."""
        institution = desk.tenant.institution
        header = "addressee,as_of,valid_from,no_automatic_answer," + columns[0]
        rows = [
            f"{self.names[institution][who]},2026-05-31,{date(2020, 1, 1) + timedelta(days=who)},"
            f"{'true' if layout != LAYOUT and who in self.protected else 'false'},{columns[1]}"
            for who in range(SIZE)
        ]
        content = "\n".join([header, *rows]).encode()
        report = await desk(lambda c: c.load_copies(content, layout=layout))
        assert report.loaded, report

    async def whole(self):
        await self.numbers()
        minato, osaka, nagoya = [await self.desk(name) for name in (MINATO, OSAKA, NAGOYA)]
        await self.arrive(minato, osaka)
        everybody = [self.card(NAGOYA, who) for who in range(SIZE)]
        await nagoya(lambda c: c.register(everybody))
        await self.street.acquire(NAGOYA)
        await self.load(osaka, LAYOUT, ("income-year,total-income", "2025,3210000"))
        await self.load(osaka, CHILDREN, ("children,monthly-amount", "2,10000"))
        await self.load(nagoya, CHILDREN, ("children,monthly-amount", "3,15000"))
        for name in self.names[MINATO]:
            self.clock.advance(timedelta(hours=11))
            await minato(lambda c, n=name: c.open_case(n, affair=ALLOWANCE))
            answer = await minato(
                lambda c, n=name: c.ask_one(
                    n, affair=ALLOWANCE, provider=OSAKA, items=[INCOME], layout=LAYOUT
                )
            )
            assert answer.outcome == "OK"
        await self.street.deliver()
        for gateway, [name] in GATEWAYS.items():
            room, tenant = self.street.room_of(name), self.street.tenant(name)
            assert await tagging.run_once(room.gateway, tenant) or gateway == "gateway-c"

    async def known_as(self):
        """Return by which token each room knows each resident."""
        found = {"register": [one.resident_code.encode() for one in self.births]}
        for gateway, [name] in GATEWAYS.items():
            database = self.street.room_of(name).gateway.database
            async with database.transaction(institution=name) as tx:
                rows = await tx.rows("SELECT addressee, person FROM addressee", {}, _Person)
            of = {row.addressee: row.person for row in rows}
            found[gateway] = [of[addressee].encode() for addressee in self.names[name]]
        async with self.street.ledger.ledger.database.transaction() as tx:
            rows = await tx.rows(
                "SELECT permit, person, requested_at AS at FROM record ORDER BY requested_at",
                {},
                _Record,
            )
        found["linkage"] = [row.permit.encode() for row in rows]
        found["ledger"] = [bytes(row.person) for row in rows]
        return found


def gather(postgres):
    """Let the offices work; returns what each room knows, its database still as they left it."""
    crowd, clock = Crowd(), HandClock(datetime(2026, 6, 1, tzinfo=UTC))
    log = Log("street", clock, stream=io.StringIO(), strict=True)

    async def whole():
        plan = Plan(
            gateways=GATEWAYS,
            assessed={name: date(2026, 1, 1) for name in (MINATO, OSAKA, NAGOYA)},
        )
        street = await open_street(
            plan, postgres=postgres, clock=clock, entropy=SystemEntropy(), report=log.reporter()
        )
        try:
            offices = Offices(street, clock)
            await offices.whole()
            crowd.known_as = await offices.known_as()
        finally:
            await street.close()

    asyncio.run(whole())
    return crowd
