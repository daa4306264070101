import subprocess
import sys
from pathlib import Path

import pytest

from kumihimo.run.testing import CHECKS, MIGRATIONS, ROOT, TYPES

TOOLS = Path(sys.executable).parent


def squawk(folder):
    command = [TOOLS / "squawk", "--config", ROOT / ".squawk.toml", MIGRATIONS]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


@pytest.fixture
def planted(tmp_path):
    def plant(text):
        folder = tmp_path / "src" / "rooms" / "migrations"
        folder.mkdir(parents=True)
        (folder / "0001_planted.pre.sql").write_text(text)
        return tmp_path

    return plant


@pytest.mark.parametrize("check", [*CHECKS, TYPES], ids=lambda check: check.name)
def test_the_tool_of_every_check_comes_with_the_environment(check):
    assert (TOOLS / check.command[0]).exists()


def test_the_pattern_finds_every_migration():
    assert f"in {len(list(ROOT.glob(MIGRATIONS)))} files" in squawk(ROOT).stdout
    assert ROOT / "src" / "kumihimo" / "kernel" / "watch.sql" in ROOT.glob(MIGRATIONS)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("ALTER TABLE record DROP COLUMN person;", "ban-drop-column"),
        ("ALTER TABLE record RENAME COLUMN person TO who;", "renaming-column"),
        ("ALTER TABLE record ADD COLUMN note text NOT NULL;", "adding-required-field"),
        ("CREATE TABLE t (a integer", "syntax-error"),
    ],
)
def test_a_migration_that_would_break_the_running_program_is_told(planted, text, rule):
    found = squawk(planted(text))
    assert found.returncode != 0
    assert rule in found.stdout + found.stderr


def test_a_migration_that_adds_is_let_through(planted):
    found = squawk(planted("ALTER TABLE record ADD COLUMN note text;"))
    assert found.returncode == 0, found.stdout + found.stderr
