"""The life of cards as one scripted year, with the real register and the real authority.

Each day has its acts; at the end of each day, what is counted and how every certificate stands is
compared with what the script says of that day.
"""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import attrs
import msgspec

from kumihimo.card.carriers import card_in
from kumihimo.card.chip import Chip
from kumihimo.card.memory import Volatile
from kumihimo.card.portraits import portrait
from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SeededEntropy, SystemEntropy
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import open_payload, seal_payload
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.cards import api, store_cards
from kumihimo.rooms.cards.changes import tidy
from kumihimo.rooms.cards.counter import Centre, Counter, More, Visitor
from kumihimo.rooms.cards.counts import counts
from kumihimo.rooms.cards.domain.pins import PinKind
from kumihimo.rooms.cards.production import make_next
from kumihimo.rooms.register import api as register
from kumihimo.run.plan import Plan
from kumihimo.run.street import open_street
from tests.federation.street import MINATO, OSAKA
from tests.rooms.cards.house import MemoryNotes
from tests.rooms.register.made import attributes, birth, code, event

PINS: dict[PinKind, Withheld[str]] = {
    "sign": Withheld("ABC123"),
    "auth": Withheld("1357"),
    "register": Withheld("1357"),
    "text": Withheld("1357"),
}
HANAKO, TARO, ANNA = 1, 2, 3
GOOD = ("good", None)
HELD = ("held", "certificateHold")
OVER = ("revoked", "cessationOfOperation")
MOVED = ("revoked", "affiliationChanged")
RENEWED = ("revoked", "superseded")


@attrs.frozen
class _Standing:
    ca: str
    status: str
    reason: str | None


class Year:
    def __init__(self, street, clock):
        self.street, self.clock = street, clock
        self.entropy = SystemEntropy()
        self.people = {}
        self.chips = {}
        self.cards = {}  # a name of the script to the serial of a card
        self.notes = MemoryNotes()

    @property
    def room(self):
        return self.street.cards.cards

    async def ask_register(self, path, question, reply, office=MINATO):
        keys = self.street.keys
        payload = seal_payload(
            msgspec.json.encode(question),
            to=keys["register"].public.payload,
            context=path.encode(),
        )
        sealed_reply = reply is not register.EventsTaken
        form = register.Sealed if sealed_reply else reply
        caller = self.street.caller(office)
        answer: Any = (await caller.call("register", path, register.Sealed(payload), form))[0]
        if not sealed_reply:
            return answer
        opened = open_payload(answer.payload, key=keys[office].payload, context=path.encode())
        return msgspec.json.decode(opened, type=reply)

    async def happen(self, *events, office=MINATO):
        batch = register.EventBatch(events)
        await self.ask_register(register.EVENTS_PATH, batch, register.EventsTaken, office)
        await self.street.deliver()

    async def born(self, who, **written):
        one = birth(who, **written)
        await self.happen(one)
        asked = register.Designate((code(who),))
        given = await self.ask_register(register.DESIGNATE_PATH, asked, register.Designations)
        self.people[who] = (given.designated[0].number, attributes(one))

    def centre(self, office):
        return Centre(self.street.caller(office), self.street.book)

    async def apply(self, who, *, office=MINATO, **form: Any):
        number, written = self.people[who]
        application = new_id(self.entropy)
        centre = self.centre(office)
        asked = api.OpenApplication(application=application, number=number, attributes=written)
        await centre.ask(api.OPEN_PATH, asked, api.OpenedApplication)
        picture = portrait(SeededEntropy(application))
        taken = api.TakePhoto(application=application, photo=picture)
        await centre.ask(api.PHOTO_PATH, taken, api.PhotoTaken)
        wish: dict[str, Any] = {"channel": "counter", **form}
        submit = api.Submit(application=application, **wish)
        await centre.ask(api.SUBMIT_PATH, submit, api.Application)

    async def make(self, *names, office=MINATO):
        """Make the cards that were applied for, and let their holders be told."""
        for name in names:
            before = set(self.room.factory.cards)
            assert await make_next(self.room) == 1
            [serial] = set(self.room.factory.cards) - before
            memory = Volatile(self.room.factory.cards[serial])
            self.chips[name] = Chip(card_in(memory), memory, entropy=self.entropy)
            self.cards[name] = serial
            found = await self.counter(name, office).find()
            for step in ("ship", "notify"):
                asked = api.HandleCard(card=found.card, event=step, officer="officer-1")
                await self.centre(office).ask(api.HANDLE_PATH, asked, api.CardAfter)

    def counter(self, name, office):
        return Counter(
            centre=self.centre(office),
            transmit=self.chips[name].process,
            notes=self.notes,
            entropy=self.entropy,
            name="terminal-1",
        )

    async def act(self, name, kind, *, office=MINATO, form=False, more=None):
        counter = self.counter(name, office)
        visitor = Visitor(
            officer="officer-1",
            second_officer="officer-2",
            papers=("driving-licence",),
            form=(await counter.find()).form if form else "",
        )
        secrets = PINS if kind == "activate" else None
        await counter.act(kind, visitor, secrets=secrets, more=more)

    async def deliver(self, *names, office=MINATO):
        for name in names:
            await self.act(name, "activate", office=office, form=True)

    async def lose(self, who):
        asked = api.HoldCard(attributes=self.people[who][1], channel="phone")
        assert (await self.centre(OSAKA).ask(api.HOLD_PATH, asked, api.Held)).new == 1

    async def end_of_day(self):
        while await tidy(self.room):
            pass
        await self.street.deliver()
        found = await counts(self.room, self.room.today())
        held = sum(one.delivered for one in found), sum(one.held for one in found)
        return held, {name: await self.certificates(name) for name in self.cards}

    async def certificates(self, name):
        """Return how the certificates of a card stand at the authority."""
        async with self.room.database.transaction() as tx:
            card = await store_cards.lock(tx, serial=self.cards[name])
        assert card is not None
        auth = (await self.ordered(card.auth_order)).get("auth")
        return auth, (await self.ordered(card.sign_order)).get("sign")

    async def ordered(self, order):
        async with self.street.jpki.jpki.database.transaction() as tx:
            rows = await tx.rows(
                "SELECT ca, status, reason FROM certificate WHERE issuance = %(order)s",
                {"order": order},
                _Standing,
            )
        return {row.ca: (row.status, row.reason) for row in rows}


async def moves_to_osaka(year):
    address = "大阪府大阪市北区中之島一丁目3番20号"
    place = {"address": address, "municipality": "271004"}
    await year.happen(event("move-in", HANAKO, day_of(year), **place), office=OSAKA)
    number, written = year.people[HANAKO]
    moved = msgspec.structs.replace(written, address=address)
    year.people[HANAKO] = (number, moved)


async def uses_on(year):
    more = More(text_pin=Withheld("1357"))
    await year.act("hanako", "update", office=OSAKA, more=more)


async def renews(year):
    """The new certificates are Taro's own from now on; those before them are superseded."""
    async with year.room.database.transaction() as tx:
        card = await store_cards.lock(tx, serial=year.cards["taro"])
    assert card is not None
    assert await year.ordered(card.auth_order) == {"auth": GOOD, "sign": GOOD}
    await year.act("taro", "certificates")
    await year.street.deliver()
    assert await year.ordered(card.auth_order) == {"auth": RENEWED, "sign": RENEWED}


def day_of(year):
    return year.room.today()


# What happens on a day.
ACTS = {
    date(2026, 6, 2): lambda y: y.apply(HANAKO),
    date(2026, 6, 3): lambda y: y.apply(TARO),
    date(2026, 6, 4): lambda y: y.apply(ANNA, stay="limited", stay_until=date(2027, 3, 31)),
    date(2026, 6, 20): lambda y: y.make("hanako", "taro", "anna"),
    date(2026, 6, 25): lambda y: y.deliver("hanako", "taro", "anna"),
    date(2026, 7, 10): moves_to_osaka,
    date(2026, 7, 20): uses_on,
    date(2026, 9, 1): renews,
    date(2026, 10, 1): lambda y: y.lose(HANAKO),
    date(2026, 10, 5): lambda y: y.apply(HANAKO, office=OSAKA, replaces="lost"),
    date(2026, 10, 20): lambda y: y.make("hanako again", office=OSAKA),
    date(2026, 10, 25): lambda y: y.deliver("hanako again", office=OSAKA),
    date(2027, 2, 1): lambda y: y.happen(event("departure-abroad", TARO, day_of(y))),
    date(2027, 5, 1): lambda y: y.happen(event("death", HANAKO, day_of(y)), office=OSAKA),
}
# From which day on, until the next line: (delivered, held).
COUNTS = [
    (date(2026, 6, 2), (0, 0)),
    (date(2026, 6, 25), (3, 3)),
    (date(2026, 10, 25), (4, 3)),  # a re-issue adds one delivered and none held
    (date(2027, 2, 1), (4, 2)),  # Taro left Japan
    (date(2027, 4, 1), (4, 1)),  # Anna's stay, and with it her card, is over
    (date(2027, 5, 1), (4, 0)),  # Hanako died
]
# By card: from which day on its (auth, sign) certificates stand how.
CERTIFICATES = {
    "hanako": [
        (date(2026, 6, 20), (GOOD, GOOD)),
        (date(2026, 7, 10), (GOOD, MOVED)),  # a move kills the sign certificate alone
        (date(2026, 7, 20), (GOOD, GOOD)),
        (date(2026, 10, 1), (HELD, HELD)),  # and so they stay: the card was never found
        (date(2027, 5, 1), (OVER, OVER)),
    ],
    "taro": [
        (date(2026, 6, 20), (GOOD, GOOD)),
        (date(2027, 2, 1), (OVER, OVER)),
    ],
    "anna": [
        (date(2026, 6, 20), (GOOD, GOOD)),
    ],
    "hanako again": [
        (date(2026, 10, 20), (GOOD, GOOD)),
        (date(2027, 5, 1), (OVER, OVER)),
    ],
}


def at(script, day):
    """Return what a script says of a day, or None before its first line."""
    return next((says for since, says in reversed(script) if since <= day), None)


def test_a_year_of_cards_day_by_day(server):
    async def whole():
        clock = HandClock(datetime(2026, 6, 1, 1, tzinfo=UTC))
        bugs = []
        plan = Plan(
            gateways={"gateway": (MINATO, OSAKA)},
            assessed=dict.fromkeys((MINATO, OSAKA), date(2026, 1, 1)),
        )
        street = await open_street(
            plan,
            postgres=server,
            clock=clock,
            entropy=SystemEntropy(),
            report=lambda where, error: bugs.append((where, error)),
        )
        try:
            await _year(Year(street, clock))
        finally:
            await street.close()
        assert bugs == []

    asyncio.run(whole())


async def _year(year):
    await year.born(HANAKO)
    await year.born(TARO, sex="1")
    await year.born(ANNA)
    while day_of(year) < date(2027, 6, 1):
        year.clock.advance(timedelta(days=1))
        today = day_of(year)
        if today in ACTS:
            await ACTS[today](year)
        held, certificates = await year.end_of_day()
        assert held == at(COUNTS, today), today
        for name, standing in certificates.items():
            assert standing == at(CERTIFICATES[name], today), (today, name)
