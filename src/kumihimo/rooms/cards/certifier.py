"""What cards needs of a certification authority. `jpki_certifier` speaks to jpki by its api."""

from datetime import date
from typing import Final, Literal, Protocol

import attrs

Happening = Literal[
    "delivered", "never-delivered", "replaced", "card-ended", "key-compromise", "loss"
]  # fmt: skip
Which = Literal["auth", "sign"]


@attrs.frozen(kw_only=True, repr=False)
class Subject:
    """Whose certificates: her reference at the authority, and what a sign certificate says.

    `before_delivery`: she does not have the card yet, and goes on using the one she has.
    """

    holder: bytes
    version: int
    name: str
    birth: str
    sex: str
    address: str
    municipality: str
    last_day: date
    abroad: bool = False
    before_delivery: bool = False


@attrs.frozen(kw_only=True, repr=False)
class Pair:
    """Certificates (DER) for the keys that were ordered for, b"" where none was, and their roots."""

    auth: bytes
    sign: bytes
    auth_ca: bytes
    sign_ca: bytes


@attrs.frozen(kw_only=True)
class Letter:
    """A message for the outbox, to the authority."""

    topic: str
    body: bytes


class Certifier(Protocol):
    """The authority as cards knows it."""

    async def issue(self, order: str, subject: Subject, *, auth: bytes, sign: bytes) -> Pair:
        """Issue for public keys (SPKI, DER; b"" for none). The same order gives the same.

        Raises `Unavailable`, `Refused`.
        """
        ...

    def happened(self, what: Happening, order: str, only: Which | None = None) -> Letter:
        """Say what happened to the certificates of an order, or to one of them."""
        ...


NO_CERTIFICATES: Final = Pair(auth=b"", sign=b"", auth_ca=b"", sign_ca=b"")
