"""What `demo --keep` leaves of the portal: its pages, and a tray with the mother's card for a reader."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from kumihimo.card.chip import Chip
from kumihimo.kernel.door import Reporter
from kumihimo.kernel.keys import Locker, PartyKeys, new_master
from kumihimo.kernel.sql import Database
from kumihimo.kernel.vouching import Voucher
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.jpki import verifiers
from kumihimo.rooms.jpki.client import VerifierClient
from kumihimo.rooms.oversight.api import PARTY as OVERSIGHT
from kumihimo.rooms.oversight.api import witness_key
from kumihimo.rooms.portal.app import build
from kumihimo.rooms.portal.context import PARTY, Portal
from kumihimo.rooms.portal.helper.app import Helper
from kumihimo.rooms.portal.helper.portals import Portals
from kumihimo.rooms.portal.helper.tray import Tray
from kumihimo.rooms.portal.identity import JpkiIdentity
from kumihimo.rooms.portal.ledger_door import LedgerDoor
from kumihimo.run.demo_card import SECRETS
from kumihimo.run.demo_stage import Demo
from kumihimo.run.loopback import HOST, free_port, served

PORTAL_PORT: Final = 8410
HELPER_PORT: Final = 8499
MOTHER: Final = "母親のカード the mother's card"
ROLE: Final = "disclosure_portal"
_CONNECTIONS: Final = 4


@asynccontextmanager
async def portal_open(demo: Demo, chip: Chip, report: Reporter) -> AsyncGenerator[str]:
    """Serve the portal and a card tray on loopback while the block runs; yields its address."""
    street = demo.street
    keys = PartyKeys(PARTY, new_master(street.entropy))
    token = await verifiers.register(
        street.jpki.jpki, PARTY, [ROLE], payload_key=keys.public.payload
    )
    reached = demo.postgres.room(PARTY, ["kumihimo.rooms.portal"], entropy=street.entropy)
    database = Database(reached.runtime, pool_max=_CONNECTIONS).vouched(Voucher.of(keys))
    await database.open()
    ports = free_port(PORTAL_PORT), free_port(HELPER_PORT)
    origin, beside = (f"http://{HOST}:{port}" for port in ports)
    portal = _portal(demo, keys, token, database, origin)
    tray = Tray({MOTHER: chip}, inside=MOTHER)
    helper = Helper(
        reader=tray,
        portals=Portals([origin]),
        entropy=street.entropy,
        report=report,
        tray=tray,
    )
    room = build(portal, report=report, helper=beside)
    try:
        async with served(room.app, ports[0]), served(helper.application(), ports[1]):
            yield origin
    finally:
        await portal.ledger.close()
        await database.close()


def _portal(
    demo: Demo, keys: PartyKeys, token: Withheld[str], database: Database, origin: str
) -> Portal:
    street = demo.street
    return Portal(
        database=database,
        keys=keys,
        locker=Locker.of(keys.secret("columns"), street.entropy),
        identity=JpkiIdentity(VerifierClient(demo.addresses["jpki"], token)),
        ledger=LedgerDoor(demo.addresses["ledger"]),
        origin=origin,
        clock=street.clock,
        entropy=street.entropy,
    )


def tell_of_portal(demo: Demo, origin: str) -> None:
    """Say where the portal is, and what to type there."""
    teller, pin = demo.teller, SECRETS["auth"].reveal()
    teller.say(
        f"ポータル（だれが私の情報を見たか）：{origin}　暗証番号は {pin}。カードはもうリーダーにある。",
        f"The portal (who looked at my data): {origin} . The PIN is {pin}; the card is in its reader.",
    )
    ledger = demo.street.ledger.ledger.log.signer.key.vkey()
    witness = witness_key(demo.street.keys[OVERSIGHT].public.signing).vkey()
    teller.say(
        "そこで受け取った「証明つきの記録」を、台帳と監督機関の公開鍵で確かめる：",
        "Check the records with their proof, taken there, by the public keys of ledger and oversight:",
    )
    teller.plain(
        "",
        f"./kumihimo verify who-looked-proof.json --log-key {ledger} --witness-key {witness}",
        "",
    )
