"""Texts that try a form: pieces of real notation in any order, and any text at all."""

from hypothesis import strategies as st

WIDE = [chr(0xFF10 + digit) for digit in (0, 1, 9)]
PIECES = [
    *"0123456789", *WIDE, *"〇一二三十百千", *"-ー 　", chr(0xFF0D), chr(0x2010), *"ヶケがのノ之", *"甲イロ", *"●〓",
    "丁目", "丁", "番地", "番", "号", "室", "条", "線", "大字", "字", "町", "市", "区", "東京都",
    "港区", "芝", "上る", "西入", "①", "廿", "ハイツ", "A", "\u3099", "\U000e0100", "\x00", "\ud800",
]  # fmt: skip
_PLACES = ["東京都港区", "港区", "府中市", "中京区", "札幌市中央区", "児玉郡上里町", "川崎町", ""]
_TOWNS = [
    "芝",
    "霞が関",
    "北一条西",
    "三田",
    "寺町通御池上る上本能寺前町",
    "二番町",
    "甲",
    "桜丘二丁目",
]
_LOTS = ["2丁目1番3号", "2-1-3", "12番地3", "12番地の3", "120", "二丁目一番三号", "2-1番", "5号"]
_TAILS = [
    "",
    "　コーポ桜203号",
    " 203",
    "ハイツ桜203号室",
    " 第二寿荘A-203",
    "桜荘5",
    " イ3号",
    " B棟2",
]
_piece = st.sampled_from(PIECES)
# Real notation, one piece put into it somewhere, and pieces in any order.
_written = st.builds(
    lambda parts, piece, at: "".join(parts)[:at] + piece + "".join(parts)[at:],
    st.tuples(*map(st.sampled_from, (_PLACES, _TOWNS, _LOTS, _TAILS))),
    st.just("") | _piece,
    st.integers(0, 30),
)
addresses = _written | st.lists(_piece, max_size=12).map("".join) | st.text(max_size=20)
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
                "頃",
                "上旬",
                "五十五",
                "㍼",
                "昭",
                " ",
            ]
        ),
        max_size=9,
    ).map("".join)
    | st.dates().map(str)
    | st.text(max_size=12)
)
_surnames = st.sampled_from(
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
        "山﨑",
        "山崎",
        "葛\U000e0100城",
        "葛城",
        "●橋",
        "LEE",
        "SMITH",
    ]
)
_given = st.sampled_from(
    ["太郎", "大郎", "花子", "花", "翼", "奈々", "〓子", "JOHN", "PAUL", "ジョン"]
)
_whole = st.tuples(_surnames, st.sampled_from(["　", " ", "", "  "]), _given).map("".join)
_odd = st.sampled_from(
    [
        "",
        "●",
        "A＿李＿美",
        "高橋［鈴木］　花",
        "　高橋 太郎 ",
        "高橋 太郎",
        "高橋\t太郎",
        "LI MEI＿李美（林　美）",
        "123",
        "\x00",
        "ー",
        "髙" * 201,
    ]
)
kanas = st.none() | st.sampled_from(
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
_bracketed = st.builds("{}［{}］　{}".format, _surnames, _surnames, _given)
names = _whole | _whole | _bracketed | _odd | st.none()
# What the register records of a person.
recorded = st.fixed_dictionaries(
    {"name": names, "kana": kanas, "kanji": names, "alias": names, "alias_kana": kanas}
    | {"former_surname": _surnames | st.none(), "former_surname_kana": kanas}
)
