"""The carriers, as profiles: today's card, without PINs, a child's, phones, the next generation."""

from collections.abc import Mapping
from typing import Final

import attrs

from kumihimo.card.applications import (
    AUTH_CERTIFICATE,
    AUTH_PIN,
    CARD_PIN,
    COMMON,
    JPKI,
    JUKI,
    NEXT_AGE,
    NEXT_FACE,
    NEXT_NUMBER_IMAGE,
    TEXT,
    TEXT_A,
    TEXT_B,
    TEXT_BLOCKED,
    TEXT_PIN,
    VISUAL,
)
from kumihimo.card.files import Card, File, Form, KeyType, Pin, any_of, entries
from kumihimo.card.memory import CARRIER, Memory

ORDINARY: Final = Card("card", "JPKIAPICCTOKEN2", (JPKI, TEXT, VISUAL, JUKI, COMMON))
# The same chip; what it lacks is not in its memory (docs/reference/card.md).
PINLESS: Final = attrs.evolve(ORDINARY, name="pinless")
CHILD: Final = attrs.evolve(ORDINARY, name="child")

_ON_ANDROID: Final = attrs.evolve(
    JPKI,
    entries={**JPKI.entries, AUTH_CERTIFICATE: File(AUTH_CERTIFICATE, any_of(AUTH_PIN))},
)
ANDROID: Final = Card("android", "JPKIAPGPSETOKEN", (_ON_ANDROID,))
IPHONE: Final = Card("iphone", "JPKIAPIOSTOKEN", (JPKI,))

# The next generation as it was announced: P-384, two PINs, two applications where there were four.
# Nothing of its commands is published: ids and AIDs are today's (docs/reference/card.md).
_NEXT_TEXT: Final = attrs.evolve(
    TEXT,
    entries=entries(
        (
            *(
                entry
                for entry in TEXT.entries.values()
                if entry.fid not in {TEXT_PIN, TEXT_BLOCKED}
            ),
            Pin(TEXT_PIN, Form.FOUR_DIGITS, 3, kept_in=(JPKI.name, AUTH_PIN)),
            File(NEXT_FACE, any_of(TEXT_PIN, TEXT_A, TEXT_B)),
            File(NEXT_AGE, any_of(TEXT_PIN, TEXT_A, TEXT_B)),
            File(NEXT_NUMBER_IMAGE, any_of(TEXT_PIN, TEXT_A)),
        )
    ),
)
_NEXT_COMMON: Final = attrs.evolve(
    COMMON,
    entries=entries(entry for entry in COMMON.entries.values() if entry.fid != CARD_PIN),
)
NEXT: Final = Card("next", "JPKIAPICCTOKEN2", (JPKI, _NEXT_TEXT, _NEXT_COMMON), KeyType.P_384)

CARRIERS: Final[Mapping[str, Card]] = {
    card.name: card for card in (ORDINARY, PINLESS, CHILD, ANDROID, IPHONE, NEXT)
}


class UnknownCarrier(ValueError):
    """A memory names no carrier that this program knows."""


def card_in(memory: Memory) -> Card:
    """Return the profile that a memory was made for. Raises `UnknownCarrier`."""
    name = (memory.read(CARRIER) or b"").decode("ascii", "replace")
    if name not in CARRIERS:
        raise UnknownCarrier
    return CARRIERS[name]
