"""A chip with a marker planted in everything that is protected, and somebody who watches it.

`Watched.send` passes a command on and checks what must hold after any command whatever: no marker
of a closed file, of a PIN or of a private key in the answer, no try given back without the right
PIN, nothing changed that nobody may change.
"""

from functools import cache

import attrs

from kumihimo.card.applications import (
    AGE,
    ATTRIBUTES,
    FACE,
    INTEGRITY,
    JPKI,
    JUKI,
    NUMBER,
    NUMBER_IMAGE,
    RESIDENT_CODE,
    SESSION_PUBLIC,
    SIGN_CERTIFICATE,
    TEXT,
    TEXT_SIGNING,
    VISUAL,
)
from kumihimo.card.carriers import ORDINARY
from kumihimo.card.chip import Chip
from kumihimo.card.files import File, Key, Pin, Records
from kumihimo.card.memory import Volatile, slot, tries_slot
from kumihimo.card.running import RSAPrivateKey
from kumihimo.card.specimen import specimen
from kumihimo.kernel.entropy import SeededEntropy

SECRET_PINS = {
    ("jpki", 0x18): b"7391",
    ("jpki", 0x1B): b"Q7XK29ZP",
    ("text", 0x11): b"8264",
    ("text", 0x14): b"700000000017",
    ("text", 0x15): b"31070920999871",
    ("visual", 0x11): b"580913",
    ("visual", 0x12): b"31070920999872",
    ("visual", 0x13): b"700000000025",
    ("common", 0x1C): b"9517",
    ("juki", 0x1C): b"3592",
}
PROTECTED = [
    *((JPKI, fid) for fid in (SIGN_CERTIFICATE, 0x0009)),
    *((TEXT, fid) for fid in (NUMBER, ATTRIBUTES, INTEGRITY, SESSION_PUBLIC, TEXT_SIGNING)),
    *((VISUAL, fid) for fid in (AGE, FACE, NUMBER_IMAGE, 0x0006)),
    (JUKI, RESIDENT_CODE),
]
CHANGING = {0x20, 0x24, 0x32}
APPLICATIONS = ORDINARY.applications
SIZE_MAX = 1024  # of a command in a list of steps


def tag(application, fid):
    """Return four bytes that are nowhere but in that file."""
    return bytes((0xC3, 0xA5, len(application.name) * 16 + ord(application.name[0]) % 16, fid))


@cache
def _planted():
    contents = dict(specimen(entropy=SeededEntropy("planted")))
    for application, fid in PROTECTED:
        contents[slot(application.name, fid)] = tag(application, fid) * 80
    for (name, fid), value in SECRET_PINS.items():
        contents[slot(name, fid)] = value
    return contents


@cache
def key_pieces():
    """Return pieces of every private number on the chip."""
    chip = Chip(ORDINARY, Volatile(_planted()), entropy=SeededEntropy("keys"))
    names = [
        slot(application.name, entry.fid)
        for application in APPLICATIONS
        for entry in application.entries.values()
        if isinstance(entry, Key)
    ]
    pieces = []
    for name in [*names, "text/session-key"]:
        key = chip._running.private_key(name)
        assert isinstance(key, RSAPrivateKey)
        numbers = key.private_numbers()
        for number in (numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp):
            whole = number.to_bytes((number.bit_length() + 7) // 8, "big")
            pieces += [whole[at : at + 16] for at in range(0, len(whole) - 15, 16)]
    return pieces


class Watched:
    """One planted chip under watch."""

    def __init__(self):
        self.memory = Volatile(_planted())
        self.chip = Chip(ORDINARY, self.memory, entropy=SeededEntropy("watched"))
        self.chip.power_on()
        self.presented = set()

    @property
    def running(self):
        return self.chip._running

    def reset(self):
        self.chip.reset()
        self.presented.clear()

    def power_off_and_on(self):
        self.chip.power_off()
        self.chip.power_on()
        self.presented.clear()

    def present(self, name, fid):
        """Present the PIN that is right now, in its application."""
        value = self.memory.contents.get(slot(name, fid), b"0000")
        left = self.memory.contents[tries_slot(name, fid)][0]
        if self.running.application is None or self.running.application.name != name:
            return
        answer = self.send(bytes((0, 0x20, 0, 0x80 | fid, len(value))) + value, right=fid)
        assert (answer == b"\x90\x00") == (left > 0), "the right PIN opens, a blocked one never"

    def send(self, raw, *, right=None):
        """Send a command and check everything; returns the answer."""
        before = dict(self.memory.contents)
        application = self.running.application
        answer = self.chip.process(raw)
        assert len(answer) >= 2
        if right is not None and answer == b"\x90\x00":
            self.presented.add(right)
        self._check_presented(raw, answer, before)
        if self.running.application is not application:
            self.presented.clear()
        self._check_answer(raw, answer[:-2], answer[-2:])
        self._check_memory(raw, answer, before)
        return answer

    def _check_presented(self, raw, answer, before):
        """Take over what a stranger's VERIFY really did: it may have guessed a PIN that it set."""
        name = self.running.application.name if self.running.application else ""
        for fid in self.running.states:
            assert isinstance(fid, int), "nobody can have proved a role here"
            if fid not in self.presented:
                assert answer == b"\x90\x00"
                assert before[slot(name, fid)] in raw, "a state without the PIN in the command"
                self.presented.add(fid)

    def open(self, entry):
        rule = entry.read if isinstance(entry, File | Records) else entry.use
        return rule is None or bool(set(rule) & self.presented)

    def _check_answer(self, raw, data, status):
        here = self.running.application
        for application, fid in PROTECTED:
            if application is not here or not self.open(application.entries[fid]):
                assert tag(application, fid) not in data, f"{application.name} {fid:04X} leaked"
        assert not any(value in data for value in SECRET_PINS.values() if len(value) > 4)
        assert not any(piece in data for piece in key_pieces()), "a piece of a private key"
        if len(raw) < 4 or here is None or self.running.current is None:
            return
        entry = here.entries[self.running.current]
        if raw[1] in {0xB0, 0xB2} and data:
            assert isinstance(entry, File | Records), "a PIN or a key was read"
            assert self.open(entry), "a closed file was read"
        if raw[1] == 0x2A and status == b"\x90\x00" and raw[3] & 0x80:
            assert isinstance(entry, Key)
            assert self.open(entry), "a closed key signed"

    def _check_memory(self, raw, answer, before):
        after = self.memory.contents
        assert set(after) == set(before)
        names = {
            slot(application.name, entry.fid): (application.name, entry)
            for application in APPLICATIONS
            for entry in application.entries.values()
            if isinstance(entry, Pin)
        }
        for name in after:
            if after[name] == before[name]:
                continue
            if name.endswith("/tries"):
                given_back = after[name] > before[name]
                assert not given_back or (answer == b"\x90\x00" and raw[1] in CHANGING)
            else:
                _, pin = names[name]  # nothing but a PIN is ever changed
                assert pin.fid in self.presented, "a PIN was changed without the old one"


@attrs.frozen
class Step:
    """What may be done to a chip: `what` and, for a command, its bytes."""

    what: str
    raw: bytes = b""


def read_steps(data):
    """Read steps from bytes: a kind, and for a command its length (two bytes) and itself.

    Never fails.
    """
    steps, at = [], 0
    while at < len(data):
        kind = data[at] % 8
        if kind < 5:
            size = int.from_bytes(data[at + 1 : at + 3], "big") % SIZE_MAX
            steps.append(Step("send", data[at + 3 : at + 3 + size]))
            at += 3 + size
        else:
            index = data[at + 1 : at + 2]
            steps.append(Step(["present", "select", "reset"][kind - 5], index or b"\0"))
            at += 2
    return steps


def run(data):
    """Do what bytes say to a new chip, watching it."""
    watched = Watched()
    pins = list(SECRET_PINS)
    for step in read_steps(data):
        index = step.raw[0] if step.raw else 0
        match step.what:
            case "send":
                watched.send(step.raw)
            case "present":
                watched.present(*pins[index % len(pins)])
            case "select":
                aid = APPLICATIONS[index % len(APPLICATIONS)].aid
                watched.send(b"\0\xa4\x04\x0c" + bytes((len(aid),)) + aid)
            case _ if index % 2:
                watched.power_off_and_on()
            case _:
                watched.reset()
    return watched
