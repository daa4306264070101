"""A worker of `./kumihimo chaos`: a seed comes in on a line, and what came of it goes out on one.

It has a PostgreSQL of its own, and ends when no more seeds come.
"""

import signal
import sys
import time
from collections import Counter
from contextlib import closing

import msgspec

from tests.databases import Databases, own_server
from tests.simulation.play import CI_STEPS, SimulationFailed, play


def work():
    """Play one seed after another, until there is none left."""
    with own_server() as server, closing(Databases(server)) as databases:
        for line in sys.stdin:
            told = one(int(line), databases, server)
            sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
            sys.stdout.flush()


def one(seed, databases, server):
    """Play a seed; returns what is told of it."""
    began = time.process_time()
    try:
        with databases.lent() as new_room:
            played = play(seed, CI_STEPS, new_room, server.admin)
    except SimulationFailed as failure:
        return {"seed": seed, "failed": str(failure), "processor_s": time.process_time() - began}
    return {"processor_s": time.process_time() - began, **told_of(played)}


def told_of(played):
    """Return what a seed adds to the sums."""
    account, edits = played.account, played.edits
    counts = ("lost", "doubled", "foreign", "unlike", "unfinished")
    return {
        "seed": played.seed,
        "failed": ", ".join(sorted(account.wrong | edits.undetected)),
        "sent": account.sent,
        "acknowledged": account.acknowledged,
        "present": account.present,
        **{word: len(getattr(account, word)) for word in counts},
        "edits_planted": Counter(one.partition(":")[0] for one in edits.planted),
        "edits_found": Counter(one.partition(":")[0] for one in edits.found),
        "faults": played.faults,
        "commit_points": sorted(played.points),
        "outcomes": {str(word): times for word, times in played.outcomes.items()},
    }


def end(number, _):
    """End, once: whoever presses Ctrl-C sends one signal, and the command another."""
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)
    sys.exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    work()
