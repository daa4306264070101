"""A count below ten is hidden, and no sum of what is told gives it back."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumihimo.linkaudit.quantiles import Interval
from kumihimo.linkaudit.report.counting import Counts
from kumihimo.linkaudit.report.sections import collisions
from kumihimo.linkaudit.report.suppression import SMALL, hidden, with_totals
from kumihimo.linkaudit.report.words import LANGUAGES
from kumihimo.linkaudit.schema import Collision

COUNTS = st.integers(0, 12) | st.integers(0, 40)
TABLES = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.lists(COUNTS, min_size=width, max_size=width), min_size=1, max_size=3)
)


def could_be_otherwise(table, secret, cell):
    """Find by trying, with every value up to a bound, another table that tells the same."""
    inner = [(i, j) for i, j in sorted(secret) if i < len(table) - 1 and j < len(table[0]) - 1]
    near = [range(max(1, table[i][j] - 2), table[i][j] + 3) for i, j in inner]
    for values in product(*near):
        other = [list(row[:-1]) for row in table[:-1]]
        for (i, j), value in zip(inner, values, strict=True):
            other[i][j] = value
        other = with_totals(other)
        same = all(
            other[i][j] == table[i][j]
            for i in range(len(table))
            for j in range(len(table[0]))
            if (i, j) not in secret
        )
        possible = all(other[i][j] > 0 for i, j in secret)
        if same and possible and other[cell[0]][cell[1]] != table[cell[0]][cell[1]]:
            return True
    return False


@given(TABLES)
@settings(max_examples=60)
def test_every_hidden_count_could_be_another(counts):
    table = with_totals(counts)
    secret = hidden(table)
    small = {(i, j) for i, row in enumerate(table) for j, n in enumerate(row) if 0 < n < SMALL}
    assert small <= secret
    if len([one for one in secret if one[0] < len(counts) and one[1] < len(counts[0])]) <= 5:
        for cell in secret:
            assert could_be_otherwise(table, secret, cell) or len(secret) == sum(map(len, table))


@given(TABLES)
@settings(max_examples=30)
def test_what_has_no_small_count_is_told_whole(counts):
    table = with_totals([[n + SMALL if n else 0 for n in row] for row in counts])
    assert hidden(table) == set()


@pytest.mark.parametrize(
    ("counts", "secret"),
    [
        ([[100, 5]], {(0, 0), (0, 1)}),  # else 5 is the total less 100
        ([[100, 0, 7], [200, 30, 40]], {(0, 0), (0, 2), (1, 0), (1, 2)}),
    ],
)
def test_a_second_cell_goes_where_a_total_would_give_the_first_back(counts, secret):
    found = hidden(with_totals(counts))
    assert secret <= found


def told_of(found):
    counts = Counts((), [], set(), [], set(), [], found, None, set(), Interval(0.0, 0.0, 0.0))
    return [collisions(counts, language) for language in LANGUAGES]


SMALL_COUNTS = st.integers(1, SMALL - 1)


@given(st.sampled_from(Collision), SMALL_COUNTS, SMALL_COUNTS)
def test_of_two_small_counts_of_collisions_the_report_says_the_same(kind, one, other):
    known = dict.fromkeys(Collision, 12)
    assert told_of(known | {kind: one}) == told_of(known | {kind: other})


def test_other_counts_of_collisions_are_told():
    counted = dict(zip(Collision, (0, 9, 10, None), strict=True))
    japanese, english = (section.rows for section in told_of(counted))
    assert [row[1] for row in japanese] == ["0", "―", "10", "見ていない"]
    assert [row[1] for row in english] == ["0", "―", "10", "not looked for"]
    assert len({row[0] for row in [*japanese, *english]}) == 2 * len(Collision)
