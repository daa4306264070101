"""`kumihimo card run`: a program with a card reader of its own."""

import re
import subprocess

from tests.run.test_card_cli import COMMAND, IN_TIME_S, card, contents, key

__all__ = ["card", "contents", "key"]  # fixtures


def test_a_program_with_two_cards_runs_with_its_own_exit_code(card, key, tmp_path):
    second = tmp_path / "second.card"
    second.write_bytes(card.read_bytes())
    script = "opensc-tool -l | grep -c Yes; exit 7"
    done = subprocess.run(
        [*COMMAND, "run", card, f"--second={second}", key, "--", "sh", "-c", script],
        check=False,
        capture_output=True,
        text=True,
        timeout=IN_TIME_S,
    )
    assert done.returncode == 7, done
    assert done.stdout.strip() == "2"


def test_a_program_sees_the_card_and_what_passed_is_shown(card, key):
    done = subprocess.run(
        [*COMMAND, "run", card, key, "--", "pkcs15-tool", "--list-certificates"],
        check=False,
        capture_output=True,
        text=True,
        timeout=IN_TIME_S,
    )
    assert done.returncode == 0, done
    assert "User Authentication Certificate" in done.stdout
    assert re.search(r"^SELECT +00A4040C D392F000260100000001 → 9000$", done.stderr, re.MULTILINE)
