"""The TEST hierarchy of keys behind the card's own certificates.

Ids start with 6, as those of the official test hierarchy do and never those of cards in service;
the numbers are ours, so that nobody's table takes our keys for the official test keys.
"""

from typing import Final, Self

import attrs

from kumihimo.card.cv import GROUPS, CvKey, KeyId, public_tlv
from kumihimo.card.files import Role
from kumihimo.card.holding import draw_rsa

ROOT: Final = KeyId.of("6900020")
INTERMEDIATE: Final = KeyId.of("6900021")
VISUAL_CA: Final = KeyId.of("6900023")
VISUAL_BASIC: Final = KeyId.of("6900024")  # what it names on a real card is not known
REFERENCE: Final = KeyId.of("6900025")  # neither here
TEXT_CA: Final = KeyId.of("6900033")
TEXT_BASIC: Final = KeyId.of("6900034")
TERMINAL_CA: Final = KeyId.of("6900010")
_OF_VISUAL: Final = "21"
_OF_TEXT: Final = "31"


@attrs.frozen
class Issuer:
    """What a card of one municipality is issued with."""

    visual: CvKey
    visual_certificate: bytes
    text: CvKey
    text_certificate: bytes
    chips: CvKey
    chips_certificate: bytes
    terminal_ca: bytes  # id and public key, as the chip keeps them


@attrs.frozen
class TerminalKey:
    """The key of a terminal or a counter, and the certificate that a chip believes."""

    key: CvKey
    certificate: bytes


@attrs.frozen
class Hierarchy:
    """The keys at the top."""

    root: CvKey
    chips: CvKey
    visual_ca: CvKey
    text_ca: CvKey
    terminal_ca: CvKey

    @classmethod
    def draw(cls) -> Self:
        """Make new keys, from the operating system's randomness."""
        ids = (ROOT, INTERMEDIATE, VISUAL_CA, TEXT_CA, TERMINAL_CA)
        return cls(*(CvKey(key_id, draw_rsa()) for key_id in ids))

    def issuer(self, municipality: str) -> Issuer:
        """Make and certify the signing keys of a municipality (five digits)."""
        visual = CvKey(KeyId.of(municipality + _OF_VISUAL, "000"), draw_rsa())
        text = CvKey(KeyId.of(municipality + _OF_TEXT, "000"), draw_rsa())
        return Issuer(
            visual=visual,
            visual_certificate=self.visual_ca.certify(visual.id, visual.private.public_key()),
            text=text,
            text_certificate=self.text_ca.certify(text.id, text.private.public_key()),
            chips=self.chips,
            chips_certificate=self.root.certify(self.chips.id, self.chips.private.public_key()),
            terminal_ca=self.terminal_ca.id.octets
            + public_tlv(self.terminal_ca.private.public_key()),
        )

    def terminal(self, role: Role, number: str) -> TerminalKey:
        """Make and certify the key of a terminal; `number` is its seven digits."""
        key = CvKey(KeyId.of(number, GROUPS[role]), draw_rsa())
        return TerminalKey(key, self.terminal_ca.certify(key.id, key.private.public_key()))
