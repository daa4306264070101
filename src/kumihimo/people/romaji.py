"""Do kana sound like a name in the Latin alphabet? By letters, so roughly; never a proof.

Both are reduced to the consonants that are heard. Kana has one such skeleton; letters have several,
because languages spell differently (J as in JOHN, JUAN or JOSÉ; ZH, X and Q of pinyin; a silent H).
"""

import itertools
import unicodedata
from functools import lru_cache
from typing import Final

_SKELETONS_MAX: Final = 512  # our choice: bounds a name of many ambiguous letters
_ROWS: Final = {
    "k": "カキクケコ", "g": "ガギグゲゴ", "s": "サシスセソ", "z": "ザジズゼゾ", "t": "タツテト",
    "c": "チ", "d": "ダデド", "n": "ナニヌネノン", "h": "ハヒフヘホ", "b": "バビブベボヴ", "p": "パピプペポ",
    "m": "マミムメモ", "r": "ラリルレロ", "w": "ワ", "y": "ヤユヨ",
}  # fmt: skip
_CONSONANTS: Final = {kana: letter for letter, row in _ROWS.items() for kana in row}
_VOWELS: Final = {"ア": "a", "イ": "i", "ウ": "u", "エ": "e", "オ": "o"}
_VOWEL_ROWS: Final = {
    "a": "アカガサザタダナハバパマヤラワ", "i": "イキギシジチニヒビピミリ", "u": "ウクグスズツヌフブプムユルヴ",
    "e": "エケゲセゼテデネヘベペメレ", "o": "オコゴソゾトドノホボポモヨロ",
}  # fmt: skip
_VOWEL_OF: Final = {kana: vowel for vowel, row in _VOWEL_ROWS.items() for kana in row}
_I_ROW: Final = "キギシジチニヒビピミリ"
# Spellings of a sound, longest first: what may be heard of them, as skeletons.
_SOUNDS: Final = {
    "tsch": ("c",), "sch": ("s", "sk"), "tch": ("c", "z"), "dge": ("z",), "cch": ("k", "c"),
    "zh": ("z", "c"), "ch": ("c", "k", "s", "h"), "sh": ("s",), "th": ("s", "t", "z"),
    "ph": ("h", "p"), "gh": ("g", "h", ""), "kh": ("k", "h"), "dh": ("d",), "bh": ("b",),
    "ts": ("t", "ts"), "tz": ("t", "ts"), "ck": ("k",), "ng": ("n", "ng", "nz", "g", "gn"), "nh": ("n", "ny"),
    "gn": ("n", "gn"), "ll": ("r", "y"), "qu": ("k", "kw"), "gu": ("g", "gw"), "dj": ("z",),
    "j": ("z", "y", "h", "c"), "c": ("k", "s", "t", "c"), "x": ("s", "ks", "z"), "q": ("k", "c"),
    "v": ("b", "h", "w"), "f": ("h",), "w": ("w", "", "b"), "l": ("r", ""), "r": ("r", ""),
    "h": ("h", ""), "y": ("y", ""), "z": ("z", "t", "s"), "s": ("s", "z"), "t": ("t", "c"),
    "d": ("d", "z", "t"), "m": ("m", "n"), "g": ("g", "z", "k", ""), "k": ("k", "g"), "b": ("b", "p"),
    "p": ("p", "b"), "n": ("n",),
}  # fmt: skip
_LONGEST: Final = max(map(len, _SOUNDS))
_FRONT: Final = "ei"


def sounds_like(word: str, kana: str) -> bool:
    """Say whether canonical kana may be how a word of Latin letters sounds.

    True where the consonants that are heard agree and the first vowels do not speak against it.
    """
    letters = _plain(word)
    if not letters or not kana:
        return False
    # A large ツ may have been the small one that only doubles what follows.
    heard = {_kana_skeleton(kana), _kana_skeleton(kana[0] + kana[1:].replace("ツ", ""))}
    return bool(heard & _skeletons(letters)) and _vowels_fit(letters, kana)


def _kana_skeleton(kana: str) -> str:
    """Return the consonants of canonical kana, without long marks and glides."""
    out: list[str] = []
    before = ""
    for character in kana:
        glide = character in "ヤユヨ" and bool(before) and before in _I_ROW
        out.append("" if glide else _CONSONANTS.get(character, ""))
        before = character
    return _collapsed("".join(out))


@lru_cache(maxsize=20_000)
def _skeletons(letters: str) -> frozenset[str]:
    heard: list[tuple[str, ...]] = []
    place = 0
    while place < len(letters):
        for length in range(min(_LONGEST, len(letters) - place), 0, -1):
            sounds = _SOUNDS.get(letters[place : place + length])
            if sounds is not None:
                heard.append(sounds)
                break
        else:
            length = 1
        place += length
    found = itertools.islice(itertools.product(*heard), _SKELETONS_MAX)
    return frozenset(_collapsed("".join(parts)) for parts in found)


def _collapsed(skeleton: str) -> str:
    return "".join(letter for letter, _ in itertools.groupby(skeleton))


def _vowels_fit(letters: str, kana: str) -> bool:
    """Say whether the first vowels may be one; A, E, I and Y, O and U are near each other."""
    mine = next((c for c in letters if c in "aeiouy"), "")
    theirs = _VOWEL_OF.get(kana[0], "")
    if not mine or not theirs or letters[0] not in "aeiou":
        return True  # a cluster begins with a vowel that is only inserted: SMITH スミス
    return theirs in {"a": "aeo", "e": "eia", "i": "iae", "o": "oua", "u": "uoay", "y": "iy"}[mine]


def _plain(word: str) -> str:
    bare = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in bare if "a" <= c <= "z")
