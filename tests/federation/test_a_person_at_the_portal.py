"""A person at the portal with a card of the rooms: jpki, register, the core and the ledger are real."""

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx2

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import Locker, PartyKeys, new_master
from kumihimo.kernel.sql import Database
from kumihimo.rooms.gateway import clients
from kumihimo.rooms.gateway.business import Attributes
from kumihimo.rooms.gateway.client import BusinessClient
from kumihimo.rooms.gateway.clients import EVERY_AFFAIR
from kumihimo.rooms.jpki import verifiers
from kumihimo.rooms.jpki.client import VerifierClient
from kumihimo.rooms.ledger import chain, own
from kumihimo.rooms.ledger.witnessed import be_witnessed
from kumihimo.rooms.oversight.api import witness_key
from kumihimo.rooms.portal.app import build
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.identity import JpkiIdentity
from kumihimo.rooms.portal.ledger_door import LedgerDoor
from kumihimo.run import cli
from kumihimo.run.plan import Plan
from kumihimo.run.street import open_street
from tests.federation.desk import Bridge
from tests.federation.street import ALLOWANCE, INCOME, LAYOUT, MINATO, OSAKA, transport_to
from tests.federation.test_a_cards_year import HANAKO, Year
from tests.hostile.terminal import typed
from tests.rooms.portal.house import HELPER, PORTAL, Person

PLAN = Plan(
    gateways={"gateway": (MINATO, OSAKA)},
    assessed=dict.fromkeys((MINATO, OSAKA, "ledger"), date(2026, 1, 1)),
)
PIN = "1357"
TAXES = "宛名番号,基準日,所得年,合計所得金額,扶養人数\r\n100,2026-05-31,2025,3210000,2\r\n"


class Town(Year):
    """The federation with a portal beside it; what `tests.rooms.portal.house.Person` needs."""

    folder = Path()

    async def open_portal(self, new_room):
        loop = asyncio.get_running_loop()
        self.bugs = []
        _, self.reached = new_room("portal")
        self.database = Database(self.reached.runtime, pool_max=2)
        await self.database.open()
        keys = PartyKeys("portal", new_master(self.entropy))
        jpki = self.street.jpki
        token = await verifiers.register(
            jpki.jpki, "portal", ["disclosure_portal"], payload_key=keys.public.payload
        )
        client = VerifierClient("http://jpki", token, transport=Bridge(jpki.app, loop))
        self.portal = Portal(
            database=self.database,
            keys=keys,
            locker=Locker.of(keys.secret("columns"), self.entropy),
            identity=JpkiIdentity(client),
            ledger=LedgerDoor("http://ledger", transport=transport_to(self.street.ledger.app)),
            origin=PORTAL,
            clock=self.clock,
            entropy=self.entropy,
        )
        self.app: Any = build(self.portal, report=self._bug, helper=HELPER).app
        self.transport = httpx2.ASGITransport(self.app)

    def _bug(self, where, error):
        self.bugs.append((where, error))
        raise AssertionError(where) from error

    async def has_a_card(self):
        await self.born(HANAKO)
        await self.apply(HANAKO)
        await self.make("hanako")
        await self.deliver("hanako")
        await self.street.deliver()

    async def minato_asks(self):
        """Let Minato find her by four attributes and ask Osaka, who does not know her."""
        street = self.street
        token = await clients.create(
            street.gateways["gateway"].gateway, street.tenant(MINATO), "tax", [EVERY_AFFAIR]
        )
        bridge = Bridge(street.gateways["gateway"].app, asyncio.get_running_loop())
        written = self.people[HANAKO][1]
        four = Attributes(
            name=written.name, birth=written.birth, sex=written.sex, address=written.address
        )

        def first(client):
            return client.register_by_strict_inquiry("100", affair=ALLOWANCE, attributes=four)

        def ask(client):
            client.open_case("100", affair=ALLOWANCE)
            return client.ask_one(
                "100", affair=ALLOWANCE, provider=OSAKA, items=[INCOME], layout=LAYOUT
            )

        with BusinessClient("http://gateway", token, transport=bridge) as client:
            await asyncio.to_thread(first, client)
            await street.acquire(MINATO)
            await asyncio.to_thread(ask, client)
            await asyncio.to_thread(client.load_copies, TAXES.encode(), layout=LAYOUT)
        await street.deliver()


async def deliver_meanwhile(street):
    """Let register's letters reach the core, and the ledger ask, as their own workers do."""
    while True:
        await street.register.outbox.run_once()
        await own.run_once(street.ledger.asker)
        await asyncio.sleep(0.05)


def test_her_own_card_opens_her_own_records_and_no_number_passes(server, new_room, tmp_path):
    async def story(town):
        town.folder = tmp_path
        await _story(town)

    play(server, new_room, Town, story)


def play(server, new_room, make, story):
    """Let a story happen in a federation with a portal, which `make` plays; no bug may be told."""

    async def whole():
        clock = HandClock(datetime(2026, 6, 1, 1, tzinfo=UTC))
        street = await open_street(
            PLAN, postgres=server, clock=clock, entropy=SystemEntropy(), report=_never
        )
        town = make(street, clock)
        try:
            await town.open_portal(new_room)
            await story(town)
        finally:
            await town.database.close()
            await street.close()
        assert town.bugs == []

    asyncio.run(whole())


def _never(where, error):
    raise AssertionError(where) from error


async def _story(town):
    await town.has_a_card()
    await town.minato_asks()
    hanako = Person(town)
    hanako.tray.cards = {"Hanako": town.chips["hanako"]}
    letters = asyncio.create_task(deliver_meanwhile(town.street))
    try:
        await hanako.log_in(pin=PIN)
        assert hanako.signed_in, hanako.page
        await hanako.open("/looked")
        assert "東京都港区が、大阪府大阪市に照会しました" in hanako.page, hanako.page
        assert "児童手当" in hanako.page
        await _her_history(town, hanako)
        await hanako.open("/looked/offices")
        assert "東京都港区" in hanako.page
        assert "答えた" in hanako.page
        await _her_own_data(hanako)
        await _after_a_loss(town, hanako)
    finally:
        letters.cancel()
        await hanako.close()
    number = town.people[HANAKO][0]
    async with town.database.transaction() as tx:
        for table in ("account", "visit", "card_proof", "journal"):
            cursor = await tx.connection.execute(f"SELECT t.*::text FROM {table} t".encode())
            assert number not in str(await cursor.fetchall()), table


async def _her_history(town, hanako):
    """She is told that no number is missing, takes it away with its proof, and checks that offline."""
    room = town.street.ledger
    await chain.place(room.ledger)
    await be_witnessed(room.ledger, room.caller, pinned=room.asker.book.pinned)
    assert "この一覧は、1番から1番まで欠けていません" in hanako.page, hanako.page
    await hanako.open("/looked/proof")
    file = town.folder / "who-looked-proof.json"
    file.write_bytes(hanako.answer.content)
    log = room.ledger.log.signer.key.vkey()
    witness = witness_key(town.street.keys["oversight"].public.signing).vkey()
    words = ("verify", str(file), "--log-key", log, "--witness-key", witness)
    told = typed(*words)
    assert told.code == cli.DONE, told
    assert "記録は1番から1番まで、欠けていません" in told.out
    assert town.people[HANAKO][0] not in file.read_text()
    file.write_bytes(file.read_bytes().replace(MINATO.encode(), b"lg-131041"))
    told = typed(*words)
    assert told.code == cli.FAILED
    assert "1番の記録：公開ログにあるものと違います" in told.out


async def _her_own_data(hanako):
    """What Minato holds about her comes by the core's permit, and Osaka, who knows nobody, is absent."""
    await hanako.open("/mine")
    await hanako.send("/mine", information="local-tax")
    assert "2 の機関に尋ねました" in hanako.page, hanako.page
    assert "東京都港区" in hanako.page
    assert "3,210,000" in hanako.page
    assert "2026-05-31" in hanako.page
    assert "大阪府大阪市" not in hanako.page


async def _after_a_loss(town, hanako):
    """A card that was reported lost opens nothing any more."""
    await town.lose(HANAKO)
    await town.street.deliver()
    await hanako.log_in(pin=PIN)
    assert hanako.status == 403
    assert "card-not-confirmed" in hanako.page
