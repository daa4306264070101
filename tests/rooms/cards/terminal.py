"""A terminal with the console, a reader into which cards are put, and a browser without script."""

from contextlib import contextmanager
from typing import Any

import httpx2

from kumihimo.card.portraits import portrait
from kumihimo.card.readers import NoCard
from kumihimo.kernel.entropy import SeededEntropy
from kumihimo.pages.officers import Officers, Passcode
from kumihimo.rooms.cards.pages.console import Console
from kumihimo.rooms.cards.pages.screens import build
from tests.rooms.cards.forms import form_of
from tests.rooms.cards.house import MemoryNotes
from tests.rooms.register.made import MINATO

CODES = {"officer-1": "correct horse", "officer-2": "battery staple"}


class Slot:
    """The reader: a card is in it, or not."""

    def __init__(self):
        self.transmit: Any = None

    def there(self):
        return self.transmit is not None

    @contextmanager
    def card(self):
        if self.transmit is None:
            raise NoCard
        yield self.transmit


class Terminal:
    def __init__(self, house, office=MINATO):
        self.slot = Slot()
        self.notes = MemoryNotes()
        passcodes = {name: Passcode.of(code, name.encode()) for name, code in CODES.items()}
        self.console = Console.of(
            centre=house.centre(office),
            reader=self.slot,
            notes=self.notes,
            officers=Officers(passcodes),
            clock=house.clock,
            entropy=house.entropy,
            terminal="terminal-1",
        )
        self.app: Any = build(self.console, house._bug)
        transport: Any = httpx2.ASGITransport(self.app)
        self.browser = httpx2.AsyncClient(
            transport=transport, base_url="http://counter", follow_redirects=True
        )
        self.page = ""
        self.addresses = []

    async def open(self, path):
        return self._see(await self.browser.get(path))

    async def send(self, path, fields=None, *, photo=None, **more):
        """Fill in a form of the page that is open, and send it."""
        data = form_of(self.page, path).filled((fields or {}) | more)
        return await self.post(path, data, photo)

    async def post(self, path, data, photo=None):
        """Send whatever, as no page of ours would."""
        files = {"photo": ("photo", photo, "image/jp2")} if photo is not None else None
        return self._see(await self.browser.post(path, data=data, files=files))

    async def do(self, path, fields=None, **more):
        """Open a page, fill in its form, and send it."""
        await self.open(path)
        return await self.send(path, fields, **more)

    def _see(self, answer):
        self.answer, self.page = answer, answer.text
        self.addresses += [str(one.url) for one in (*answer.history, answer)]
        return answer

    async def sign_in(self, officer="officer-1", passcode=None):
        await self.open("/sign-in")
        code = CODES[officer] if passcode is None else passcode
        return await self.send("/sign-in", officer=officer, passcode=code)

    async def apply(self, number, written, seed="face", **form):
        await self.do("/apply", {"number": number, **four(written)})
        await self.send("/apply/photo", photo=portrait(SeededEntropy(seed)))
        return await self.send("/apply/form", form)

    def insert(self, chip):
        self.slot.transmit = chip.process


def four(written):
    """Return the four attributes as they are typed."""
    return {
        "name": written.name,
        "birth": written.birth,
        "sex": written.sex,
        "address": written.address,
    }


def twice(fields):
    """Return fields with each PIN among them typed a second time."""
    again = {f"{name}-again": one for name, one in fields.items() if name.startswith("pin-")}
    return {f: one for f, one in again.items() if not f.endswith("-again-again")} | fields
