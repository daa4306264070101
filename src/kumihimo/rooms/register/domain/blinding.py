"""Register's half of a code: X = r·a·H(J). What comes of it, register never sees.

J and a are derived from the room's master secret, which is in no database: the person key J from
the register's own immutable id of a person, so neither a change of number nor of resident code
changes a code. r is derived from acquisition, domain and person, so nothing of it is stored and a
repeated question gets the same answer.
"""

import hashlib
import hmac
from typing import Final, Self

import attrs

from kumihimo.kernel.group import (
    Point,
    Scalar,
    derive_scalar,
    hash_to_group,
    multiply,
    product,
)
from kumihimo.kernel.keys import PartyKeys
from kumihimo.kernel.withheld import Withheld

PERSON_DST: Final = b"kumihimo-person-v1"


@attrs.frozen
class Blinder:
    """The secrets of acquisition."""

    register_scalar: Scalar
    person_secret: Withheld[bytes]
    blinding_secret: Withheld[bytes]

    @classmethod
    def of(cls, keys: PartyKeys) -> Self:
        """Derive the secrets from register's own master."""
        return cls(
            derive_scalar(keys.secret("register-scalar").reveal(), b"a"),
            keys.secret("person-keys"),
            keys.secret("blinding"),
        )

    def point(self, person: int) -> Point:
        """Return H(J) of a person."""
        label = person.to_bytes(8, "big")
        person_key = hmac.digest(self.person_secret.reveal(), label, hashlib.sha256)
        return hash_to_group(person_key, PERSON_DST)

    def blind(self, acquisition: str, domain: str, person: int) -> tuple[Scalar, Point]:
        """Return r and X = r·a·H(J); about 0.1 ms."""
        label = f"{acquisition}\n{domain}\n{person}".encode()
        blinding = derive_scalar(self.blinding_secret.reveal(), label)
        scalar = product(blinding, self.register_scalar)
        return blinding, multiply(scalar, self.point(person))
