"""A card that a person keeps as a file."""

import os
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumihimo.card import keeping
from kumihimo.card.keeping import BadCardFile, CardInUse, check, create, opened
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.withheld import Withheld
from tests.card.conftest import drawn
from tests.card.reader import JPKI, powered

ENTROPY = SystemEntropy()
PASSPHRASE = Withheld(b"a kept card")
CHEAP = 4  # the cost of a guess is not what is tested here
OPEN = """
import sys
from pathlib import Path
from kumihimo.card.keeping import opened
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.withheld import Withheld
with opened(Path(sys.argv[1]), Withheld(b"a kept card"), entropy=SystemEntropy()):
    print("open", flush=True)
    sys.stdin.read()
"""


def keep(path, contents=None):
    create(path, contents or drawn("card"), PASSPHRASE, entropy=ENTROPY, cost=CHEAP)
    return path


def open_card(path):
    return opened(path, PASSPHRASE, entropy=ENTROPY)


@pytest.fixture
def kept(tmp_path):
    return keep(tmp_path / "my.card")


def refusal(path, passphrase=PASSPHRASE):
    with pytest.raises(BadCardFile) as found, opened(path, passphrase, entropy=ENTROPY):
        pass
    assert str(path) in found.value.detail
    return found.value.detail


def test_a_card_has_tomorrow_what_it_had_today(kept):
    with open_card(kept) as memory:
        reader = powered(memory)
        reader.select(JPKI)
        assert reader.verify("9999", "0018") == "63C2"
    with open_card(kept) as memory:
        reader = powered(memory)
        reader.select(JPKI)
        assert reader.tries("0018") == "63C2"
        assert reader.verify("1234", "0018") == "9000"
        assert {name: memory.read(name) for name in drawn("card")} == drawn("card")


def test_nothing_of_a_card_can_be_read_in_its_file(kept):
    content = kept.read_bytes()
    for slot, value in drawn("card").items():
        assert slot.encode() not in content
        assert len(value) < 8 or value not in content
    assert kept.stat().st_mode & 0o777 == 0o600


def test_another_passphrase_does_not_open_a_card(kept):
    assert "not this passphrase" in refusal(kept, Withheld(b"another"))


@pytest.mark.parametrize("at", [16, 17, 30, 40, 48, 60, -1])
def test_a_card_with_one_byte_altered_does_not_open(kept, at):
    content = bytearray(kept.read_bytes())
    content[at] ^= 1
    kept.write_bytes(content)
    refusal(kept)


@given(st.integers(min_value=0, max_value=200))
@settings(max_examples=30)
def test_half_a_card_says_that_it_is_not_all(tmp_path_factory, short):
    kept = keep(tmp_path_factory.mktemp("half") / "c", {"card/carrier": b"card" * 30})
    content = kept.read_bytes()
    kept.write_bytes(content[:short])
    if short < len(content):
        told = refusal(kept)
        assert "not all of it" in told or "no card of Kumihimo" in told


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7", bytes(4096), b"KUMIHIMO CARD 2\n" + bytes(90)]
)
def test_a_file_that_is_no_card_is_told_so(tmp_path, content):
    path = tmp_path / "foreign"
    path.write_bytes(content)
    assert "no card of Kumihimo" in refusal(path)
    with pytest.raises(BadCardFile):
        check(path)


def test_a_foreign_file_cannot_ask_for_all_memory(kept):
    content = bytearray(kept.read_bytes())
    content[len(keeping.MAGIC)] = 40
    kept.write_bytes(content)
    assert "no card of Kumihimo" in refusal(kept)


def test_what_is_no_file_at_all_is_told_by_name(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("missing", "pipe", "."):
        refusal(tmp_path / name)


def test_one_card_is_in_one_reader_at_a_time(kept):
    command = [sys.executable, "-c", OPEN, str(kept)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin
        assert other.stdout
        assert other.stdout.readline() == "open\n"
        with pytest.raises(CardInUse, match=r"my\.card"), open_card(kept):
            pass
        other.stdin.close()
        other.wait()
    with open_card(kept) as memory:
        memory.write({"card/carrier": b"card"})  # another file is in its place now
        with pytest.raises(CardInUse), open_card(kept):
            pass
    with open_card(kept):
        pass


def test_a_card_is_found_through_a_link_and_the_link_stays(kept, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(kept)
    with open_card(link) as memory:
        memory.write({"a": b"1"})
    assert link.is_symlink()
    with open_card(kept) as memory:
        assert memory.read("a") == b"1"


def test_a_new_card_never_takes_the_place_of_a_file(kept):
    before = kept.read_bytes()
    with pytest.raises(FileExistsError):
        keep(kept)
    assert kept.read_bytes() == before
    assert list(kept.parent.iterdir()) == [kept]


def test_two_states_of_a_card_share_no_key_stream(kept):
    states = [kept.read_bytes()]
    with open_card(kept) as memory:
        for _ in range(3):
            memory.write({"a": b"1"})
            states.append(kept.read_bytes())
    for one, other in pairwise(states):
        equal = sum(a == b for a, b in zip(one[49:], other[49:], strict=False))
        assert equal < len(one) / 64  # as often as chance has it: one in 256
