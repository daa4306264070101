"""One seed, from the first message to quiescence."""

import asyncio
import random
from collections import Counter
from contextlib import closing

import attrs

from tests.simulation.accounts import Account, judge
from tests.simulation.actions import WEIGHTS, Actor
from tests.simulation.books import Books, read
from tests.simulation.edits import Edits, edit_and_look
from tests.simulation.eyes import Eyes
from tests.simulation.federation import Federation
from tests.simulation.quiet import come_to_rest
from tests.simulation.truth import Asked, Truth
from tests.simulation.watch import Watch

CI_SEEDS = (1, 2, 3, 4, 5)
CI_STEPS = 150


@attrs.frozen(kw_only=True)
class Played:
    """What happened in a simulation, and what the checker says of its end."""

    seed: int
    account: Account
    edits: Edits
    books: Books
    asked: dict[str, Asked]
    points: Counter[str]
    faults: Counter[str]
    outcomes: Counter[str | None]
    actions: Counter[str]
    trace: tuple[str, ...]


class SimulationFailed(AssertionError):
    """An invariant does not hold; the message names the seed and the step."""


def play(seed, steps, new_room, admin):
    """Run a simulation; raises `SimulationFailed`. `admin` gives a superuser's way to a database."""
    return asyncio.run(_play(seed, steps, new_room, admin))


async def _play(seed, steps, new_room, admin):
    federation = Federation(seed)
    await federation.begin(new_room)
    try:
        return await _steps(federation, seed, steps, admin)
    finally:
        await federation.stop()


async def _steps(federation, seed, steps, admin):
    with closing(Eyes(admin, federation.names)) as eyes:
        return await _seen(federation, seed, steps, admin, eyes)


async def _seen(federation, seed, steps, admin, eyes):
    rng = random.Random(seed)
    truth = Truth()
    watch = Watch(federation, truth, eyes)
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
        books = read(admin, federation.names, federation.tenants)
        account = judge(books, truth.asked, sent=truth.sent)
        name = "edits"
        edits = await edit_and_look(federation, truth, admin, rng)
    except Exception as error:
        told = "\n  ".join(net.trace[-25:])
        raise SimulationFailed(
            f"seed {seed}, step {step} ({name}): {error!r}\nbefore that:\n  {told}"
        ) from error
    return Played(
        seed=seed,
        account=account,
        edits=edits,
        books=books,
        asked=truth.asked,
        points=net.disks.points,
        faults=net.seen,
        outcomes=watch.outcomes,
        actions=actions,
        trace=tuple(net.trace),
    )
