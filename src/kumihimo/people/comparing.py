"""How far two sets of names agree: a level, never a yes.

A person is a set of names: the one on record, its second script, the alias, the former surname
with the given name, and a foreign resident's name with the surname in front or behind. What a
record writes may be any of them. Which level is enough for what, others decide.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Final, TypeVar

import attrs

from kumihimo.people.kana import KanaName, canonical_kana
from kumihimo.people.levels import NameLevel
from kumihimo.people.names import (
    AliasName,
    FormerSurname,
    PersonName,
    RecordedNames,
    canonical_name,
)
from kumihimo.people.text import UNREADABLE, BadText, compatible
from kumihimo.people.variants import fold_confusables

T = TypeVar("T")

_ROMAJI_WORDS_MAX: Final = 6  # our choice: more words than any name met; bounds the orders tried
_TWO: Final = 2


@attrs.frozen(repr=False)
class _Names:
    """One side: as written, in canonical form, all the forms that stand for it, and its halves."""

    written: str
    form: str
    members: frozenset[str]
    words: Sequence[Sequence[str]]  # of each name in the Latin alphabet
    surname: str  # canonical; "" where no space tells it from the given name
    given: str

    @cached_property
    def weak(self) -> frozenset[str]:
        return frozenset(map(fold_confusables, self.members))

    @cached_property
    def shortened(self) -> frozenset[str]:
        """Of names with middle names, those left out."""
        return frozenset(order for words in self.words for order in _shortened(words))


def read_names(
    name: str | None,
    *,
    kanji: str | None = None,
    kana: str | None = None,
    former_surname: str | None = None,
    alias: str | None = None,
    former_surname_kana: str | None = None,
    alias_kana: str | None = None,
) -> RecordedNames | None:
    """Return the names of a record or a register; a text that is none counts as absent.

    None where `name`, which may be written `姓［旧氏］　名` or `ALPHABET＿漢字（通称）`, is absent.
    """
    found = _read(RecordedNames.parse, name)
    if found is None:
        return None
    return RecordedNames(
        name=found.name,
        kanji=found.kanji or _read(PersonName.parse, kanji),
        kana=read_kana(kana),
        former_surname=found.former_surname or _read(FormerSurname.parse, former_surname),
        alias=found.alias or _read(AliasName.parse, alias),
        former_surname_kana=read_kana(former_surname_kana),
        alias_kana=read_kana(alias_kana),
    )


def read_kana(text: str | None) -> KanaName | None:
    """Return a reading; a text that is none counts as absent."""
    return _read(KanaName.parse, text)


def _read(parse: Callable[[str], T], text: str | None) -> T | None:
    try:
        return parse(text) if text else None
    except BadText:
        return None


def compare_names(written: RecordedNames | None, held: RecordedNames | None) -> NameLevel:
    """Return how far the names agree in which a record and a register write a person.

    A name that the record writes in kana may be the register's reading; the record's own reading
    is another attribute and takes no part.
    """
    if written is None or held is None:
        return NameLevel.MISSING
    mine = attrs.evolve(written, kana=None, alias_kana=None)
    return _level(_of_names(mine), _of_names(held))


def compare_kanas(
    written: KanaName | None,
    held: KanaName | None,
    *,
    former_surname: KanaName | None = None,
    alias: KanaName | None = None,
) -> NameLevel:
    """Return how far a record's reading agrees with those of the register, `held` and the others.

    MISSING where the record or the register has none, whatever names they have.
    """
    if written is None or held is None:
        return NameLevel.MISSING
    mine = _of_kanas(written.reveal(), "", ())
    former = former_surname.reveal() if former_surname else ""
    return _level(mine, _of_kanas(held.reveal(), former, [alias.reveal()] if alias else ()))


def name_members(names: RecordedNames) -> frozenset[str]:
    """Return every canonical form that the person may be written by (`canonical_name`)."""
    return _of_names(names).members


def _of_names(names: RecordedNames) -> _Names:
    whole = [one.reveal() for one in (names.name, names.kanji, names.alias) if one]
    surname, given = split_name(whole[0])
    former = names.former_surname.reveal() if names.former_surname else ""
    kana = [one.reveal() for one in (names.kana, names.alias_kana) if one]
    texts = [*whole, *kana, *([former + given] if former and given else [])]
    members = {canonical_name(text) for text in texts}
    words = [_words(text) for text in whole]
    members.update(order for some in words for order in _orders(some))
    return _names(whole[0], canonical_name, members, words, (surname, given))


def _of_kanas(written: str, former: str, others: Sequence[str]) -> _Names:
    surname, given = split_name(written)
    texts = [written, *others, *([former + given] if former and given else [])]
    members = {canonical_kana(text) for text in texts}
    return _names(written, canonical_kana, members, (), (surname, given))


def _names(
    written: str,
    form: Callable[[str], str],
    members: set[str],
    words: Sequence[Sequence[str]],
    halves: tuple[str, str],
) -> _Names:
    surname, given = map(form, halves) if all(halves) else ("", "")
    return _Names(written, form(written), frozenset(members), words, surname, given)


def split_name(text: str) -> tuple[str, str]:
    """Return surname and given name at the first space, or the text and ""."""
    words = text.split(maxsplit=1)
    return (words[0], words[1]) if len(words) == _TWO else (text, "")


def _level(one: _Names, other: _Names) -> NameLevel:
    lost = bool(UNREADABLE.search(one.form) or UNREADABLE.search(other.form))
    if not (_legible(one.form) and _legible(other.form)):
        return NameLevel.MISSING
    if lost:
        fits = any(_but_for_lost(a, b) for a in one.members for b in other.members)
        return NameLevel.WILDCARD if fits else _half(one, other)
    if one.written == other.written:
        return NameLevel.EQUAL
    if one.form == other.form:
        return NameLevel.CANONICAL
    if one.members & other.members:
        return NameLevel.MEMBER
    short = one.shortened & other.members or one.members & other.shortened
    return NameLevel.WEAK if short or one.weak & other.weak else _half(one, other)


def _half(one: _Names, other: _Names) -> NameLevel:
    """Say which half agrees; where one side has no space, the other's tells where to cut."""
    surname = one.surname or other.surname
    given = one.given or other.given
    if _agree(one.surname, other.surname) and _both(surname, one, other, str.startswith):
        return NameLevel.SURNAME
    if _agree(one.given, other.given) and _both(given, one, other, str.endswith):
        return NameLevel.GIVEN
    return NameLevel.DIFFERENT


def _agree(one: str, other: str) -> bool:
    return not one or not other or one == other


def _both(part: str, one: _Names, other: _Names, at: Callable[[str, str], bool]) -> bool:
    whole = bool(part) and not UNREADABLE.search(part)
    return whole and at(one.form, part) and at(other.form, part)


def _legible(form: str) -> bool:
    return bool(UNREADABLE.sub("", form))


def _but_for_lost(one: str, other: str) -> bool:
    """Say whether two forms agree letter by letter, a lost letter standing for exactly one.

    Two names that share no letter that both still have agree in nothing.
    """
    if len(one) != len(other):
        return False
    pairs = zip(one, other, strict=True)
    read = [(a, b) for a, b in pairs if not (UNREADABLE.match(a) or UNREADABLE.match(b))]
    return bool(read) and all(a == b for a, b in read)


def _words(text: str) -> list[str]:
    """Return the words of a name in the Latin alphabet, lower case; none of any other name."""
    if "\u3040" <= text[:1] <= "\u9fff":
        return []
    plain = compatible(text).casefold().replace(",", " ")
    latin = all(c.isspace() or not c.isalpha() or c < "\u0250" for c in plain)
    words = [canonical_name(word) for word in plain.split()] if latin else []
    return [word for word in words if word] if len(words) <= _ROMAJI_WORDS_MAX else []


def _orders(words: Sequence[str]) -> Iterator[str]:
    """Yield the orders in which the words of a name stand: SURNAME GIVEN, GIVEN SURNAME."""
    for cut in range(len(words)):
        yield "".join((*words[cut:], *words[:cut]))


def _shortened(words: Sequence[str]) -> Iterator[str]:
    """Yield surname and one given name of a name that has middle names, in both orders."""
    if len(words) > _TWO:
        first, second, last = words[0], words[1], words[-1]
        yield from (first + second, second + first, first + last, last + first)
