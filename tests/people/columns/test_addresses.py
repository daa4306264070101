import attrs
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.people.columns import hostile

from kumihimo.kernel.refusal import BadInput
from kumihimo.people.addresses import Address
from kumihimo.people.columns.addresses import PARTS, address_columns


def one_by_one(text):
    """Return what the scalar form says of a text, laid out as a row of the columns."""
    if text is None:
        return (None,) * (len(PARTS) + 1)
    try:
        parts = Address.parse(text).reveal_parts()
    except BadInput as refused:
        return (None,) * len(PARTS) + (refused.detail,)
    return (*attrs.astuple(parts), None)


# Each was once read otherwise over columns than alone, or would be without a rule of `pieces`.
FOUND = [
    "ツ1234567 京都市", " 1234567 上京区", "港区桜丘二丁目丙2-1-3", "港区甲120ハイツ桜203号0",
    "山ノ内二丁-目ハイツ一番三号桜荘5", "札幌市中央区イ二丁　目一番三号桜荘5", "付近之之地割西4", "館之々霞4",
    "札幌市中央区北一条西2-1番　第二号線荘A-203", "二番町2-1番 イ〇号", "港区甲2-1番ヶハイツ桜203号室",
    "士幌町西8線北12号", "港区芝二2丁目", "港区第5地割12", "港区芝ー2-1", "鹿嶋市宮中1-1", "港区芝12イ", "港区芝12番地 イ3号",
    "港区芝2-1 棟3", "港区芝2-1 棟あ3", "港区芝2-1 室あ3", "港区芝2-1 号館あ", "港区芝2-1 階あ", "港区芝2-1-3 203", "港区芝2-1-3桜荘203", "京都市中京区寺町通上る4丁目毘沙門町1",
    "京都市中京区寺町通西入二丁目1", "港区芝1-2ハイツ2-203", "港区芝1-2　ア1室203", "港区芝" + "1" * 290, "芝" * 299 + "1",
    "港区芝第二ー2-1", "港区芝二ー2-1", "新宿区西新宿新宿パークタワー3丁目28番38号　レジデンス緑303号",
    "芝" * 300 + "1", "港区芝1-1　" + "桜" * 200 + "1号", "東京都" , "1-1", "港区芝00-01-000",
]  # fmt: skip


def test_what_was_once_read_otherwise_over_columns_is_not_again():
    assert columns(*FOUND) == [one_by_one(text) for text in FOUND]


def columns(*texts):
    return address_columns(pl.Series("held", texts, pl.String)).rows()


@given(st.lists(st.none() | hostile.addresses.filter(lambda text: "\ud800" not in text)))
def test_a_column_says_of_every_address_what_is_said_of_it_alone(texts):
    assert columns(*texts) == [one_by_one(text) for text in texts]


def test_the_parts_of_an_address_stand_in_columns_of_their_own():
    assert columns("東京都港区芝公園二丁目1番地2号　タワー501号室") == [
        ("13", "港区", "芝公園", "2-1-2", "chome", "タワー", "501", None)
    ]


def test_a_bad_address_costs_no_other_and_is_not_quoted():
    good, null, empty, control = columns("港区芝1", None, " ", "港区\x07芝1")
    assert good[:4] == ("", "港区", "芝", "1")
    assert null == (None,) * 8
    assert empty[:7] == control[:7] == (None,) * 7
    assert empty[7] == "address: empty"
    assert control[7] == "address: a control character at position 3"


def test_a_column_keeps_its_length_and_may_be_empty():
    frame = address_columns(pl.Series([], dtype=pl.String))
    assert frame.columns == [*PARTS, "reason"]
    assert frame.height == 0


def test_a_column_of_numbers_is_no_column_of_addresses():
    with pytest.raises(TypeError, match="texts"):
        address_columns(pl.Series([1, 2]))
