"""cards and register behind their signed doors, offices with counters, and an authority.

The authority here is a fake with behaviour: it issues certificates for the keys it is sent, the
same for the same order, refuses one key for two orders, and keeps the status of every order.
"""

import traceback
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import attrs
import msgspec
import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import NameOID

from kumihimo.card.carriers import card_in
from kumihimo.card.chip import Chip
from kumihimo.card.holding import draw_rsa
from kumihimo.card.memory import Volatile
from kumihimo.card.portraits import portrait
from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SeededEntropy, SystemEntropy
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import Locker, PartyKeys, new_master
from kumihimo.kernel.net import Caller, HttpNet, Refused
from kumihimo.kernel.outbox import Outbox
from kumihimo.kernel.sql import Database
from kumihimo.people.check_digits import NumberSpace
from kumihimo.rooms.cards import api, store_cards
from kumihimo.rooms.cards.app import build
from kumihimo.rooms.cards.certifier import Letter, Pair
from kumihimo.rooms.cards.changes import take, tidy
from kumihimo.rooms.cards.context import Cards
from kumihimo.rooms.cards.counter import Centre, Counter
from kumihimo.rooms.cards.issuing import KeptIssuing
from kumihimo.rooms.cards.production import make_next
from kumihimo.rooms.oversight.api import Entry, SignedDirectory, new_body, signed_bytes
from kumihimo.rooms.oversight.client import DirectoryBook
from kumihimo.rooms.register.api import ResidentChanged, ResidentsChanged
from kumihimo.rooms.register.app import build as build_register
from kumihimo.rooms.register.context import Register
from kumihimo.rooms.register.domain.quota import Limits
from tests.card.drawn import Drawn
from tests.rooms.register import made
from tests.rooms.register.house import House as RegisterHouse
from tests.rooms.register.made import MINATO, OSAKA, attributes, birth, code

START = datetime(2026, 6, 1, 1, tzinfo=UTC)
PARTIES = ("linkage", "ledger", "register", "cards", "jpki", MINATO, OSAKA)
KINDS = {name: name for name in ("linkage", "ledger", "register", "cards", "jpki")}
_KEPT = (
    "application", "photo", "certificate_order", "card", "card_act", "card_count",
    "counter_session", "incident", "outbox",
)  # fmt: skip
ENDED = {"never-delivered", "replaced", "card-ended", "key-compromise"}


@cache
def issuing():
    return KeptIssuing.draw()


@cache
def root():
    key = draw_rsa()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fake authority")])
    return key, name, _certificate(name, name, key.public_key(), key, 1)


def _certificate(subject, issuer, public, key, serial):
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
    builder = builder.public_key(public).serial_number(serial)
    builder = builder.not_valid_before(START).not_valid_after(START + timedelta(days=1_800))
    return builder.sign(key, SHA256()).public_bytes(Encoding.DER)


@attrs.frozen
class _Session:
    session: str
    phase: str


class Authority:
    def __init__(self):
        self.orders = {}
        self.status = {}
        self.keys = {}
        self.down = False

    async def issue(self, order, subject, *, auth, sign):
        assert not self.down
        if order not in self.orders:
            for public in filter(None, (auth, sign)):
                assert self.keys.setdefault(public, order) == order, "one key, one order"
            made_out = [self._issue(public) for public in (auth, sign)]
            self.orders[order] = (subject, made_out)
            kinds = [k for k, public in (("auth", auth), ("sign", sign)) if public]
            self.status[order] = dict.fromkeys(kinds, "good")
        _, (auth_der, sign_der) = self.orders[order]
        ca = root()[2]
        return Pair(auth=auth_der, sign=sign_der, auth_ca=ca, sign_ca=ca)

    def _issue(self, public):
        if not public:
            return b""
        key, issuer, _ = root()
        serial = len(self.keys) + 2
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"holder {serial}")])
        return _certificate(name, issuer, load_der_public_key(public), key, serial)

    def happened(self, what, order, only=None):
        body = msgspec.json.encode({"what": what, "order": order, "only": only or ""})
        return Letter(topic="/certificates/events", body=body)

    def check(self, certificate, signature, data):
        """Raise unless the key of a certificate made this signature."""
        public: Any = x509.load_der_x509_certificate(certificate).public_key()
        public.verify(signature, data, PKCS1v15(), SHA256())

    async def deliver(self, letter):
        told = msgspec.json.decode(letter.body)
        if told["what"] == "delivered":
            return
        status = self.status.get(told["order"], {})
        for kind in status:
            if told["only"] in {"", kind} and status[kind] not in ENDED:
                status[kind] = told["what"]

    def of(self, card):
        """Return the status of a card's certificates."""
        found = {"auth": self.status.get(card.auth_order, {}).get("auth", "")}
        found["sign"] = self.status.get(card.sign_order, {}).get("sign", "")
        return {kind: status for kind, status in found.items() if status}


class Tray:
    def __init__(self):
        self.memories = {}

    async def engrave(self, serial, contents, *, municipality):
        assert municipality == "131032"
        self.memories[serial] = Volatile(contents)


class MemoryNotes:
    def __init__(self):
        self.written = []

    def add(self, line):
        self.written.append(line)

    def lines(self):
        return list(self.written)


class House(RegisterHouse):
    """The register's house with cards beside it."""

    def _bug(self, where, error):
        traceback.print_exception(error)
        super()._bug(where, error)

    def publish(self):
        self.version += 1
        entries = {
            name: Entry(
                party=name,
                kind=KINDS.get(name, "institution"),  # pyright: ignore[reportArgumentType]
                standing="active",
                keys=keys.public,
            )
            for name, keys in self.keys.items()
        }
        _, body = new_body(self.version, self.clock.now(), entries)
        signature = self.oversight.signing.sign(signed_bytes(body))
        self.book.update(SignedDirectory(body, signature))

    async def start(self, new_room):
        self.clock = HandClock(START)
        self.entropy = SystemEntropy()
        self.oversight = PartyKeys("oversight", new_master(self.entropy))
        self.keys = {name: PartyKeys(name, new_master(self.entropy)) for name in PARTIES}
        self.book = DirectoryBook(self.oversight.public.signing)
        self.publish()
        transport: Any = self
        self.net = HttpNet({name: f"http://{name}" for name in self.keys}, transport=transport)
        self.database = await self._database(new_room, "register")
        self.cards_database = await self._database(new_room, "cards")
        self.authority, self.tray, self.notes = Authority(), Tray(), {}
        self.drawn = Drawn()
        self.register_room = self._register()
        self.cards = self._cards()
        self.room = build(self.cards, book=self.book, report=self._bug)
        self.outbox = Outbox(self.cards_database, self.authority.deliver, self.clock, self.entropy)
        self.apps |= {"register": self.register_room.app, "cards": self.room.app}
        self.people = {}

    async def _database(self, new_room, room):
        self.names = getattr(self, "names", {})
        self.names[room], reached = new_room(room)
        database = Database(reached.runtime, pool_max=4)
        await database.open()
        self.owners = getattr(self, "owners", {}) | {room: reached.owner}
        return database

    def _register(self):
        self.register = Register.of(
            database=self.database,
            keys=self.keys["register"],
            directory=self.book,
            clock=self.clock,
            entropy=self.entropy,
            space=NumberSpace.TEST,
            limits=Limits(per_minute=3_000, per_day=100_000),
            affairs=frozenset(),
        )
        return build_register(self.register, book=self.book, net=self.net, report=self._bug)

    def _cards(self):
        return Cards(
            database=self.cards_database,
            keys=self.keys["cards"],
            directory=self.book,
            caller=Caller(self.keys["cards"], self.book, self.net, self.clock, self.entropy),
            clock=self.clock,
            entropy=self.entropy,
            space=NumberSpace.TEST,
            locker=Locker.of(self.keys["cards"].secret("columns"), self.entropy),
            certifier=self.authority,
            issuing=issuing(),
            factory=self.tray,
            draw=self.drawn.holder,
        )

    async def stop(self):
        await self.net.close()
        await self.database.close()
        await self.cards_database.close()

    def centre(self, office=MINATO):
        return Centre(self.caller(office), self.book)

    async def desk(self, path, question, reply, office=MINATO):
        return await self.centre(office).ask(path, question, reply)

    def chip(self, serial):
        memory = self.tray.memories[serial]
        return Chip(card_in(memory), memory, entropy=self.entropy, draw=self.drawn.of_kind)

    def counter(self, serial, office=MINATO, transmit=None):
        return Counter(
            centre=self.centre(office),
            transmit=transmit or self.chip(serial).process,
            notes=self.notes.setdefault(office, MemoryNotes()),
            entropy=self.entropy,
            name="terminal-1",
        )

    async def resident(self, who, **written: Any):
        """Let somebody live in Minato with a number."""
        event = birth(who, written.pop("day", made.DAY), **written)
        await self.tell(event, office=f"lg-{event.municipality}")
        [number] = await self.designate(code(who), office=f"lg-{event.municipality}")
        self.people[who] = (number, attributes(event))
        return number

    async def happen(self, kind, who, *, office=MINATO, changed=(), day=None, **more):
        """Let an event happen to a resident, and let register tell cards of it."""
        day = day or self.cards.today()
        await self.tell(made.event(kind, who, day, **more), office=office)
        number, written = self.people[who]
        changes = {k: v for k, v in more.items() if k in {"name", "birth", "sex", "address"}}
        self.people[who] = (number, msgspec.structs.replace(written, **changes))
        await self.hear(who, changed=changed, day=day)

    async def hear(self, who, *, changed=(), day=None):
        async with self.database.transaction() as tx:
            person = await tx.value(
                "SELECT person FROM resident_code WHERE code = %(code)s", {"code": code(who)}
            )
            version = await tx.value(
                "SELECT count(*) FROM resident_event WHERE person = %(p)s", {"p": person}
            )
            standing = await tx.value(
                "SELECT standing FROM resident WHERE person = %(p)s", {"p": person}
            )
        change = ResidentChanged(
            holder=self.register.references.of(person, "cards"),
            version=version,
            changed=changed,
            standing=standing,
            effective_on=day or self.cards.today(),
        )
        return await take(self.cards, "register", ResidentsChanged((change,)))

    async def apply(self, who, *, office=MINATO, photo=True, **form):
        """Open an application, take the photo, apply; returns the application."""
        number, written = self.people[who]
        asked = api.OpenApplication(
            application=new_id(self.entropy), number=number, attributes=written
        )
        opened = await self.desk(api.OPEN_PATH, asked, api.OpenedApplication, office)
        if photo:
            picture = portrait(SeededEntropy(f"{opened.application}"))
            taken = api.TakePhoto(application=opened.application, photo=picture)
            await self.desk(api.PHOTO_PATH, taken, api.PhotoTaken, office)
        written_form: dict[str, Any] = {"channel": "counter", **form}
        submit = api.Submit(application=opened.application, **written_form)
        return await self.desk(api.SUBMIT_PATH, submit, api.Application, office)

    async def made(self, who, *, office=MINATO, **form):
        """Apply, and have the card made; returns it as the office sees it."""
        applied = await self.apply(who, office=office, **form)
        while await make_next(self.cards):
            pass
        return await self.show(form=applied.form, office=office)

    async def notified(self, who, **form):
        """Have a card made and kept at the office, with its holder told."""
        card = await self.made(who, **form)
        for event in ("ship", "notify"):
            await self.handle(card.card, event)
        return await self.show(form=card.form)

    async def handle(self, card, event, office=MINATO):
        asked = api.HandleCard(card=card, event=event, officer="officer-1")
        return await self.desk(api.HANDLE_PATH, asked, api.CardAfter, office)

    async def show(self, office=MINATO, **ids):
        return await self.desk(api.FIND_PATH, api.FindCard(**ids), api.CardShown, office)

    async def sessions(self, serial):
        """Return a card's row and its sessions: (session, phase)."""
        async with self.cards_database.transaction() as tx:
            card = await store_cards.lock(tx, serial=serial)
            assert card is not None
            rows = await tx.rows(
                "SELECT session, phase FROM counter_session WHERE card = %(card)s",
                {"card": card.card},
                _Session,
            )
        return card, [(row.session, row.phase) for row in rows]

    def keep(self, serial):
        """Keep the state of cards' database, of a chip and of the keys, to come back to it."""
        memory = dict(self.tray.memories[serial].contents)
        with psycopg.connect(self.owners["cards"].reveal()) as connection:
            rows = {
                table: connection.execute(f"SELECT * FROM {table}".encode()).fetchall()
                for table in _KEPT
            }
        return serial, memory, rows, dict(self.authority.keys), self.drawn.given

    def back_to(self, kept):
        serial, memory, rows, known, given = kept
        self.authority.keys, self.drawn.given = dict(known), given
        self.tray.memories[serial] = Volatile(memory)
        self.notes.clear()
        with psycopg.connect(self.owners["cards"].reveal()) as connection:
            for table in reversed(
                _KEPT
            ):  # a few rows: quicker than TRUNCATE, which makes new files
                connection.execute(f"DELETE FROM {table}".encode())
            for table in _KEPT:
                for row in rows[table]:
                    values = ", ".join(["%s"] * len(row))
                    insert = f"INSERT INTO {table} OVERRIDING SYSTEM VALUE VALUES ({values})"
                    connection.execute(insert.encode(), row)

    async def day(self, days=1):
        """Let days pass, and what is over be over."""
        self.clock.advance(timedelta(days=days))
        self.publish()
        while await tidy(self.cards):
            pass
        await self.post()

    async def post(self):
        while await self.outbox.run_once():
            pass

    async def on(self, day: date):
        await self.day((day - self.cards.today()).days)

    async def count(self, day=None):
        asked = api.CountCards(day or self.cards.today())
        answer, _ = await self.caller(MINATO).call("cards", api.COUNT_PATH, asked, api.CountedCards)
        return (
            sum(one.delivered for one in answer.counts),
            sum(one.held for one in answer.counts),
        )


def refused(reason):
    """Expect a refusal of a room by its code."""
    return pytest.raises(Refused, check=lambda refusal: refusal.reason == reason)
