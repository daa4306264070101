"""A person is a set of names: how far two sets agree, from as written to not at all."""

import pytest
from tests.people.negative import NAMES

from kumihimo.people.comparing import (
    compare_kanas,
    compare_names,
    name_members,
    read_kana,
    read_names,
)
from kumihimo.people.levels import NameLevel
from kumihimo.people.names import canonical_name

HELD = read_names(
    "渡邊　花子",
    kana="ワタナベ　ハナコ",
    former_surname="髙橋",
    alias="林　花",
    former_surname_kana="タカハシ",
    alias_kana="ハヤシ　ハナ",
)
FOREIGN = read_names("SMITH JOHN PAUL＿史密斯（須見　純）", kana="スミス　ジョン")
OFFICIAL = (NameLevel.EQUAL, NameLevel.CANONICAL, NameLevel.MEMBER)


@pytest.mark.parametrize(
    ("written", "level"),
    [
        ("渡邊　花子", "equal"),
        ("渡辺花子", "canonical"),
        ("渡邉 花子", "canonical"),
        ("高橋花子", "member"),
        ("林　花", "member"),
        ("ワタナベハナコ", "member"),
        ("ﾊﾔｼ ﾊﾅ", "member"),
        ("渡部　花子", "given"),
        ("渡辺　翼", "surname"),
        ("渡辺翼", "surname"),
        ("田中花子", "given"),
        ("田中　翼", "different"),
        ("林　花子", "given"),
        ("渡辺●子", "wildcard"),
        ("〓辺花子", "wildcard"),
        ("渡辺\ue000子", "wildcard"),
        ("●●花子", "wildcard"),
        ("渡辺●", "surname"),
        ("●●●●", "missing"),
        ("", "missing"),
        ("12", "missing"),
        ("渡邊［髙橋　花子", "missing"),
        ("佐藤［渡邊］　花子", "member"),
        ("渡邊［髙橋］　花子", "equal"),
    ],
)
def test_a_record_may_write_any_of_her_names(written, level):
    assert compare_names(read_names(written), HELD) == level


@pytest.mark.parametrize(
    ("written", "level"),
    [
        ("SMITH JOHN PAUL", "equal"),
        ("Smith, John Paul", "member"),
        ("John Paul SMITH", "member"),
        ("smith　john paul", "canonical"),
        ("史密斯", "member"),
        ("須見純", "member"),
        ("スミス・ジョン", "member"),
        ("SMITH JOHN", "weak"),
        ("JOHN SMITH", "weak"),
        ("PAUL SMITH", "weak"),
        ("SMITH JON PAUL", "surname"),
        ("JONES JOHN PAUL", "given"),
        ("MARY JONES", "different"),
    ],
)
def test_a_foreign_residents_name_stands_in_either_order_and_without_its_middle_only_weakly(
    written, level
):
    assert compare_names(read_names(written), FOREIGN) == level


@pytest.mark.parametrize(("one", "other"), NAMES)
def test_two_names_that_look_or_sound_alike_never_agree(one, other):
    level = compare_names(read_names(one), read_names(other))
    assert level not in OFFICIAL
    assert level == compare_names(read_names(other), read_names(one))


def test_what_people_mix_up_is_a_level_of_its_own():
    assert compare_names(read_names("斎藤　祐子"), read_names("斉藤　裕子")) == "weak"
    assert compare_names(read_names("齋藤　祐子"), read_names("斎藤　祐子")) == "canonical"


def test_a_lost_character_stands_for_one_and_never_agrees_by_itself():
    lost = read_names("●橋")
    assert compare_names(lost, lost) == "wildcard"
    assert compare_names(lost, read_names("髙橋")) == "wildcard"
    assert compare_names(lost, read_names("三島")) == "different"
    assert compare_names(lost, read_names("高橋花")) == "different"
    assert compare_names(read_names("●〓"), read_names("高橋")) == "missing"
    assert compare_names(read_names("●橋"), read_names("高〓")) == "different"


def test_the_same_reading_does_not_make_two_names_one():
    here, there = (
        read_names("林　花", kana="ハヤシ　ハナ"),
        read_names("森　葉", kana="ハヤシ　ハナ"),
    )
    assert compare_names(here, there) == "different"
    assert here is not None
    assert there is not None
    assert compare_kanas(here.kana, there.kana) == "equal"


@pytest.mark.parametrize(
    ("kana", "level"),
    [
        ("ワタナベ　ハナコ", "equal"),
        ("ﾜﾀﾅﾍﾞ ﾊﾅｺ", "canonical"),
        ("たかはし　はなこ", "member"),
        ("ハヤシハナ", "member"),
        ("ワタナベ　ミカ", "surname"),
        ("サトウ　ハナコ", "given"),
        ("サトウ　ミカ", "different"),
        ("", "missing"),
        ("渡辺", "missing"),
    ],
)
def test_a_record_may_write_the_reading_of_any_of_her_names(kana, level):
    assert HELD is not None
    former, alias = HELD.former_surname_kana, HELD.alias_kana
    found = compare_kanas(read_kana(kana), HELD.kana, former_surname=former, alias=alias)
    assert found == level


def test_a_side_without_a_name_is_missing_and_nothing_is_printed():
    assert HELD is not None
    assert compare_names(None, HELD) == compare_names(HELD, None) == "missing"
    assert compare_kanas(None, HELD.kana) == compare_kanas(HELD.kana, None) == "missing"
    assert "花" not in repr(HELD)


def test_her_names_are_a_set_of_canonical_forms():
    assert HELD is not None
    assert {
        canonical_name(t) for t in ("渡辺花子", "高橋花子", "林花", "ワタナベハナコ")
    } <= name_members(HELD)
