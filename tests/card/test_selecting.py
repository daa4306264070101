"""Selecting applications and files, and the objects before any application."""

import pytest

from kumihimo.card.carriers import ANDROID
from tests.card.reader import COMMON, JPKI, JUKI, TEXT, VISUAL

EVERY = [JPKI, TEXT, VISUAL, JUKI, COMMON]


@pytest.mark.parametrize("aid", EVERY)
@pytest.mark.parametrize("form", ["00A4040C0A{}", "00A404000A{}", "00A404000A{}00"])
def test_an_application_is_selected_in_every_form_that_clients_use(reader, aid, form):
    assert reader.send(form.format(aid)) == "9000"


@pytest.mark.parametrize(
    "aid", ["A000000063504B43532D3135", "D276000124010200", "D3921000310001010409", "E828BD080FA0"]
)
def test_an_application_that_is_not_there_is_refused_and_disturbs_nothing(reader, aid):
    reader.select(JPKI)
    assert reader.verify("1234", "0018") == "9000"
    assert reader.send(f"00A4040C{len(aid) // 2:02X}{aid}") == "6A82"
    assert reader.ef("0017") == "9000"
    assert reader.status("802A00800141" + "00") == "9000"


def test_a_name_cut_short_selects_the_first_application_that_begins_so(reader):
    reader.select(JPKI[:10])
    assert reader.ef("000A") == "9000"


def test_a_name_longer_than_any_is_refused(reader):
    assert reader.status("00A4040C11" + "D3" * 17) == "6700"


def test_the_master_file_is_refused_in_the_three_ways_of_the_real_card(reader):
    assert reader.send("00A40000") == "6A86"
    reader.select(JPKI)
    reader.ef("0006")
    assert reader.send("00A40000") == "9000"
    assert len(reader.data("00B0000000")) == 160  # nothing was selected by it
    assert reader.send("00A40000023F00") == "6A82"


def test_an_unknown_file_is_refused_and_the_current_one_stays(reader):
    reader.select(JPKI)
    reader.ef("0006")
    assert reader.ef("0003") == "6A82"
    assert len(reader.data("00B0000000")) == 160


def test_a_file_belongs_to_its_application(reader):
    assert reader.ef("000A") == "6A82"
    reader.select(TEXT)
    assert reader.ef("000A") == "6A82"


def test_selecting_asks_for_what_it_knows(reader):
    reader.select(JPKI)
    assert reader.status("00A4020C03000600") == "6700"
    assert reader.status("00A4010C020006") == "6A86"
    assert reader.status("00A40204020006") == "6A86"


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("01A4040C0A" + JPKI, "6881"),  # another channel
        ("03B0000000", "6881"),
        ("40B0000000", "6E00"),
        ("FFCA000000", "6E00"),
        ("00FF000000", "6D00"),
        ("80CA9F7F00", "6D00"),
        ("8020008000", "6D00"),
    ],
)
def test_what_the_chip_does_not_offer_is_said_by_status_word(reader, command, status):
    assert reader.send(command) == status


def test_the_contact_atr_can_be_asked_for_in_every_state(reader):
    assert reader.data("00CA5F5100") == reader.chip.reset()[1:]
    reader.select(JPKI)
    assert reader.data("00CA5F5100") == reader.chip.reset()[1:]


@pytest.mark.parametrize(
    ("tag", "value"),
    [("0045", b"900000000000001"), ("00F0", b"13101"), ("00F2", b"20360401")],
)
def test_the_card_says_its_serial_municipality_and_last_day(reader, tag, value):
    assert reader.data(f"00CA{tag}00") == value


def test_the_keys_of_the_card_are_of_the_test_kind(reader):
    for tag in ("0042", "00F7"):
        value = reader.data(f"00CA{tag}00")
        assert len(value) == 16
        assert value.startswith(b"6")


@pytest.mark.parametrize("tag", ["00F8", "7F21"])
def test_a_long_object_wants_an_extended_length(reader, tag):
    assert reader.send(f"00CA{tag}00") == "6700"
    assert len(reader.data(f"00CA{tag}000000")) == 563


@pytest.mark.parametrize("tag", ["0042", "0045", "0066", "00F0", "00F2", "00F7", "00F8", "7F21"])
def test_the_objects_are_there_only_while_no_application_is(reader, tag):
    command = f"00CA{tag}000000"
    assert reader.status(command) == "9000"
    reader.select(COMMON)
    assert reader.send(command) == "6A88"
    reader.select("A0000001510000")
    assert reader.status(command) == "9000"


def test_an_object_that_is_not_there_is_refused(reader):
    assert reader.send("00CA00FF00") == "6A88"
    assert reader.send("00CA0045") == "6700"


def test_a_phone_has_the_signing_application_only(insert):
    reader = insert(ANDROID)
    reader.select(JPKI)
    assert reader.status("00A4040C0A" + TEXT) == "6A82"
    reader.select("A0000001510000")
    assert reader.send("00CA004500") == "6A88"


def test_the_issuer_domain_takes_all_states_away(reader):
    reader.select(JPKI)
    reader.verify("1234", "0018")
    reader.select("A0000001510000")
    reader.select(JPKI)
    assert reader.status("802A009701410000") == "6700"  # no such length
    assert reader.status("802A0097014100") == "6982"
