"""The fuzzer's seeds as tests: what clients send, in the form that the fuzzer starts from."""

import pytest

from tests.card.planted import read_steps, run
from tests.fuzz.seeds import SEEDS

each = pytest.mark.parametrize("name", SEEDS)


@each
def test_a_seed_runs_and_opens_nothing_it_should_not(name):
    run(SEEDS[name])


@each
def test_a_seed_is_cut_and_bent_and_still_opens_nothing(name):
    seed = SEEDS[name]
    for place in range(0, len(seed), len(seed) // 8):
        run(seed[:place] + bytes((seed[place] ^ 0x81,)) + seed[place + 1 :])
        run(seed[:place])


def test_the_seeds_reach_every_kind_of_step():
    kinds = {step.what for name in SEEDS for step in read_steps(SEEDS[name])}
    assert kinds == {"send", "present", "select", "reset"}
