"""What differs between two spellings is shown place by place and named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumihimo.rooms.review.domain.differences import Relation, characters, compare, points, visible


def told(own, other):
    return [(d.position, d.own, d.other, d.relation) for d in compare(own, other).differences]


def test_equal_texts_differ_nowhere():
    assert told("港区芝1-1", "港区芝1-1") == []


@pytest.mark.parametrize(
    ("own", "other", "found"),
    [
        ("髙橋", "高橋", [(1, "髙", "高", Relation.VARIANT)]),
        ("田中太郎", "田中次郎", [(3, "太", "次", Relation.OTHER)]),
        ("ﾀﾅｶ", "タナカ", [(1, "ﾀ", "タ", Relation.WIDTH), (2, "ﾅ", "ナ", Relation.WIDTH),
                          (3, "ｶ", "カ", Relation.WIDTH)]),
        ("●田", "塚田", [(1, "●", "塚", Relation.LOST)]),
        ("港区芝1", "港区芝1-2", [(5, "", "-2", Relation.MISSING)]),
        ("斎藤", "斉藤", [(1, "斎", "斉", Relation.OTHER)]),
    ],
)  # fmt: skip
def test_each_place_is_told_with_what_the_two_are_to_each_other(own, other, found):
    assert told(own, other) == found


def test_two_shapes_of_one_code_point_are_told_apart_by_their_selector():
    [one] = compare("葛\U000e0100城", "葛城").differences
    assert one.own_points == "U+845B U+E0100"
    assert one.other_points == "U+845B"
    assert one.relation == Relation.VARIANT


def test_what_nobody_sees_is_named_and_cannot_turn_a_line_round():
    assert visible("a\u202eb") == "a⟨U+202E⟩b"
    assert points("髙") == "U+9AD9"


@settings(max_examples=40)
@given(st.text(max_size=30), st.text(max_size=30))
def test_both_sides_are_shown_whole_whatever_they_hold(own, other):
    found = compare(own, other)
    assert "".join(piece.text for piece in found.own) == visible(own)
    assert "".join(piece.text for piece in found.other) == visible(other)
    same = not own or not other or characters(own) == characters(other)
    assert (not found.differences) == same
