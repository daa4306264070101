"""A terminal with the console, a reader into which cards are put, and a browser without script."""

import re
from typing import Any

import httpx2

from kumihimo.card.portraits import portrait
from kumihimo.kernel.entropy import SeededEntropy
from kumihimo.rooms.cards.pages.console import Console
from kumihimo.rooms.cards.pages.screens import build
from kumihimo.rooms.cards.pages.shifts import Officers, Passcode
from tests.rooms.cards.house import MemoryNotes
from tests.rooms.register.made import MINATO

CODES = {"officer-1": "correct horse", "officer-2": "battery staple"}


class Slot:
    """The reader: a card is in it, or not."""

    def __init__(self):
        self.transmit: Any = None

    def card(self):
        return self.transmit


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
        app: Any = build(self.console)
        transport: Any = httpx2.ASGITransport(app)
        self.browser = httpx2.AsyncClient(
            transport=transport, base_url="http://counter", follow_redirects=True
        )
        self.page = ""
        self.addresses = []

    async def open(self, path):
        return self._see(await self.browser.get(path))

    async def send(self, path, fields=None, *, photo=None, **more):
        """Send a form of the page that is open."""
        token = re.search(r'name="form_token" value="([^"]+)"', self.page)
        assert token is not None
        data = {"form_token": token[1], **(fields or {}), **more}
        files = {"photo": ("photo", photo, "image/jp2")} if photo is not None else None
        return self._see(await self.browser.post(path, data=data, files=files))

    def _see(self, answer):
        self.answer, self.page = answer, answer.text
        self.addresses += [str(one.url) for one in (*answer.history, answer)]
        return answer

    async def sign_in(self, officer="officer-1", passcode=None):
        await self.open("/sign-in")
        code = CODES[officer] if passcode is None else passcode
        return await self.send("/sign-in", officer=officer, passcode=code)

    async def apply(self, number, written, seed="face"):
        await self.open("/apply")
        four = {"name": written.name, "birth": written.birth}
        four |= {"sex": written.sex, "address": written.address}
        await self.send("/apply", number=number, **four)
        await self.send("/apply/photo", photo=portrait(SeededEntropy(seed)))
        return await self.send("/apply/form", kind="standard", replaces="")

    def insert(self, chip):
        self.slot.transmit = chip.process
