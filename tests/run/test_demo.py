"""`kumihimo demo` as a stranger runs it."""

import subprocess
import sys

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


def test_the_demo_tells_its_whole_story():
    done = demo("--residents", "2000", "--seed", "1")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert [line[:2] for line in lines if line[:2] in SCENES] == list(SCENES)
    for told in ("REFUSED_ITEM", "REFUSED_CASE", "REFUSED_PIA", "ends-disagree", "合計所得金額"):
        assert told in done.stdout


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
