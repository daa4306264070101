"""Whatever is sent, in whatever order: the chip answers, and gives nothing away."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kumihimo.card import chip
from tests.card.planted import APPLICATIONS, SECRET_PINS, Watched, run, slot

INSTRUCTIONS = [
    *(0x20, 0x24, 0x2C, 0x82, 0x84, 0x88, 0xA4, 0xB0, 0xB2, 0xCA, 0xD6, 0xDC),
    *(0x2A, 0x32, 0x46, 0xA2, 0xAE, 0x00, 0xC0, 0xFF),
]
FIDS = sorted({fid for application in APPLICATIONS for fid in application.entries})
references = st.sampled_from([0, 0x80, *(0x80 | fid for fid in FIDS)])
parameters = st.sampled_from([0, 1, 2, 3, 4, 5, 6, 0x0C, 0x7F, 0xC1]) | references
lengths = st.none() | st.sampled_from([1, 4, 256, 300, 65536])


@st.composite
def commands(draw):
    """Draw a command that has the form of one, more often than not with meaning."""
    header = bytes(
        (
            draw(st.sampled_from([0, 0, 0, 0x80, 0x80, 0x08, 0x0C, 0x01, 0x88])),
            draw(st.sampled_from(INSTRUCTIONS)),
            draw(parameters),
            draw(parameters),
        )
    )
    data = draw(st.sampled_from([b"", b"0000", b"7392", b"\x00\x01", b"\x00\x18"]) | st.binary())
    le = draw(lengths)
    extended = len(data) > 255 or (le or 0) > 256
    body = b""
    if data:
        body = (len(data).to_bytes(3, "big") if extended else bytes((len(data),))) + data
    if le is not None and extended:
        body += (b"" if data else b"\0") + (le % 65536).to_bytes(2, "big")
    elif le is not None:
        body += bytes((le % 256,))
    return header + body


class AnySequence(RuleBasedStateMachine):
    @initialize()
    def insert(self):
        self.watched = Watched()

    @rule(raw=st.binary(max_size=40))
    def send_bytes(self, raw):
        self.watched.send(raw)

    @rule(raw=commands())
    def send_command(self, raw):
        self.watched.send(raw)

    @rule(application=st.sampled_from(APPLICATIONS), form=st.sampled_from([b"\x0c", b"\0"]))
    def select(self, application, form):
        aid = application.aid
        assert self.watched.send(b"\0\xa4\x04" + form + bytes((len(aid),)) + aid) == b"\x90\x00"

    @rule(fid=st.sampled_from(FIDS))
    def select_file(self, fid):
        self.watched.send(b"\0\xa4\x02\x0c\x02" + fid.to_bytes(2, "big"))

    @rule(fid=st.sampled_from(FIDS), size=st.sampled_from([1, 16, 0]), at=st.integers(0, 255))
    def read(self, fid, size, at):
        self.watched.send(bytes((0, 0xB0, 0x80 | fid, at, size)))

    @rule(reference=references, form=st.integers(0, 6))
    def sign(self, reference, form):
        self.watched.send(bytes((0x80, 0x2A, form, reference, 32)) + bytes(32) + b"\0")

    @rule(pin=st.sampled_from(list(SECRET_PINS)))
    def present_the_right_pin(self, pin):
        self.watched.present(*pin)

    @rule(pin=st.sampled_from(list(SECRET_PINS)))
    def present_the_pin_of_somebody_else(self, pin):
        application = self.watched.running.application
        known = {value for name, value in self.watched.memory.contents.items() if "/" in name}
        value = SECRET_PINS[pin][::-1]
        if application is not None and value not in known:
            answer = self.watched.send(bytes((0, 0x20, 0, 0x80 | pin[1], len(value))) + value)
            assert answer != b"\x90\x00"

    @rule(value=st.sampled_from([b"4682", b"NEWPASS1", b"x", b"12345"]), own=st.booleans())
    def change_a_pin(self, value, own):
        header = b"\x80\x32\0\x80" if own else b"\0\x24\x01\x80"
        self.watched.send(header + bytes((len(value),)) + value)

    @rule(off=st.booleans())
    def reset(self, off):
        if off:
            self.watched.power_off_and_on()
        else:
            self.watched.reset()

    @invariant()
    def only_what_was_presented_is_open(self):
        assert self.watched.running.states <= self.watched.presented


AnySequence.TestCase.settings = settings(max_examples=40, stateful_step_count=40)
TestAnySequence = AnySequence.TestCase


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_bytes_read_as_steps_open_nothing(data):
    run(data)


def test_the_watch_notices_a_chip_that_leaks_a_closed_file(monkeypatch):
    monkeypatch.setattr("kumihimo.card.running.Running.open_to", lambda _chip, _opens: True)
    watched = Watched()
    watched.send(bytes.fromhex("00A4040C0AD392F000260100000001"))
    with pytest.raises(AssertionError, match="leaked"):
        watched.send(bytes.fromhex("00B0810000"))


def test_the_watch_notices_a_chip_that_gives_tries_back(monkeypatch):
    watched = Watched()
    watched.send(bytes.fromhex("00A4040C0AD392F000260100000001"))
    watched.memory.contents[slot("jpki", 0x18) + "/tries"] = b"\x01"

    def lenient(running, command):
        running.memory.write({slot("jpki", 0x18) + "/tries": b"\x03"})
        return b""

    monkeypatch.setitem(chip._INTERINDUSTRY, 0x84, lenient)
    with pytest.raises(AssertionError):
        watched.send(bytes.fromhex("0084000008"))


def test_the_watch_notices_a_chip_that_opens_without_the_pin():
    watched = Watched()
    watched.send(bytes.fromhex("00A4040C0AD392F000260100000001"))
    watched.running.states.add(0x18)
    with pytest.raises(AssertionError):
        watched.send(bytes.fromhex("0084000008"))
