"""Commands as bytes: every case of ISO 7816-4 is read, and nothing that does not add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.card.apdu import EXTENDED_MAX, SHORT_MAX, BadLength, Command, Response

octets = st.integers(0, 0xFF)
commands = st.builds(
    Command,
    cla=octets,
    ins=octets,
    p1=octets,
    p2=octets,
    data=st.binary(max_size=600),
    le=st.none() | st.integers(1, EXTENDED_MAX),
)


@pytest.mark.parametrize(
    ("raw", "data", "le"),
    [
        pytest.param("00A4040C", "", None, id="case 1"),
        pytest.param("00B0000004", "", 4, id="case 2 short"),
        pytest.param("00B0000000", "", SHORT_MAX, id="case 2 short, all"),
        pytest.param("00A4020C020006", "0006", None, id="case 3 short"),
        pytest.param("802A00800201020A", "0102", 10, id="case 4 short"),
        pytest.param("802A008002010200", "0102", SHORT_MAX, id="case 4 short, all"),
        pytest.param("00B00000000000", "", EXTENDED_MAX, id="case 2 extended, all"),
        pytest.param("00B00000000100", "", 256, id="case 2 extended"),
        pytest.param("00D6000000000141", "41", None, id="case 3 extended"),
        pytest.param("00D60000000001410102", "41", 0x102, id="case 4 extended"),
    ],
)
def test_each_case_is_read(raw, data, le):
    command = Command.parse(bytes.fromhex(raw))
    assert (command.data.hex(), command.le) == (data, le)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "00A404",
        "00A4020C0200",  # Lc says two, one came
        "00A4020C02000600FF",  # two bytes of Le after a short Lc
        "00B000000000",  # half an extended Le
        "00D600000000000041",  # extended Lc of nothing
        "00D60000000002410102",  # a length between the two
    ],
)
def test_lengths_that_do_not_add_up_are_refused(raw):
    with pytest.raises(BadLength):
        Command.parse(bytes.fromhex(raw))


@given(commands)
def test_what_is_written_is_read_again(command):
    assert Command.parse(command.encode()) == command


@given(st.binary(max_size=600))
def test_no_bytes_are_read_as_two_things(raw):
    try:
        command = Command.parse(raw)
    except BadLength:
        return
    assert Command.parse(command.encode()) == command


def test_the_data_of_a_command_do_not_print():
    assert "1234" not in repr(Command(0, 0x20, 0, 0x80, b"1234"))


def test_an_answer_without_a_status_word_is_refused():
    with pytest.raises(BadLength):
        Response.parse(b"\x90")
    assert Response.parse(b"\x01\x90\x00") == Response(b"\x01", 0x9000)
