"""The state machines are closed: a life can only take the steps of the tables."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.rooms.cards.domain.refusals import WrongState
from kumihimo.rooms.cards.domain.states import (
    APPLICATION,
    APPLICATION_EVENTS,
    APPLICATION_STATES,
    CARD,
    CARD_EVENTS,
    CARD_STATES,
    IN_HAND,
    OPEN_APPLICATIONS,
    UNDELIVERED,
    CardState,
    application_after,
    card_after,
)

LAST = {"abolished", "discarded"}


def life(events):
    """Let events happen to a card that was just made; those that cannot happen change nothing."""
    states: list[CardState] = ["made"]
    for event in events:
        try:
            states.append(card_after(states[-1], event))
        except WrongState:
            states.append(states[-1])
    return states


lives = st.lists(st.sampled_from(CARD_EVENTS), max_size=40).map(life)


@pytest.mark.parametrize("state", CARD_STATES)
@pytest.mark.parametrize("event", CARD_EVENTS)
def test_every_event_in_every_state_leads_to_a_known_state_or_is_refused(state, event):
    if (state, event) in CARD:
        assert card_after(state, event) in CARD_STATES
    else:
        with pytest.raises(WrongState):
            card_after(state, event)


@pytest.mark.parametrize("state", APPLICATION_STATES)
@pytest.mark.parametrize("event", APPLICATION_EVENTS)
def test_every_event_of_an_application_is_in_the_table_or_refused(state, event):
    if (state, event) in APPLICATION:
        assert application_after(state, event) in APPLICATION_STATES
    else:
        with pytest.raises(WrongState):
            application_after(state, event)


def test_every_state_can_be_reached():
    reached = {"made"} | {to for (_, _), to in CARD.items()}
    assert reached == set(CARD_STATES)
    assert {"open"} | set(APPLICATION.values()) == set(APPLICATION_STATES)


@given(lives)
def test_an_abolished_or_discarded_card_never_comes_back(states):
    for index, state in enumerate(states):
        if state in LAST:
            assert set(states[index:]) == {state}


@given(lives)
def test_a_card_that_stopped_working_never_works_again(states):
    for index, state in enumerate(states):
        if state == "void":
            assert set(states[index:]) <= {"void", "abolished"}


@given(lives)
def test_nobody_holds_a_card_that_was_not_delivered(states):
    first = next((i for i, state in enumerate(states) if state in IN_HAND), None)
    if first is not None:
        assert states[first] == "active"
        assert states[first - 1] in {"notified", "posted"}


@given(lives)
def test_a_held_card_works_again_only_after_its_release(states):
    for before, after in pairwise(states):
        if before == "held" and after == "active":
            assert CARD["held", "release"] == after


def test_what_is_in_hand_and_what_is_not_delivered_are_apart_and_leave_the_ends_out():
    assert set(CARD_STATES) == IN_HAND | UNDELIVERED | LAST
    assert not IN_HAND & UNDELIVERED


def test_a_closed_application_takes_no_event():
    for state in set(APPLICATION_STATES) - OPEN_APPLICATIONS:
        assert not [event for at, event in APPLICATION if at == state]
