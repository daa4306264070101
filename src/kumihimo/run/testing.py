"""`kumihimo test`: every static check, then every test. The last lines are pytest's own."""

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Final

import attrs
from cyclopts import App, Parameter
from rich.console import Console

from kumihimo.kernel.settings import environment_with
from kumihimo.run.cluster.patroni import ensure_patroni
from kumihimo.run.system_packages import TESTS, ensure, ensure_driver, ensure_servers

ROOT: Final = Path(__file__).resolve().parents[3]
# One more than the cores that a run is made for: whole federations wait a third of the time.
WORKERS: Final = "3"
# A file stays with one worker, in the order of tests/order.py, so what it needs is made once; of a
# few files each test goes to whoever is free.
FILES: Final = ("--dist", "loadfile", "--no-loadscope-reorder")
WORK: Final = ("--dist", "worksteal")
SERVED: Final = (
    "tests/browser",
    "tests/rooms",
    "tests/federation",
    "tests/interop",
    "tests/run/test_demo.py",
    "tests/run/test_pages_by_hand.py",
    "tests/run/test_pooler.py",
    "tests/run/test_the_page_on_rooms.py",
)
# pyright runs on Node, whose collector looks through what is young again and again: with more room
# for it the check takes a ninth less of a processor.
NODE_OPTIONS: Final = "--max-semi-space-size=128"  # MiB
MIGRATIONS: Final = "src/**/*.sql"  # squawk's own pattern, not the shell's

app = App(name="test", help_format="plaintext")


@attrs.frozen
class Check:
    """One static check: its name and its command inside the environment."""

    name: str
    command: tuple[str, ...]


# The longest by far, on one core: it runs beside the first tests, which wait a lot.
TYPES: Final = Check("types (pyright, strict)", ("pyright",))
CHECKS: Final = (
    Check("form (ruff check)", ("ruff", "check", ".")),
    Check("form (ruff format)", ("ruff", "format", "--check", ".")),
    Check("walls (import-linter)", ("lint-imports",)),
    Check("dependencies (deptry)", ("deptry", ".", "--no-ansi")),
    Check("migrations (squawk)", ("squawk", MIGRATIONS)),
    Check("spelling (codespell)", ("codespell", "src", "tests", "docs", "README.md")),
)


@app.default
def run_tests(
    *arguments: Annotated[str, Parameter(allow_leading_hyphen=True)],
    fast: bool = False,
) -> int:
    """静的検査と全テストを実行する。 Run every static check, then every test.

    Parameters
    ----------
    arguments
        pytest にそのまま渡す。 Passed on to pytest, such as a folder or `-k words`.
    fast
        サーバーの要らないテストだけ。 Only the tests that start no database and no card reader.

    """
    if not fast:
        ensure(TESTS)
        ensure_driver()
        ensure_servers()
        ensure_patroni()
    selection = [*arguments] or ["tests"]
    if fast:
        for folder in SERVED:
            selection += ["--ignore", folder]
    command = ["pytest", "-q", "-n", WORKERS, *(WORK if arguments else FILES), *selection]
    with ThreadPoolExecutor(1) as beside:
        types = beside.submit(_passes, TYPES)
        failed = [check.name for check in CHECKS if not _passes(check)]
        code = subprocess.run(_tool(command), cwd=ROOT, check=False).returncode  # noqa: S603
    if not types.result():
        failed.append(TYPES.name)
    for name in failed:
        print(f"kumihimo test: {name} failed", file=sys.stderr)
    return code or int(bool(failed))


def _tool(command: Sequence[str]) -> list[str]:
    return [str(Path(sys.executable).parent / command[0]), *command[1:]]


def _passes(check: Check) -> bool:
    console = Console(stderr=True, highlight=False)
    done = subprocess.run(  # noqa: S603 - the commands are this file's own
        _tool(check.command),
        cwd=ROOT,
        env=environment_with(NODE_OPTIONS=NODE_OPTIONS),
        check=False,
        capture_output=True,
        text=True,
    )
    passed = done.returncode == 0
    console.print(f"{'✓' if passed else '✗'} {check.name}", style="green" if passed else "bold red")
    if not passed:
        console.print(done.stdout + done.stderr, markup=False)
    return passed
