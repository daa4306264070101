"""PINs and their tries: what counts, what never counts, and what nothing brings back."""

import pytest

from kumihimo.card.memory import MemoryFailed, Volatile
from kumihimo.card.switches import Switches
from tests.card.reader import COMMON, JPKI, JUKI, TEXT, VISUAL

LADDERS = [
    (JPKI, "0018", 3, "1234", "9999"),
    (JPKI, "001B", 5, "ABC123", "ABC124"),
    (TEXT, "0011", 3, "1234", "9999"),
    (TEXT, "0014", 10, "987654321013", "987654321014"),
    (TEXT, "0015", 10, "02040120361234", "02040120361235"),
    (VISUAL, "0011", 10, "020401", "020402"),
    (VISUAL, "0012", 10, "02040120361234", "02040120361235"),
    (VISUAL, "0013", 10, "987654321013", "987654321014"),
    (COMMON, "001C", 3, "1234", "9999"),
    (JUKI, "001C", 3, "1234", "9999"),
]
each = pytest.mark.parametrize(("aid", "fid", "limit", "right", "wrong"), LADDERS)


@each
def test_each_wrong_pin_takes_a_try_and_the_last_one_blocks(reader, aid, fid, limit, right, wrong):
    reader.select(aid)
    for left in range(limit - 1, -1, -1):
        assert reader.verify(wrong, fid) == f"63C{left:X}"
    assert reader.verify(wrong, fid) == "6984"
    assert reader.verify(right, fid) == "6984"
    assert reader.tries(fid) == "63C0"
    reader.chip.power_off()
    reader.chip.power_on()
    reader.select(aid)
    assert reader.tries(fid) == "63C0"
    assert reader.verify(right, fid) == "6984"


@each
def test_the_right_pin_gives_all_tries_back(reader, aid, fid, limit, right, wrong):
    reader.select(aid)
    reader.verify(wrong, fid)
    assert reader.verify(right, fid) == "9000"
    assert reader.tries(fid) == f"63C{limit:X}"


@each
def test_asking_for_the_tries_never_counts_and_never_says_9000(
    reader, aid, fid, limit, right, wrong
):
    reader.select(aid)
    for _ in range(limit + 2):
        assert reader.tries(fid) == f"63C{limit:X}"
    assert reader.verify(right, fid) == "9000"
    assert reader.tries(fid) == f"63C{limit:X}"
    assert reader.send(f"002000{0x80 | int(fid, 16):02X}") == f"63C{limit:X}"
    assert reader.send("0020008000") == f"63C{limit:X}"  # with a length that is not needed


@each
def test_a_count_survives_power_off(reader, aid, fid, limit, right, wrong):
    reader.select(aid)
    assert reader.verify(wrong, fid) == f"63C{limit - 1:X}"
    reader.chip.power_off()
    reader.chip.power_on()
    reader.select(aid)
    assert reader.tries(fid) == f"63C{limit - 1:X}"


@each
def test_what_was_opened_is_closed_again_by_a_wrong_pin(reader, aid, fid, limit, right, wrong):
    reader.select(aid)
    assert reader.verify(right, fid) == "9000"
    assert reader.verify(wrong, fid) == f"63C{limit - 1:X}"
    instruction = {COMMON: "80320080", JUKI: "80320080"}.get(aid, "00240180")
    status = "6D00" if aid == VISUAL else "6982"
    assert reader.status(f"{instruction}04" + "35363738") == status


def test_a_pin_is_named_in_the_command_or_selected_before(reader):
    reader.select(TEXT)
    assert reader.send("0020009104" + "31323334") == "9000"  # as WebUSB and jsapdu do
    assert reader.status("00B0810000") == "9000"
    reader.select(JPKI)
    assert reader.send("0020008004" + "31323334") == "6986"
    assert reader.send("0020009D04" + "31323334") == "6A88"
    assert reader.send("0020000004" + "31323334") == "6A86"
    assert reader.send("0020019804" + "31323334") == "6A86"
    assert reader.ef("0006") == "9000"
    assert reader.send("0020008004" + "31323334") == "6981"


def test_a_password_in_small_letters_is_a_wrong_password(reader):
    reader.select(JPKI)
    assert reader.verify("abc123", "001B") == "63C4"


@pytest.mark.parametrize("value", ["1", "12345", "1234" * 64])
def test_a_pin_of_another_length_is_a_wrong_pin(reader, value):
    reader.select(JPKI)
    reader.ef("0018")
    sent = value.encode("ascii").hex()
    size = f"{len(value):02X}" if len(value) < 256 else f"00{len(value):04X}"
    assert reader.send(f"00200080{size}{sent}") == "63C2"


def test_the_blocked_pin_of_the_text_application_opens_nothing(reader):
    reader.select(TEXT)
    assert reader.tries("0012") == "63C0"
    assert reader.verify("1234", "0012") == "6984"


def test_a_switch_says_blocked_as_opensc_knows_it(insert):
    reader = insert(switches=Switches(blocked_sw=0x6983))
    reader.select(JPKI)
    for _ in range(3):
        reader.verify("9999", "0018")
    assert reader.verify("1234", "0018") == "6983"


@pytest.mark.parametrize("leave", ["select", "reset", "power", "domain"])
def test_a_pin_counts_for_one_stay_in_one_application(reader, leave):
    reader.select(JPKI)
    assert reader.verify("1234", "0018") == "9000"
    match leave:
        case "select":
            reader.select(TEXT)
        case "reset":
            reader.chip.reset()
        case "power":
            reader.chip.power_off()
            reader.chip.power_on()
        case _:
            reader.select("A0000001510000")
    reader.select(JPKI)
    assert reader.send("802A0097014100") == "6982"


def test_selecting_the_same_application_again_keeps_what_was_presented(reader):
    reader.select(JPKI)
    reader.verify("1234", "0018")
    reader.select(JPKI)
    assert reader.send("00B0000000") == "6986"  # no file is current
    assert reader.status("802A0097014100") == "9000"


def test_a_switch_makes_selecting_again_a_logout(insert):
    reader = insert(switches=Switches(reselect_clears_pin=True))
    reader.select(JPKI)
    reader.verify("1234", "0018")
    reader.select(JPKI)
    assert reader.status("802A0097014100") == "6982"


CHANGES = [
    (JPKI, "0018", "00240180", "1234", "5678"),
    (JPKI, "001B", "00240180", "ABC123", "ZZZZZZ9999999999"),
    (TEXT, "0011", "00240180", "1234", "5678"),
    (COMMON, "001C", "80320080", "1234", "5678"),
    (JUKI, "001C", "80320080", "1234", "5678"),
]


@pytest.mark.parametrize(("aid", "fid", "command", "old", "new"), CHANGES)
def test_a_holder_changes_her_pin_after_presenting_it(reader, aid, fid, command, old, new):
    reader.select(aid)
    sent = f"{command}{len(new):02X}{new.encode('ascii').hex()}"
    reader.ef(fid)
    assert reader.send(sent) == "6982"
    assert reader.verify(old, fid) == "9000"
    assert reader.send(sent) == "9000"
    reader.chip.reset()
    reader.select(aid)
    assert reader.verify(old, fid)[:3] == "63C"
    assert reader.verify(new, fid) == "9000"


@pytest.mark.parametrize(
    ("aid", "fid", "command", "old", "bad"),
    [
        (JPKI, "0018", "00240180", "1234", "12345"),
        (JPKI, "0018", "00240180", "1234", "12a4"),
        (JPKI, "001B", "00240180", "ABC123", "abc123"),
        (JPKI, "001B", "00240180", "ABC123", "ABC12"),
        (JPKI, "001B", "00240180", "ABC123", "A" * 17),
        (JPKI, "001B", "00240180", "ABC123", "ABC12-"),
        (TEXT, "0011", "00240180", "1234", "123"),
        (COMMON, "001C", "80320080", "1234", "123456"),
    ],
)
def test_a_new_pin_of_another_form_is_refused_and_the_old_one_stays(
    reader, aid, fid, command, old, bad
):
    reader.select(aid)
    assert reader.verify(old, fid) == "9000"
    assert reader.send(f"{command}{len(bad):02X}{bad.encode('ascii').hex()}") == "6A80"
    assert reader.send(command) == "6A80"
    assert reader.verify(old, fid) == "9000"


def test_one_pin_does_not_change_another(reader):
    reader.select(JPKI)
    assert reader.verify("1234", "0018") == "9000"
    assert reader.send("0024019B06" + "41" * 6) == "6982"


def test_each_application_has_its_own_way_of_changing_a_pin(reader):
    reader.select(JPKI)
    reader.verify("1234", "0018")
    assert reader.send("8032008004" + "35363738") == "6D00"
    assert reader.send("0024008004" + "35363738") == "6A86"
    reader.select(COMMON)
    reader.verify("1234", "001C")
    assert reader.send("0024018004" + "35363738") == "6D00"
    assert reader.send("8032018004" + "35363738") == "6A86"
    reader.select(VISUAL)
    assert reader.send("0024018004" + "35363738") == "6D00"
    reader.select(TEXT)
    reader.verify("987654321013", "0014")
    assert reader.send("002401940C" + "39" * 12) == "6982"  # it is the number: nobody's to choose


def test_the_pin_of_the_two_applications_of_the_residents_network_is_two_pins(reader):
    reader.select(COMMON)
    reader.verify("9999", "001C")
    reader.select(JUKI)
    assert reader.tries("001C") == "63C3"


class Diary(Volatile):
    """A memory that remembers each change, and may fail before the one that is told."""

    def __init__(self, contents):
        super().__init__(contents)
        self.changes = []
        self.fails_at: int | None = None

    def write(self, changes):
        if len(self.changes) == self.fails_at:
            raise MemoryFailed
        self.changes.append(dict(changes))
        super().write(changes)


@pytest.fixture
def diary(insert, reader):
    memory = Diary(reader.memory.contents)
    other = insert(memory=memory)
    other.select(JPKI)
    return other


@pytest.mark.parametrize("value", ["1234", "9999"])
def test_a_try_is_written_down_before_the_pin_is_compared(diary, value):
    diary.verify(value, "0018")
    assert diary.memory.changes[0] == {"jpki/0018/tries": b"\x02"}


@pytest.mark.parametrize("value", ["1234", "9999"])
def test_a_process_killed_after_writing_the_try_down_has_spent_it(diary, insert, value):
    diary.memory.fails_at = 1
    answer = diary.verify(value, "0018")
    assert answer in {"6581", "63C2"}
    again = insert(memory=Volatile(diary.memory.contents))
    again.select(JPKI)
    assert again.tries("0018") == "63C2"


def test_a_memory_that_takes_no_change_lets_nobody_try(diary):
    diary.memory.fails_at = 0
    for value in ("9999", "1234"):
        assert diary.verify(value, "0018") == "6581"
    assert diary.send("802A0097014100") == "6982"
    diary.memory.fails_at = None
    assert diary.tries("0018") == "63C3"


def test_a_pin_and_its_tries_are_changed_together(diary):
    diary.verify("9999", "0018")
    diary.verify("1234", "0018")
    diary.memory.fails_at = len(diary.memory.changes)
    assert diary.send("0024018004" + "35363738") == "6581"
    diary.memory.fails_at = None
    assert diary.verify("1234", "0018") == "9000"
