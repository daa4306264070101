"""Centre, counter and chip are processes, and one of them is killed in the middle of a handing over.

Whichever it was and wherever: the officer does the same once more, and the three agree. No PIN is
blocked. `tests/rooms/cards/test_cuts.py` cuts at every single point, in one process.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx2
import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
)

from kumihimo.card import keeping
from kumihimo.card.applications import (
    AUTH_CERTIFICATE,
    AUTH_KEY,
    JPKI,
    SIGN_CERTIFICATE,
    SIGN_KEY,
)
from kumihimo.card.memory import slot
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.cards.notes import FileNotes, unfinished
from tests.interop.office import Counter, insert, new_card, opened
from tests.rooms.cards.knife import pins_of
from tests.rooms.cards.test_console import PINS, SECOND, TYPED

HERE = {"present": "yes", "papers": "passport"}
# Who is killed, and how many commands the chip has answered then; a handing over has about fifty.
DEATHS = (
    ("centre", 5),
    ("centre", 27),
    ("counter", 16),
    ("counter", 38),
    ("chip", 5),
    ("chip", 27),
    ("chip", 38),
)


@pytest.fixture(scope="module")
def office():
    with opened() as found:
        yield found


class Scene:
    """An office with one card in its reader; what was killed is started again."""

    def __init__(self, office, desk):
        self.office, self.desk, self.reader = office, desk, desk.reader
        self.counter = self._counter()
        self.application, self.path = new_card(office, self.counter)
        self.chip = insert(self.reader, self.path, office.passphrase)
        for step in ("ship", "notify"):
            self.page("/way", step=step)

    def _counter(self):
        options, log = ("--reader=Kumihimo 00 00",), self.office.folder / "counter.log"
        found = Counter.start(self.office.config, *options, log=log, **self.reader.variables)
        found.sign_in()
        return found

    def page(self, path, fields=None, **more):
        self.counter.do(path, fields, **more)
        assert "できませんでした" not in self.counter.page, self.counter.page

    def hand_over(self):
        """Do it as far as it goes; the browser may lose its counter on the way."""
        with suppress(httpx2.TransportError):
            self.counter.send("/hand-over", PINS | SECOND | HERE, form=self.application)

    def kill(self, victim):
        match victim:
            case "centre":
                self.office.federation.rooms["cards"].kill()
            case "counter":
                self.counter.process.kill()
            case _:
                self.chip.process.kill()

    def again(self, victim):
        match victim:
            case "centre":
                self.office.federation.restart("cards")
            case "counter":
                self.counter.stop()
                self.counter = self._counter()
            case _:
                self.take_out()
                self.put_in()

    def take_out(self):
        self.chip.end()
        self.desk.until(0, "No")

    def put_in(self):
        self.chip = insert(self.reader, self.path, self.office.passphrase)

    def cut(self, victim, commands):
        """Kill while the card is handed over, when the chip has answered so many commands."""
        self.counter.open("/hand-over")
        self.chip.catch_up()
        with ThreadPoolExecutor(1) as thread:
            doing = thread.submit(self.hand_over)
            self.chip.after(commands, doing.done)
            self.kill(victim)
            doing.result()
        self.again(victim)

    def told(self, query):
        with psycopg.connect(self.office.server.admin("kumihimo_cards").reveal()) as connection:
            return [row[0] for row in connection.execute(query.encode()).fetchall()]

    def finish(self):
        """Let the officer do what is left to do."""
        if self.told("SELECT state FROM card ORDER BY made_on, card") != ["active"]:
            self.page("/hand-over", PINS | SECOND | HERE, form=self.application)
        while 'name="session"' in self.counter.open("/unfinished").text:
            self.page("/unfinished")

    def check(self):
        """Centre, notes and chip agree, and the card works."""
        assert self.told("SELECT state FROM card") == ["active"]
        phases = set(self.told("SELECT phase FROM counter_session"))
        assert phases <= {"committed", "aborted"}
        assert unfinished(FileNotes(self.office.folder / "notes")) == {}
        self.take_out()
        secret = Withheld(self.office.passphrase.read_bytes().strip())
        with keeping.opened(self.path, secret, entropy=SystemEntropy()) as memory:
            for (_, kind), (value, left, limit) in pins_of(memory).items():
                assert value == TYPED[f"pin-{kind}"].upper().encode(), kind
                assert left == limit, kind
            for key, certificate in ((AUTH_KEY, AUTH_CERTIFICATE), (SIGN_KEY, SIGN_CERTIFICATE)):
                assert spki_of_key(memory, key) == spki_of_certificate(memory, certificate)
        self.put_in()

    def take_back(self):
        """Let the card wait again, to be handed over with new keys."""
        self.page("/misdelivery", SECOND, step="open", kind="wrong-person")
        for step in ("take-back", "close"):
            self.page("/misdelivery", SECOND, step=step)
        self.page("/way", step="notify")

    def stop(self):
        self.chip.end()
        self.counter.stop()


def spki(public):
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def spki_of_key(memory, fid):
    return spki(load_der_private_key(memory.read(slot(JPKI.name, fid)), None).public_key())


def spki_of_certificate(memory, fid):
    certificate = memory.read(slot(JPKI.name, fid))
    return spki(x509.load_der_x509_certificate(certificate).public_key())


@pytest.fixture(scope="module")
def scene(office, desk):
    found = Scene(office, desk)
    yield found
    found.stop()


@pytest.mark.parametrize(("victim", "commands"), DEATHS)
def test_whoever_is_killed_in_a_handing_over_the_three_agree_in_the_end(scene, victim, commands):
    scene.cut(victim, commands)
    scene.finish()
    scene.check()
    scene.take_back()


def test_all_three_are_killed_at_once(scene):
    scene.counter.open("/hand-over")
    scene.chip.catch_up()
    with ThreadPoolExecutor(1) as thread:
        doing = thread.submit(scene.hand_over)
        scene.chip.after(30, doing.done)
        for victim in ("centre", "counter", "chip"):
            scene.kill(victim)
        doing.result()
    for victim in ("centre", "chip", "counter"):
        scene.again(victim)
    scene.finish()
    scene.check()
    scene.take_back()
