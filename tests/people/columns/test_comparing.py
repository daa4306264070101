"""Whole columns of names agree as far as each pair of them does."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from kumihimo.people.columns.comparing import HELD, kana_levels, name_levels
from kumihimo.people.comparing import compare_kanas, compare_names, read_kana, read_names

SURNAMES = st.sampled_from(
    [
        "高橋",
        "髙橋",
        "斎藤",
        "斉藤",
        "渡邉",
        "渡辺",
        "林",
        "林田",
        "佐々木",
        "ヤマダ",
        "●橋",
        "LEE",
        "SMITH",
    ]
)
GIVEN = st.sampled_from(
    ["太郎", "大郎", "花子", "花", "翼", "奈々", "〓子", "JOHN", "PAUL", "ジョン"]
)
WHOLE = st.tuples(SURNAMES, st.sampled_from(["　", " ", "", "  "]), GIVEN).map("".join)
ODD = st.sampled_from(
    [
        "",
        "●",
        "A＿李＿美",
        "高橋［鈴木］　花",
        "LI MEI＿李美（林　美）",
        "123",
        "\x00",
        "ー",
        "髙" * 201,
    ]
)
KANA = st.sampled_from(
    [
        "タカハシ\u3000ハナ",
        "たかはし\u3000はな",
        "ﾀｶﾊｼ ﾊﾅ",
        "サイトウ タロウ",
        "サイトウ",
        "タカハシタロウ",
        "林",
        "LEE",
    ]
)
NAME = WHOLE | WHOLE | ODD | st.none()
ROW = st.fixed_dictionaries(
    {"kanji": NAME | st.none(), "former_surname": SURNAMES | st.none(), "alias": NAME | st.none()}
    | {"former_surname_kana": KANA | st.none(), "alias_kana": KANA | st.none()}
    | {"name": NAME, "kana": KANA | st.none()}
)
PAIR = st.tuples(NAME, KANA | st.none(), ROW)


def both(pairs):
    written = pl.DataFrame(
        {"name": [n for n, _, _ in pairs], "kana": [k for _, k, _ in pairs]},
        schema={"name": pl.String, "kana": pl.String},
    )
    return written, pl.DataFrame(
        [row for _, _, row in pairs], schema=dict.fromkeys(HELD, pl.String)
    )


@settings(max_examples=8)
@given(pairs=st.lists(PAIR, min_size=30, max_size=60))
def test_a_column_of_pairs_agrees_as_far_as_each_pair(pairs):
    written, held = both(pairs)
    told = [compare_names(read_names(n), read_names(**row)) for n, _, row in pairs]
    read = [
        compare_kanas(
            read_kana(k),
            read_kana(row["kana"]),
            former_surname=read_kana(row["former_surname_kana"]),
            alias=read_kana(row["alias_kana"]),
        )
        for _, k, row in pairs
    ]
    names, kanas = name_levels(written, held), kana_levels(written, held)
    assert names.to_list() == told
    assert kanas.to_list() == read


def test_columns_that_are_not_there_are_empty():
    written = pl.DataFrame({"name": ["渡邊　花", "●", None]})
    held = pl.DataFrame({"name": ["渡辺花", "林", "林"]})
    assert name_levels(written, held).to_list() == ["canonical", "missing", "missing"]
    assert kana_levels(written, held).to_list() == ["missing"] * 3
    none = pl.DataFrame(schema={"name": pl.String})
    assert name_levels(none, none).to_list() == []
