"""What cards and a counter keep in files: keys, new cards, notes. Whole, closed to others, lasting."""

import asyncio
import subprocess
import sys
import time

import pytest

from kumihimo.card import keeping, terminal
from kumihimo.card.apdu import Command
from kumihimo.card.applications import JPKI
from kumihimo.card.carriers import card_in
from kumihimo.card.chip import Chip
from kumihimo.card.memory import Volatile
from kumihimo.card.personalise import personalise
from kumihimo.card.specimen import specimen_order
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import Locker, PartyKeys
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.cards.issuing import FileIssuing
from kumihimo.rooms.cards.notes import FileNotes, Line, unfinished
from kumihimo.rooms.cards.tray import FolderTray, passphrase

ENTROPY = SystemEntropy()


def locker(secret=b"a" * 32):
    return Locker.of(Withheld(secret), ENTROPY)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys") / "card-keys"
    FileIssuing(folder, locker()).issuer("131032")
    return folder


def test_a_counter_proves_its_role_to_a_card_that_was_made_before_the_room_was_started_again(keys):
    made = specimen_order(entropy=ENTROPY, issuer=FileIssuing(keys, locker()).issuer("131032"))
    memory = Volatile(personalise(made, entropy=ENTROPY))
    chip = Chip(card_in(memory), memory, entropy=ENTROPY)
    serial = terminal.serial(chip.process).decode()
    terminal.select(chip.process, JPKI)
    question = terminal.challenge(chip.process)
    certificate, proof = FileIssuing(keys, locker()).role(serial, question)
    for block in (certificate[:307], certificate[307:]):
        terminal.call(chip.process, Command(0x80, 0xA2, 0, 0xC1, block))
    terminal.call(chip.process, Command(0, 0x82, 0, 0, proof))
    assert terminal.generate_key(chip.process, 0x17)


def test_the_keys_of_cards_stay_the_same_and_open_under_the_rooms_key_alone(keys):
    one, other = FileIssuing(keys, locker()), FileIssuing(keys, locker())
    assert one.text_authority() == other.text_authority()
    assert one.issuer("131032").text.id == other.issuer("131032").text.id
    assert one.issuer("131032").text_certificate == other.issuer("131032").text_certificate
    with pytest.raises(Exception):  # noqa: B017, PT011 - tampering, or another room's key
        FileIssuing(keys, locker(b"b" * 32)).text_authority()
    for path in (keys, *keys.iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_new_card_lies_in_the_tray_as_a_file_that_its_own_office_opens(tmp_path):
    keys = PartyKeys("cards", Withheld(b"m" * 32))
    tray = FolderTray(tmp_path / "tray", keys, locker(), ENTROPY)
    contents = {"card/carrier": b"card", "x": b"secret"}
    for _ in range(2):  # the same card made again is one card
        asyncio.run(tray.engrave("900000000000001", contents, municipality="131032"))
    [path] = (tmp_path / "tray" / "131032").iterdir()
    assert "900000000000001" not in path.name
    assert b"secret" not in path.read_bytes()
    for one in (path, path.parent, path.parent.parent):
        assert one.stat().st_mode & 0o077 == 0
    with keeping.opened(path, passphrase(keys, "131032"), entropy=ENTROPY) as memory:
        assert memory.read("x") == b"secret"
    with (
        pytest.raises(keeping.BadCardFile),
        keeping.opened(path, passphrase(keys, "271004"), entropy=ENTROPY),
    ):
        pass


def test_a_line_that_a_crash_cut_is_left_out_and_the_next_is_whole(tmp_path):
    path = tmp_path / "notes"
    notes = FileNotes(path)
    assert notes.lines() == []
    notes.add(Line("s1", "activate", "begun"))
    with path.open("ab") as file:
        file.write(b'{"session":"s2","ki')
    notes.add(Line("s3", "pins", "begun"))
    notes.add(Line("s1", "activate", "committed"))
    assert unfinished(FileNotes(path)) == {"s3": "pins"}
    assert path.stat().st_mode & 0o077 == 0


WRITER = """
import sys
from pathlib import Path
from kumihimo.rooms.cards.notes import FileNotes, Line
notes = FileNotes(Path(sys.argv[1]))
for number in range(1_000_000):
    notes.add(Line(str(number), "pins", "begun"))
    print(number, flush=True)
"""


def test_what_was_noted_is_there_after_the_program_was_killed(tmp_path):
    path = tmp_path / "notes"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    writer.stdout.readline()
    time.sleep(0.1)
    writer.kill()
    told = writer.stdout.read().split()
    writer.wait()
    writer.stdout.close()
    noted = [line.session for line in FileNotes(path).lines()]
    assert noted == [str(number) for number in range(len(noted))]
    assert set(told) <= set(noted)
