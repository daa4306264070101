"""Who reads what: every file of every application against everything that may be presented."""

import pytest

from tests.card.reader import COMMON, JPKI, JUKI, TEXT, VISUAL

PIN = "1234"
PASSWORD = "ABC123"
A = "987654321013"
B = "02040120361234"
BIRTH = "020401"

# application, file, what is presented under which id, what reading answers
NOTHING = (None, None)
TEXT_PIN, TEXT_A, TEXT_B = ("0011", PIN), ("0014", A), ("0015", B)
VISUAL_BIRTH, VISUAL_B, VISUAL_A = ("0011", BIRTH), ("0012", B), ("0013", A)
AUTH, SIGN = ("0018", PIN), ("001B", PASSWORD)

OPEN = {
    (JPKI, "0001"): {SIGN},
    (JPKI, "0002"): {NOTHING, AUTH, SIGN},
    (JPKI, "0006"): {NOTHING, AUTH, SIGN},
    (JPKI, "0008"): {NOTHING, AUTH, SIGN},
    (JPKI, "0009"): set(),
    (JPKI, "000A"): {NOTHING, AUTH, SIGN},
    (JPKI, "000B"): {NOTHING, AUTH, SIGN},
    (TEXT, "0001"): {TEXT_PIN, TEXT_A},
    (TEXT, "0002"): {TEXT_PIN, TEXT_B},
    (TEXT, "0003"): {TEXT_PIN, TEXT_A, TEXT_B},
    (TEXT, "0004"): {NOTHING, TEXT_PIN, TEXT_A, TEXT_B},
    (TEXT, "0005"): {NOTHING, TEXT_PIN, TEXT_A, TEXT_B},
    (TEXT, "0006"): {TEXT_PIN, TEXT_A, TEXT_B},
    (TEXT, "0007"): {TEXT_PIN, TEXT_A, TEXT_B},
    (TEXT, "0008"): {NOTHING, TEXT_PIN, TEXT_A, TEXT_B},
    (VISUAL, "0001"): {VISUAL_BIRTH, VISUAL_B, VISUAL_A},
    (VISUAL, "0002"): {VISUAL_B, VISUAL_A},
    (VISUAL, "0003"): {NOTHING, VISUAL_BIRTH, VISUAL_B, VISUAL_A},
    (VISUAL, "0004"): {NOTHING, VISUAL_BIRTH, VISUAL_B, VISUAL_A},
    (VISUAL, "0005"): {VISUAL_A},
    (VISUAL, "0006"): {VISUAL_B, VISUAL_A},
}
PRESENTED = {
    JPKI: [NOTHING, AUTH, SIGN],
    TEXT: [NOTHING, TEXT_PIN, TEXT_A, TEXT_B],
    VISUAL: [NOTHING, VISUAL_BIRTH, VISUAL_B, VISUAL_A],
}
CELLS = [
    pytest.param(aid, fid, presented, presented in opens, id=f"{aid[-2:]}-{fid}-{presented[0]}")
    for (aid, fid), opens in OPEN.items()
    for presented in PRESENTED[aid]
]


@pytest.mark.parametrize(("aid", "fid", "presented", "opens"), CELLS)
def test_a_file_is_read_by_whom_it_is_for_and_nobody_else(reader, aid, fid, presented, opens):
    reader.select(aid)
    pin, value = presented
    if pin:
        assert reader.verify(value, pin) == "9000"
    assert reader.read(fid)[-4:] == ("9000" if opens else "6982")


@pytest.mark.parametrize(
    ("aid", "fid"),
    [
        (JPKI, "0016"),
        (JPKI, "0017"),
        (JPKI, "0018"),
        (JPKI, "001A"),
        (JPKI, "001B"),
        (TEXT, "0011"),
        (TEXT, "0012"),
        (TEXT, "0013"),
        (TEXT, "0014"),
        (TEXT, "0015"),
        (VISUAL, "0011"),
        (VISUAL, "0012"),
        (VISUAL, "0013"),
        (VISUAL, "001A"),
        (JUKI, "001C"),
        (COMMON, "0019"),
        (COMMON, "001C"),
    ],
)
def test_keys_and_pins_are_read_by_nobody(reader, aid, fid):
    reader.select(aid)
    for pin, value in PRESENTED.get(aid, [])[1:]:
        assert reader.verify(value, pin) == "9000"
    assert reader.read(fid) == "6981"
    assert reader.send(f"00B201{(int(fid, 16) << 3 | 4) & 0xFF:02X}00") == "6981"


def test_the_resident_code_is_read_by_no_ordinary_client(reader):
    reader.select(JUKI)
    assert reader.verify(PIN, "001C") == "9000"
    assert reader.read("0003") == "6982"


def test_records_are_read_by_number(reader):
    reader.select(COMMON)
    reader.ef("0001")
    record = reader.data("00B2010400")
    assert record == b"\x01\x1c9000000000000011310120360401"
    assert reader.data("00B2010C00") == record  # by its short id
    assert reader.data("00B2010500") == record  # all from the first
    assert reader.send("00B2020400") == "6A83"
    assert reader.send("00B2000400") == "6A83"
    assert reader.send("00B2010600") == "6A81"
    assert reader.send("00B20104") == "6700"
    assert reader.send("00B201040A") == "6700"  # less room than the record needs
    assert reader.send("00B0000000") == "6981"


def test_both_applications_of_the_residents_network_name_the_same_key(reader):
    found = []
    for aid in (COMMON, JUKI):
        reader.select(aid)
        reader.ef("0002")
        found.append(reader.data("00B2010400"))
    assert found[0] == found[1]
    assert len(found[0]) == 18


def test_a_transparent_file_has_no_records(reader):
    reader.select(JPKI)
    reader.ef("0006")
    assert reader.send("00B2010400") == "6981"


def test_reading_without_a_file_is_refused(reader):
    assert reader.send("00B0000000") == "6986"
    reader.select(JPKI)
    assert reader.send("00B0000000") == "6986"
    assert reader.send("00B2010400") == "6986"
