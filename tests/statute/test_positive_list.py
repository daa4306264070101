from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.statute.law import (
    affair_id,
    affairs,
    build_list,
    informations,
    institutions,
    old_entries,
)
from kumihimo.statute.positive_list import Entry, Ground, Permitted, PositiveList, Refused

TODAY = date(2026, 6, 1)
MINATO, OSAKA = "lg-131032", "lg-271004"
INCOME = "local-tax.total-income"
LIST = build_list()

CLASSES = {"a": ["a1", "a2"], "b": ["b1"], "c": ["a1", "b1", "c1"]}
BODIES = ["a1", "a2", "b1", "c1", "nobody"]
KINDS = ["tax", "benefit"]
DAYS = [date(2020, 1, 1), date(2021, 1, 1), date(2022, 1, 1), date(2023, 1, 1)]

entries = st.builds(
    Entry,
    entry=st.sampled_from(["e1", "e2", "e3"]),
    affair=st.sampled_from(["x", "y"]),
    requesters=st.tuples(st.sampled_from([*CLASSES, "unmapped"])),
    providers=st.tuples(st.sampled_from([*CLASSES, "unmapped"])),
    informations=st.tuples(st.sampled_from(KINDS)),
    basis=st.just("law"),
    valid_from=st.sampled_from(DAYS[:2]),
    valid_to=st.sampled_from([None, *DAYS[2:]]),
)


def allowed_by_walking(rows, requester, affair, provider, item, on):
    """The naive reading of the list: walk every row, expand every class."""
    return provider != requester and any(
        row.affair == affair
        and row.valid_from <= on
        and (row.valid_to is None or on < row.valid_to)
        and any(requester in CLASSES.get(c, []) for c in row.requesters)
        and any(provider in CLASSES.get(c, []) for c in row.providers)
        and item.split(".")[0] in row.informations
        for row in rows
    )


@given(
    st.lists(entries, max_size=6),
    st.sampled_from(BODIES),
    st.sampled_from(["x", "y", "z"]),
    st.sampled_from(BODIES),
    st.sampled_from(["tax.income", "benefit.amount", "other.thing"]),
    st.sampled_from(DAYS),
)
def test_whatever_is_outside_the_list_is_refused(rows, requester, affair, provider, item, on):
    found = PositiveList(rows, CLASSES).decide(
        requester=requester, affair=affair, provider=provider, items=[item], on=on
    )
    expected = allowed_by_walking(rows, requester, affair, provider, item, on)
    assert isinstance(found, Permitted) == expected


@given(st.lists(entries, max_size=6))
def test_a_list_that_travelled_decides_and_is_named_the_same(rows):
    law = PositiveList(rows, CLASSES)
    copy = PositiveList.from_json(law.to_json())
    assert copy.version == law.version
    assert copy.entries == law.entries


@pytest.mark.parametrize(
    ("changed", "ground"),
    [
        ({"requester": "kumihimo"}, Ground.REQUESTER),
        ({"affair": "b001"}, Ground.AFFAIR),
        ({"provider": "nenkin"}, Ground.PROVIDER),
        ({"provider": MINATO}, Ground.PROVIDER),
        ({"items": [INCOME, "disability.grade"]}, Ground.ITEM),
        ({"items": []}, Ground.ITEM),
    ],
)
def test_each_ground_of_refusal_is_told_apart(changed, ground):
    question: dict[str, Any] = {
        "requester": MINATO,
        "affair": "b081",
        "provider": OSAKA,
        "items": [INCOME],
        "on": TODAY,
    }
    assert isinstance(LIST.decide(**question), Permitted)
    found = LIST.decide(**(question | changed))
    assert isinstance(found, Refused)
    assert found.ground == ground


def test_nothing_was_law_before_the_number_began():
    found = LIST.decide(
        requester=MINATO, affair="b081", provider=OSAKA, items=[INCOME], on=date(2015, 10, 4)
    )
    assert isinstance(found, Refused)


def test_no_row_of_the_law_is_lost():
    assert len(affairs()) == 177
    assert len(old_entries()) == 259
    assert len({a.affair for a in affairs()}) == 177


def test_every_prefecture_and_municipality_is_there():
    local = [i for i in institutions() if i.institution.startswith("lg-")]
    assert sum("prefecture" in i.classes for i in local) == 47
    assert len({i.institution for i in local}) == len(local) == 1788


def test_every_local_government_code_has_its_check_digit():
    for institution in institutions():
        if institution.institution.startswith("lg-"):
            digits = [int(d) for d in institution.institution[3:]]
            total = sum(d * w for d, w in zip(digits, (6, 5, 4, 3, 2), strict=False))
            assert digits[5] == (11 - total % 11) % 10


def test_an_affair_is_named_for_its_row():
    assert affair_id("81") == "b081"
    assert affair_id("2-2") == "b002-02"


def test_every_former_row_asks_for_something():
    known = set(informations())
    for entry in old_entries():
        assert entry.informations
        assert all(i in known or i == entry.entry for i in entry.informations)
