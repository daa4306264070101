"""What jpki and cards call a person: a keyed reference, another one in each room, for ever the same.

It comes from register's own id of a person, so a new number or a new resident code changes nothing,
and without register's secret two references cannot be joined.
"""

import hmac
from hashlib import sha256
from typing import Literal

import attrs

from kumihimo.kernel.withheld import Withheld

Room = Literal["jpki", "cards"]


@attrs.frozen
class References:
    """Makes references from register's secret for them."""

    secret: Withheld[bytes]

    def of(self, person: int, room: Room) -> bytes:
        """Return the reference of a person in a room, 32 bytes."""
        message = room.encode() + b"\0" + person.to_bytes(8, "big")
        return hmac.digest(self.secret.reveal(), message, sha256)
