"""Does this reading fit this name? A grade, and which part speaks against it; never a yes.

For accounts, insurers and registers without kanji: the one side holds a name, the other kana. A
name may be read as its bearer likes, so a bad grade is a reason to look and no grade is proof.
How often each grade is right is measured in `docs/reference/comparing.md`.
"""

import re
from enum import StrEnum, unique
from typing import Final

import attrs

from kumihimo.people.bank_kana import BANK_CELLS, bank_kana, is_corporate
from kumihimo.people.comparing import split_name
from kumihimo.people.kana import canonical_kana
from kumihimo.people.names import canonical_name
from kumihimo.people.readings import Part, aligned, in_dictionary, readable
from kumihimo.people.romaji import sounds_like
from kumihimo.people.text import BadText, compatible, is_unreadable

_LATIN_BEFORE: Final = "\u0250"
_KANA: Final = re.compile("[ァ-ヺ]")
_SEPARATORS: Final = re.compile(r"[\s・,.]+")


@unique
class Grade(StrEnum):
    """How well a reading fits a name."""

    DICTIONARY = "dictionary"  # each part is a word that the dictionary of names reads so
    ALIGNED = "aligned"  # each part can be read so, character by character or by its letters
    PARTIAL = "partial"  # one part fits, the other does not
    UNLIKELY = "unlikely"  # no part fits
    CANNOT_SAY = "cannot-say"  # lost or unknown characters, no reading, a legal person


@attrs.frozen
class Fit:
    """A grade, and the parts of the name that did not fit ("surname", "given", "whole")."""

    grade: Grade
    failed: tuple[str, ...] = ()


def fit(name: str, kana: str) -> Fit:
    """Return how well a reading, or an account's holder, fits a name; both as written."""
    form, read = canonical_name(name), canonical_kana(kana)
    if not form or not _KANA.search(read) or is_unreadable(name) or is_corporate(kana):
        return Fit(Grade.CANNOT_SAY)
    if form[0] < _LATIN_BEFORE:
        return _of_letters(_words(name), _words(kana))
    if not readable(form):
        return Fit(Grade.CANNOT_SAY)
    surname, given = map(canonical_name, split_name(name))
    said = [canonical_kana(half) for half in split_name(kana)]
    cut = _is_full(kana)
    if given:
        return max((_halves(surname, given, *halves, cut=cut) for halves in _cuts(said)), key=_rank)
    return _without_a_space(surname, said, cut=cut)


def _halves(surname: str, given: str, said: str, said_given: str, *, cut: bool) -> Fit:
    found = {
        "surname": _grade(surname, said, Part.SURNAME, cut=False),
        "given": _grade(given, said_given, Part.GIVEN, cut=cut),
    }
    failed = tuple(half for half, grade in found.items() if grade is None)
    if failed:
        return Fit(Grade.UNLIKELY if len(failed) == len(found) else Grade.PARTIAL, failed)
    both = set(found.values()) == {Grade.DICTIONARY}
    return Fit(Grade.DICTIONARY if both else Grade.ALIGNED)


def _without_a_space(name: str, said: list[str], *, cut: bool) -> Fit:
    """Return the best of all places to cut the name; to fit in half is then no news."""
    found = [
        _halves(name[:at], name[at:], *halves, cut=cut)
        for at in range(1, len(name))
        for halves in _cuts(said)
    ]
    for part in Part:
        alone = _grade(name, "".join(said), part, cut=cut)
        found += [Fit(alone)] if alone else []
    good = [one for one in found if not one.failed]
    return max(good, key=_rank) if good else Fit(Grade.UNLIKELY, ("whole",))


def _cuts(said: list[str]) -> list[tuple[str, str]]:
    """Return where a reading may be cut into surname and given name: at its space, or anywhere."""
    first, second = said
    return [(first, second)] if second else [(first[:n], first[n:]) for n in range(len(first) + 1)]


def _grade(name: str, said: str, part: Part, *, cut: bool) -> Grade | None:
    if not said:
        return None
    if in_dictionary(name, said, part, cut=cut):
        return Grade.DICTIONARY
    return Grade.ALIGNED if aligned(name, said, part, cut=cut) else None


def _rank(one: Fit) -> tuple[int, bool]:
    """Return what sorts fits; where either half may be it, the surname speaks the louder."""
    return (-list(Grade).index(one.grade), one.failed == ("given",))


def _of_letters(words: list[str], said: list[str]) -> Fit:
    """Compare word by word in any order; a middle name may be left out of the reading."""
    if len(said) == 1:
        orders = (words[n:] + words[:n] for n in range(len(words)))
        heard = any(sounds_like("".join(order), said[0]) for order in orders)
        return Fit(Grade.ALIGNED) if heard else Fit(Grade.UNLIKELY, ("whole",))
    heard = [any(sounds_like(word, kana) for word in words) for kana in said]
    if all(heard):
        return Fit(Grade.ALIGNED)
    surname = any(sounds_like(words[0], kana) for kana in said)
    failed = ("given",) if surname else ("surname",)
    return Fit(Grade.PARTIAL, failed) if any(heard) else Fit(Grade.UNLIKELY, ("surname", "given"))


def _words(text: str) -> list[str]:
    return [canonical_kana(w) for w in _SEPARATORS.split(compatible(text)) if canonical_kana(w)]


def _is_full(kana: str) -> bool:
    """Say whether the reading fills a bank's field, so that its end may have been cut off."""
    if len(kana) * 2 < BANK_CELLS:  # no character takes more than two cells
        return False
    try:
        return len(bank_kana(kana)) == BANK_CELLS
    except BadText:
        return False
