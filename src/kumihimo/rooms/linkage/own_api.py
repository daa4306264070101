"""What an institution asks the core of its own exchanges after a restore, and what it is told."""

from datetime import datetime

import msgspec


class AskExchanges(msgspec.Struct, frozen=True, kw_only=True):
    """An institution asks for its own exchanges behind an instant and, of that instant, a record."""

    since: datetime
    after: str = ""


class OwnExchange(msgspec.Struct, frozen=True, kw_only=True):
    """An exchange of whoever asks: `inquiry` of the requester, `provided_at` of the provider."""

    record: str
    inquiry: str
    requested_at: datetime
    provided_at: datetime | None


class OwnExchanges(msgspec.Struct, frozen=True):
    """The next of them, the earliest first; none when there are no more."""

    exchanges: tuple[OwnExchange, ...]
