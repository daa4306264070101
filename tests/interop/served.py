"""Rooms as processes, a resident of theirs with a card over the counter, and a registered verifier."""

import asyncio
import hashlib
import time
from contextlib import contextmanager
from datetime import date

import attrs
import msgspec

from kumihimo.card import applications as ap
from kumihimo.card import keeping, terminal
from kumihimo.card.applications import JPKI
from kumihimo.card.carriers import card_in
from kumihimo.card.chip import Chip
from kumihimo.card.memory import Volatile
from kumihimo.card.portraits import portrait
from kumihimo.kernel.clock import SystemClock, legal_day
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import Locker, open_payload, seal_payload
from kumihimo.kernel.postgres import EmbeddedPostgres
from kumihimo.kernel.settings import load
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.cards import api
from kumihimo.rooms.cards.counter import Centre, Counter, Visitor
from kumihimo.rooms.cards.domain.pins import PinKind
from kumihimo.rooms.cards.notes import FileNotes
from kumihimo.rooms.cards.tray import FolderTray, passphrase
from kumihimo.rooms.jpki import forms, verifiers
from kumihimo.rooms.jpki.client import VerifierClient
from kumihimo.rooms.jpki.settings import Settings as JpkiSettings
from kumihimo.rooms.register import api as register
from kumihimo.run.federation import prepare
from kumihimo.run.plan import Plan
from tests.databases import server_folder
from tests.interop.desk import AUTH_PIN, SIGN_PIN
from tests.rooms.register.made import MINATO, OSAKA, attributes, birth, code, event

ROOMS = ("oversight", "register", "jpki", "cards")
VERIFIER = "test-office"
IN_TIME_S = 60  # what is promised of a move, and a bound for a machine that is busy
OSAKA_ADDRESS = "大阪府大阪市北区中之島一丁目3番20号"
FILES = {
    "auth": (ap.AUTH_PIN, ap.AUTH_KEY, ap.AUTH_CERTIFICATE),
    "sign": (ap.SIGN_PIN, ap.SIGN_KEY, ap.SIGN_CERTIFICATE),
}
PINS: dict[PinKind, Withheld[str]] = {
    "auth": Withheld(AUTH_PIN),
    "sign": Withheld(SIGN_PIN),
    "register": Withheld(AUTH_PIN),
    "text": Withheld(AUTH_PIN),
}


@attrs.frozen(kw_only=True)
class CardHolder:
    """A resident with her card: what is in it, and its chip."""

    who: int
    card: str
    contents: dict[str, bytes]
    chip: Chip


def shown(holder, ca):
    """Return what a program with the holder's card in its reader shows to a verifier."""
    pin, key, certificate = FILES[ca]
    digest = hashlib.sha256(b"I agree").digest()
    info = bytes.fromhex("3031300d060960864801650304020105000420") + digest
    transmit = holder.chip.process
    terminal.select(transmit, JPKI)
    terminal.verify(transmit, pin, Withheld(PINS[ca].reveal().encode()))
    return forms.Verify(
        certificate=terminal.read_file(transmit, certificate),
        hash_algorithm="sha256",
        digest=digest,
        signature=terminal.sign(transmit, key, info),
    )


class Rooms:
    """The rooms of a card's life, each a process with a database of its own."""

    def __init__(self, federation, token):
        self.federation = federation
        self.clock, self.entropy = SystemClock(), SystemEntropy()
        self.token = token
        self.people = 0

    @property
    def jpki(self):
        return self.federation.address_of("jpki")

    def verifier(self):
        return VerifierClient(self.jpki, self.token)

    def act(self, story, office=MINATO):
        """Run a story with an office's voice over HTTP."""

        async def whole():
            net = self.federation.net()
            try:
                caller = self.federation.caller(office, net, self.clock, self.entropy)
                return await story(caller, Centre(caller, self.federation.book))
            finally:
                await net.close()

        return asyncio.run(whole())

    def tell_register(self, *events, office=MINATO):
        """Send events, as a municipality does; returns when register has them."""
        batch = register.EventBatch(events)

        async def story(caller, _):
            sealed = self._sealed(batch, register.EVENTS_PATH)
            path = register.EVENTS_PATH
            await caller.call("register", path, sealed, register.EventsTaken)

        self.act(story, office)

    def moves(self, holder):
        """Let a holder move to another city."""
        place = {"address": OSAKA_ADDRESS, "municipality": OSAKA.removeprefix("lg-")}
        self.tell_register(
            event("move-in", holder.who, legal_day(self.clock.now()), **place), office=OSAKA
        )

    def holder(self):
        """Let somebody be registered and get her card over the counter."""
        self.people += 1
        born = birth(self.people)
        self.tell_register(born)
        return self.act(lambda caller, centre: self._card(caller, centre, self.people, born))

    async def _card(self, caller, centre, who, born):
        number = await self._number(caller, who)
        application = new_id(self.entropy)
        asked = api.OpenApplication(
            application=application, number=number, attributes=attributes(born)
        )
        await centre.ask(api.OPEN_PATH, asked, api.OpenedApplication)
        photo = api.TakePhoto(application=application, photo=portrait(self.entropy))
        await centre.ask(api.PHOTO_PATH, photo, api.PhotoTaken)
        form = api.Submit(application=application, channel="counter")
        await centre.ask(api.SUBMIT_PATH, form, api.Application)
        show, made = api.ShowApplication(application=application), ""
        deadline = time.monotonic() + IN_TIME_S
        while not made:
            made = (await centre.ask(api.SHOW_PATH, show, api.Application)).card
            assert time.monotonic() < deadline, "no card was made in time"
            await asyncio.sleep(0.1)
        card = await centre.ask(api.FIND_PATH, api.FindCard(card=made), api.CardShown)
        for step in ("ship", "notify"):
            asked = api.HandleCard(card=made, event=step, officer="officer-1")
            await centre.ask(api.HANDLE_PATH, asked, api.CardAfter)
        memory = Volatile(self._taken(card.serial))
        chip = Chip(card_in(memory), memory, entropy=self.entropy)
        visitor = Visitor(
            officer="officer-1",
            second_officer="officer-2",
            papers=("driving-licence",),
            form=card.form,
        )
        ended = await self._counter(centre, chip).act("activate", visitor, secrets=PINS)
        assert ended.state == "active"
        return CardHolder(who=who, card=made, contents=memory.contents, chip=chip)

    async def _number(self, caller, who):
        path = register.DESIGNATE_PATH
        sealed = self._sealed(register.Designate((code(who),)), path)
        answer, _ = await caller.call("register", path, sealed, register.Sealed)
        opened = open_payload(answer.payload, key=caller.keys.payload, context=path.encode())
        return msgspec.json.decode(opened, type=register.Designations).designated[0].number

    def seen_at(self, office, holder):
        """Return the holder's card as a counter sees it that has it in its reader."""
        return self.act(lambda _, centre: self._counter(centre, holder.chip).find(), office)

    def _counter(self, centre, chip):
        return Counter(
            centre=centre,
            transmit=chip.process,
            notes=FileNotes(self.federation.folder / "notes"),
            entropy=self.entropy,
            name="terminal-1",
        )

    def _taken(self, serial):
        """Return what is in a new card, and take it out of the maker's tray."""
        keys, municipality = self.federation.keys["cards"], MINATO.removeprefix("lg-")
        made = Locker.of(keys.secret("made"), self.entropy)
        tray = FolderTray(self.federation.folder / "tray", keys, made, self.entropy)
        path = tray.path(serial, municipality=municipality)
        secret = passphrase(keys, municipality)
        with keeping.opened(path, secret, entropy=self.entropy) as kept:
            contents = dict(kept._contents)
        path.unlink()
        return contents

    def _sealed(self, question, path):
        to = self.federation.keys["register"].public.payload
        payload = msgspec.json.encode(question)
        return register.Sealed(seal_payload(payload, to=to, context=path.encode()))


@contextmanager
def served():
    """Serve the rooms until the block ends."""
    entropy, clock = SystemEntropy(), SystemClock()
    with server_folder() as folder:
        server = EmbeddedPostgres.start(folder / "postgres", entropy=entropy, durable=False)
        plan = Plan(
            gateways={"gateway": [MINATO, OSAKA]},
            assessed=dict.fromkeys((MINATO, OSAKA), date(2025, 4, 1)),
        )
        found = prepare(folder / "rooms", plan, postgres=server, clock=clock, entropy=entropy)
        started = [found.rooms[room] for room in ROOMS]
        try:
            for room in started:
                room.start()
            token = asyncio.run(_register_verifier(found, clock, entropy))
            for room in started:
                room.wait()
            yield Rooms(found, token)
        finally:
            found.stop()
            server.stop()


async def _register_verifier(federation, clock, entropy):
    config = federation.rooms["jpki"].settings
    jpki = load(config, JpkiSettings).jpki(
        beside=config, book=federation.book, clock=clock, entropy=entropy
    )
    await jpki.database.open()
    try:
        return await verifiers.register(jpki, VERIFIER, ["platform_operator"])
    finally:
        await jpki.database.close()
