"""Texts that try a form: pieces of real notation in any order, and any text at all."""

from hypothesis import strategies as st

WIDE = [chr(0xFF10 + digit) for digit in (0, 1, 9)]
PIECES = [
    *"0123456789", *WIDE, *"〇一二三十百千", *"-ー 　", chr(0xFF0D), chr(0x2010), *"ヶケがのノ之", *"甲イロ", *"●〓",
    "丁目", "丁", "番地", "番", "号", "室", "条", "線", "大字", "字", "町", "市", "区", "東京都",
    "港区", "芝", "上る", "西入", "①", "廿", "ハイツ", "A", "\u3099", "\U000e0100", "\x00", "\ud800",
]  # fmt: skip
addresses = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=20)
births = (
    st.lists(
        st.sampled_from(
            [
                *"0123456789",
                *WIDE,
                "年",
                "月",
                "日",
                "-",
                "/",
                ".",
                "令和",
                "昭和",
                "S",
                "h",
                "元",
                "不詳",
                " ",
            ]
        ),
        max_size=9,
    ).map("".join)
    | st.dates().map(str)
    | st.text(max_size=12)
)
