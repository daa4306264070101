"""How the characters of a Japanese name may be read: words of a dictionary, and one by one.

From `data/words.tsv.gz` and `data/readings.tsv.gz`. All texts here are in canonical form
(`names.canonical_name`, `kana.canonical_kana`): large kana, ズ for ヅ, 々 written out.
"""

import gzip
from collections.abc import Iterator, Sequence
from enum import Enum, unique
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

import attrs

from kumihimo.people.kana import canonical_kana

_VOICED: Final = str.maketrans(
    "カキクケコサシスセソタチツテトハヒフヘホ", "ガギグゲゴザジズゼゾダジズデドバビブベボ"
)
_HALF_VOICED: Final = str.maketrans("ハヒフヘホ", "パピプペポ")
_AFTER_N: Final = str.maketrans("アイウエオヤユヨ", "ナニヌネノニニノ")  # 観音, 三位
_GEMINATES: Final = "クキチツ"  # 一生 イツシヨウ, 国光 コツコウ
_BEFORE_GEMINATE: Final = "カキクケコサシスセソタチツテトパピプペポ"
_PARTICLES: Final = ("ノ", "ガ", "ツ")  # 井上 イノウエ: not always written, always said
_KE: Final = ("ガ", "カ", "ケ")
_IDEOGRAPHS_FROM: Final = "\u3400"


@attrs.frozen
class _Form:
    """A way to say a character, and what it needs around it."""

    said: str
    after: bool = False  # voiced: not at the beginning of the word
    after_n: bool = False
    geminate: bool = False  # its last sound is swallowed by the next character's first


@unique
class Part(Enum):
    """Which half of a name is read; surnames say particles, given names cut readings short."""

    SURNAME = "s"
    GIVEN = "g"


def in_dictionary(spelled: str, kana: str, part: Part, *, cut: bool = False) -> bool:
    """Say whether the dictionary has the word with this reading; `cut`: with this beginning."""
    for entry in _words().get(spelled, "").split():
        reading, _, kinds = entry.partition(":")
        if (part.value in kinds or "u" in kinds) and _is(reading, kana, cut=cut):
            return True
    return False


def readable(spelled: str) -> bool:
    """Say whether every ideograph of the word has a reading on file."""
    return all(c in _readings() for c in spelled if c >= _IDEOGRAPHS_FROM)


def aligned(spelled: str, kana: str, part: Part, *, cut: bool = False) -> bool:
    """Say whether the characters can be read one after the other as the kana are.

    Each in a reading of its own, voiced, geminated or joined as its neighbours ask; `cut`: the
    kana may end before the name does.
    """
    starts = {0}
    for character in spelled:
        if cut and any(_runs_out(character, kana, start, part) for start in starts):
            return True
        starts = {end for start in starts for end in _ends(character, kana, start, part)}
    return len(kana) in starts


def _ends(character: str, kana: str, start: int, part: Part) -> Iterator[int]:
    """Yield where the kana may go on after the character was read from `start`."""
    said_between = part is Part.SURNAME and start and kana[start : start + 1] in _PARTICLES
    for begin in (start, start + 1) if said_between else (start,):
        for form in _forms(character, short=part is Part.GIVEN):
            end = begin + len(form.said)
            if kana.startswith(form.said, begin) and _fits_between(form, kana, begin, end):
                yield end


def _fits_between(form: _Form, kana: str, begin: int, end: int) -> bool:
    if form.after and begin == 0:
        return False
    if form.after_n and kana[begin - 1 : begin] != "ン":
        return False
    return not form.geminate or (end < len(kana) and kana[end] in _BEFORE_GEMINATE)


def _runs_out(character: str, kana: str, start: int, part: Part) -> bool:
    rest = kana[start:]
    forms = _forms(character, short=part is Part.GIVEN)
    return start > 0 and any(form.said.startswith(rest) for form in forms)


@lru_cache(maxsize=20_000)
def _forms(character: str, *, short: bool) -> tuple[_Form, ...]:
    """Return the ways to say a character; `short`: with the beginnings of its readings too."""
    found: set[_Form] = set()
    for reading in _plain(character):
        begun = [reading[:n] for n in range(1, len(reading))] if short else []
        for said in (reading, *begun):
            found |= {_Form(said), _Form(said[0].translate(_VOICED) + said[1:], after=True)}
            found.add(_Form(said[0].translate(_HALF_VOICED) + said[1:], after=True))
            found.add(_Form(said[0].translate(_AFTER_N) + said[1:], after_n=True))
        if len(reading) > 1 and reading[-1] in _GEMINATES:
            swallowed = reading[:-1] + "ツ"
            found.add(_Form(swallowed, geminate=True))
            voiced = swallowed[0].translate(_VOICED) + swallowed[1:]
            found.add(_Form(voiced, after=True, geminate=True))
    return tuple(found)


def _plain(character: str) -> Sequence[str]:
    if character >= _IDEOGRAPHS_FROM:
        return _readings().get(character, "").split()
    # Kana in a name is said as it is written, but for ケ between ideographs.
    written = canonical_kana(character)
    return _KE if written == "ケ" else (written,)


def _is(reading: str, kana: str, *, cut: bool) -> bool:
    return reading == kana or (cut and reading.startswith(kana))


@cache
def _words() -> dict[str, str]:
    return _table("words.tsv.gz")


@cache
def _readings() -> dict[str, str]:
    return _table("readings.tsv.gz")


def _table(name: str) -> dict[str, str]:
    packed = (files("kumihimo.people") / "data" / name).read_bytes()
    rows = (row.partition("\t") for row in gzip.decompress(packed).decode().splitlines())
    return {spelled: readings for spelled, _, readings in rows}
