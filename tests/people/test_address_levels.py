"""How far two addresses agree, by hand-written cases; over columns the same as one by one."""

import attrs
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.people.negative_addresses import pairs

from kumihimo.people.address_levels import AddressLevel, compare_addresses, compare_parts
from kumihimo.people.addresses import Address, AddressParts, address_parts, restore
from kumihimo.people.columns.address_levels import address_levels
from kumihimo.people.columns.addresses import address_columns
from kumihimo.people.lots import LotKind

TOKYO, FUCHU, SAPPORO, SAITAMA, KANAGAWA = "131130", "132063", "011002", "110001", "142018"
ONE_PLACE = {AddressLevel.EQUAL, AddressLevel.WITH_ROOM, AddressLevel.WITHOUT_ROOM}

CASES = [
    ("港区芝2-1-3", "港区芝2-1-3", AddressLevel.EQUAL),
    ("港区芝2-1-3", "東京都港区芝二丁目1番3号", AddressLevel.WITH_ROOM),
    ("港区芝2-1-3 コーポ桜203号室", "港区芝2丁目1番3号コーポ桜203", AddressLevel.WITH_ROOM),
    ("港区芝2-1-3 203", "港区芝2丁目1番3号 コーポ桜203号", AddressLevel.WITH_ROOM),
    ("港区芝2-1-3", "港区芝2丁目1番3号コーポ桜203", AddressLevel.WITHOUT_ROOM),
    ("港区芝2-1-3 コーポ桜", "港区芝2丁目1番3号", AddressLevel.WITHOUT_ROOM),
    ("港区芝2-1-3 コーポ桜203", "港区芝2丁目1番3号 メゾン緑203", AddressLevel.WITHOUT_ROOM),
    ("港区芝2-1-3-203", "港区芝2丁目1番3号 コーポ桜203", AddressLevel.LAST_NUMBER),
    ("港区芝2-1-3-203", "港区芝2丁目1番3号", AddressLevel.LAST_NUMBER),
    ("港区芝2-1-3-1", "港区芝2-1-3", AddressLevel.LAST_NUMBER),
    ("港区芝120-4-203", "港区芝120番地4", AddressLevel.LAST_NUMBER),
    ("港区芝2-1-3-203", "港区芝2丁目1番3号 コーポ桜204", AddressLevel.TOWN),
    ("港区芝2-1-3", "港区芝2-1", AddressLevel.TOWN),
    ("港区芝2-1-3 203", "港区芝2-1-3 204", AddressLevel.OTHER_ROOM),
    ("港区芝2丁目11番", "港区芝2番地11", AddressLevel.TOWN),
    ("浦安市舞浜2-11", "浦安市舞浜2-1-1", AddressLevel.TOWN),
    ("港区芝2-1-3", "港区芝5-6-7", AddressLevel.TOWN),
    ("港区芝", "港区芝2-1-3", AddressLevel.TOWN),
    ("東京都渋谷区桜丘町1-2-3", "桜丘町1-2-3", AddressLevel.NO_CITY),
    ("東京都渋谷区桜丘町1-2-3", "桜丘町1-2-4", AddressLevel.DIFFERENT),
    ("港区芝2-1-3", "港区芝公園2-1-3", AddressLevel.CITY),
    ("札幌市北区本町1-1", "札幌市西区本町1-1", AddressLevel.CITY),
    ("札幌市北区本町1-1", "札幌市本町1-1", AddressLevel.CITY),
    ("東京都港区芝2-1-3", "東京都北区赤羽2-1-3", AddressLevel.PREFECTURE),
    ("八王子市本町1", "東京都北区赤羽2-1-3", AddressLevel.PREFECTURE),
    ("東京都府中市本町1-2", "広島県府中市本町1-2", AddressLevel.DIFFERENT),
    ("府中市本町1-2", "広島県府中市本町1-2", AddressLevel.WITH_ROOM),
    ("港区芝2-1-3", "大阪市港区芝2-1-3", AddressLevel.DIFFERENT),
    ("東京都", "東京都", AddressLevel.EQUAL),
    ("東京都", "東京都 ", AddressLevel.PREFECTURE),
    (None, "港区芝1", AddressLevel.MISSING),
    (None, None, AddressLevel.MISSING),
]  # fmt: skip


def told(text):
    return None if text is None else Address.parse(text)


def over_columns(cases):
    frames = []
    for texts in zip(*cases, strict=True):
        column = pl.Series(texts, dtype=pl.String)
        frames.append(address_columns(column).with_columns(written=column))
    return address_levels(*frames).to_list()


@pytest.mark.parametrize(("one", "other", "level"), CASES)
def test_two_addresses_agree_as_far_as_a_person_would_say(one, other, level):
    assert compare_addresses(told(one), told(other)) is level
    assert compare_addresses(told(other), told(one)) is level


def test_a_column_says_of_each_pair_what_is_said_of_it_alone():
    texts = [(one, other) for one, other, _ in CASES] + pairs()
    turned = [(other, one) for one, other in texts]
    for found in (texts, turned):
        assert over_columns(found) == [
            compare_addresses(told(one), told(other)) for one, other in found
        ]


def test_no_two_places_are_at_a_level_of_one_place():
    levels = [compare_addresses(told(one), told(other)) for one, other in pairs()]
    assert not ONE_PLACE & set(levels)


PARTS = st.builds(
    AddressParts,
    prefecture=st.sampled_from(["", "13", "34"]),
    city=st.sampled_from(["", "府中市", "札幌市北区", "札幌市"]),
    town=st.sampled_from(["", "芝", "府中市芝"]),
    lot=st.sampled_from(["", "1", "1-2", "1-2-3", "1-2-3-4", "1-203", "203", "1-2-x"]),
    lot_kind=st.sampled_from(LotKind),
    building=st.sampled_from(["", "桜", "緑"]),
    room=st.sampled_from(["", "203", "4", "3"]),
)


def levels_both_ways(found):
    """Return the levels of pairs of parts, told over columns and alone, from either side."""
    frames = [
        pl.DataFrame(
            [attrs.astuple(parts) for parts in side],
            schema=list(attrs.fields_dict(AddressParts)),
            orient="row",
        )
        for side in zip(*found, strict=True)
    ]
    levels = [compare_parts(*pair) for pair in found]
    assert address_levels(*frames).to_list() == levels
    assert [compare_parts(b, a) for a, b in found] == levels
    return levels


@settings(max_examples=50)
@given(st.lists(st.tuples(PARTS, PARTS), min_size=1, max_size=40))
def test_any_parts_agree_over_columns_as_they_agree_alone(found):
    levels_both_ways(found)


@pytest.mark.parametrize(
    ("lot", "level"), [("", AddressLevel.CITY), ("1", AddressLevel.TOWN)], ids=["none", "another"]
)
def test_an_address_that_ends_with_its_city_agrees_in_no_town(lot, level):
    pair = AddressParts(city="府中市", lot=lot), AddressParts(city="府中市", lot="2")
    assert levels_both_ways([pair, pair[::-1]]) == [level, level]


@pytest.mark.parametrize(
    ("text", "holder", "meant"),
    [
        ("桜丘町1-2-3", TOKYO, "東京都渋谷区桜丘町1-2-3"),
        ("桜丘町1-2-3", "999999", None),
        ("府中市本町1-2", FUCHU, "東京都府中市本町1-2"),
        ("府中市本町1-2", "340006", "広島県府中市本町1-2"),
        ("府中市本町1-2", SAPPORO, "府中市本町1-2"),
        ("中央区北1条西2-3", SAPPORO, "札幌市中央区北1条西2-3"),
        ("北区本町1", SAITAMA, "さいたま市北区本町1"),
        ("北区本町1", "271403", "堺市北区本町1"),
        ("北区本町1", "270008", "大阪府北区本町1"),
        ("大島町3-2", KANAGAWA, "神奈川県横須賀市大島町3-2"),
        ("上里町3-2", SAITAMA, "上里町3-2"),
        ("上里町3-2", "113859", "埼玉県児玉郡上里町3-2"),
        ("美里町3-2", "113859", "美里町3-2"),
        ("大阪府吹田市本町1", TOKYO, "大阪府吹田市本町1"),
        ("東京都桜丘町1", TOKYO, "東京都渋谷区桜丘町1"),
        ("大阪府桜丘町1", TOKYO, "大阪府桜丘町1"),
    ],
)  # fmt: skip
def test_what_an_office_leaves_out_is_its_own_place_unless_another_may_be_meant(
    text, holder, meant
):
    column = pl.Series([text, None])
    if meant is None:
        with pytest.raises(KeyError):
            restore(address_parts(text), holder)
        with pytest.raises(KeyError):
            address_columns(column, holder=holder)
        return
    found = restore(address_parts(text), holder)
    assert found == address_parts(meant)
    assert address_columns(column, holder=holder).row(0) == (*attrs.astuple(found), None)
    assert compare_addresses(told(text), told(meant), holder=holder) in ONE_PLACE
