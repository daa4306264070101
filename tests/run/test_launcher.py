"""`./kumihimo` before there is an environment: made once and whole, or one message what to do.

The program runs as a stranger's would, in a folder of its own. Only `uv` is played, by a script that
makes an environment as slowly, or fails as plainly, as the test asks: nothing is fetched.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.meta.project import ROOT

COPIED = ("kumihimo", "uv.lock", "pyproject.toml", "bootstrap.txt", "src/kumihimo/run/launcher.py")
UV = r"""#!/bin/sh
echo "$@" >> "$KUMIHIMO_TEST_CALLS"
echo "the tool's own words" >&2
[ -n "$KUMIHIMO_TEST_FAIL" ] && exit 1
mkdir -p "$UV_PROJECT_ENVIRONMENT/bin"
printf half > "$UV_PROJECT_ENVIRONMENT/bin/python"
sleep "${KUMIHIMO_TEST_SLOW:-0}"
printf '#!/bin/sh\necho "ran $*"\nenv > "$KUMIHIMO_TEST_CALLS.env"\n' > "$UV_PROJECT_ENVIRONMENT/bin/python"
chmod +x "$UV_PROJECT_ENVIRONMENT/bin/python"
"""
PATIENCE_S = 60


class Checkout:
    """A clone in a folder of its own, and what its tool was called with."""

    def __init__(self, folder):
        self.folder, self.calls_file = folder, folder.parent / "calls"
        for name in COPIED:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        tool = folder / ".kumihimo" / "bootstrap"
        (tool / "bin").mkdir(parents=True)
        (tool / "bin" / "uv").write_text(UV)
        (tool / "bin" / "uv").chmod(0o755)
        digest = hashlib.sha256((folder / "bootstrap.txt").read_bytes()).hexdigest()
        (tool / "ready").write_text(digest)

    @property
    def env(self):
        return self.folder / ".venv"

    @property
    def calls(self):
        return self.calls_file.read_text().splitlines() if self.calls_file.exists() else []

    @property
    def variables(self):
        """Return what stood in the environment of what was started last."""
        lines = self.calls_file.with_suffix(".env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def start(self, *words, program=None, cwd="/", path=os.defpath, also=(), **told):
        given = {f"KUMIHIMO_TEST_{name.upper()}": str(value) for name, value in told.items()}
        return subprocess.Popen(
            [sys.executable, str(program or self.folder / "kumihimo"), *words],
            cwd=cwd,
            env={"PATH": path, "KUMIHIMO_TEST_CALLS": str(self.calls_file), **dict(also), **given},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *words, **more):
        with self.start(*words, **more) as process:
            out, err = process.communicate(timeout=PATIENCE_S)
        assert "Traceback" not in err
        return process.returncode, out, err


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path / "花子 の folder" / "kumihimo")


def ran(told, *words):
    assert told[:2] == (0, f"ran -m kumihimo {' '.join(words)}".rstrip() + "\n"), told


def refused(told, *words):
    code, out, err = told
    assert (code, out) == (1, ""), told
    assert all(word in err for word in words), err


def test_the_first_start_makes_the_environment_and_later_ones_use_it(checkout):
    ran(checkout.run("demo", "--keep"), "demo", "--keep")
    code, out, err = checkout.run("demo")
    assert (code, out, err) == (0, "ran -m kumihimo demo\n", "")
    assert len(checkout.calls) == 1
    assert "--frozen" in checkout.calls[0]
    assert "--no-dev" in checkout.calls[0]


def test_what_python_compiles_is_kept_apart_from_the_sources_whatever_the_caller_says(checkout):
    also = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": "/elsewhere"}
    ran(checkout.run("demo", also=also), "demo")
    assert "PYTHONDONTWRITEBYTECODE" not in checkout.variables
    place = checkout.folder / ".kumihimo" / "bytecode"
    assert checkout.variables["PYTHONPYCACHEPREFIX"] == str(place)


def test_the_tests_bring_their_tools_and_keep_them(checkout):
    checkout.run("demo")
    ran(checkout.run("test"), "test")
    checkout.run("demo")
    assert ["--no-dev" in call for call in checkout.calls] == [True, False]


def test_spark_comes_with_the_tests_only_and_stays_where_somebody_has_put_it(checkout):
    checkout.run("demo")
    checkout.run("test")
    assert ["--extra spark" in call for call in checkout.calls] == [False, True]
    shutil.rmtree(checkout.env)
    checkout.run("demo")
    (checkout.env / "lib" / "python3.11" / "site-packages" / "pyspark").mkdir(parents=True)
    (checkout.env / "kumihimo-stamp.json").unlink()
    checkout.run("demo")
    assert ["--extra spark" in call for call in checkout.calls[2:]] == [False, True]


@pytest.mark.parametrize("name", ["uv.lock", "pyproject.toml", "bootstrap.txt"])
def test_what_the_environment_was_made_from_changes_it(checkout, name):
    checkout.run("demo")
    path = checkout.folder / name
    path.write_text(path.read_text() + "\n# more\n")
    if name == "bootstrap.txt":
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        (checkout.folder / ".kumihimo" / "bootstrap" / "ready").write_text(digest)
    ran(checkout.run("demo"), "demo")
    assert len(checkout.calls) == 2


def test_it_runs_from_any_folder_and_through_a_link(checkout, tmp_path):
    link = tmp_path / "あ link"
    link.symlink_to(checkout.folder / "kumihimo")
    ran(checkout.run("demo", program=link, cwd=tmp_path), "demo")
    ran(checkout.run("demo", program="./kumihimo", cwd=checkout.folder), "demo")
    assert len(checkout.calls) == 1


def test_a_folder_that_was_moved_makes_its_environment_anew(checkout, tmp_path):
    checkout.run("demo")
    checkout.folder.rename(tmp_path / "moved")
    checkout.folder = tmp_path / "moved"
    ran(checkout.run("demo"), "demo")
    assert len(checkout.calls) == 2


def test_two_starts_at_once_make_one_environment(checkout):
    with checkout.start("a", slow=1) as one, checkout.start("b", slow=1) as other:
        told = [process.communicate(timeout=PATIENCE_S)[0] for process in (one, other)]
    assert told == ["ran -m kumihimo a\n", "ran -m kumihimo b\n"]
    assert len(checkout.calls) == 1


def half_made(checkout):
    return checkout.env.is_dir() and (checkout.env / "bin" / "python").exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_set_up_that_is_cut_off_is_done_again(checkout, number):
    with checkout.start("demo", slow=30) as process:
        deadline = time.monotonic() + PATIENCE_S
        while not half_made(checkout) and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(process.pid, number)
        out, _ = process.communicate(timeout=PATIENCE_S)
    assert out == ""
    assert process.returncode != 0
    assert not (checkout.env / "kumihimo-stamp.json").exists()
    ran(checkout.run("demo"), "demo")
    assert len(checkout.calls) == 2


def test_a_tool_that_fails_is_quoted_and_nothing_half_is_left(checkout):
    refused(checkout.run("demo", fail=1), "the tool's own words", "Check the network", "setup.log")
    assert not checkout.env.exists()
    ran(checkout.run("demo"), "demo")


def garbled(env):
    (env / "kumihimo-stamp.json").write_text("{")


def another(env):
    (env / "kumihimo-stamp.json").write_text('{"a": 1}')


def without_stamp(env):
    (env / "kumihimo-stamp.json").unlink()


def without_python(env):
    (env / "bin" / "python").unlink()


def dangling(env):
    (env / "bin" / "python").unlink()
    (env / "bin" / "python").symlink_to("/nonexistent/python")


def not_to_be_started(env):
    (env / "bin" / "python").chmod(0o644)


@pytest.mark.parametrize(
    "broken", [garbled, another, without_stamp, without_python, dangling, not_to_be_started]
)
def test_a_broken_environment_is_made_whole(checkout, broken):
    checkout.run("demo")
    broken(checkout.env)
    ran(checkout.run("demo"), "demo")
    assert len(checkout.calls) == 2


def test_an_interpreter_that_does_not_start_is_told(checkout):
    checkout.run("demo")
    (checkout.env / "bin" / "python").write_bytes(b"\x7fELF garbage")
    refused(checkout.run("demo"), "Delete the folder .venv")


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_somebody_else_put_in_the_environments_place_stays(checkout, kind):
    if kind == "file":
        checkout.env.write_text("mine")
    else:
        checkout.env.symlink_to("/nonexistent/mine")
    refused(checkout.run("demo"), "no folder", "Move it away")
    assert checkout.calls == []
    assert checkout.env.is_symlink() or checkout.env.read_text() == "mine"


def test_a_package_that_is_missing_is_told_in_words(tmp_path):
    (tmp_path / "cyclopts.py").write_text("raise ModuleNotFoundError('gone', name='cyclopts')")
    done = subprocess.run(
        [sys.executable, "-m", "kumihimo", "--version"],
        env={"PYTHONPATH": str(tmp_path), "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "cyclopts is missing" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_old_python_is_told_what_to_do(checkout):
    program = checkout.folder / "kumihimo"
    program.write_text(program.read_text().replace("(3, 11)", "(99, 0)"))
    refused(checkout.run("demo", path="/nonexistent"), "Python 3.11", "apt-get install")
    assert checkout.calls == []
