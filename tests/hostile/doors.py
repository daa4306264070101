"""Every room at work in one process, and how whoever may call a door knocks at it."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime

import attrs
import httpx2
import msgspec
from psycopg import sql

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.door import own_routes
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import PartyKeys, new_master, open_payload, seal_payload
from kumihimo.kernel.message import sign_request
from kumihimo.kernel.sql import Database
from kumihimo.rooms.agency.app import build as build_agency
from kumihimo.rooms.agency.service import Agency
from kumihimo.rooms.cards import api as cards
from kumihimo.rooms.gateway import clients
from kumihimo.rooms.gateway.clients import EVERY_AFFAIR
from kumihimo.rooms.jpki import api as jpki
from kumihimo.rooms.ledger import api as ledger
from kumihimo.rooms.oversight.service import OPERATOR
from kumihimo.rooms.register import api as register
from kumihimo.run.plan import Plan
from kumihimo.run.street import open_street
from tests.federation.street import transport_to
from tests.meta.rooms import rooms_of_messages
from tests.rooms.register.made import attributes, birth, code

MINATO, OSAKA = "lg-131032", "lg-271004"
GATEWAY = "gateway"
# Journals say that one knocked; a quota is spent by knocking.
LEFT_OUT = ["journal", "office_quota", "acquisition_quota", "comparison_quota"]
TABLES = """
SELECT relname AS name FROM pg_class
WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
    AND has_table_privilege(oid, 'SELECT') AND relname <> ALL (%(left_out)s)
"""
PLAN = Plan(
    gateways={GATEWAY: (MINATO, OSAKA)}, assessed=dict.fromkeys((MINATO, OSAKA), date(2026, 1, 1))
)
# OCSP answers everything in its own form (RFC 6960, 2.3): tests/rooms/jpki/domain/test_ocsp.py.
DOORS = [
    (room, path, min(handler.http_methods), handler)
    for room, app in rooms_of_messages().items()
    for path, handler in own_routes(app)
    if path not in {jpki.OCSP_PATH, jpki.OCSP_ADDRESS_PATH}
]
# What is inside the seal, by room and door.
SEALED = {
    ("jpki", jpki.ISSUE_PATH): jpki.IssueCertificates,
    ("register", register.EVENTS_PATH): register.EventBatch,
    ("register", register.DESIGNATE_PATH): register.Designate,
    ("register", register.STRICT_PATH): register.StrictBatch,
    ("register", register.ACQUIRE_PATH): register.AcquireBatch,
    ("register", register.TICKET_PATH): register.DisclosureAsked,
    ("register", register.ABOUT_ME_PATH): register.DisclosureAsked,
    ("register", register.HOLDER_PATH): register.HolderAsked,
    ("register", register.HANDLE_PATH): register.HolderNow,
    ("register", register.DISCLOSE_PATH): register.HolderDiscloses,
    ("register", register.READ_AGAIN_PATH): register.HolderReadsAgain,
    ("register", register.LATEST_PATH): register.LatestAsked,
    ("register", register.LINKS_PATH): register.LinkBatch,
    ("cards", cards.OPEN_PATH): cards.OpenApplication,
    ("cards", cards.PHOTO_PATH): cards.TakePhoto,
    ("cards", cards.SUBMIT_PATH): cards.Submit,
    ("cards", cards.DECIDE_PATH): cards.DecideApplication,
    ("cards", cards.SHOW_PATH): cards.ShowApplication,
    ("cards", cards.HANDLE_PATH): cards.HandleCard,
    ("cards", cards.HOLD_PATH): cards.HoldCard,
    ("cards", cards.END_PATH): cards.EndCard,
    ("cards", cards.FIND_PATH): cards.FindCard,
    ("cards", cards.MISDELIVERY_PATH): cards.ReportMisdelivery,
    ("cards", cards.BEGIN_PATH): cards.BeginSession,
    ("cards", cards.PROVE_PATH): cards.ProveChip,
    ("cards", cards.ROLE_PATH): cards.AskRole,
    ("cards", cards.KEYS_PATH): cards.NewKeys,
    ("cards", cards.COMMIT_PATH): cards.CommitSession,
    ("cards", cards.ABORT_PATH): cards.AbortSession,
}


class Town:
    """A federation with one resident, a business system and a session of hers."""

    def __init__(self, postgres):
        self.loop = asyncio.new_event_loop()
        self.clock = HandClock(datetime(2026, 6, 1, tzinfo=UTC))
        self.bugs = []
        self._opened = AsyncExitStack()
        self.loop.run_until_complete(self._open(postgres))

    async def _open(self, postgres):
        self.street = await open_street(
            PLAN,
            postgres=postgres,
            clock=self.clock,
            entropy=SystemEntropy(),
            report=self._bug,
        )
        self._opened.push_async_callback(self.street.close)
        self.keys = dict(self.street.keys)
        self.http = {}
        self.agency = await self._open_agency(postgres)
        agency = build_agency(self.agency, net=self.street.net, report=self._bug)
        apps = dict(self.street.apps) | {"agency": agency.app}
        for name, app in apps.items():
            client = httpx2.AsyncClient(transport=transport_to(app), base_url="http://room")
            self.http[name] = await self._opened.enter_async_context(client)
        tenant = self.street.tenant(MINATO)
        gateway = self.street.gateways[GATEWAY].gateway
        token = await clients.create(gateway, tenant, "tax", (EVERY_AFFAIR,))
        self.token = token.reveal()
        born = register.EventBatch((birth(1),))
        await self._ask(register.EVENTS_PATH, born, register.EventsTaken)
        asked = register.Designate((code(1),))
        sealed = await self._ask(register.DESIGNATE_PATH, asked, register.Sealed)
        opened = open_payload(
            sealed.payload,
            key=self.street.keys[MINATO].payload,
            context=register.DESIGNATE_PATH.encode(),
        )
        [given] = msgspec.json.decode(opened, type=register.Designations).designated
        asked = register.DisclosureAsked(number=given.number, attributes=attributes(birth(1)))
        ticket = await self._ask(register.TICKET_PATH, asked, register.DisclosureTicket)
        await self.street.deliver()
        opened = await self.http["ledger"].post(
            ledger.SESSIONS_PATH, content=msgspec.json.encode(ticket)
        )
        self.session = opened.json()["token"]

    def _bug(self, where, error):
        self.bugs.append((where, error))

    async def _open_agency(self, postgres):
        """Open the one room of messages that no street has."""
        entropy = SystemEntropy()
        reached = await asyncio.to_thread(
            postgres.room, "agency", ["kumihimo.rooms.agency"], entropy=entropy
        )
        database = Database(reached.runtime, pool_max=2)
        await database.open()
        self._opened.push_async_callback(database.close)
        return Agency(
            database=database,
            keys=PartyKeys("agency", new_master(entropy)),
            book=self.street.book,
            clock=self.clock,
            entropy=entropy,
            in_charge={MINATO: frozenset({"b081"})},
        )

    async def _ask(self, path, question, reply):
        sealed = register.Sealed(self.seal(path, msgspec.json.encode(question)))
        answer, _ = await self.street.caller(MINATO).call("register", path, sealed, reply)
        return answer

    def close(self):
        self.loop.run_until_complete(self._opened.aclose())
        self.loop.close()

    def seal(self, path, content, room="register"):
        to = self.street.keys[room].public.payload
        return seal_payload(content, to=to, context=path.encode())

    def sender(self, handler):
        """Return a party that the door lists as a caller."""
        caller = handler.opt["callers"][0]
        if caller.startswith("institution"):
            return MINATO
        return OPERATOR if caller == "oversight-operator" else caller

    def sealed(self, room, path, content):
        return msgspec.json.encode(register.Sealed(self.seal(path, content, room)))

    def knock(
        self,
        room,
        path,
        method,
        handler,
        body,
        query=None,
        *,
        content_type="application/json",
        known=True,
    ):
        """Send bytes as a caller whom the door knows; returns the answer."""
        recipient = OSAKA if room == GATEWAY else room
        headers = {"content-type": content_type}
        if not known:
            headers["authorization"] = "Bearer nobody"
        elif path.startswith("/v1/"):
            headers["authorization"] = f"Bearer {self.token}"
        elif path.startswith("/my/"):
            headers["authorization"] = f"Bearer {self.session}"
        elif not handler.opt.get("unsigned"):
            headers = sign_request(
                self.keys[self.sender(handler)],
                path=path,
                recipient=recipient,
                body=body,
                at=self.clock.now(),
                entropy=self.street.entropy,
            )
        sent = self.http[room].request(method, path, content=body, headers=headers, params=query)
        return self.loop.run_until_complete(sent)

    async def count_rows(self):
        """Count the rows of every table that is not a journal, in every room."""
        street = self.street
        databases = {
            "register": street.register.register.database,
            "linkage": street.linkage.core.database,
            "jpki": street.jpki.jpki.database,
            "cards": street.cards.cards.database,
            "ledger": street.ledger.ledger.database,
            "oversight": street.oversight.database,
            "agency": self.agency.database,
        }
        found = {}
        for room, database in databases.items():
            found |= await _counted(room, database, "")
        gateway = street.gateways[GATEWAY].gateway.database
        for institution in PLAN.institutions:
            found |= await _counted(institution, gateway, institution)
        return found


@attrs.frozen
class _Table:
    name: str


async def _counted(room, database, institution):
    """Count as the room's own role sees them."""
    async with database.transaction(institution=institution) as tx:
        tables = [t.name for t in await tx.rows(TABLES, {"left_out": LEFT_OUT}, _Table)]
        one = sql.SQL("(SELECT count(*) FROM {})")
        counts = sql.SQL(", ").join(one.format(sql.Identifier(name)) for name in tables)
        cursor = await tx.connection.execute(sql.SQL("SELECT ") + counts)
        row = await cursor.fetchone()
    return dict(zip([(room, name) for name in tables], row, strict=True))
