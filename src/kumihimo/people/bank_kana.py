"""Readings as banks write them (全銀), and how far an account's holder fits a register's reading.

30 cells of half width, a voice mark is a cell of its own; no small letters, no ヲ, a hyphen for the
long mark; a legal person's form is shortened: カ) in front, (カ behind, (カ) between. The rules are
of the field 受取人名 C(30) in the transfer formats of the banks.
"""

import re
import unicodedata
from typing import Final

from kumihimo.people.comparing import split_name
from kumihimo.people.kana import canonical_kana
from kumihimo.people.levels import HolderLevel
from kumihimo.people.text import BadText, compatible

BANK_CELLS: Final = 30

# Legal forms and what stands for them, longest words first where one begins another.
LEGAL_FORMS: Final = (
    ("シヤカイフクシホウジン", "フク"), ("トクテイヒエイリカツドウホウジン", "トクヒ"),
    ("ドクリツギヨウセイホウジン", "ドク"), ("コクリツダイガクホウジン", "ダイ"),
    ("イリヨウホウジンシヤダン", "イ"), ("イリヨウホウジンザイダン", "イ"), ("イリヨウホウジン", "イ"),
    ("イツパンシヤダンホウジン", "シヤ"), ("コウエキシヤダンホウジン", "シヤ"), ("シヤダンホウジン", "シヤ"),
    ("イツパンザイダンホウジン", "ザイ"), ("コウエキザイダンホウジン", "ザイ"), ("ザイダンホウジン", "ザイ"),
    ("シユウキヨウホウジン", "シユウ"), ("ガツコウホウジン", "ガク"), ("コウセイホゴホウジン", "ホゴ"),
    ("ベンゴシホウジン", "ベン"), ("ギヨウセイシヨシホウジン", "ギヨ"), ("シホウシヨシホウジン", "シホウ"),
    ("ゼイリシホウジン", "ゼイ"), ("シヤカイホケンロウムシホウジン", "ロウム"), ("ノウジクミアイホウジン", "ノウ"),
    ("カンリクミアイホウジン", "カンリ"), ("カブシキガイシヤ", "カ"), ("ユウゲンガイシヤ", "ユ"),
    ("ゴウドウガイシヤ", "ド"), ("ゴウシガイシヤ", "シ"), ("ゴウメイガイシヤ", "メ"), ("ソウゴガイシヤ", "ソ"),
)  # fmt: skip
_SHORT: Final = "|".join(sorted({short for _, short in LEGAL_FORMS}, key=len, reverse=True))
_CORPORATE: Final = re.compile(rf"^(?:{_SHORT})\)|\((?:{_SHORT})\)?$|\((?:{_SHORT})\)")
_NOT_OF_A_BANK: Final = re.compile(r"[^ｱ-ﾝﾞﾟA-Z0-9()\-./, \\]")
_FULL: Final = (
    "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン"
)
_HALF: Final = "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜﾝ"
_TO_CELLS: Final = str.maketrans(_FULL + "ー・\u3099\u309a", _HALF + "-.ﾞﾟ")
_LARGE: Final = str.maketrans("ァィゥェォッャュョヮヵヶヲヰヱ", "アイウエオツヤユヨワカケオイエ")
_HIRAGANA: Final = {point: point + 0x60 for point in range(0x3041, 0x3097)}
_MARKS: Final = str.maketrans({"-": "ー", ".": None, ",": None})
_VOWELS: Final = {
    "ア": "アカサタナハマヤラワガザダバパ",
    "イ": "イキシチニヒミリギジヂビピ",
    "ウ": "ウクスツヌフムユルグズヅブプヴ",
    "エ": "エケセテネヘメレゲゼデベペ",
    "オ": "オコソトノホモヨロゴゾドボポ",
}
_VOWEL_OF: Final = {kana: vowel for vowel, row in _VOWELS.items() for kana in row}


def bank_kana(text: str) -> str:
    """Return a reading as a bank writes the holder of an account, cut at `BANK_CELLS`.

    Raises `BadText` where a character is none that a bank writes, by position.
    """
    return _uncut(text)[:BANK_CELLS]


def _uncut(text: str) -> str:
    katakana = compatible(text).translate(_HIRAGANA).translate(_LARGE).upper()
    plain = _shortened(" ".join(katakana.split()))
    cells = unicodedata.normalize("NFD", plain).translate(_TO_CELLS)
    other = _NOT_OF_A_BANK.search(cells)
    if other is not None:
        raise BadText(f"holder: no character of a bank at position {other.start() + 1}")
    return cells


def _shortened(text: str) -> str:
    for whole, short in LEGAL_FORMS:
        if whole in text:
            text = re.sub(f"^{whole} ?", f"{short})", text)
            text = re.sub(f" ?{whole}$", f"({short}", text)
            return re.sub(f" ?{whole} ?", f"({short})", text)
    return text


def is_corporate(holder: str) -> bool:
    """Say whether the holder is written as a legal person."""
    large = compatible(holder).translate(_HIRAGANA).translate(_LARGE)
    return _CORPORATE.search(_shortened(" ".join(large.split()))) is not None


def kana_agree(register_kana: str, holder: str) -> HolderLevel:
    """Return how far an account's holder fits a reading; both as written, in any width."""
    mine, theirs = _form(register_kana), _form(holder)
    if not mine or not theirs:
        return HolderLevel.MISSING
    if mine == theirs:
        return HolderLevel.EQUAL
    if is_corporate(holder):
        return HolderLevel.CORPORATE
    if _is_cut(mine, theirs, holder):
        return HolderLevel.CUT
    if _long(mine) == _long(theirs):
        return HolderLevel.LONG
    return _half(register_kana, holder, theirs)


def _form(text: str) -> str:
    """Return the canonical form without what banks write for dots and marks."""
    return canonical_kana(text).upper().translate(_MARKS)


def _is_cut(mine: str, theirs: str, holder: str) -> bool:
    try:
        full = len(_uncut(holder)) == BANK_CELLS
    except BadText:
        return False
    cells, begun = (unicodedata.normalize("NFD", one) for one in (mine, theirs))
    return full and cells.startswith(begun)


def _long(form: str) -> str:
    """Return the form in which オオノ, オウノ and オーノ are one; ユウキ and ユキ stay two."""
    out: list[str] = []
    for kana in form:
        vowel = _VOWEL_OF.get(out[-1]) if out else None
        if kana == "ー" and vowel:
            out.append(vowel)
        elif kana == "ウ" and vowel == "オ":
            out.append("オ")
        else:
            out.append(kana)
    return "".join(out)


def _half(register_kana: str, holder: str, theirs: str) -> HolderLevel:
    surname, given = map(_form, split_name(register_kana))
    theirs_given = _form(split_name(holder)[1])
    if not given:
        return HolderLevel.DIFFERENT
    if theirs == given + surname:
        return HolderLevel.ORDER
    if theirs.startswith(surname) and theirs_given in ("", theirs.removeprefix(surname)):
        return HolderLevel.SURNAME
    if theirs.endswith(given) and theirs_given in ("", given):
        return HolderLevel.GIVEN
    return HolderLevel.DIFFERENT
