"""The words of the review desk. Nobody calls it: it serves pages, and tells its gateway.

It never hands a value of a person to another room but a corrected number to its own gateway.
"""

from enum import StrEnum, unique


@unique
class Role(StrEnum):
    """What somebody who signs in may do."""

    REVIEWER = "reviewer"  # 点検者: sees both sides of a record that she holds, and answers
    SUPERVISOR = "supervisor"  # 管理者: sees counts and who saw what, and no value of a person


@unique
class Answer(StrEnum):
    """What a reviewer says of one record."""

    OWN = "own"  # 本人の番号
    NOTATION = "notation"  # 本人の番号で、表記が違うだけ
    WRONG = "wrong"  # ひも付け誤り
    UNSURE = "unsure"  # 画面では判断できない: the office that keeps the record is asked


@unique
class ItemState(StrEnum):
    """Where an item of the queue stands. Values are kept in the first three only."""

    OPEN = "open"  # waits for a look
    ANSWERED = "answered"  # one look said that the link stays; it may still be taken back
    OFFICE = "office"  # the office that keeps the record is asked
    DECIDED = "decided"
    VANISHED = "vanished"  # a newer audit no longer finds it
    LAPSED = "lapsed"  # its values were kept too long without a decision


@unique
class EffectKind(StrEnum):
    """What the gateway is told of a link."""

    SUSPEND = "suspend"
    CONFIRM = "confirm"
    CORRECT = "correct"
