"""READ BINARY in every form that clients were seen to use."""

import pytest

from kumihimo.card.switches import Switches
from tests.card.reader import JPKI, TEXT


@pytest.fixture
def token(reader):
    reader.select(JPKI)
    assert reader.ef("0006") == "9000"
    return reader


def test_a_whole_file_is_read_at_once_by_an_extended_length(token):
    assert len(token.data("00B00000000000")) == 160


def test_a_short_answer_at_the_end_is_no_failure(token):
    assert len(token.data("00B0000000")) == 160
    assert len(token.data("00B000900F")) == 15
    assert len(token.data("00B00090FF")) == 16


def test_reading_at_or_past_the_end_is_refused_and_never_empty(token):
    assert token.send("00B000A000") == "6B00"
    assert token.send("00B000A0000000") == "6B00"
    assert token.send("00B07FFF00") == "6B00"


def test_reading_by_short_id_selects_the_file(reader):
    reader.select(JPKI)
    assert reader.data("00B0860020").startswith(b"JPKIAPICCTOKEN2 ")
    assert reader.data("00B0000001") == b"J"
    assert reader.data("00B08604" + "03") == b"API"
    assert reader.send("00B0830000") == "6A82"
    assert reader.send("00B0800000") == "6A86"
    assert reader.send("00B09F0000") == "6A86"
    assert reader.send("00B0A60000") == "6A86"


def test_reading_takes_no_data_and_wants_a_length(token):
    assert token.send("00B00000") == "6700"
    assert token.send("00B000000141") == "6700"


def blocks(reader, size):
    """Read as pyjpki does: blocks of a size until 6B00."""
    found = b""
    while (answer := reader.send(f"00B0{len(found):04X}{size:02X}")) != "6B00":
        assert answer.endswith("9000")
        found += bytes.fromhex(answer[:-4])
    return found


@pytest.mark.parametrize("size", [0xFF, 0x11, 0x80])
def test_a_reader_that_goes_on_until_the_end_is_told_gets_all_of_it(reader, size):
    reader.select(JPKI)
    whole = bytes.fromhex(reader.read("000A")[:-4])
    assert blocks(reader, size) == whole


def test_a_loop_of_seventeen_bytes_reads_the_number_and_stops(reader):
    reader.select(TEXT)
    reader.verify("1234", "0011")
    reader.ef("0001")
    assert blocks(reader, 17)[3:15] == b"987654321013"


def test_a_switch_makes_the_end_of_a_file_a_warning(insert):
    reader = insert(switches=Switches(eof_sw=0x6282))
    reader.select(JPKI)
    reader.ef("0006")
    assert reader.status("00B0009020") == "6282"
    assert reader.status("00B0000020") == "9000"
    assert reader.status("00B0000000") == "9000"  # all there is was asked for
