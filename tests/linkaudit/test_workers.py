"""Processes of a team share the processors, and a task beside others gives what it gives alone."""

import math
import subprocess
import sys

import pytest

from kumihimo.kernel.settings import environment_with
from kumihimo.linkaudit.workers import Team, cores, quiet

# Processes of a team do not know the tests: what they are given to do is the language's own.
THREADS = "__import__('polars').thread_pool_size()"
ASKED = "import os; print(os.environ.get('POLARS_MAX_THREADS'))"
# Says what a program is told of threads that is started in an audit, and what one after it.
STARTED = f"""
import subprocess, sys
from kumihimo.kernel.settings import environment_with
from kumihimo.linkaudit.workers import Team, quiet

def ask():
    subprocess.run([sys.executable, "-c", {ASKED!r}], check=True)

with Team.at_work(2, quiet):
    ask()
ask()
"""


def test_processes_have_together_as_many_threads_as_there_are_processors():
    with Team.at_work(2, quiet) as team:
        found = team.each("threads", eval, [THREADS, THREADS], [1, 1])
    assert found == [max(1, cores() // 2)] * 2


@pytest.mark.parametrize("before", [None, "7"])
def test_what_is_started_after_an_audit_has_the_threads_that_it_had_before(before):
    given = environment_with(**({"POLARS_MAX_THREADS": before} if before else {}))
    command = [sys.executable, "-c", STARTED]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=given)
    assert done.stdout.split() == [str(max(1, cores() // 2)), str(before)]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_beside_others_gives_what_it_gives_alone(workers):
    with Team.at_work(workers, quiet) as team:
        beside = team.beside(math.sqrt, 9)
        assert team.each("roots", math.sqrt, [1, 4], [1, 1]) == [1.0, 2.0]
        assert beside() == 3.0


@pytest.mark.parametrize("workers", [1, 2])
def test_what_goes_wrong_beside_is_told_to_who_waits_for_it(workers):
    with Team.at_work(workers, quiet) as team:
        beside = team.beside(float, "nine")
        with pytest.raises(ValueError, match="nine"):
            beside()


@pytest.mark.parametrize("workers", [1, 2])
def test_who_came_early_does_the_same_and_what_went_wrong_then_is_no_matter(workers):
    with Team.at_work(workers, quiet) as team:
        team.come(math.log, workers)  # of 0 there is none
        assert team.each("roots", math.sqrt, [1, 4], [1, 1]) == [1.0, 2.0]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_asked_in_order_comes_in_order_and_each_before_the_next_is_waited_for(workers):
    told = []
    with Team.at_work(workers, lambda *seen: told.append(seen)) as team:
        found = team.in_order("roots", math.sqrt, [4, 9, -1, 16], [1, 2, 3, 4])
        assert [next(found), next(found)] == [2.0, 3.0]
        assert told == [("roots", 1, 10)]
        with pytest.raises(ValueError, match="domain"):
            next(found)
        assert team.each("roots", math.sqrt, [1, 4], [1, 1]) == [1.0, 2.0]
