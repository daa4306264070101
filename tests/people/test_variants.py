"""The table of variants: shipped as it was made, official and one hop in key A, hints in key B."""

import hashlib
import re
from importlib.resources import files

import attrs
import pytest

from kumihimo.people import distil
from kumihimo.people.names import canonical_name, weak_name
from kumihimo.people.variants import fold_confusables, fold_variants, variants

SHIPPED = (files("kumihimo.people") / "data" / "variants.tsv").read_text("utf-8")
HEADING = re.compile(r"# (.+) by (.+): A (\d+) rows, B (\d+) rows, sha256 ([0-9a-f]{64})")


def source(rows, **known):
    plain = distil.VariantEvidence(rows=[], readings=(), levels={}, names={}, confusables=[])
    return attrs.evolve(plain, rows=[(w, f, TABLES[t], n) for w, f, t, n in rows], **known)


TABLES = {
    "u": "JIS包摂規準UCS統合規則",
    "k": "戸籍統一文字情報_親字正字",
    "n": "民二5202号通知別表_正字俗字等対照表",
    "i": "法務省告示582号別表第四_一",
}


def folds(made):
    rows = distil.rows_of(distil.distil(made, version="test").splitlines())
    return {key: {w: f for of, _, w, f in rows if of == key} for key in "AB"}


def test_the_shipped_table_is_what_its_heading_says():
    heading, _, body = SHIPPED.partition("\n")
    found = HEADING.fullmatch(heading)
    assert found is not None
    assert hashlib.sha256(body.encode()).hexdigest() == found[5]
    assert [len(variants(key)) for key in "AB"] == [int(found[3]), int(found[4])]


@pytest.mark.parametrize(("key", "fold"), [("A", fold_variants), ("B", fold_confusables)])
def test_a_target_is_never_a_source_so_nothing_follows_from_two_rows(key, fold):
    table = variants(key)
    assert table.keys().isdisjoint(table.values())
    assert all(fold(old) == new == fold(new) for old, new in table.items())


def test_what_key_b_says_is_said_of_characters_as_key_a_leaves_them():
    for old, new in variants("B").items():
        assert canonical_name(old) == old
        assert canonical_name(new) == new
        assert weak_name(old) == new


def test_characters_without_a_common_reading_are_not_folded_by_an_official_table():
    apart = source([("功", "切", "n", 1)], readings=({"功": {"コウ"}, "切": {"セツ"}},))
    assert folds(apart) == {"A": {}, "B": {"功": "切"}}
    unknown = source([("功", "切", "n", 1)], readings=({"功": {"コウ"}},))
    assert folds(unknown)["A"] == {"功": "切"}


def test_two_rows_never_make_a_third():
    chain = source([("甲", "乙", "k", 1), ("乙", "丙", "k", 1)])
    assert folds(chain) == {"A": {"乙": "丙"}, "B": {"甲": "丙"}}


def test_two_official_targets_are_for_a_person_to_choose_between():
    two = source([("尓", "爾", "k", 1), ("尓", "示", "n", 1)])
    assert folds(two)["A"] == {}
    assert folds(two)["B"].keys() == {"尓"}
    settled = source([("邉", "辺", "k", 1), ("邉", "邊", "k", 1), ("邊", "辺", "k", 1)])
    assert folds(settled)["A"] == {"邉": "辺", "邊": "辺"}


def test_a_circle_is_cut_towards_the_commoner_character():
    rows = [("島", "嶋", "k", 1), ("嶋", "島", "k", 1)]
    assert folds(source(rows, levels={"島": 1, "嶋": 2}))["A"] == {"嶋": "島"}
    assert folds(source(rows, names={"嶋": 9, "島": 1}))["A"] == {"島": "嶋"}


def test_a_second_hop_and_a_foreign_residents_table_are_hints_only():
    assert folds(source([("甲", "乙", "k", 2)])) == {"A": {}, "B": {"甲": "乙"}}
    assert folds(source([("甲", "乙", "i", 1)])) == {"A": {}, "B": {"甲": "乙"}}


def test_a_confusable_is_taken_for_the_first_of_its_row_whatever_a_hint_says():
    rows = [("斎", "甲", "i", 1), ("斎", "斉", "i", 1), ("斉", "乙", "i", 1)]
    made = source(rows, confusables=[("斎", "斉")])
    assert folds(made) == {"A": {}, "B": {"斎": "斉"}}
    assert weak_name("斎藤") == weak_name("斉藤") == weak_name("齋藤")
    assert weak_name("祐子") == weak_name("裕子")
    assert weak_name("山田") != weak_name("川田")


@pytest.mark.parametrize(
    ("cell", "level"), [("1-16-01", 1), ("1-47-51", 1), ("1-47-52", 3), ("1-84-06", 2),
                        ("1-84-07", 3), ("2-01-01", 4), (None, 5), ("1-15-08", 3)]
)  # fmt: skip
def test_a_cell_of_the_coded_set_tells_its_level(cell, level):
    assert distil.jis_level(cell) == level
