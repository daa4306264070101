"""The chip in a virtual slot: the protocol, pulling it out, and that nobody else's machine is told."""

import signal
import socket
import threading
from contextlib import ExitStack

import pytest

from kumihimo.card import vpcd
from kumihimo.card.vpcd import Inserted, NoReader, NotLoopback
from tests.card.reader import JPKI

POWER_OFF, POWER_ON, RESET, ATR = (bytes([one]) for one in (0, 1, 2, 4))
SELECT = bytes.fromhex(f"00A4040C0A{JPKI}")
PIN = bytes.fromhex("00A4020C020018")
WRONG = bytes.fromhex("002000800439393939")
SOON_S = 10


class Slot:
    """The reader's side of a slot."""

    def __init__(self, connection):
        connection.settimeout(SOON_S)
        self.connection = connection

    def tell(self, message):
        self.connection.sendall(len(message).to_bytes(2, "big") + message)

    def ask(self, message):
        self.tell(message)
        return self.next()

    def next(self):
        with self.connection.makefile("rb") as file:
            return file.read(int.from_bytes(file.read(2), "big"))


@pytest.fixture
def put():
    """Put a chip into a slot as vpcd has one; returns both sides."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

        def make(chip, **options):
            connection = vpcd.connect(port=server.getsockname()[1])
            theirs, _ = server.accept()
            stack.enter_context(theirs)
            return stack.enter_context(Inserted(chip, connection, **options)), Slot(theirs)

        yield make


def test_a_card_in_a_slot_answers_as_the_chip_does(put, reader):
    inserted, ours = put(reader.chip)
    with inserted:
        assert ours.ask(ATR).hex().upper() == "3BE000FF8131FE4514"
        ours.tell(POWER_ON)
        assert ours.ask(SELECT) == b"\x90\x00"
        assert ours.ask(bytes.fromhex("00A4020C020006")) == b"\x90\x00"
        assert len(ours.ask(bytes.fromhex("00B0000000"))) == 162


def test_the_answer_to_reset_can_be_one_that_a_contactless_reader_makes_up(put, reader):
    made_up = bytes.fromhex("3B888001000000003381810000BB")
    inserted, ours = put(reader.chip, atr=made_up)
    with inserted:
        assert ours.ask(ATR) == made_up


@pytest.mark.parametrize("control", [RESET, POWER_OFF, POWER_ON])
def test_power_takes_away_what_was_proved_and_keeps_what_was_counted(put, reader, control):
    inserted, ours = put(reader.chip)
    with inserted:
        ours.tell(POWER_ON)
        assert ours.ask(SELECT) + ours.ask(PIN) == b"\x90\x00" * 2
        assert ours.ask(WRONG) == b"\x63\xc2"
        ours.tell(control)
        assert ours.ask(PIN) == b"\x6a\x82"
        assert ours.ask(SELECT) + ours.ask(PIN) == b"\x90\x00" * 2
        assert ours.ask(bytes.fromhex("00200080")) == b"\x63\xc2"


@pytest.mark.parametrize("message", [b"", b"\xff", b"\x00\x20", bytes(0xFFFF)])
def test_whatever_a_reader_sends_it_gets_an_answer(put, reader, message):
    inserted, ours = put(reader.chip)
    with inserted:
        assert len(ours.ask(message)) == 2
        assert ours.ask(SELECT) == b"\x90\x00"


def test_a_message_may_come_in_pieces(put, reader):
    inserted, ours = put(reader.chip)
    with inserted:
        for byte in len(SELECT).to_bytes(2, "big") + SELECT:
            ours.connection.sendall(bytes([byte]))
        assert ours.next() == b"\x90\x00"


def test_a_card_that_is_pulled_out_ends_the_session_and_keeps_its_counters(put, reader):
    inserted, ours = put(reader.chip)
    assert ours.ask(SELECT) + ours.ask(PIN) == b"\x90\x00" * 2
    assert ours.ask(WRONG) == b"\x63\xc2"
    inserted.remove()
    assert ours.connection.recv(1) == b""
    again, ours = put(reader.chip)
    with again:
        assert ours.ask(PIN) == b"\x6a\x82"
        assert ours.ask(SELECT) + ours.ask(PIN) == b"\x90\x00" * 2
        assert ours.ask(bytes.fromhex("00200080")) == b"\x63\xc2"


class Slow:
    """A chip that thinks until it is told to go on."""

    def __init__(self):
        self.asked, self.go_on, self.powered = threading.Event(), threading.Event(), None

    def power_on(self):
        self.powered = True
        return b"\x3b\x00"

    reset = power_on

    def power_off(self):
        self.powered = False

    def process(self, command):
        assert command
        self.asked.set()
        assert self.go_on.wait(SOON_S)
        return b"\x90\x00"


def test_a_card_that_is_pulled_out_while_it_thinks_gives_no_answer(put):
    chip = Slow()
    inserted, ours = put(chip)
    ours.tell(SELECT)
    assert chip.asked.wait(SOON_S)
    threading.Timer(0.01, chip.go_on.set).start()
    inserted.remove()
    assert ours.connection.recv(9) == b""
    assert chip.powered is False


def test_a_reader_that_goes_away_takes_the_power_with_it(put):
    chip = Slow()
    inserted, ours = put(chip)
    ours.tell(POWER_ON)
    ours.connection.close()
    assert inserted.wait(SOON_S)
    assert chip.powered is False
    inserted.remove()


def test_a_reversed_reader_is_waited_for(reader):
    with (
        vpcd.listen(port=0) as server,
        socket.create_connection(server.getsockname()) as theirs,
        Inserted(reader.chip, vpcd.accept(server)),
    ):
        assert Slot(theirs).ask(SELECT) == b"\x90\x00"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "localhost", "", "::", "10.0.0.1"])
def test_nothing_but_this_machine_is_spoken_to(host):
    with pytest.raises(NotLoopback):
        vpcd.connect(host=host)
    with pytest.raises(NotLoopback):
        vpcd.listen(host=host, port=0)


def test_a_connection_from_elsewhere_is_not_given_a_card(reader):
    with socket.create_server(("0.0.0.0", 0)) as server, pytest.raises(NotLoopback):
        vpcd.accept(server)
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises((NotLoopback, IndexError)):
        Inserted(reader.chip, ours)


def test_where_no_reader_is_there_it_is_told():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NoReader):
        vpcd.connect(port=port)


def test_a_wait_that_was_interrupted_does_not_take_a_card_at_work_for_gone(put):
    chip = Slow()
    inserted, ours = put(chip)
    ours.tell(SELECT)
    assert chip.asked.wait(SOON_S)

    def stop(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, stop)
    bound = signal.setitimer(signal.ITIMER_REAL, 0.01)  # the test's own, which goes on after
    try:
        with pytest.raises(KeyboardInterrupt):
            inserted.wait()
    finally:
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *bound)
    assert not inserted.wait(0)
    chip.go_on.set()
    assert ours.next() == b"\x90\x00"


def test_programs_can_find_a_card_when_the_service_asks_again_after_power_on(put, reader):
    inserted, ours = put(reader.chip)
    for message in (ATR, ATR, ATR):
        assert ours.ask(message)
    ours.tell(POWER_ON)
    assert ours.ask(ATR)
    assert not inserted.seen(0)
    assert ours.ask(ATR)
    assert inserted.seen(SOON_S)
