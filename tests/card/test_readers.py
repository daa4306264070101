"""A folder in place of a card reader: the one card file in it is the card, and it is ours alone."""

import shutil

import pytest

from kumihimo.card import applications as ap
from kumihimo.card import keeping, terminal
from kumihimo.card.applications import JPKI
from kumihimo.card.readers import FolderReader, NoCard, TwoCards
from kumihimo.card.terminal import CardDeclined
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.withheld import Withheld
from tests.card.conftest import drawn

PASSPHRASE = Withheld(b"open sesame")


@pytest.fixture
def folder(tmp_path):
    return tmp_path


@pytest.fixture
def reader(folder):
    return FolderReader(folder, PASSPHRASE, SystemEntropy())


def put(folder, name="a.card"):
    contents = drawn("card")
    keeping.create(folder / name, contents, PASSPHRASE, entropy=SystemEntropy(), cost=1)
    return folder / name


def test_a_card_whose_file_is_moved_there_is_in_the_reader_and_taken_away_it_is_not(
    folder, reader, tmp_path_factory
):
    path = put(tmp_path_factory.mktemp("desk"))
    assert not reader.there()
    with pytest.raises(NoCard), reader.card():
        pass
    path = shutil.move(path, folder)
    assert reader.there()
    with reader.card() as transmit:
        assert len(terminal.serial(transmit)) == 15
    shutil.move(path, folder / "a.gone")
    assert not reader.there()


def test_of_two_cards_none_is_taken(folder, reader):
    put(folder)
    put(folder, "b.card")
    assert not reader.there()
    with pytest.raises(TwoCards), reader.card():
        pass


def test_a_card_that_another_program_uses_is_left_to_it(folder, reader):
    put(folder)
    with reader.card(), pytest.raises(keeping.CardInUse), reader.card():
        pass


def test_what_was_proved_to_a_card_ends_with_the_act(folder, reader):
    put(folder)
    with reader.card() as transmit:
        terminal.select(transmit, JPKI)
        terminal.verify(transmit, ap.AUTH_PIN, Withheld(b"1234"))
        before = transmit
    with pytest.raises(CardDeclined):
        terminal.sign(before, ap.AUTH_KEY, b"late")
    with reader.card() as transmit:
        terminal.select(transmit, JPKI)
        with pytest.raises(CardDeclined):
            terminal.sign(transmit, ap.AUTH_KEY, b"without a PIN")


def test_a_wrong_pin_in_the_folder_counts_as_in_any_reader(folder, reader):
    put(folder)
    with reader.card() as transmit:
        terminal.select(transmit, JPKI)
        with pytest.raises(terminal.WrongPin):
            terminal.verify(transmit, ap.AUTH_PIN, Withheld(b"0000"))
    with reader.card() as transmit:
        terminal.select(transmit, JPKI)
        assert terminal.tries(transmit, ap.AUTH_PIN) == 2
