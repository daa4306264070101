"""The reading of a name in kana, and the iteration marks of Japanese writing.

Readings are auxiliary evidence: registers had no authentic kana before 2025, so a reading is
never enough for a match and never needed for one.
"""

import re
import unicodedata
from typing import Final, Self

import attrs

from kumihimo.kernel.withheld import Withheld
from kumihimo.people.text import BadText, admit, compatible, without_spaces

KANA_FORM_VERSION: Final = 2
KANA_CHARS_MAX: Final = 200  # our choice: twice the longest reading a form has room for

_HIRAGANA_TO_KATAKANA = {point: chr(point + 0x60) for point in (*range(0x3041, 0x3097), 0x309D)}
_HIRAGANA_TO_KATAKANA[0x309E] = "\u30fe"
_SMALL_TO_LARGE = str.maketrans(
    "ァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ",
    "アイウエオツヤユヨワカケクシストヌハヒフヘホムラリルレロ",
)
# Letters that sound alike today and that banks and older systems write as one.
_SAME_SOUND = str.maketrans("ヲヰヱヂヅ", "オイエジズ")
_NOT_KANA = re.compile("[^ァ-ヺー・\\-ヽヾㇰ-ㇿ\u3099\u309a]")
_SEPARATORS = re.compile("[・]")
_AFTER_KANA_DASH = re.compile("(?<=[ぁ-ゖァ-ヺー])-")
_KANA_MARKS = {"ゝ": "", "ヽ": "", "ゞ": "\u3099", "ヾ": "\u3099"}
_KANA = re.compile("[ぁ-ゖァ-ヺ]")
_MARKS = re.compile("[々〻ゝゞヽヾ]")
_IDEOGRAPH_MARKS = "々〻"
_IDEOGRAPH = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd]")


def canonical_kana(text: str) -> str:
    """Return the form in which two readings are compared; idempotent.

    Katakana without spaces; half width, hiragana, small letters, dashes for the long mark,
    iteration marks and same-sounding letters (ヲ/オ, ヅ/ズ) are absorbed. The long mark itself
    stays: オオノ and オーノ differ.
    """
    bare = _SEPARATORS.sub("", without_spaces(compatible(text)))
    katakana = bare.translate(_HIRAGANA_TO_KATAKANA)
    # Marks join their letter before what follows the letter is looked at.
    large = unicodedata.normalize("NFC", katakana.translate(_SMALL_TO_LARGE))
    return long_marks(expand_iterations(large)).translate(_SAME_SOUND)


def long_marks(text: str) -> str:
    """Return the text with a dash that follows kana read as the long mark ー."""
    before = ""
    while before != text:
        before, text = text, _AFTER_KANA_DASH.sub("ー", text)
    return text


def expand_iterations(text: str) -> str:
    """Return the text with 々 and ゝゞヽヾ written out where the mark follows its letter."""
    if not _MARKS.search(text):
        return text
    out: list[str] = []
    for character in text:
        last = out[-1] if out else ""
        if character in _IDEOGRAPH_MARKS and _IDEOGRAPH.match(last):
            out.append(last)
        elif character in _KANA_MARKS and _KANA.match(last):
            plain = unicodedata.normalize("NFD", last)[0]
            voiced = unicodedata.normalize("NFC", plain + _KANA_MARKS[character])
            out.append(voiced if len(voiced) == 1 else plain)
        else:
            out.append(character)
    return unicodedata.normalize("NFC", "".join(out))  # a mark may follow what was written out


@attrs.frozen(repr=False, str=False, order=False)
class KanaName(Withheld[str]):
    """振り仮名, as written."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Keep a reading as written. Raises `BadText` for anything but kana and spaces."""
        admit(text, what="kana", limit=KANA_CHARS_MAX)
        katakana = compatible(text).translate(_HIRAGANA_TO_KATAKANA)
        other = _NOT_KANA.search(without_spaces(katakana))
        if other is not None:
            raise BadText("kana: only kana, the long mark, the middle dot and spaces may stand")
        return cls(text)

    def reveal_canonical(self) -> str:
        """Return the canonical form (`KANA_FORM_VERSION`)."""
        return canonical_kana(self._value)
