"""By what a room knows its own transactions again in the server's write-ahead log (decision 0018).

Each transaction that writes leaves a message there with its own number, under a secret that is in no
database. Nobody else makes one, and one that is copied fits no other transaction.
"""

import hashlib
import hmac
import re
from functools import cache
from typing import Final, Self

import attrs

from kumihimo.kernel.keys import PartyKeys
from kumihimo.kernel.withheld import Withheld

PREFIX: Final = "kumihimo"
_NUMBER_BYTES: Final = 8
_MAC_BYTES: Final = 16
# What the server writes down of a transaction has the lower half of its number.
_LOWER: Final = (1 << 32) - 1
# What writes through a function of its own: `keep_month`, `forget_expired`.
_WRITES: Final = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE|keep_month|forget_expired)\b")


@cache
def may_write(query: str) -> bool:
    """Say whether a statement may change rows; queries are literals, so there are few."""
    return _WRITES.search(query) is not None


@attrs.frozen
class Voucher:
    """Vouches for a room's transactions with the first of its secrets; each of them is believed."""

    _secrets: tuple[Withheld[bytes], ...]

    @classmethod
    def of(cls, *keys: PartyKeys) -> Self:
        """Return that of the parties whose keys a room holds, one or more."""
        assert keys, "a room that nobody can tell from others vouches for nothing"
        return cls(tuple(one.secret("vouching") for one in keys))

    def message(self, transaction: int) -> bytes:
        """Return what a transaction of this number leaves behind, 24 bytes."""
        number = transaction.to_bytes(_NUMBER_BYTES, "big")
        return number + _mac(self._secrets[0], number)

    def statement(self, transaction: int) -> str:
        """Return the statement that leaves the message behind; it holds no parameters."""
        message = self.message(transaction).hex()
        return f"SELECT pg_logical_emit_message(true, '{PREFIX}', '\\x{message}'::bytea)"

    def is_ours(self, transaction: int, message: bytes) -> bool:
        """Say whether the room left a message in the transaction of which this is the lower half."""
        number = message[:_NUMBER_BYTES]
        return int.from_bytes(number, "big") & _LOWER == transaction and any(
            hmac.compare_digest(message, number + _mac(secret, number)) for secret in self._secrets
        )

    def seal(self, place: int) -> bytes:
        """Return what only this room says of a place in the server's log, 16 bytes."""
        return _mac(self._secrets[0], b"place" + place.to_bytes(_NUMBER_BYTES, "big"))

    def sealed(self, place: int, seal: bytes) -> bool:
        """Say whether the room itself said it of this place."""
        content = b"place" + place.to_bytes(_NUMBER_BYTES, "big")
        return any(hmac.compare_digest(seal, _mac(one, content)) for one in self._secrets)


def _mac(secret: Withheld[bytes], content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_MAC_BYTES, key=secret.reveal()).digest()
