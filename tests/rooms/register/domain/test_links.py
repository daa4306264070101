"""What register says of a link that an institution holds, attribute by attribute."""

from typing import get_type_hints

import attrs
import msgspec
import pytest

from kumihimo.linkaudit import schema
from kumihimo.rooms.register.api import HeldAttributes, LinkLevels
from kumihimo.rooms.register.domain.links import Recorded, levels, verdict
from kumihimo.rooms.register.domain.residents import State

NOW = State(
    resident_code="",
    name="髙橋 花子",
    kana="タカハシ ハナコ",
    birth="1990-04-12",
    sex="2",
    address="東京都港区芝公園二丁目1番2号 青葉荘101",
    municipality="131032",
    former_surname="鈴木",
    alias="",
    standing="resident",
    protected=False,
)
BEFORE = attrs.evolve(NOW, address="大阪府堺市堺区南瓦町3番1号", name="佐藤 花子")
HELD = {
    "name": "髙橋 花子",
    "kana": "タカハシ ハナコ",
    "birth": "1990-04-12",
    "sex": "2",
    "address": "東京都港区芝公園二丁目1番2号 青葉荘101",
}
SAME = msgspec.convert(dict.fromkeys(schema.ATTRIBUTES, "equal"), LinkLevels)


def judged(now=NOW, **held):
    recorded = Recorded(now, (BEFORE,))
    found = levels(HeldAttributes(**{**HELD, **held}), recorded)
    return verdict(found, recorded), found


def test_what_is_written_alike_is_equal_and_what_is_left_out_is_missing():
    assert judged() == ("EQUAL", SAME)
    found, left_out = judged(kana="", sex="", address="")
    assert found == "EQUAL"
    assert (left_out.kana, left_out.sex, left_out.address) == ("missing",) * 3


@pytest.mark.parametrize(
    ("attribute", "written", "level", "found"),
    [
        ("name", "髙橋　花子", "canonical", "SPELLING"),
        ("name", "鈴木 花子", "member", "SPELLING"),
        ("name", "佐藤 花子", "member", "SPELLING"),
        ("name", "●橋 花子", "wildcard", "SPELLING"),
        ("name", "髙橋 一郎", "surname", "MISMATCH"),
        ("name", "田中 花子", "given", "MISMATCH"),
        ("name", "田中 一郎", "different", "MISMATCH"),
        ("name", "●田 一郎", "different", "MISMATCH"),
        ("name", "●●●●", "missing", "EQUAL"),
        ("name", "", "missing", "EQUAL"),
        ("kana", "ﾀｶﾊｼ ﾊﾅｺ", "canonical", "SPELLING"),
        ("kana", "タカハシ イチロウ", "surname", "SPELLING"),
        ("birth", "平成2年4月12日", "equal", "EQUAL"),
        ("birth", "1990-04-00", "unknown", "SPELLING"),
        ("birth", "1991-04-12", "part", "MISMATCH"),
        ("birth", "1990-12-04", "turned", "MISMATCH"),
        ("birth", "1990-04-21", "digits", "MISMATCH"),
        ("birth", "令和2年4月12日", "era", "MISMATCH"),
        ("birth", "1964-10-10", "different", "MISMATCH"),
        ("birth", "1964-10-00", "different", "MISMATCH"),
        ("birth", "no date", "missing", "MISMATCH"),
        ("sex", "1", "different", "MISMATCH"),
        ("sex", "9", "missing", "EQUAL"),
        ("sex", "x", "missing", "EQUAL"),
        ("address", "港区芝公園2-1-2 101", "with-room", "SPELLING"),
        ("address", "港区芝公園2-1-2", "without-room", "SPELLING"),
        ("address", "港区芝公園2-1-2 青葉荘203", "other-room", "SPELLING"),
        ("address", "芝公園2-1-2", "no-city", "SPELLING"),
        ("address", "港区芝公園2-1-2-101", "last-number", "MOVED"),
        ("address", "堺市堺区南瓦町3-1", "former", "MOVED"),
        ("address", "港区芝公園2-9-9", "town", "MOVED"),
        ("address", "港区六本木2-9-9", "different", "MOVED"),
        ("address", "東京都北区赤羽1-1", "different", "MOVED"),
        ("address", "\x00", "missing", "EQUAL"),
        ("address", "北海道札幌市中央区北一条西2丁目", "different", "MOVED"),
        ("address", "大阪府港区芝公園2-1-2", "different", "MOVED"),
    ],
)
def test_each_way_of_differing_has_its_level_and_its_consequence(attribute, written, level, found):
    told, by_attribute = judged(**{attribute: written})
    assert (getattr(by_attribute, attribute), told) == (level, found)


def test_letters_that_people_mix_up_need_a_reading_or_a_place_beside_them():
    now = attrs.evolve(NOW, name="斎藤 祐子", kana="サイトウ ユウコ")
    found = {"name": "斉藤 裕子", "kana": "サイトウ ユウコ"}
    assert judged(now, **found)[1].name == "weak"
    assert judged(now, **found)[0] == "SPELLING"
    assert judged(now, **{**found, "kana": "", "address": "大阪府"})[0] == "MISMATCH"


def test_a_name_of_which_letters_were_lost_needs_something_beside_it():
    assert judged(name="●橋 花子", kana="", address="大阪府")[0] == "MISMATCH"
    assert judged(name="●橋 花子", address="大阪府")[0] == "MOVED"


def test_who_died_is_dead_but_another_person_is_another_person():
    dead = attrs.evolve(NOW, standing="dead")
    assert judged(dead)[0] == "DEAD"
    assert judged(dead, address="大阪府")[0] == "DEAD"
    assert judged(dead, sex="1")[0] == "MISMATCH"


def test_nobody_finds_out_by_trying_where_a_protected_person_lives():
    hidden = attrs.evolve(NOW, protected=True)
    right, wrong = judged(hidden), judged(hidden, address="大阪府堺市堺区南瓦町3-1")
    assert right == wrong
    assert right[1].address == "different"
    assert right[0] == judged(address="北海道札幌市中央区北一条西2丁目")[0] == "MOVED"
    # nor whether she is protected, by a text that is no address
    assert judged(hidden, address="\x00") == judged(address="\x00")


def test_register_speaks_in_the_words_of_the_audit():
    assert tuple(get_type_hints(LinkLevels).items()) == schema.LEVELS
