"""What a program beside a card reader says to the portal, and hears from it."""

from datetime import datetime

import msgspec

QUESTION_PATH = "/card/questions/{proof:str}"
ANSWER_PATH = "/card/answers"
PRESENCE_PATH = "/card/presence"


class CardQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What a card is asked to sign: `text` as UTF-8. A person compares `code` on two screens."""

    text: str
    code: str
    expires_at: datetime


class CardPresence(msgspec.Struct, frozen=True, kw_only=True):
    """The word of a shared terminal: the card of its last login is in the reader, or was taken out.

    `secret` is 64 hexadecimal digits that the terminal drew for that login.
    """

    secret: str
    there: bool


class PresenceHeard(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the session of that login still goes on."""

    goes_on: bool
