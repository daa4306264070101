import importlib.resources
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.statute.files import ordinance_file, quasi_file

from kumihimo.statute.deployment import assemble
from kumihimo.statute.explain import difference
from kumihimo.statute.law import informations
from kumihimo.statute.positive_list import Permitted
from kumihimo.statute.quasi_affairs import quasi_entries, read_quasi_affairs
from kumihimo.statute.tabular import BadRows

MINATO, OSAKA = "lg-131032", "lg-271004"
FIRST_DAY = date(2026, 10, 1)
STATUTORY = assemble()
BODIES = [one.institution for one in STATUTORY.institutions]
QUASI = STATUTORY.with_quasi_affairs(quasi_file({}))


def decide(whole, requester, affair, provider, item, on=FIRST_DAY):
    return whole.law.decide(
        requester=requester, affair=affair, provider=provider, items=[item], on=on
    )


def faults(content):
    with pytest.raises(BadRows) as caught:
        read_quasi_affairs(content, STATUTORY.law)
    return [(one.row, one.column) for one in caught.value.rows]


@given(
    requester=st.sampled_from([MINATO, OSAKA, "lg-130001", "mhlw", "nenkin"]),
    provider=st.sampled_from([MINATO, OSAKA, "lg-130001", "mhlw", "nenkin"]),
    kind=st.sampled_from(informations()),
    days=st.integers(-3, 3),
)
def test_it_asks_for_what_its_row_asks_for_from_its_day_on(requester, provider, kind, days):
    on = FIRST_DAY + timedelta(days=days)
    own = decide(QUASI, requester, "q081-01", provider, kind, on)
    row = decide(STATUTORY, requester, "b081", provider, kind, on)
    assert isinstance(own, Permitted) == (isinstance(row, Permitted) and days >= 0)


def test_it_carries_both_ordinance_and_row_as_its_basis():
    found = decide(QUASI, MINATO, "q081-01", OSAKA, "local-tax")
    assert isinstance(found, Permitted)
    assert "主務省令" in found.basis[0]
    assert "旧別表第二 2015-09 74の項" in found.basis[0]


def test_a_named_handler_alone_may_ask():
    whole = STATUTORY.with_quasi_affairs(quasi_file({"handlers": MINATO}))
    assert isinstance(decide(whole, MINATO, "q081-01", OSAKA, "local-tax"), Permitted)
    assert not isinstance(decide(whole, OSAKA, "q081-01", MINATO, "local-tax"), Permitted)


def test_a_difference_of_days_shows_what_it_opens_and_closes():
    whole = STATUTORY.with_quasi_affairs(quasi_file({"valid_to": "2027-10-01"}))
    opens = difference(whole.law, FIRST_DAY - timedelta(days=1), FIRST_DAY)
    closes = difference(whole.law, date(2027, 9, 30), date(2027, 10, 1))
    assert opens.opens == closes.closes
    assert {one.affair for one in opens.opens} == {"q081-01"}
    assert opens.closes == closes.opens == ()


def test_an_ordinance_cannot_stand_on_a_quasi_affair():
    with pytest.raises(BadRows) as caught:
        QUASI.with_ordinances(ordinance_file({"corresponding": "q081-01"}))
    assert caught.value.rows[0].column == "corresponding"


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"affair": "q082-01"}, "affair"),
        ({"affair": "b081"}, "affair"),
        ({"affair": ""}, "affair"),
        ({"name": ""}, "name"),
        ({"row": "b999"}, "row"),
        ({"row": "self-information"}, "row"),
        ({"row": ""}, "row"),
        ({"handlers": "lg-999999"}, "handlers"),
        ({"handlers": "nenkin"}, "handlers"),
        ({"handlers": "municipality|municipality"}, "handlers"),
        ({"ordinance": ""}, "ordinance"),
        ({"valid_from": "2026-02-29"}, "valid_from"),
        ({"valid_from": "1999-01-01", "valid_to": "2000-01-01"}, "valid_from"),
        ({"valid_to": "2026-10-01"}, "valid_to"),
        ({"basis": ""}, "basis"),
    ],
)
def test_a_row_that_breaks_a_condition_is_named(change, column):
    assert faults(quasi_file(change)) == [(1, column)]


def test_an_affair_stands_once():
    assert faults(quasi_file({}, {"name": "別の名"})) == [(2, "affair")]
    with pytest.raises(BadRows):
        QUASI.with_quasi_affairs(quasi_file({}))


def test_a_row_of_the_law_that_asks_for_nothing_leaves_nothing_to_inherit():
    asking = {entry.affair for entry in STATUTORY.law.entries}
    idle = next(name for name in STATUTORY.affairs if name[0] == "b" and name not in asking)
    change = {"row": idle, "affair": f"q{idle[1:]}-01"}
    assert faults(quasi_file(change)) == [(1, "row")]


def test_the_samples_stand_within_the_list_and_say_that_they_are_samples():
    data = importlib.resources.files("kumihimo.statute") / "data"
    found = read_quasi_affairs((data / "sample_quasi_affairs.tsv").read_bytes(), STATUTORY.law)
    assert quasi_entries(found, STATUTORY.law)
    assert all("SAMPLE" in one.name and "SAMPLE" in one.basis for one in found)
