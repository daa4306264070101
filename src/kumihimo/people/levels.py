"""How far two values of one attribute agree, in words that every comparison uses."""

from enum import StrEnum, unique


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
