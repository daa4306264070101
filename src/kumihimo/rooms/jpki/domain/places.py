"""Municipalities as certificates write them: romanised by rule from their kana.

Hepburn without marks for long vowels, a hyphen before the kind: 東京都港区 is Tokyo-to, Minato-ku.
The rule knows no word boundaries, so a long vowel across one is shortened too.
"""

import re
from collections import Counter
from functools import cache
from importlib.resources import files
from typing import Final

import attrs

from kumihimo.kernel.refusal import BadInput

_ROWS: Final = (
    "アイウエオ a i u e o|カキクケコ ka ki ku ke ko|サシスセソ sa shi su se so|"
    "タチツテト ta chi tsu te to|ナニヌネノ na ni nu ne no|ハヒフヘホ ha hi fu he ho|"
    "マミムメモ ma mi mu me mo|ヤユヨ ya yu yo|ラリルレロ ra ri ru re ro|ワヲ wa o|"
    "ガギグゲゴ ga gi gu ge go|ザジズゼゾ za ji zu ze zo|ダヂヅデド da ji zu de do|"
    "バビブベボ ba bi bu be bo|パピプペポ pa pi pu pe po|ァィェォ a i e o"
)
_SYLLABLES: Final = {
    kana: latin
    for row in _ROWS.split("|")
    for kana, latin in zip(row.split()[0], row.split()[1:], strict=True)
}
_GLIDES: Final = {"ャ": "a", "ュ": "u", "ョ": "o"}


@attrs.frozen
class Place:
    """A municipality: 東京都, 港区 as Tokyo-to, Minato-ku."""

    prefecture: str
    city: str


def romanise(kana: str) -> str:
    """Return katakana in Latin letters, the first a capital."""
    latin = ""
    double = False
    for sign in kana:
        if sign == "ッ":
            double = True
            continue
        syllable = _SYLLABLES.get(sign, "")
        if sign in _GLIDES:
            stem = latin.removesuffix("i")
            glide = "" if stem.endswith(("sh", "ch", "j")) else "y"
            latin = stem + glide + _GLIDES[sign]
        elif sign in "ー-ン":
            latin += {"ー": "", "-": "-", "ン": "n"}[sign]
        else:
            assert syllable, "a place is written in katakana"
            if double:
                latin += "t" if syllable.startswith("ch") else syllable[0]
                double = False
            latin += syllable
    shortened = re.sub(r"o[ou]", "o", latin).replace("uu", "u")
    return re.sub(r"n(?=[bmp])", "m", shortened).capitalize()


@cache
def places() -> dict[str, Place]:
    """Return every municipality by its code. Two of one sound in one prefecture carry their code.

    Otherwise they would share a distribution point, and each would be looked up on the other's list.
    """
    text = files("kumihimo.rooms.jpki").joinpath("data/places.tsv").read_text("utf-8")
    lines = [line.split("\t") for line in text.splitlines()[1:]]
    plain = {code: Place(romanise(prefecture), romanise(city)) for code, prefecture, city in lines}
    seen = Counter(plain.values())
    return {
        code: place if seen[place] == 1 else Place(place.prefecture, f"{place.city} {code[:-1]}")
        for code, place in plain.items()
    }


def place_of(municipality: str) -> Place:
    """Return a municipality's names by its code of six digits; raises `BadInput`."""
    found = places().get(municipality)
    if found is None:
        raise BadInput("no municipality has this code", pointer="municipality")
    return found
