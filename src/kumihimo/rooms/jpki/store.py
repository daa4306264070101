"""jpki's SQL: the authorities."""

from datetime import datetime

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.jpki.api import Ca
from kumihimo.rooms.jpki.domain.keys import KeyKind, PublicKey


@attrs.frozen(kw_only=True)
class AuthorityRow:
    """One generation of an authority."""

    ca: Ca
    generation: int
    key_kind: KeyKind
    key_label: str
    key_id: bytes
    not_before: datetime
    not_after: datetime
    der: bytes

    def public(self) -> PublicKey:
        """Return its public key."""
        key = x509.load_der_x509_certificate(bytes(self.der)).public_key()
        assert isinstance(key, RSAPublicKey | EllipticCurvePublicKey), "a kind that we made"
        return key


async def authorities(tx: Tx) -> list[AuthorityRow]:
    """Return every generation, oldest first."""
    return await tx.rows(
        "SELECT ca, generation, key_kind, key_label, key_id, not_before, not_after, der"
        " FROM authority ORDER BY ca, generation",
        {},
        AuthorityRow,
    )


async def authority(tx: Tx, ca: Ca, generation: int) -> AuthorityRow:
    """Return one generation."""
    return await tx.one(
        "SELECT ca, generation, key_kind, key_label, key_id, not_before, not_after, der"
        " FROM authority WHERE ca = %(ca)s AND generation = %(generation)s",
        {"ca": ca, "generation": generation},
        AuthorityRow,
    )


async def lock_authorities(tx: Tx) -> None:
    """Let one generation be added at a time."""
    await tx.put("SELECT pg_advisory_xact_lock(hashtext('authority'))")


async def add_authority(tx: Tx, row: AuthorityRow) -> None:
    """Store a generation for ever."""
    await tx.put(
        "INSERT INTO authority (ca, generation, key_kind, key_label, key_id, not_before,"
        " not_after, der) VALUES (%(ca)s, %(generation)s, %(key_kind)s, %(key_label)s,"
        " %(key_id)s, %(not_before)s, %(not_after)s, %(der)s)",
        attrs.asdict(row),
    )
