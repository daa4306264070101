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
