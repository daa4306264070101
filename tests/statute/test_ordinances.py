import importlib.resources
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.statute.files import ORDINANCE, ordinance_file

from kumihimo.statute.checking import check
from kumihimo.statute.deployment import assemble
from kumihimo.statute.explain import difference
from kumihimo.statute.ordinances import read_ordinances, uncovered
from kumihimo.statute.positive_list import Entry, Ground, Permitted
from kumihimo.statute.tabular import BadRows

MINATO, SHINJUKU, OSAKA = "lg-131032", "lg-131041", "lg-271004"
FIRST_DAY = date(2026, 4, 1)
STATUTORY = assemble()


def decide(whole, requester=MINATO, provider=OSAKA, item="local-tax.total-income", on=FIRST_DAY):
    return whole.law.decide(
        requester=requester, affair="o131032-01", provider=provider, items=[item], on=on
    )


def faults(content):
    with pytest.raises(BadRows) as caught:
        read_ordinances(content, STATUTORY.law)
    return [(one.row, one.column) for one in caught.value.rows]


@pytest.fixture(scope="module")
def with_one():
    return STATUTORY.with_ordinances(ordinance_file({"valid_to": "2027-04-01"}))


def test_a_municipality_asks_under_its_own_ordinance(with_one):
    found = decide(with_one)
    assert isinstance(found, Permitted)
    assert "港区の条例" in found.basis[0]
    assert "b081: 旧別表第二 2015-09 74の項" in found.basis[0]


def test_before_it_was_given_nobody_could_ask():
    assert not isinstance(decide(STATUTORY), Permitted)


@pytest.mark.parametrize("day", [FIRST_DAY - timedelta(days=1), date(2027, 4, 1)])
def test_outside_its_days_an_ordinance_permits_nothing(with_one, day):
    assert not isinstance(decide(with_one, on=day), Permitted)


def test_an_item_or_a_provider_that_the_ordinance_does_not_name_is_refused(with_one):
    assert decide(with_one, item="pension-benefit.amount") is not None
    assert not isinstance(decide(with_one, item="pension-benefit.amount"), Permitted)
    assert not isinstance(decide(with_one, provider="nenkin"), Permitted)


@given(
    body=st.sampled_from([one.institution for one in STATUTORY.institutions]),
    provider=st.sampled_from([one.institution for one in STATUTORY.institutions]),
)
def test_the_ordinance_of_one_municipality_never_permits_another_body(with_one, body, provider):
    found = decide(with_one, requester=body, provider=provider)
    if body != MINATO:
        assert not isinstance(found, Permitted)
        assert found.ground is Ground.AFFAIR


def test_an_ordinance_takes_nothing_from_the_list(with_one):
    assert set(STATUTORY.law.entries) < set(with_one.law.entries)


def test_a_difference_of_days_shows_just_the_ordinance(with_one):
    found = difference(with_one.law, FIRST_DAY - timedelta(days=1), FIRST_DAY)
    assert [one.entry for one in found.opens] == ["o131032-01-r1"]
    assert found.opens[0].requesters == (MINATO,)
    assert found.closes == ()


def test_single_items_may_be_named_instead_of_a_kind():
    whole = STATUTORY.with_ordinances(ordinance_file({"informations": "local-tax.total-income"}))
    assert isinstance(decide(whole), Permitted)
    assert not isinstance(decide(whole, item="local-tax.dependants"), Permitted)


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"municipality": "lg-131033"}, "municipality"),  # a wrong check digit: nobody has it
        ({"municipality": "nenkin"}, "municipality"),
        ({"municipality": ""}, "municipality"),
        ({"affair": "o131041-01"}, "affair"),
        ({"affair": "b081"}, "affair"),
        ({"corresponding": "b999"}, "corresponding"),
        ({"corresponding": "self-information"}, "corresponding"),
        ({"informations": "pension-benefit"}, "informations"),
        ({"informations": "local-tax.no-such-item"}, "informations"),
        ({"informations": "local-tax|local-tax"}, "informations"),
        ({"informations": "local-tax|local-tax.total-income"}, "informations"),
        ({"informations": "local-tax|"}, "informations"),
        ({"providers": "nenkin"}, "providers"),
        ({"providers": "no-such-class"}, "providers"),
        ({"providers": "any"}, "providers"),
        ({"valid_from": "2026-02-02"}, "valid_from"),  # the day of the notification
        ({"valid_from": "2015-10-04", "notified_on": "2015-01-01"}, "valid_from"),
        ({"valid_from": "2026-4-1"}, "valid_from"),
        ({"valid_to": "2026-04-01"}, "valid_to"),
        ({"notified_on": ""}, "notified_on"),
        ({"tax_consent": ""}, "tax_consent"),
        ({"tax_consent": "no"}, "tax_consent"),
        ({"ordinance": ""}, "ordinance"),
        ({"basis": ""}, "basis"),
    ],
)
def test_a_row_that_breaks_a_condition_is_named(change, column):
    assert faults(ordinance_file(change)) == [(1, column)]


def test_every_bad_row_is_named_and_no_good_one_is_loaded():
    content = ordinance_file({}, {"affair": "o131032-02", "providers": "nenkin"}, {"basis": ""})
    assert faults(content) == [(2, "providers"), (3, "basis")]


def test_the_same_row_twice_is_refused():
    assert faults(ordinance_file({}, {})) == [(2, "")]


def test_one_affair_has_one_counterpart():
    other = {"corresponding": "b056", "providers": "municipality"}
    assert faults(ordinance_file({}, other)) == [(2, "corresponding")]


def test_an_affair_that_is_on_the_list_cannot_be_given_again(with_one):
    with pytest.raises(BadRows) as caught:
        with_one.with_ordinances(ordinance_file({}))
    assert caught.value.rows[0].column == "affair"


def test_without_local_tax_no_consent_is_asked_for():
    row = {"corresponding": "b117", "informations": "public-assistance"}
    row |= {"providers": "welfare-office", "tax_consent": ""}
    assert read_ordinances(ordinance_file(row), STATUTORY.law)


def test_an_ordinance_cannot_outlive_the_row_it_stands_on():
    asking = {entry.affair for entry in STATUTORY.law.entries}
    idle = next(name for name in STATUTORY.affairs if name[0] == "b" and name not in asking)
    ending = Entry(
        entry="short",
        affair=idle,
        requesters=("municipality",),
        providers=("nenkin",),
        informations=("pension-benefit",),
        basis="案",
        valid_from=date(2026, 1, 1),
        valid_to=date(2027, 1, 1),
    )
    law = assemble(entries=[ending]).law
    row = {"corresponding": idle, "informations": "pension-benefit", "providers": "nenkin"}
    row |= {"tax_consent": ""}
    assert read_ordinances(ordinance_file({**row, "valid_to": "2027-01-01"}), law)
    for end in ("2027-01-02", ""):
        with pytest.raises(BadRows) as caught:
            read_ordinances(ordinance_file({**row, "valid_to": end}), law)
        assert caught.value.rows[0].column == "valid_to"


def day(number):
    return date(2026, 1, 1) + timedelta(days=number)


periods = st.lists(st.tuples(st.integers(0, 30), st.none() | st.integers(1, 30)), max_size=6)


@given(periods=periods, start=st.integers(0, 30), length=st.none() | st.integers(1, 30))
def test_the_first_day_without_law_is_found_as_by_looking_at_every_day(periods, start, length):
    rows = [
        Entry(
            entry="x",
            affair="b001",
            requesters=(),
            providers=(),
            informations=(),
            basis="",
            valid_from=day(begins),
            valid_to=None if lasts is None else day(begins + lasts),
        )
        for begins, lasts in periods
    ]
    last = start + (100 if length is None else length)
    gaps = [day(n) for n in range(start, last) if not any(row.in_force(day(n)) for row in rows)]
    end = None if length is None else day(last)
    assert uncovered(rows, day(start), end) == next(iter(gaps), None)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(content):
    with pytest.raises(BadRows):
        read_ordinances(content, STATUTORY.law)


cells = st.sampled_from(
    ["", "x", "lg-131032", "b081", "|", "local-tax|", "9999-12-31", "\u202e", "\uff11"]
)

changes = st.dictionaries(st.sampled_from(sorted(ORDINANCE)), cells, min_size=1)


@given(changes)
def test_any_cells_are_read_or_refused_with_their_row(change):
    content = ordinance_file(change)
    checked = check(content, "ordinances", STATUTORY)
    assert checked.good == (0 if checked.bad else 1)
    assert {one.row for one in checked.bad} <= {1}


def test_the_samples_stand_within_the_list_and_say_that_they_are_samples():
    data = importlib.resources.files("kumihimo.statute") / "data"
    content = (data / "sample_ordinances.tsv").read_bytes()
    found = read_ordinances(content, STATUTORY.law)
    assert found
    assert all("SAMPLE" in one.ordinance and "SAMPLE" in one.basis for one in found)
