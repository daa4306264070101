from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.kernel.refusal import BadInput
from kumihimo.statute.law import (
    affair_id,
    affairs,
    build_list,
    informations,
    institutions,
    old_entries,
)
from kumihimo.statute.positive_list import (
    Entry,
    Ground,
    Permitted,
    PositiveList,
    Refused,
    amended,
)

TODAY = date(2026, 6, 1)
MINATO, OSAKA, TOKYO, CHIBA = "lg-131032", "lg-271004", "lg-130001", "lg-120006"
INCOME = "local-tax.total-income"
LIST = build_list()

# Former item to items of today, by the name of the statute: read in both texts of the law.
PAIRS = {
    "1": ["1"], "2": ["2"], "9": ["8"], "16": ["8", "9"], "18": ["14"], "20": ["21"],
    "26": ["23"], "27": ["24"], "30": ["26"], "31": ["27"], "34": ["35"], "35": ["37"],
    "37": ["38"], "38": ["40"], "42": ["44"], "47": ["46"], "48": ["46"], "54": ["52"],
    "56-2": ["55"], "57": ["56"], "58": ["59"], "62": ["61"], "66": ["66"], "74": ["81"],
    "80": ["85"], "87": ["95"], "93": ["100"], "94": ["100"], "97": ["105"], "103": ["112"],
    "106": ["115"], "107": ["116"], "108": ["117"], "113": ["123"], "116": ["127"],
    "117": ["128"], "120": ["131"],
}  # fmt: skip

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
    assert len({row_of(entry) for entry in old_entries()}) == 259
    assert len({a.affair for a in affairs()}) == 177


def test_every_row_of_the_law_says_from_when_it_holds_and_where_it_stands():
    for affair in affairs():
        assert affair.valid_from == date(2024, 5, 27)
        assert affair.valid_to is None
        assert affair.basis.startswith("別表 2025-09 ")
    for entry in old_entries():
        assert entry.valid_from == date(2015, 10, 5)
        assert entry.valid_to is None
        # Nobody who reads an answer may take the text of 2015 for the law in force.
        assert entry.basis.startswith("旧別表第二 2015-09 ")


def test_a_former_item_belongs_to_the_items_of_today_that_the_digest_pairs_it_with():
    found: dict[str, set[str]] = {}
    for entry in old_entries():
        old = entry.basis.removeprefix("旧別表第二 2015-09 ").removesuffix("の項")
        if entry.affair.startswith("b"):
            found.setdefault(old, set()).add(entry.affair)
        else:
            assert entry.affair == f"old2-{old}"
    assert found == {old: {affair_id(new) for new in news} for old, news in PAIRS.items()}


def test_a_former_item_that_is_two_today_lets_each_office_ask_for_its_own():
    # Child Welfare Act: row 8 is the governors', row 9 the mayors'.
    for affair, mine, other in (("b008", TOKYO, MINATO), ("b009", MINATO, TOKYO)):
        for requester, allowed in ((mine, True), (other, False)):
            found = LIST.decide(
                requester=requester,
                affair=affair,
                provider=OSAKA,
                items=["local-tax.total-income"],
                on=TODAY,
            )
            assert isinstance(found, Permitted) == allowed


def test_what_a_row_lets_ask_is_handled_by_an_office_that_the_row_of_today_names():
    agencies = {affair.affair: affair.agency for affair in affairs()}
    words = {"prefecture": "都道府県知事", "municipality": "市町村長", "mhlw": "厚生労働大臣"}
    for entry in old_entries():
        for name in entry.requesters:
            if name in words and entry.affair in agencies:
                assert words[name] in agencies[entry.affair], entry.entry


def test_a_kind_whose_name_ends_like_another_is_not_that_other():
    special = [e for e in old_entries() if "special-child-rearing-allowance" in e.informations]
    assert {row_of(e) for e in special} == {34, 54, 73, 128, 134, 195, 253}
    for entry in special:
        assert "child-rearing-allowance" not in entry.informations
    # 特別児童扶養手当: governors know of it. 児童扶養手当 is asked of whoever runs a welfare office.
    asked: dict[str, Any] = {"requester": TOKYO, "affair": "b008", "provider": CHIBA, "on": TODAY}
    special_item, plain = "special-child-rearing-allowance", "child-rearing-allowance"
    assert isinstance(LIST.decide(items=[special_item], **asked), Permitted)
    rows = LIST.decide(items=[plain], **asked)
    assert isinstance(rows, Permitted)
    assert rows.entries == ("old2-032",)


def test_words_without_an_id_of_ours_keep_the_place_of_their_row_beside_named_kinds():
    [mixed] = [e for e in old_entries() if e.entry == "old2-049"]
    assert mixed.informations == (
        "local-tax", "old2-049", "child-allowance", "long-term-care-benefit",
    )  # fmt: skip


EVERYBODY = institutions()
AFFAIRS = sorted({entry.affair for entry in old_entries()} | {a.affair for a in affairs()})
SOME = [MINATO, OSAKA, TOKYO, CHIBA, "mhlw", "nenkin", "kyokai-kenpo", "kouiki-13", "jasso"]


@given(
    st.sampled_from(SOME) | st.sampled_from([one.institution for one in EVERYBODY]),
    st.sampled_from(AFFAIRS),
    st.sampled_from(SOME) | st.sampled_from([one.institution for one in EVERYBODY]),
    st.sampled_from([*informations(), "old2-031", "nothing", ""]),
    st.dates(date(2014, 1, 1), date(2030, 1, 1)),
)
def test_the_real_list_permits_no_four_that_no_row_of_the_law_names(who, affair, whom, kind, on):
    classes = {one.institution: one.classes for one in EVERYBODY}
    allowed = who != whom and any(
        entry.affair == affair
        and entry.valid_from <= on
        and set(entry.requesters) & set(classes[who])
        and set(entry.providers) & set(classes[whom])
        and kind in entry.informations
        for entry in old_entries()
    )
    found = LIST.decide(requester=who, affair=affair, provider=whom, items=[f"{kind}.x"], on=on)
    assert isinstance(found, Permitted) == allowed


VERSION = st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 9), st.none() | st.integers(0, 9))


@given(st.lists(VERSION, max_size=5), st.integers(0, 9))
def test_versions_of_a_row_never_hold_on_one_day_and_take_the_place_of_the_row(versions, day):
    old = [row("a", 0, None), row("b", 0, 5), row("c", 2, None)]
    given_rows = [row(*one) for one in versions]
    on = date(2026, 1, 1 + day)
    try:
        law = amended(old, given_rows)
    except BadInput:
        return
    names = {one.entry for one in given_rows}
    expected = [*(one for one in old if one.entry not in names), *given_rows]
    assert [e for e in law if e.in_force(on)] == [e for e in expected if e.in_force(on)]
    held = [e.entry for e in law if e.in_force(on)]
    assert len(held) == len(set(held))


@pytest.mark.parametrize(
    "versions", [[("a", 3, 3)], [("a", 3, 2)], [("a", 0, 3), ("a", 2, None)], [("a", 0, None)] * 2]
)
def test_a_version_that_overlaps_another_or_is_never_law_is_refused(versions):
    with pytest.raises(BadInput, match=rf"entries\[{len(versions) - 1}\]"):
        amended([row("a", 0, None)], [row(*one) for one in versions])
    assert len(amended([row("a", 0, None)], [row("a", 0, 3), row("a", 3, None)])) == 2


def row(name, start, end):
    return Entry(
        entry=name,
        affair="b081",
        requesters=("municipality",),
        providers=("municipality",),
        informations=("local-tax",),
        basis="案",
        valid_from=date(2026, 1, 1 + start),
        valid_to=None if end is None else date(2026, 1, 1 + end),
    )


def row_of(entry):
    return int(entry.entry[5:8])


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
        own = f"old2-{row_of(entry):03d}"
        assert all(i in known or i == own for i in entry.informations)
