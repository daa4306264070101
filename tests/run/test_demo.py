"""`kumihimo demo` as a stranger runs it."""

import re
import subprocess
import sys
import unicodedata

import pytest

SCENES = ("1.", "2.", "3.", "4.", "5.", "6.", "7.")


def demo(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "kumihimo", "demo", *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def done():
    return demo("--residents", "1000", "--seed", "1")


def test_the_demo_tells_its_whole_story(done):
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert [line[:2] for line in lines if line[:2] in SCENES] == list(SCENES)
    for told in ("REFUSED_ITEM", "REFUSED_CASE", "REFUSED_PIA", "ends-disagree", "合計所得金額"):
        assert told in done.stdout
    assert "/schema" in done.stdout
    assert "BusinessClient(" in done.stdout
    assert [line for line in lines if columns(line) > 80] == []


def columns(line):
    """Return how wide a terminal shows a line."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in line)


def test_the_join_that_finds_nobody_finds_everybody_by_a_common_number(done):
    joined = re.findall(r"^ +(\w+ \+ \w+|対照).* ([\d,]+) +([\d,]+)$", done.stdout, re.MULTILINE)
    assert [naming for pair, _, naming in joined if pair != "対照"] == ["0"] * 5
    assert int(joined[-1][2].replace(",", "")) > 100


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--residents", "10"], "--residents: 1,000 to 1,000,000"),
        (["--residents", "many"], "--residents"),
        (["--colour"], "--colour"),
    ],
)
def test_a_wrong_option_is_named_and_nothing_starts(arguments, words):
    done = demo(*arguments)
    assert done.returncode == 2
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
