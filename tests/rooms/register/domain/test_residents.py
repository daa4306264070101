from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.kernel.refusal import Refusal
from kumihimo.people.check_digits import NumberSpace
from kumihimo.people.identity import FourAttributes, match_key
from kumihimo.people.text import BadText
from kumihimo.rooms.register.domain.forms import check_form
from kumihimo.rooms.register.domain.intake import History
from kumihimo.rooms.register.domain.refusals import (
    BadEvent,
    ContradictsState,
    FutureEvent,
    TwoOfficersNeeded,
)
from kumihimo.rooms.register.domain.residents import (
    SETTABLE,
    Entry,
    decode,
    encode,
    extended,
    state_on,
    timeline,
)
from tests.rooms.register.made import DAY, birth, code, correction, event, restoration

TODAY = date(2026, 6, 1)


def later(days):
    return DAY + timedelta(days=days)


def told(*events):
    return [Entry(seq, one) for seq, one in enumerate(events, start=1)]


def check(one):
    check_form(one, space=NumberSpace.TEST, today=TODAY)


KINDS = st.sampled_from(
    [
        lambda day: event("move-out", 1, day),
        lambda day: event("move-in", 1, day, address="大阪市北区1-1", municipality="271004"),
        lambda day: event("move-in", 1, day, address="港区芝1-1", municipality="131032"),
        lambda day: event("move-within", 1, day, address="港区芝5-5"),
        lambda day: event("name-change", 1, day, name="鈴木花"),
        lambda day: event("former-surname", 1, day, former_surname="高橋"),
        lambda day: correction(1, day, birth="1990-04-02"),
        lambda day: event("departure-abroad", 1, day),
        lambda day: event("return", 1, day, address="港区芝9-9", municipality="131032"),
        lambda day: event("resident-code-change", 1, day, new_resident_code=code(2)),
        lambda day: event("protection", 1, day),
        lambda day: event("protection-end", 1, day),
        lambda day: event("death", 1, day),
        lambda day: restoration(1, day),
    ]
)


@given(st.lists(st.tuples(KINDS, st.integers(0, 30)), max_size=12))
def test_a_replay_of_all_events_gives_what_was_learned_one_by_one(steps):
    known = told(birth(1))
    periods = timeline(known)
    history = History()
    history.learn(known[0])
    for make, days in steps:
        entry = Entry(len(known) + 1, make(later(days)))
        try:
            periods = extended(periods, known, entry)
        except ContradictsState:
            with pytest.raises(ContradictsState):
                timeline([*known, entry])
            continue
        known.append(entry)
        history.learn(entry)
        assert periods == timeline(known)
    assert history.periods == timeline(known)


@given(st.lists(st.tuples(KINDS, st.integers(0, 30)), max_size=12))
def test_periods_leave_no_gap_and_what_was_known_once_stays_known(steps):
    history, seq = History(), 1
    history.learn(Entry(seq, birth(1)))
    told_then = {1: history.periods}
    for make, days in steps:
        seq += 1
        with suppress(ContradictsState):
            history.learn(Entry(seq, make(later(days))))
        told_then[seq] = history.periods
    for one, following in zip(history.periods, history.periods[1:], strict=False):
        assert one.valid_to == following.valid_from
    assert history.periods[-1].valid_to is None
    versions = [*history.closed, *history.open]
    for then, periods in told_then.items():
        seen = [
            version.period
            for version in versions
            if version.recorded_from <= then
            and (version.recorded_to is None or version.recorded_to > then)
        ]
        assert sorted(seen, key=lambda p: p.valid_from) == list(periods)


def test_an_event_that_arrives_late_takes_its_place_in_time():
    moved = event("move-within", 1, later(20), address="港区芝5-5")
    earlier = event("name-change", 1, later(10), name="鈴木花")
    periods = timeline(told(birth(1), moved, earlier))
    assert [p.valid_from for p in periods] == [DAY, later(10), later(20)]
    assert periods[-1].state.name == "鈴木花"
    assert periods[-1].state.address == "港区芝5-5"
    before = state_on(periods, later(9))
    assert before is not None
    assert before.name == birth(1).name
    assert state_on(periods, DAY - timedelta(days=1)) is None


def test_a_move_before_her_death_may_be_recorded_after_it_and_one_after_it_may_not():
    begun = told(birth(1), event("death", 1, later(20)))
    timeline([*begun, Entry(3, event("move-within", 1, later(10), address="港区芝1-1"))])
    with pytest.raises(ContradictsState):
        timeline([*begun, Entry(3, event("move-within", 1, later(21), address="港区芝1-1"))])


@pytest.mark.parametrize("mistaken", ["death", "departure-abroad", "move-out"])
def test_a_restoration_leaves_no_day_on_which_the_mistake_was_true(mistaken):
    before = told(birth(1), event(mistaken, 1, later(20)))
    after = timeline([*before, Entry(3, restoration(1, later(20)))])
    assert timeline(before)[-1].state.standing != "resident"
    assert {period.state.standing for period in after} == {"resident"}


def test_what_came_after_the_mistake_stays():
    begun = told(birth(1), event("death", 1, later(20)), correction(1, later(25), name="高橋"))
    after = timeline([*begun, Entry(4, restoration(1, later(20)))])
    assert (after[-1].state.standing, after[-1].state.name) == ("resident", "高橋")


@pytest.mark.parametrize("days", [0, 19, 21])
def test_a_restoration_is_dated_the_day_of_the_mistake(days):
    begun = told(birth(1), event("death", 1, later(20)))
    with pytest.raises(ContradictsState):
        timeline([*begun, Entry(3, restoration(1, later(days)))])


@pytest.mark.parametrize(
    "second",
    [
        birth(1, later(1)),
        restoration(1, later(1)),
        event("move-in", 1, later(1), address="港区芝1-1", municipality="131032"),
        event("return", 1, later(1), address="港区芝1-1", municipality="131032"),
        event("protection-end", 1, later(1)),
        event("move-within", 1, DAY - timedelta(days=1), address="港区芝1-1"),
    ],
)
def test_what_contradicts_the_register_is_refused(second):
    with pytest.raises(ContradictsState):
        timeline(told(birth(1), second))


def test_nobody_moves_before_she_is_registered():
    with pytest.raises(ContradictsState):
        timeline(told(event("move-out", 1)))


@pytest.mark.parametrize(
    "good",
    [
        birth(1),
        correction(1, birth="1990-04-02"),
        event("former-surname", 1, former_surname=""),
        event("number-change", 1, reason="漏えい"),
        event("death", 1),
        restoration(1),
    ],
)
def test_a_well_formed_event_passes_and_is_stored_as_it_was(good):
    check(good)
    assert decode(encode(good)) == good


@pytest.mark.parametrize(
    ("bad", "refusal", "pointer"),
    [
        (birth(1, address=None), BadEvent, "address"),
        (event("death", 1, name="高橋花"), BadEvent, "name"),
        (event("name-change", 1), BadEvent, ""),
        (event("number-change", 1), BadEvent, "reason"),
        (birth(1, TODAY + timedelta(days=1)), FutureEvent, "effective_on"),
        (correction(1, name="高橋", officers=("a",)), TwoOfficersNeeded, "officers"),
        (correction(1, name="高橋", officers=("a", "a ")), TwoOfficersNeeded, "officers"),
        (restoration(1, officers=("a",)), TwoOfficersNeeded, "officers"),
        (restoration(1, reason=""), TwoOfficersNeeded, "reason"),
        (restoration(1, name="高橋"), BadEvent, "name"),
        (correction(1, name="高橋", reason=" "), TwoOfficersNeeded, "reason"),
        (birth(1, name="高\u200b橋"), BadText, "name"),
    ],
)
def test_an_event_without_what_its_kind_needs_is_refused_by_name(bad, refusal, pointer):
    with pytest.raises(refusal) as refused:
        check(bad)
    assert refused.value.pointer == pointer
    assert "高" not in str(refused.value)


WRITTEN = st.text(max_size=14) | st.sampled_from(
    ["髙橋　花", "●橋", "1990-04-01", "平成2年", "昭和15年不詳", "2", "", "131032", "港区芝1-1"]
)
BEGINNINGS = st.fixed_dictionaries(
    dict.fromkeys(("name", "birth", "sex", "address"), WRITTEN),
    optional=dict.fromkeys(("kana", "former_surname", "alias"), WRITTEN),
)


@given(st.sampled_from(["birth", "foreign-registration"]), BEGINNINGS, st.dates(max_value=TODAY))
def test_whatever_is_written_a_beginning_is_refused_by_name_or_can_be_held(kind, written, day):
    one = event(kind, 1, day, municipality="131032", **written)
    try:
        check(one)
    except Refusal as refusal:
        refused = refusal.pointer
    else:
        refused = None
    if refused is not None:
        assert refused in SETTABLE
        return
    [period] = timeline(told(decode(encode(one))))
    state = period.state
    four = FourAttributes.parse(
        name=state.name, birth=state.birth, sex=state.sex, address=state.address
    )
    key = match_key(four)
    assert key is None or key.name, "the database holds no empty key"
