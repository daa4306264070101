"""The rooms under simulation: the real ones, with seeded entropy, a hand-moved clock and restarts.

A room that stops loses everything that it held in memory; its database stays.
"""

import threading
from datetime import timedelta

import attrs

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SeededEntropy
from kumihimo.rooms.ledger.app import build as build_ledger
from kumihimo.rooms.ledger.witnessed import Fetching
from kumihimo.rooms.linkage.app import build as build_linkage
from kumihimo.rooms.linkage.app import domain_keys
from kumihimo.rooms.oversight.app import build as build_oversight
from kumihimo.rooms.oversight.service import Oversight
from kumihimo.rooms.register import api as register
from kumihimo.rooms.register.app import build as build_register
from tests.federation.street import MINATO, NAGOYA, OSAKA, START, Street, transport_to
from tests.federation.test_register_and_core import ask, open_register
from tests.rooms.register.made import birth, code
from tests.simulation.disk import Disk, Stopped
from tests.simulation.net import FaultyTransport

INSTITUTIONS = (MINATO, OSAKA, NAGOYA)
OUTSIDER = "mext"  # takes part, but no row of the list lets anybody ask it here
PERSONS = 6


class Hands(HandClock):
    def tick(self, seconds):
        self.advance(timedelta(seconds=seconds))


class Stream:
    """A seeded stream that threads may share: no two ever draw the same bytes."""

    def __init__(self, seed):
        self._entropy = SeededEntropy(seed)
        self._lock = threading.Lock()

    def bytes(self, size):
        with self._lock:
            return self._entropy.bytes(size)


class Federation(Street):
    def __init__(self, seed):
        super().__init__()
        self.clock = Hands(START)
        self.entropy = Stream(f"simulation {seed}")
        self.transport = FaultyTransport(seed, self.clock, self.restart)
        self.numbers = []
        self.restarts = 0

    async def begin(self, new_room):
        self.party(OUTSIDER)
        await self.start(new_room)
        register_name, self.register_room = await open_register(self, new_room)
        oversight_name, reached = new_room("oversight")
        database = await self._open(reached)
        self.oversight = Oversight(database, self.keys["oversight"], self.book, self.clock)
        self.restart("oversight")
        self.fetching = Fetching(self.ledger.ledger, self.ledger.caller)
        self.names = {
            "register": register_name,
            "linkage": self.linkage_name,
            "ledger": self.ledger_name,
            "oversight": oversight_name,
        } | {name: self.gateways[name][1] for name in INSTITUTIONS}
        for party, disk in self.disks_of.items():
            disk.party = party
        births = register.EventBatch(tuple(birth(who) for who in range(PERSONS)))
        await ask(self, MINATO, register.EVENTS_PATH, births, register.EventsTaken)
        asked = register.Designate(tuple(code(who) for who in range(PERSONS)))
        given = await ask(self, MINATO, register.DESIGNATE_PATH, asked, register.Designations)
        self.numbers = [one.number for one in given.designated]

    async def _open(self, reached):
        database = Disk(reached.runtime, pool_max=4, disks=self.transport.disks)
        await database.open()
        self.databases.append(database)
        return database

    def _bug(self, where, error):
        """Note a room's mistake; one that stopped while it was being asked is started again.

        Of those who send while they are being asked, which is for the log, the core is one.
        """
        if isinstance(error, Stopped):
            self.stopped(error.party or "linkage")
        else:
            super()._bug(where, error)

    def room(self, institution):
        return self.gateways[institution][0]

    def stopped(self, party):
        """Start a room again that stopped; whoever waits for it gets no answer."""
        self.transport.stops[party] += 1
        self.restart(party)

    def restart(self, party):
        """Stop a room and start it again on the database it had."""
        self.restarts += 1
        if party == "linkage":
            core = attrs.evolve(self.linkage.core, domain_keys=domain_keys(self.keys[party]))
            self.linkage = build_linkage(core, book=self.book, net=self.net, report=self._bug)
            app = self.linkage.app
        elif party == "ledger":
            ledger = self.ledger.ledger
            self.ledger = build_ledger(ledger, book=self.book, net=self.net, report=self._bug)
            self.fetching = Fetching(ledger, self.ledger.caller)
            app = self.ledger.app
        elif party == "register":
            room = self.register_room
            self.register_room = build_register(
                room.register, book=self.book, net=self.net, report=self._bug
            )
            app = self.register_room.app
        elif party == "oversight":
            self.oversight_room = build_oversight(
                self.oversight, entropy=self.entropy, report=self._bug
            )
            app = self.oversight_room.app
        elif party in self.gateways:
            # Its door remembers nothing, and to build one takes longer than all else in a step.
            room, name = self.gateways[party]
            self.gateways[party] = (attrs.evolve(room, anchors=attrs.evolve(room.anchors)), name)
            return
        else:
            return
        self.transport.apps[party] = transport_to(app)

    @property
    def outboxes(self):
        return {
            "register": self.register_room.outbox,
            "linkage": self.linkage.outbox,
            "ledger": self.ledger.outbox,
        } | {name: self.room(name).outbox for name in INSTITUTIONS}

    @property
    def anchors(self):
        """Return what holds each room's journal against the log."""
        return {
            "register": self.register_room.anchors,
            "linkage": self.linkage.anchors,
            "ledger": self.ledger.anchors,
            "oversight": self.oversight_room.anchors,
        } | {name: self.room(name).anchors for name in INSTITUTIONS}

    @property
    def disks_of(self):
        found = {party: self.databases_of[party] for party in self.names}
        return {party: disk for party, disk in found.items() if isinstance(disk, Disk)}

    @property
    def databases_of(self):
        return {
            "register": self.register_room.register.database,
            "linkage": self.linkage.core.database,
            "ledger": self.ledger.ledger.database,
            "oversight": self.oversight.database,
        } | {name: self.room(name).gateway.database for name in INSTITUTIONS}
