"""The states of an acquisition: what is not named cannot happen."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.rooms.gateway.domain.acquisition import Happening, NoSuchStep, State, after

HAPPENINGS = get_args(Happening)


@given(st.lists(st.sampled_from(HAPPENINGS), max_size=12))
def test_a_code_is_bound_only_after_register_and_core_both_answered(happenings):
    state: State = "NONE"
    passed = []
    for happening in happenings:
        try:
            state = after(state, happening)
        except NoSuchStep:
            continue
        passed.append(state)
    if state == "BOUND":
        assert passed[-4:] == ["SEQUENCED", "REQUESTED", "RECEIVED", "BOUND"]


@pytest.mark.parametrize("happening", HAPPENINGS)
def test_a_bound_code_is_never_acquired_again(happening):
    with pytest.raises(NoSuchStep):
        after("BOUND", happening)


@pytest.mark.parametrize("state", get_args(State))
def test_every_state_but_the_last_has_a_way_on(state):
    ways = 0
    for happening in HAPPENINGS:
        try:
            after(state, happening)
        except NoSuchStep:
            continue
        ways += 1
    assert (ways == 0) == (state == "BOUND")
