"""A try is spent before the PIN is compared, whenever the process dies, and on a full disk too."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.card.reader import JPKI, powered
from tests.card.test_keeping import keep, open_card
from tests.meta.project import ROOT

LIMIT = 3
FULL = """
set -e
mount -t tmpfs -o size={size} tmpfs {place}
cp {card} {place}/c
fill() {{ dd if=/dev/zero of={place}/filler bs=1k 2>/dev/null || true; }}
fill
{python} -m tests.card.killed {place}/c {pin} 0 || true
ls -A {place}
rm {place}/filler
cp {place}/c {card}
"""


@pytest.fixture
def card(tmp_path):
    return keep(tmp_path / "c")


def start(card, pin, step=0):
    command = [sys.executable, "-m", "tests.card.killed", str(card), pin, str(step)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def tries(card):
    with open_card(card) as memory:
        reader = powered(memory)
        reader.select(JPKI)
        return int(reader.tries("0018")[-1], 16)


def died(card, pin, step):
    """Try a PIN and die at a step; returns what was told, and whether it died."""
    with start(card, pin, step) as process:
        assert process.stdout
        told = process.stdout.read().splitlines()
    assert process.returncode in {0, -signal.SIGKILL}
    return told[told.index("ready") + 1 :], process.returncode != 0


def test_the_lowered_counter_is_on_the_disk_before_the_pin_is_compared(card):
    told, _ = died(card, "9999", 0)
    steps = [one for one in told[: told.index("compare_digest")] if one != "close"]
    # The new file's bytes, its taking of the old one's place, the folder that says so.
    assert steps == ["open", "write", "fsync", "replace", "open", "fsync"]


@pytest.mark.parametrize("pin", ["9999", "1234"], ids=["wrong", "right"])
def test_whoever_kills_the_card_at_any_step_gets_no_free_try(card, tmp_path, pin):
    whole, _ = died(shutil.copy(card, tmp_path / "whole"), pin, 0)
    steps = whole.index("answer 63C2") if "answer 63C2" in whole else whole.index("answer 9000")
    assert "compare_digest" in whole[:steps]
    for step in range(1, steps + 1):
        copy = shutil.copy(card, tmp_path / "killed")
        told, killed = died(copy, pin, step)
        assert killed
        left = tries(copy)
        compared = "compare_digest" in told
        gone_back = pin == "1234" and told.count("replace") > 1  # the right PIN restored it
        assert left <= LIMIT - compared or gone_back, told
        assert left >= LIMIT - 1, told
        assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "killed", "whole"]


def test_kills_at_any_time_leave_a_card_that_opens_and_no_try_is_given_back(card, tmp_path):
    chance = random.Random(1)
    for _ in range(12):
        copy = shutil.copy(card, tmp_path / "killed")
        with start(copy, "9999") as process:
            assert process.stdout
            told = [process.stdout.readline()]
            time.sleep(chance.random() * 0.02)  # not a wait: when the blow falls is chance
            process.kill()
            told += process.stdout.read().splitlines()
        answers = sum(line.startswith("answer 63C") for line in told)
        assert tries(copy) <= LIMIT - answers


def test_on_a_full_disk_a_pin_is_not_even_compared(card, tmp_path):
    place = tmp_path / "small"
    place.mkdir()
    size = card.stat().st_size + 64 * 1024
    script = FULL.format(size=size, place=place, card=card, python=sys.executable, pin="1234")
    own = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    told = subprocess.run(
        [*own, "sh", "-c", script], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert "answer 6581" in told
    assert "compare_digest" not in told
    assert told[-2:] == ["c", "filler"]  # and no half file
    assert tries(card) == LIMIT


def test_a_card_that_was_killed_while_it_was_replaced_leaves_no_file_behind(card):
    half = Path(card).with_name(".c.new")
    half.write_bytes(b"half")
    assert tries(card) == LIMIT
    assert not half.exists()
