"""Who stops a command stops it between two steps of its loop, or at once where none runs."""

import asyncio
import signal
from contextlib import contextmanager

import pytest

from kumihimo.run.stopping import Stopped, Stopper


@contextmanager
def obeyed(stop):
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Room:
    """What is entered and left, each in a step of its own."""

    def __init__(self):
        self.steps = []

    async def __aenter__(self):
        self.steps.append("entered")
        return self

    async def __aexit__(self, *_):
        await asyncio.sleep(0)
        self.steps.append("left")


async def stopped_within(room, steps, *, times=1):
    async with room:
        for _ in range(times):
            signal.raise_signal(signal.SIGTERM)
        steps.append("the step's end")
        await asyncio.sleep(60)
        steps.append("a step more")


def test_a_step_of_the_loop_ends_before_the_command_does():
    room, steps = Room(), []
    with obeyed(Stopper()), pytest.raises(Stopped) as stop:
        asyncio.run(stopped_within(room, steps))
    assert steps == ["the step's end"]
    assert room.steps == ["entered", "left"]
    assert stop.value.code == 128 + signal.SIGTERM


def test_without_a_loop_a_command_ends_at_once():
    steps = []

    def works():
        signal.raise_signal(signal.SIGTERM)
        steps.append("further")

    with obeyed(Stopper()), pytest.raises(Stopped):
        works()
    assert steps == []


def test_who_asks_twice_at_once_lets_the_clearing_away_go_on():
    room, steps = Room(), []
    with obeyed(Stopper()), pytest.raises(Stopped):
        asyncio.run(stopped_within(room, steps, times=2))
    assert steps == ["the step's end"]
    assert room.steps == ["entered", "left"]


def test_who_asks_again_does_not_wait_for_a_step_that_takes_long():
    room, steps, stop = Room(), [], Stopper()

    async def takes_long():
        async with room:
            signal.raise_signal(signal.SIGTERM)
            stop.last -= 10  # as if ten seconds had passed
            steps.append("on")
            signal.raise_signal(signal.SIGTERM)
            steps.append("further")

    with obeyed(stop), pytest.raises(Stopped):
        asyncio.run(takes_long())
    assert steps == ["on"]
    assert room.steps == ["entered", "left"]
