"""A tray of software cards in place of a reader, for a demo: one of them may lie in it."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

import attrs

from kumihimo.card.chip import Chip
from kumihimo.card.readers import NoCard
from kumihimo.card.terminal import Transmit


@attrs.define
class Tray:
    """Cards by the name that the page shows, and which of them lies in the reader."""

    cards: Mapping[str, Chip]
    inside: str = ""

    def put_in(self, name: str) -> None:
        """Lay a card into the reader, in place of any other; "" takes it out."""
        self.inside = name if name in self.cards else ""

    def there(self) -> bool:
        """Say whether a card lies in the reader."""
        return bool(self.inside)

    @contextmanager
    def card(self) -> Generator[Transmit]:
        """Open the way to the card in the reader; raises `NoCard`."""
        if not self.inside:
            raise NoCard
        chip = self.cards[self.inside]
        chip.power_on()
        try:
            yield chip.process
        finally:
            chip.power_off()
