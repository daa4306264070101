"""A whole federation under accidents, as a seed says: nothing is lost, doubled or mixed up."""

from collections import Counter

from tests.simulation import disk
from tests.simulation.net import KINDS
from tests.simulation.play import CI_SEEDS, CI_STEPS

FAULTS = {*KINDS, *disk.KINDS, "down", "reordered", "restart", "clock-forward", "clock-backward"}
OUTCOMES = {
    "OK",
    "NO_DATA",
    "NO_COPY",
    "NO_PERSON",
    "PENDING_ACQUISITION",
    "PENDING_MANUAL",
    "REFUSED_CASE",
    "REFUSED_ITEM",
    "REFUSED_PROVIDER",
    "REFUSED_AFFAIR",
    "REFUSED_FLAG",
    "REFUSED_PIA",
    "STALE_LAYOUT",
    "PROVIDER_DOWN",
    "EXPIRED",
}


def test_whatever_the_network_and_the_clock_do_nothing_is_lost_doubled_or_mixed_up(seed, played):
    found = played(seed, CI_STEPS)
    assert found.actions.total() == CI_STEPS
    assert found.account.wrong == set()
    assert found.edits.planted
    assert found.edits.undetected == set()


def test_the_seeds_of_every_run_meet_every_accident_and_every_outcome(played):
    faults: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    for one in CI_SEEDS:
        found = played(one, CI_STEPS)
        faults += found.faults
        outcomes += found.outcomes
    assert FAULTS - set(faults) == set()
    assert OUTCOMES - set(outcomes) == set()
