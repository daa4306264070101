"""Names as registers write them, and the form in which two of them are compared.

What was written is always kept. Kana and kanji are never read into each other here.
"""

import re
from typing import Final, Self

import attrs

from kumihimo.kernel.withheld import Withheld
from kumihimo.people.kana import KanaName, expand_iterations, long_marks
from kumihimo.people.text import BadText, admit, compatible, is_unreadable, without_spaces
from kumihimo.people.variants import fold_confusables, fold_variants, fold_variants_1

NAME_FORM_VERSION: Final = 2
NAME_CHARS_MAX: Final = 200  # our choice: above every field length met in municipal layouts

_MIDDLE_DOTS = re.compile("[・·]")
_FORMER = re.compile(r"[［\[]([^［\[\]］]*)[］\]]")
_ALIAS = re.compile(r"[（(]([^（()）]*)[）)]")
_BRACKETS = re.compile(r"[［\[\]］（()）]")
_SCRIPTS = re.compile("[＿_]")
# Letters, spaces and signs of lost letters whose form is known without a look at what stands beside
# them: most names are made of nothing else. No dash, which may be a long mark.
_SIMPLE = re.compile("[ \u3000ぁ-ゖァ-ヺー々\u4e00-\u9fff●○◯■□〓!-,./0-~]*")


def canonical_name(text: str) -> str:
    """Return the form in which two names are compared; idempotent (`NAME_FORM_VERSION`).

    NFKC; variation selectors, spaces and middle dots dropped; dashes, letter case and iteration
    marks unified; official variants folded, one hop (key A of `variants`).
    """
    return fold_variants(_unfolded(text))


def weak_name(text: str) -> str:
    """Return the form in which names that people mix up are alike; idempotent.

    Key B of `variants` over the canonical form. Agreement here is a reason for a person to look,
    and never a match.
    """
    return fold_confusables(canonical_name(text))


def canonical_name_1(text: str) -> str:
    """Return the form of version 1, under which older records of inquiries are found."""
    return fold_variants_1(_unfolded(text))


def _unfolded(text: str) -> str:
    if _SIMPLE.fullmatch(text):
        return expand_iterations(text.replace(" ", "").replace("\u3000", "").casefold())
    # Twice, because what stood apart may compose once the space or dot between is gone.
    whole = _joined(_joined(text).casefold())
    return long_marks(expand_iterations(whole))


def _joined(text: str) -> str:
    return _MIDDLE_DOTS.sub("", without_spaces(compatible(text)))


@attrs.frozen(repr=False, str=False, order=False)
class PersonName(Withheld[str]):
    """氏名 in kanji, kana or the alphabet, as written. Equality is of what was written."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Keep a name as written. Raises `BadText` (`text.admit`, or no letter in it)."""
        admit(text, what="name", limit=NAME_CHARS_MAX)
        if not any(c.isalpha() for c in text) and not is_unreadable(text):
            raise BadText("name: no letter in it")
        return cls(text)

    def reveal_canonical(self) -> str:
        """Return the canonical form (`canonical_name`)."""
        return canonical_name(self._value)

    def reveal_canonical_1(self) -> str:
        """Return the canonical form of version 1 (`canonical_name_1`)."""
        return canonical_name_1(self._value)

    @property
    def is_readable(self) -> bool:
        """False where a character was lost (●, 〓, a private 外字): such a name proves nothing."""
        return not is_unreadable(self._value)


class FormerSurname(PersonName):
    """旧氏: one former surname recorded beside the name."""


class AliasName(PersonName):
    """通称: the name a foreign resident uses in daily life, recorded beside the name."""


@attrs.frozen
class RecordedNames:
    """All the names a record holds of one person. Prints no name."""

    name: PersonName
    kanji: PersonName | None = None
    kana: KanaName | None = None
    former_surname: FormerSurname | None = None
    alias: AliasName | None = None
    former_surname_kana: KanaName | None = None
    alias_kana: KanaName | None = None

    @classmethod
    def parse(cls, text: str, *, kana: str = "") -> Self:
        """Read `姓［旧氏］　名` and `ALPHABET＿漢字（通称）`, each part optional.

        `kanji` is the second script of a name written in two. Raises `BadText` where brackets
        do not pair, a part stands twice or a part is empty.
        """
        admit(text, what="name", limit=NAME_CHARS_MAX)
        former, aliases = _FORMER.findall(text), _ALIAS.findall(text)
        main = _ALIAS.sub("", _FORMER.sub("", text))
        scripts = _SCRIPTS.split(main)
        if _BRACKETS.search(main) or max(len(former), len(aliases), len(scripts) - 1) > 1:
            raise BadText("name: brackets and underlines must pair and stand once")
        return cls(
            name=PersonName.parse(scripts[0].strip()),
            kanji=PersonName.parse(scripts[1].strip()) if len(scripts) > 1 else None,
            kana=KanaName.parse(kana) if kana else None,
            former_surname=FormerSurname.parse(former[0]) if former else None,
            alias=AliasName.parse(aliases[0]) if aliases else None,
        )
