"""`kumihimo chaos`: a federation under every accident, a thousand times, and what a checker says.

First the simulation (tests/simulation): each seed is a whole federation in one process. Then the
same with real processes that are killed (`PROCESSES`). Zero must be lost, doubled or undetected.
"""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Final

import attrs
import msgspec
from cyclopts import App
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from kumihimo.kernel.refusal import BadInput
from kumihimo.run.cluster.patroni import ensure_patroni
from kumihimo.run.system_packages import TESTS, ensure, ensure_servers
from kumihimo.run.testing import ROOT

SEEDS: Final = 1_000
SEEDS_MAX: Final = 1_000_000  # our choice: weeks
WORKERS_MAX: Final = 64  # our choice: each has a PostgreSQL of its own
WORKER: Final = (sys.executable, "-m", "tests.simulation.chaos")
_TELL_EVERY: Final = 20  # where there is no terminal to draw on
PROCESSES: Final = (
    "tests/federation/test_processes.py",
    "tests/federation/test_killed_after_commit.py",
    "tests/federation/test_two_processes_of_a_room.py",
    "tests/federation/test_a_room_is_away.py",
    "tests/federation/test_the_leader_dies.py",
    "tests/federation/test_the_disk_fails.py",
    "tests/federation/parts_fail.py",
)
FULL_DISK: Final = "tests/federation/full_disk.py"
LEADER: Final = "tests/federation/leader_fails.py"
COLUMNS: Final = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeRemainingColumn(),
)

app = App(name="chaos", help_format="plaintext")


class Seed(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker tells of one seed; `failed` says what did not hold, "" where everything did."""

    seed: int
    failed: str
    processor_s: float = 0.0
    sent: int = 0
    acknowledged: int = 0
    present: dict[str, int] = {}
    lost: int = 0
    doubled: int = 0
    foreign: int = 0
    unlike: int = 0
    unfinished: int = 0
    edits_planted: dict[str, int] = {}
    edits_found: dict[str, int] = {}
    faults: dict[str, int] = {}
    commit_points: tuple[str, ...] = ()
    outcomes: dict[str, int] = {}


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """What clerks who asked all the time were told while `failed` failed.

    `taken_s` is the longest time in which no inquiry was acknowledged, `answered_s` that in which
    nobody was given an answer.
    """

    failed: str
    acknowledged: int
    refused: int
    taken_s: float
    answered_s: float


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What `--json` prints. `processes` is whether the suite of real processes passed, None: not run.

    `commit_points` counts the places in the program at whose transaction a room stopped or its
    database refused. `gaps`: what the suite of real processes measured.
    """

    seeds: int
    failed: dict[int, str]
    processor_s: float
    sent: int
    acknowledged: int
    present: dict[str, int]
    lost: int
    doubled: int
    foreign: int
    unlike: int
    unfinished: int
    edits_planted: dict[str, int]
    edits_found: dict[str, int]
    faults: dict[str, int]
    commit_points: int
    outcomes: dict[str, int]
    processes: bool | None = None
    gaps: tuple[Gap, ...] = ()

    @property
    def undetected(self) -> int:
        """How many planted edits nobody found."""
        return sum(self.edits_planted.values()) - sum(self.edits_found.values())

    @property
    def holds(self) -> bool:
        """Whether nothing is lost, doubled, put in, unlike, unfinished or undetected."""
        wrong = self.lost + self.doubled + self.foreign + self.unlike + self.unfinished
        return not (self.failed or wrong or self.undetected) and self.processes is not False


@app.default
def chaos(
    *,
    seeds: int = SEEDS,
    first: int = 1,
    seed: int = 0,
    workers: int = 0,
    simulation_only: bool = False,
    full_disk: bool = False,
    leader: bool = False,
    json: bool = False,
) -> int:
    """故障だらけの連合を何度も動かし、何も失われないことを確かめる。 Run a federation full of faults, and check.

    Exit code 1 when anything is lost, doubled, unfinished or undetected. A seed that fails is named:
    `--seed N` runs it again alone.

    Parameters
    ----------
    seeds
        何通り動かすか。 How many seeds to run; 0 runs the real processes only.
    first
        最初のシード。 The first of them.
    seed
        この一つだけ動かす。 Run this one alone, and say all that came before its failure.
    workers
        同時に動かす数（既定は全コア）。 How many at once; every core by default.
    simulation_only
        実プロセスの試験を省く。 Leave out the suite of real processes.
    full_disk
        小さなディスクも満杯にする（root）。 Fill up a small disk, too: for root, who may mount one.
    leader
        データベースの主系などを順に倒す。 Let everything that a clustered database stands on fail, too.
    json
        一つの JSON を印字する。 Print one JSON object and nothing else.

    """
    if not (0 <= seeds <= SEEDS_MAX and 1 <= first <= SEEDS_MAX and 0 <= seed <= SEEDS_MAX):
        raise BadInput(f"--seeds, --first, --seed: 1 to {SEEDS_MAX:,}", pointer="seeds")
    if not 0 <= workers <= WORKERS_MAX:
        raise BadInput(f"--workers: 1 to {WORKERS_MAX}", pointer="workers")
    wanted = range(seed, seed + 1) if seed else range(first, first + seeds)
    ensure(TESTS)
    ensure_servers()
    ensure_patroni()
    console = Console(stderr=True, highlight=False)
    told = simulate(wanted, workers or os.cpu_count() or 1, console)
    files = [*PROCESSES, *([FULL_DISK] if full_disk else []), *([LEADER] if leader else [])]
    found = add_up(told)
    if not (simulation_only or seed):
        passed, gaps = _real_processes(console, files)
        found = msgspec.structs.replace(found, processes=passed, gaps=gaps)
    if json:
        print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        show(found, Console())
    return int(not found.holds)


def simulate(
    seeds: range, workers: int, console: Console, command: tuple[str, ...] = WORKER
) -> list[Seed]:
    """Run every seed, several at once; a worker that dies is a seed that failed.

    Whoever interrupts ends the workers, each of which clears its PostgreSQL away.
    """
    told: list[Seed] = []
    left = _Left(iter(seeds))
    with Progress(*COLUMNS, console=console) as bar:
        task = bar.add_task("seeds", total=len(seeds))

        def tell(one: Seed) -> None:
            with left.lock:
                told.append(one)
                if one.failed:
                    console.print(f"seed {one.seed}: {one.failed}", markup=False)
                    console.print(f"  again: ./kumihimo chaos --seed {one.seed}", markup=False)
                bar.advance(task)
                if not console.is_terminal and len(told) % _TELL_EVERY == 0:
                    console.print(f"{len(told)} of {len(seeds)} seeds", markup=False)

        count = min(workers, len(seeds))
        with ThreadPoolExecutor(max(1, count)) as threads:
            running = [threads.submit(_worker, left, tell, command) for _ in range(count)]
            try:
                for done in running:
                    done.result()
            except BaseException:
                left.stop()
                raise
    return told


@attrs.define
class _Left:
    """The seeds that no worker has yet, and the workers that run."""

    seeds: Iterator[int]
    lock: Lock = attrs.field(factory=Lock)
    stopped: bool = False
    workers: list[subprocess.Popen[str]] = attrs.field(factory=list[subprocess.Popen[str]])

    def take(self) -> int | None:
        """Return another seed, None where there is none or nobody wants one any more."""
        with self.lock:
            return None if self.stopped else next(self.seeds, None)

    def start(self, command: tuple[str, ...]) -> subprocess.Popen[str] | None:
        """Start a worker, unless nobody wants one any more."""
        with self.lock:
            if self.stopped:
                return None
            worker = subprocess.Popen(  # noqa: S603 - the command is this file's own
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            self.workers.append(worker)
            return worker

    def stop(self) -> None:
        """Hand out nothing more, and end whoever runs."""
        with self.lock:
            self.stopped = True
            for worker in self.workers:
                worker.terminate()


def _worker(left: _Left, tell: Callable[[Seed], None], command: tuple[str, ...]) -> None:
    """Give a worker one seed after another; one that dies over a seed is followed by another."""
    while (seed := left.take()) is not None:
        worker = left.start(command)
        if worker is None:
            return
        with worker:
            while seed is not None and (line := _ask(worker, seed)):
                tell(msgspec.json.decode(line, type=Seed))
                seed = left.take()
            if seed is not None and not left.stopped:
                tell(Seed(seed=seed, failed=f"the worker ended with {worker.wait()}"))
            with suppress(BrokenPipeError):
                worker.communicate()


def _ask(worker: subprocess.Popen[str], seed: int) -> str:
    """Hand a seed over; returns what is told of it, "" where the worker ended over it."""
    assert worker.stdin is not None, "a pipe"
    assert worker.stdout is not None, "a pipe"
    try:
        worker.stdin.write(f"{seed}\n")
        worker.stdin.flush()
    except BrokenPipeError:
        return ""
    return worker.stdout.readline()


def add_up(told: list[Seed]) -> Summary:
    """Return the sums over all seeds."""

    def of(name: str) -> dict[str, int]:
        total = Counter[str]()
        for one in told:
            total.update(getattr(one, name))
        return dict(sorted(total.items()))

    return Summary(
        seeds=len(told),
        failed={one.seed: one.failed for one in told if one.failed},
        processor_s=round(sum(one.processor_s for one in told), 1),
        sent=sum(one.sent for one in told),
        acknowledged=sum(one.acknowledged for one in told),
        present=of("present"),
        lost=sum(one.lost for one in told),
        doubled=sum(one.doubled for one in told),
        foreign=sum(one.foreign for one in told),
        unlike=sum(one.unlike for one in told),
        unfinished=sum(one.unfinished for one in told),
        edits_planted=of("edits_planted"),
        edits_found=of("edits_found"),
        faults=of("faults"),
        commit_points=len({point for one in told for point in one.commit_points}),
        outcomes=of("outcomes"),
    )


def _real_processes(console: Console, files: list[str]) -> tuple[bool, tuple[Gap, ...]]:
    """Run the suite of real processes, which are killed; what it says goes to stderr.

    Returns whether it passed, and what it measured.
    """
    console.print("real processes, killed: " + ", ".join(files), markup=False)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files]
    with TemporaryDirectory(prefix="kumihimo-") as folder:
        told = Path(folder) / "gaps"
        done = subprocess.run(  # noqa: S603 - the command is this file's own
            [*command, "--gaps", str(told)], cwd=ROOT, check=False, stdout=sys.stderr
        )
        lines = told.read_bytes().splitlines() if told.exists() else []
    return done.returncode == 0, tuple(msgspec.json.decode(line, type=Gap) for line in lines)


def gaps_told(gaps: Sequence[Gap]) -> Table:
    """Return a table of what clerks were told while something failed."""
    table = Table(box=None)
    table.add_column("while they asked")
    for head in ("acknowledged", "refused", "nothing taken for", "nothing answered for"):
        table.add_column(head, justify="right")
    for one in gaps:
        seconds = (f"{one.taken_s:.1f} s", f"{one.answered_s:.1f} s")
        table.add_row(one.failed, f"{one.acknowledged:,}", f"{one.refused:,}", *seconds)
    return table


def show(found: Summary, console: Console) -> None:
    """Print the sums as a table."""
    table = Table(box=None, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    rows: list[tuple[str, str]] = [
        ("seeds run", f"{found.seeds:,}"),
        ("seeds that failed", f"{len(found.failed):,}"),
        ("inquiries sent", f"{found.sent:,}"),
        ("acknowledged", f"{found.acknowledged:,}"),
        *((f"present: {place}", f"{count:,}") for place, count in found.present.items()),
        ("lost", f"{found.lost:,}"),
        ("doubled", f"{found.doubled:,}"),
        ("put in by nobody", f"{found.foreign:,}"),
        ("unlike at two places", f"{found.unlike:,}"),
        ("unfinished", f"{found.unfinished:,}"),
        *(
            (f"edits found: {place}", f"{found.edits_found.get(place, 0):,} of {count:,}")
            for place, count in found.edits_planted.items()
        ),
        ("edits undetected", f"{found.undetected:,}"),
        *((f"fault: {fault}", f"{count:,}") for fault, count in found.faults.items()),
        ("places of the program where a commit failed", f"{found.commit_points:,}"),
        ("processor time, workers without PostgreSQL", f"{found.processor_s:,.0f} s"),
        ("real processes", {None: "not run", True: "passed", False: "FAILED"}[found.processes]),
    ]
    for what, value in rows:
        table.add_row(what, value)
    console.print(table)
    if found.gaps:
        console.print(gaps_told(found.gaps))
    console.print("✓ nothing lost, doubled or undetected" if found.holds else "✗ look above")
