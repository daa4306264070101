"""`kumihimo demo` as a stranger runs it."""

import re
import select
import signal
import subprocess
import sys
import time
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


def read_until(stream, words, seconds):
    """Return what a program prints up to some words, however it is cut."""
    said, until = "", time.monotonic() + seconds
    while words not in said and time.monotonic() < until:
        if select.select([stream], [], [], 1.0)[0]:
            said += stream.read1().decode("utf-8", "replace")
    return said


def test_a_demo_that_stays_up_answers_the_example_that_it_prints_and_ends_on_ctrl_c():
    with subprocess.Popen(
        [sys.executable, "-m", "kumihimo", "demo", "--keep", "--residents", "1000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        try:
            said = read_until(running.stdout, "first-exchange.md.", 240)
            example = re.search(r"^from kumihimo.*?^print[^\n]*$", said, re.MULTILINE | re.DOTALL)
            assert example, said
            answered = subprocess.run(
                [sys.executable, "-c", example[0]], capture_output=True, text=True, check=True
            )
            assert answered.stdout.startswith("OK (ItemValue(item='local-tax.total-income'")
        finally:
            running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=60)
    assert (running.returncode, errors.decode()) == (130, "kumihimo: 中止しました。 Stopped.\n")


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
