"""An office: the rooms that a card needs as processes, its counter as a process, cards, a reader.

The chip is a process of its own, too: it holds the card's file and the slot of a PC/SC reader.
"""

import asyncio
import os
import re
import select
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import httpx2
import msgspec

from kumihimo.card.portraits import portrait
from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SeededEntropy, SystemEntropy
from kumihimo.kernel.keys import open_payload, seal_payload
from kumihimo.kernel.postgres import EmbeddedPostgres
from kumihimo.kernel.settings import environment_with
from kumihimo.rooms.register import api as register
from kumihimo.run.federation import prepare
from kumihimo.run.loopback import free_port
from kumihimo.run.plan import Plan
from tests.databases import server_folder
from tests.rooms.cards.forms import form_of
from tests.rooms.cards.terminal import CODES, four
from tests.rooms.register.made import MINATO, attributes, birth

KUMIHIMO = (sys.executable, "-m", "kumihimo")
ROOMS = ("oversight", "register", "jpki", "cards")
IN_TIME_S = 90
LINE_BYTES = 3  # an instruction in hexadecimal, and the end of the line
# The chip's process: a card's file in a slot, each command told by a line, until it is ended.
CHIP = """
import socket, sys
from pathlib import Path
from kumihimo.card import keeping, vpcd
from kumihimo.card.carriers import card_in
from kumihimo.card.chip import Chip
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.withheld import Withheld
path, passphrase, handle = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
entropy = SystemEntropy()
secret = Withheld(passphrase.read_bytes().strip())
with keeping.opened(path, secret, entropy=entropy) as memory:
    chip = Chip(card_in(memory), memory, entropy=entropy)
    connection = socket.socket(fileno=handle)
    told = lambda command, answer: print(command[1:2].hex(), flush=True)
    with vpcd.Inserted(chip, connection, told=told) as inserted:
        print("seen", inserted.seen(60), flush=True)
        inserted.wait()
"""


def said(*command, **variables):
    """Run a command of ours that must succeed; returns what it printed."""
    done = subprocess.run(
        [*KUMIHIMO, *map(str, command)],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=environment_with(**variables),
        timeout=IN_TIME_S,
    )
    assert done.returncode == 0, done
    return done.stdout


def secret_file(path, content):
    path.touch(mode=0o600)
    path.write_text(content)
    return path


@attrs.define
class Counter:
    """The counter as a process, and a browser in which an officer works."""

    process: Any
    address: str
    log: Path
    browser: httpx2.Client
    page: str = ""

    @classmethod
    def start(cls, config, *options, log, **variables):
        with log.open("a") as stderr:
            process = subprocess.Popen(
                [*KUMIHIMO, "counter", "run", "--config", str(config), *map(str, options)],
                stdout=subprocess.PIPE,
                stderr=stderr,
                stdin=subprocess.DEVNULL,
                text=True,
                env=environment_with(**variables),
            )
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith("ready: counter on "), (line, log.read_text())
        address = line.split()[-1]
        browser = httpx2.Client(
            base_url=address, follow_redirects=True, trust_env=False, timeout=IN_TIME_S
        )
        return cls(process, address, log, browser)

    def open(self, path):
        return self._see(self.browser.get(path))

    def send(self, path, fields=None, *, photo=None, **more):
        """Fill in a form of the page that is open, and send it."""
        data = form_of(self.page, path).filled((fields or {}) | more)
        files = {"photo": ("photo", photo, "image/jp2")} if photo is not None else None
        return self._see(self.browser.post(path, data=data, files=files))

    def do(self, path, fields=None, **more):
        self.open(path)
        return self.send(path, fields, **more)

    def _see(self, answer):
        self.page = answer.text
        return answer

    def sign_in(self, officer="officer-1"):
        return self.do("/sign-in", officer=officer, passcode=CODES[officer])

    def kill(self):
        self.process.kill()
        self.stop()

    def stop(self):
        self.browser.close()
        self.process.terminate()
        self.process.wait(IN_TIME_S)
        self.process.stdout.close()


@attrs.define
class Office:
    """Everything of one office; `run` it with `opened`."""

    federation: Any
    folder: Path
    server: Any
    people: int = 0

    @property
    def config(self):
        return self.folder / "counter.toml"

    @property
    def passphrase(self):
        return self.folder / "tray.pass"

    def cards(self):
        """Return the files of new cards, the newest last."""
        found = self.federation.folder / "tray" / MINATO.removeprefix("lg-")
        return sorted(found.glob("*.card"), key=lambda path: path.stat().st_mtime_ns)

    def settle(self):
        """Write the counter's settings, let two officers in, take the passphrase of the tray."""
        rooms, folder = self.federation.rooms, self.federation.folder
        peers = "".join(f'{name} = "{rooms[name].address}"\n' for name in ("oversight", "cards"))
        pin = self.federation.keys["oversight"].public.signing.hex()
        self.config.write_text(
            f'listen = "127.0.0.1:{free_port()}"\noffice = "{MINATO}"\n'
            f'key = "{folder / MINATO}.key"\nofficers = "officers"\nnotes = "notes"\n'
            f'terminal = "terminal-1"\noversight_key = "{pin}"\n[peers]\n{peers}'
        )
        for name, code in CODES.items():
            file = secret_file(self.folder / f"{name}.pass", code)
            said("counter", "officer", name, "--config", self.config, "--passcode-file", file)
        secret = said("cards", "passphrase", MINATO, "--config", rooms["cards"].settings)
        secret_file(self.passphrase, secret)

    def ask_register(self, path, question, reply, *, sealed=True):
        keys = self.federation.keys

        async def whole():
            net, context = self.federation.net(), path.encode()
            try:
                payload = msgspec.json.encode(question)
                to = keys["register"].public.payload
                asked = register.Sealed(seal_payload(payload, to=to, context=context))
                caller = self.federation.caller(MINATO, net, SystemClock(), SystemEntropy())
                form = register.Sealed if sealed else reply
                answer: Any = (await caller.call("register", path, asked, form))[0]
            finally:
                await net.close()
            if not sealed:
                return answer
            opened = open_payload(answer.payload, key=keys[MINATO].payload, context=context)
            return msgspec.json.decode(opened, type=reply)

        return asyncio.run(whole())

    def resident(self, **written):
        """Let somebody live in the municipality; returns her number and attributes."""
        self.people += 1
        one = birth(self.people, **written)
        batch = register.EventBatch((one,))
        self.ask_register(register.EVENTS_PATH, batch, register.EventsTaken, sealed=False)
        asked = register.Designate((one.resident_code,))
        given = self.ask_register(register.DESIGNATE_PATH, asked, register.Designations)
        return given.designated[0].number, attributes(one)

    def apply(self, counter, number, written, **form):
        """Apply on the pages; returns the application id."""
        counter.do("/apply", {"number": number, **four(written)})
        counter.send("/apply/photo", photo=portrait(SeededEntropy(number)))
        counter.send("/apply/form", form)
        found = re.search(r"申請書ID ([0-9]{23})", counter.page)
        assert found, counter.page
        return found[1]


def new_card(office, counter, **form):
    """Apply on the pages; returns the application id and the file of the card, once it is made."""
    before = set(office.cards())
    application = office.apply(counter, *office.resident(), **form)
    end = time.monotonic() + IN_TIME_S
    while not (made := set(office.cards()) - before):
        assert time.monotonic() < end, "no card was made"
        time.sleep(0.2)
    return application, made.pop()


@contextmanager
def opened():
    """Run an office: its rooms and database as processes."""
    entropy, clock = SystemEntropy(), SystemClock()
    with server_folder() as folder:
        server = EmbeddedPostgres.start(folder / "postgres", entropy=entropy, durable=False)
        plan = Plan(gateways={"gateway": [MINATO]}, assessed={MINATO: date(2025, 4, 1)})
        found = prepare(folder / "rooms", plan, postgres=server, clock=clock, entropy=entropy)
        try:
            for room in ROOMS:
                found.rooms[room].start()
            for room in ROOMS:
                found.rooms[room].wait()
            office = Office(found, folder, server)
            office.settle()
            yield office
        finally:
            found.stop()
            server.stop()


@attrs.define
class Inserted:
    """A card in a slot, by a process of its own; `commands` counts what came."""

    process: Any

    def after(self, commands, over):
        """Wait until so many commands have come, or until `over` says that no more will."""
        while commands:
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                os.read(self.process.stdout.fileno(), LINE_BYTES)
                commands -= 1
            elif over():
                return

    def catch_up(self):
        """Read what it has told so far, so that `after` counts from now."""
        while select.select([self.process.stdout], [], [], 0.1)[0]:
            assert os.read(self.process.stdout.fileno(), LINE_BYTES)

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@contextmanager
def inserted(reader, path, passphrase, *, at=0):
    """Put a card's file into a slot of a reader until the block ends."""
    found = insert(reader, path, passphrase, at=at)
    try:
        yield found
    finally:
        found.end()


def insert(reader, path, passphrase, *, at=0):
    """Put a card's file into a slot; programs have seen it when this returns."""
    with reader.connect(at) as connection:
        process = subprocess.Popen(
            [sys.executable, "-c", CHIP, str(path), str(passphrase), str(connection.fileno())],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            pass_fds=(connection.fileno(),),
        )
    assert process.stdout
    line = process.stdout.readline()
    while line and not line.startswith("seen"):
        line = process.stdout.readline()  # somebody was quick
    found = Inserted(process)
    if line != "seen True\n":
        found.end()
        raise AssertionError(line)
    return found
