"""One seed, from the first message to quiescence."""

import asyncio
import random
from collections import Counter

import attrs

from tests.simulation.actions import WEIGHTS, Actor
from tests.simulation.federation import Federation
from tests.simulation.quiet import come_to_rest
from tests.simulation.truth import Truth
from tests.simulation.watch import Watch

CI_SEEDS = (1, 2, 3, 4, 5)
CI_STEPS = 150


@attrs.frozen
class Played:
    """What happened in a simulation."""

    faults: Counter[str]
    outcomes: Counter[str | None]
    actions: Counter[str]
    trace: tuple[str, ...]


class SimulationFailed(AssertionError):
    """An invariant does not hold; the message names the seed and the step."""


def play(seed, steps, new_room):
    """Run a simulation; raises `SimulationFailed`."""
    return asyncio.run(_play(seed, steps, new_room))


async def _play(seed, steps, new_room):
    federation = Federation(seed)
    await federation.begin(new_room)
    try:
        return await _steps(federation, seed, steps)
    finally:
        await federation.stop()


async def _steps(federation, seed, steps):
    rng = random.Random(seed)
    truth = Truth()
    watch = Watch(federation, truth)
    actor = Actor(federation, truth, rng)
    net, actions = federation.transport, Counter()
    name, step = "begin", 0
    try:
        await actor.people_settle()
        await watch.look()
        for step in range(steps):
            [name] = rng.choices([*WEIGHTS], weights=[*WEIGHTS.values()])
            actions[name] += 1
            net.begin(step)
            net.trace.append(f"{step} {name}")
            await getattr(actor, name)()
            await watch.look()
        name = "the end"
        await come_to_rest(federation, truth, watch)
    except Exception as error:
        told = "\n  ".join(net.trace[-25:])
        raise SimulationFailed(
            f"seed {seed}, step {step} ({name}): {error!r}\nbefore that:\n  {told}"
        ) from error
    return Played(net.seen, watch.outcomes, actions, tuple(net.trace))
