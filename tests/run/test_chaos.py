"""`kumihimo chaos`: what its workers tell is added up, and whatever is wrong in one seed is told."""

import io
import sys

import msgspec
import pytest
from psutil import Process
from rich.console import Console

from kumihimo.run.chaos_cli import Gap, Seed, add_up, show, simulate

GOOD = Seed(
    seed=1,
    failed="",
    sent=70,
    acknowledged=68,
    present={"core": 60},
    edits_planted={"rows of ledger": 1},
    edits_found={"rows of ledger": 1},
    faults={"lost": 3},
    commit_points=("a", "b"),
)
# Speaks as a worker does, and falls over the third seed.
WORKER = """
import sys
for line in sys.stdin:
    if line.strip() == "3":
        sys.exit(7)
    print('{"seed": %s, "failed": "", "sent": 2}' % line.strip(), flush=True)
"""


# Interrupts whoever started it, as Ctrl-C does, and would go on for ever.
INTERRUPTING = """
import os, signal, sys, time
sys.stdin.readline()
os.kill(os.getppid(), signal.SIGINT)
time.sleep(3600)
"""


def told(console):
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def in_memory():
    return Console(file=io.StringIO(), width=200)


def test_seeds_are_added_up():
    found = add_up([GOOD, msgspec.structs.replace(GOOD, seed=2, commit_points=("b", "c"))])
    assert (found.seeds, found.sent, found.acknowledged) == (2, 140, 136)
    assert (found.present, found.faults) == ({"core": 120}, {"lost": 6})
    assert found.edits_found == {"rows of ledger": 2}
    assert found.commit_points == 3
    assert found.holds
    console = in_memory()
    show(found, console)
    assert "2 of 2" in told(console)
    assert "✓" in told(console)


@pytest.mark.parametrize(
    "wrong",
    [
        {"failed": "an invariant"},
        {"lost": 1},
        {"doubled": 1},
        {"foreign": 1},
        {"unlike": 1},
        {"unfinished": 1},
        {"edits_found": {}},
    ],
    ids=str,
)
def test_one_seed_in_which_something_is_wrong_is_enough(wrong):
    found = add_up([GOOD, msgspec.structs.replace(GOOD, seed=2, **wrong)])
    assert not found.holds
    console = in_memory()
    show(found, console)
    assert "✗" in told(console)


def test_real_processes_that_fail_are_not_outweighed_by_seeds():
    found = add_up([GOOD])
    assert msgspec.structs.replace(found, processes=True).holds
    assert not msgspec.structs.replace(found, processes=False).holds


def test_how_long_nobody_was_told_anything_stands_in_the_table_and_what_was_not_measured_does_not():
    gap = Gap(failed="ledger dies", acknowledged=64, refused=3, taken_s=0.5, answered_s=7.25)
    measured, nothing = in_memory(), in_memory()
    show(msgspec.structs.replace(add_up([GOOD]), gaps=(gap,)), measured)
    show(add_up([GOOD]), nothing)
    [line] = [line for line in told(measured).splitlines() if "ledger dies" in line]
    assert line.split() == ["ledger", "dies", "64", "3", "0.5", "s", "7.2", "s"]
    assert "nothing taken" not in told(nothing)


def test_a_worker_that_dies_over_a_seed_is_told_and_the_others_are_run():
    console = in_memory()
    seeds = simulate(range(1, 9), 2, console, (sys.executable, "-c", WORKER))
    assert sorted(one.seed for one in seeds) == [*range(1, 9)]
    assert {one.seed: one.failed for one in seeds if one.failed} == {3: "the worker ended with 7"}
    assert "again: ./kumihimo chaos --seed 3" in told(console)


def test_whoever_interrupts_is_obeyed_and_no_worker_is_left():
    console = in_memory()
    with pytest.raises(KeyboardInterrupt):
        simulate(range(1, 9), 2, console, (sys.executable, "-c", INTERRUPTING))
    assert not [one for one in Process().children() if INTERRUPTING in one.cmdline()]
    assert "the worker ended" not in told(console)


def test_no_seeds_start_no_worker():
    assert simulate(range(1, 1), 2, in_memory(), ("/no/such/worker",)) == []
