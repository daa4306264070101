"""What is published of exchanges is counted in tens, by Japanese months that are settled."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.rooms.linkage.domain.counting import Counted, counted, days_of, last_settled
from kumihimo.rooms.oversight.statistics_api import WAITS_S

ROWS = st.builds(
    Counted,
    institution=st.sampled_from(["lg-131032", "lg-271004"]),
    side=st.sampled_from(["requester", "provider"]),
    outcome=st.sampled_from(["OK", "NO_DATA", "OPEN"]),
    wait=st.none() | st.integers(0, len(WAITS_S)),
    rows=st.integers(1, 40),
)


@given(st.lists(ROWS, max_size=20))
def test_every_figure_is_the_true_one_rounded_down_to_tens(found):
    true = Counter[tuple[str, str, str]]()
    for one in found:
        true[one.institution, one.side, one.outcome] += one.rows
    told = {one.institution: one for one in counted("2026-10", found).institutions}
    for name in ("lg-131032", "lg-271004"):
        for side, field in (("requester", "asked"), ("provider", "was_asked")):
            mine = {word: n for (i, s, word), n in true.items() if (i, s) == (name, side)}
            if name not in told:
                assert sum(mine.values()) < 10
                continue
            figures = getattr(told[name], field)
            assert figures.inquiries == sum(mine.values()) // 10 * 10
            assert figures.outcomes == {w: n // 10 * 10 for w, n in mine.items() if n >= 10}
            waited = [one for one in found if (one.institution, one.side) == (name, side)]
            for last, told_within in enumerate(figures.within):
                within = sum(w.rows for w in waited if w.wait is not None and w.wait <= last)
                assert told_within == within // 10 * 10


def test_who_asked_and_was_asked_fewer_than_ten_times_is_not_named():
    few = [Counted("lg-131032", side, "OK", 0, 9) for side in ("requester", "provider")]
    assert counted("2026-10", few).institutions == ()
    [one] = counted(
        "2026-10", [*few, Counted("lg-131032", "provider", "NO_DATA", 0, 1)]
    ).institutions
    assert (one.asked.inquiries, one.was_asked.inquiries) == (0, 10)
    assert one.was_asked.outcomes == {}  # neither the nine nor the one


@pytest.mark.parametrize(
    ("at", "month"),
    [
        (datetime(2026, 11, 4, 14, 59, tzinfo=UTC), "2026-09"),
        (datetime(2026, 11, 4, 15, 0, tzinfo=UTC), "2026-10"),  # the fifth in Japan
        (datetime(2027, 1, 20, tzinfo=UTC), "2026-12"),
    ],
)
def test_a_month_is_counted_when_its_last_ends_are_there(at, month):
    assert last_settled(at) == month


@given(st.integers(2016, 2099), st.integers(1, 12))
def test_the_days_of_a_month_are_all_of_it_in_japan_and_nothing_else(year, month):
    days = days_of(f"{year}-{month:02}")
    assert days[0][0] == datetime(year, month, 1, tzinfo=UTC) - timedelta(hours=9)
    assert all(one[1] == other[0] for one, other in pairwise(days))
    assert (days[-1][1] + timedelta(hours=9)).day == 1
    assert days[-1][1] - days[0][0] == timedelta(days=len(days))
