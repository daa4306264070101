from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.rooms.cards.domain.continuation import Move, lapsed_by_next_move, lapses_on

OUT, MOVED, TOLD = date(2026, 6, 1), date(2026, 6, 3), date(2026, 6, 10)
days = st.dates(date(2026, 1, 1), date(2027, 12, 31))


def move(**more):
    return Move(**({"planned_out_on": OUT, "moved_on": MOVED} | more))


def test_without_a_notice_within_fourteen_days_of_moving_the_card_lapses():
    assert lapses_on(move()) == date(2026, 6, 18)
    assert lapses_on(move(notified_on=date(2026, 6, 17))) == date(2026, 9, 16)
    assert lapses_on(move(notified_on=date(2026, 6, 18))) == date(2026, 6, 18)


def test_thirty_days_past_the_planned_day_of_moving_out_the_card_lapses():
    assert lapses_on(Move(planned_out_on=OUT)) == date(2026, 7, 2)
    late = Move(planned_out_on=OUT, notified_on=date(2026, 7, 2), continued_on=date(2026, 7, 2))
    assert lapses_on(late) == date(2026, 7, 2)


def test_ninety_days_after_the_notice_without_the_procedure_the_card_lapses():
    assert lapses_on(move(notified_on=TOLD)) == date(2026, 9, 9)


@pytest.mark.parametrize(("after", "lapses"), [(0, False), (90, False), (91, True)])
def test_the_procedure_keeps_the_card_alive_until_the_ninetieth_day(after, lapses):
    done = move(notified_on=TOLD, continued_on=TOLD + timedelta(days=after))
    assert (lapses_on(done) is not None) is lapses


def test_a_next_move_before_the_procedure_ends_the_card():
    assert lapsed_by_next_move(move(notified_on=TOLD), date(2026, 7, 1))
    done = move(notified_on=TOLD, continued_on=date(2026, 6, 20))
    assert not lapsed_by_next_move(done, date(2026, 7, 1))
    assert lapsed_by_next_move(done, date(2026, 6, 19))


@given(st.none() | days, st.none() | days, st.none() | days, st.none() | days)
def test_doing_something_sooner_never_ends_a_card_sooner(out, moved, told, continued):
    known = Move(planned_out_on=out, moved_on=moved, notified_on=told, continued_on=continued)
    if told is None:
        return
    sooner = Move(
        planned_out_on=out,
        moved_on=moved,
        notified_on=told,
        continued_on=told if continued is not None else None,
    )
    if lapses_on(known) is None:
        assert lapses_on(sooner) is None
