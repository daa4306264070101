"""A column of names is compared as each of its names is, whatever somebody wrote into it."""

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kumihimo.people.columns import letters
from kumihimo.people.columns.names import canonical_kanas, canonical_names, weak_names
from kumihimo.people.kana import canonical_kana
from kumihimo.people.names import canonical_name, weak_name

PAIRS = [
    (canonical_names, canonical_name),
    (weak_names, weak_name),
    (canonical_kanas, canonical_kana),
]
# What goes wrong where letters touch: marks that join, dashes, repetition, width, compatibility.
TOUCHING = (
    "々〻ゝゞヽヾーｰ-\u2010－\u2212―゛゜ﾞﾟ\u3099\u309a\u0301\u200d\u200b\ufe00\U000e0100 　・･·"
    "ｶﾊｳﾜｦｱかがハヴヲヂァっヮㇰㇷ福﨑﨎﨏神\U0002f804髙𠮷桒高佐ßİ\u017fςΣ①㍿Å½ㅎ가ﾡ_\"'?●\ue000"
)
HOSTILE = st.text(st.sampled_from(TOUCHING) | st.characters(exclude_categories=["Cs"]), max_size=12)
NAMES = st.text(st.sampled_from("佐々木高髙﨑桒渡邊斎祐功子奈葛\U000e0100　 ABz"), max_size=8)
READINGS = st.text(st.sampled_from("ｶｷｳﾊｬｯﾞﾟｰ-カガャッヲヅかがっ 　・･"), max_size=10)


@pytest.fixture(autouse=True, params=[0, 20_000], ids=["as-a-long-one", "looked-into"])
def _columns_of_any_length_go_the_long_way(monkeypatch, request):
    monkeypatch.setattr(letters, "FEW", 0)
    monkeypatch.setattr(letters, "_LOOKED_INTO", request.param)


@pytest.mark.parametrize(("columns", "scalar"), PAIRS)
@settings(max_examples=12)
@given(texts=st.lists(HOSTILE | NAMES | READINGS | st.none(), min_size=20, max_size=60))
@example(texts=["佐々々木", "佐 々木", "々", "髙々", "葛\U000e0100々"])
@example(texts=["ｶﾞﾞ", "ﾞｶ", "ｱﾞ", "-カ", "カ--", "ｳﾞ-ﾟ", "・-", " ", ""])
def test_a_column_says_of_each_text_what_the_scalar_says(columns, scalar, texts):
    found = columns(pl.Series("name", texts, dtype=pl.String))
    assert found.to_list() == [None if text is None else scalar(text) for text in texts]
    assert (found.name, found.dtype) == ("name", pl.String)


@pytest.mark.parametrize(("columns", "scalar"), PAIRS)
def test_every_code_point_between_letters_is_treated_as_the_scalar_treats_it(columns, scalar):
    small = [p for p in range(0x3400) if not 0x1100 <= p <= 0x2000]
    other = [*range(0x3400, 0xD800, 97), *range(0xE000, 0x10FFFF, 997), *range(0xF900, 0x10000)]
    points = [*small, *other, *range(0x2F800, 0x2FA20), *range(0xE0100, 0xE01F0, 16)]
    texts = [f"ｶ{chr(point)}き" for point in points]
    assert columns(pl.Series(texts)).to_list() == list(map(scalar, texts))


@pytest.mark.parametrize(("columns", "scalar"), PAIRS)
def test_a_short_column_and_an_empty_one_are_no_exception(columns, scalar, monkeypatch):
    monkeypatch.setattr(letters, "FEW", 10)
    found = columns(pl.Series(["ｶﾞｰ", None, "髙々"]))
    assert found.to_list() == [scalar("ｶﾞｰ"), None, scalar("髙々")]
    assert columns(pl.Series([None, None])).to_list() == [None, None]
    monkeypatch.setattr(letters, "FEW", 0)
    assert columns(pl.Series([], dtype=pl.String)).to_list() == []
    assert columns(pl.Series([None, None])).to_list() == [None, None]
