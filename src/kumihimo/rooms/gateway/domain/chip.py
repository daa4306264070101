"""A number read from a chip: believed only because the card's issuer signed what was read."""

from typing import Final

import attrs
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from kumihimo.card.cv import BadCertificate, KeyId, parse_public
from kumihimo.card.readings import FaceAttributes, TextFiles
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.withheld import Withheld

_ID_BYTES: Final = 16


@attrs.frozen
class TextAuthority:
    """The key over the issuers of the card's text, with its id."""

    id: KeyId
    key: RSAPublicKey

    @classmethod
    def parse(cls, octets: bytes) -> "TextAuthority":
        """Read id (16 bytes) and key (265 bytes, as a card writes it). Raises `BadInput`."""
        try:
            return cls(KeyId.parse(octets[:_ID_BYTES]), parse_public(octets[_ID_BYTES:]))
        except BadCertificate as error:
            raise BadInput("281 bytes are expected: the id of a key, and the key") from error


@attrs.frozen
class TextAuthorityHeld:
    """An authority that does not change while the gateway runs; none where no chip is read."""

    authority: TextAuthority | None = None

    def current(self) -> TextAuthority | None:
        """Return it."""
        return self.authority


NO_AUTHORITY: Final = TextAuthorityHeld()


@attrs.frozen(repr=False)
class Read:
    """What a chip said and its issuer signed."""

    number: Withheld[str]
    attributes: FaceAttributes


def read(files: TextFiles, authority: TextAuthority) -> Read:
    """Return number and attributes. Raises `BadCard` unless the issuer signed both together."""
    files.check(authority.id, authority.key)
    return Read(files.held_number(), files.held_attributes())
