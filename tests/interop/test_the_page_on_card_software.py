"""`docs/how-to/test-your-card-software.md`, followed from top to bottom as a new user does."""

import pytest

from tests.nowhere import nowhere_by_itself
from tests.run.pages import blocks, place, type_block

PAGE = "how-to/test-your-card-software.md"
ASKED = {"Passphrase of the card: ": "a passphrase", "Once more: ": "a passphrase"}
# What a reader has of her own: it speaks to the card, and tells how it went by its exit code.
OWN = "#!/bin/sh\nexec pkcs15-tool --list-pins\n"


def test_every_block_can_be_typed_as_it_stands(tmp_path):
    folder = place(tmp_path)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("your-program", "your-tests"):
        (programs / name).write_text(OWN)
        (programs / name).chmod(0o755)
    *typed, insert = blocks(PAGE)
    assert "sudo" in insert, "the machine's own reader is left alone"
    new, shown, run, unattended, signed = [
        type_block(block, folder, answers=ASKED, path=programs) for block in typed
    ]
    assert "auth 1234" in new
    assert "sign ABC123" in new
    assert "3/3" in shown
    assert nowhere_by_itself("1234", shown)
    assert "Kumihimo" in run
    assert run.count("X.509 Certificate [User Authentication Certificate]") == 1
    assert run.count("Digital Signature PIN") == 1
    assert unattended.count("Digital Signature PIN") == 1
    assert "SELECT" in run
    assert "SELECT" not in unattended
    assert signed.endswith("Verified OK\n")


def test_a_block_whose_first_command_fails_would_be_told(tmp_path):
    with pytest.raises(AssertionError, match="no-such-card"):
        type_block("./kumihimo card show no-such-card\ntrue\n", place(tmp_path), answers=ASKED)
