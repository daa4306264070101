"""Packages of the system: only what is missing, and one line that can be typed where it cannot be."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from kumihimo.kernel.refusal import Unavailable
from kumihimo.run import system_packages as packages

NOBODY = 65534
ASK = f"""
import os
from kumihimo.run.system_packages import ensure
if os.geteuid() == 0:
    os.setgroups([]), os.setgid({NOBODY}), os.setuid({NOBODY})
ensure(["coreutils", "curl"])
"""


def by(folder, **programs):
    """Make a folder of programs that do what the shell lines say, in place of the system's."""
    folder.mkdir()
    for name, lines in programs.items():
        path = folder / name.replace("_", "-")
        path.write_text(f"#!/bin/sh\n{lines}\n")
        path.chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Put a machine together whose apt-get writes down what it is asked and does as told."""

    def make(apt, dpkg="echo coreutils installed"):
        folder = tmp_path / "bin"
        told = f'echo "$@" >> {tmp_path}/asked\n{apt}'
        monkeypatch.setenv("PATH", by(folder, apt_get=told, dpkg_query=dpkg, sudo='shift; "$@"'))
        return tmp_path / "asked"

    return make


def test_what_is_there_is_not_asked_for_again(machine):
    asked = machine("exit 1")
    packages.ensure(["coreutils"])
    assert not asked.exists()


def test_only_what_is_missing_is_installed_and_no_list_is_fetched_without_need(machine, tmp_path):
    asked = machine(f"touch {tmp_path}/done", f"cat {tmp_path}/done && echo curl installed")
    packages.ensure(["curl"])
    [line] = asked.read_text().splitlines()
    assert line.endswith("install -y --no-install-recommends curl")


def test_a_machine_with_old_lists_gets_new_ones_and_is_asked_again(machine, tmp_path):
    apt = f"case $1 in update) touch {tmp_path}/new;; *) [ -e {tmp_path}/new ];; esac"
    asked = machine(apt, f"[ -e {tmp_path}/new ] && echo curl installed")
    packages.ensure(["curl"])
    assert [line.split()[-1] for line in asked.read_text().splitlines()] == [
        "curl",
        "update",
        "curl",
    ]


def test_an_installation_that_fails_says_why_and_what_to_type(machine):
    machine("echo E: no space; exit 100", "true")
    with pytest.raises(Unavailable, match=r"E: no space.*type: sudo apt-get update && .* curl$"):
        packages.ensure(["curl"])


def test_a_package_that_is_still_missing_after_the_installation_is_told(machine):
    machine("true", "true")
    with pytest.raises(Unavailable, match="missing: curl"):
        packages.ensure(["curl"])


def test_a_system_that_is_not_debian_is_told_which_programs_are_needed(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match=r"not a Debian system.*curl"):
        packages.ensure(["curl"])


def test_who_may_not_install_reads_one_line_to_type():
    # Not below pytest's own folder: that is closed to other users.
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = by(Path(folder) / "bin", apt_get="exit 1", dpkg_query="echo coreutils installed")
        command = [sys.executable, "-c", ASK]
        told = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            env={"PATH": path.partition(":")[0]},
        )
    assert told.returncode != 0
    assert told.stderr.splitlines()[-1].endswith("-y --no-install-recommends curl")
