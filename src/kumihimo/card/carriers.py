"""The carriers, as profiles: today's card, without PINs, a child's, phones, the next generation."""

from collections.abc import Mapping
from typing import Final

import attrs

from kumihimo.card.applications import (
    AUTH_CERTIFICATE,
    AUTH_PIN,
    COMMON,
    JPKI,
    JUKI,
    TEXT,
    VISUAL,
)
from kumihimo.card.files import Card, File, any_of
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

CARRIERS: Final[Mapping[str, Card]] = {
    card.name: card for card in (ORDINARY, PINLESS, CHILD, ANDROID, IPHONE)
}


class UnknownCarrier(ValueError):
    """A memory names no carrier that this program knows."""


def card_in(memory: Memory) -> Card:
    """Return the profile that a memory was made for. Raises `UnknownCarrier`."""
    name = (memory.read(CARRIER) or b"").decode("ascii", "replace")
    if name not in CARRIERS:
        raise UnknownCarrier
    return CARRIERS[name]
