"""How far two values of one attribute agree, in words that every comparison uses."""

from enum import StrEnum, unique
from typing import Final


@unique
class NameLevel(StrEnum):
    """How far two names agree. Kanji and kana are two attributes with these levels each."""

    EQUAL = "equal"  # as written
    CANONICAL = "canonical"  # in the canonical form: notation only
    MEMBER = "member"  # another recorded name of the person: former surname, alias, other script
    WILDCARD = "wildcard"  # equal but for characters that were lost (●, 〓)
    WEAK = "weak"  # equal in the weak form only: confusable characters, middle names left out
    SURNAME = "surname"  # the surname agrees, the given name does not
    GIVEN = "given"  # the given name agrees, the surname does not
    DIFFERENT = "different"
    MISSING = "missing"  # one side holds none, or nothing that can be read


# One of the person's names, but for ways of writing.
SAME_NAME: Final = frozenset({NameLevel.EQUAL, NameLevel.CANONICAL, NameLevel.MEMBER})


@unique
class HolderLevel(StrEnum):
    """How far the holder of an account, as the bank writes it, fits a register's reading."""

    EQUAL = "equal"  # in the canonical form of a reading
    CUT = "cut"  # equal as far as the bank's thirty cells go
    LONG = "long"  # equal but for how a long vowel is written: オオノ, オ-ノ
    ORDER = "order"  # given name in front
    SURNAME = "surname"  # the surname agrees, the given name does not: a member of the family?
    GIVEN = "given"  # the given name agrees, the surname does not
    CORPORATE = "corporate"  # the holder is a legal person
    DIFFERENT = "different"
    MISSING = "missing"  # one side holds none
