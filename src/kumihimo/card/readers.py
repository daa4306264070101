"""A card reader as a terminal sees it: whether a card is there, and the way to it for one act.

While the way is open the card is this program's alone, and when it closes the chip is reset:
what was proved to it ends with the act. A folder may stand in for a reader: the one card file that
lies in it is the card that is in the reader.
"""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import ClassVar, Final, Protocol

import attrs

from kumihimo.card import keeping
from kumihimo.card.carriers import card_in
from kumihimo.card.chip import Chip
from kumihimo.card.terminal import Transmit
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.refusal import Refusal
from kumihimo.kernel.withheld import Withheld

FILES: Final = "*.card"


class NoReader(Refusal):
    """No reader of that name, or no PC/SC service."""

    code: ClassVar[str] = "no-reader"
    title: ClassVar[str] = "There is no such card reader"
    status: ClassVar[int] = 503


class NoCard(Refusal):
    """The officer acts on a card that is in the reader, and on no other."""

    code: ClassVar[str] = "no-card"
    title: ClassVar[str] = "There is no card in the reader"
    status: ClassVar[int] = 409


class TwoCards(Refusal):
    """Nobody could say which of the cards is meant."""

    code: ClassVar[str] = "two-cards"
    title: ClassVar[str] = "More than one card is in the reader"
    status: ClassVar[int] = 409


class CardGone(Refusal):
    """The card was pulled out, or does not answer, while a command ran."""

    code: ClassVar[str] = "card-gone"
    title: ClassVar[str] = "The card was taken away, or does not answer"
    status: ClassVar[int] = 409


class Reader(Protocol):
    """The card reader of a terminal."""

    def there(self) -> bool:
        """Say whether exactly one card is in it, without touching the card."""
        ...

    def card(self) -> AbstractContextManager[Transmit]:
        """Open the way to the card, for this program alone, until the block ends.

        Raises `NoReader`, `NoCard`, `TwoCards`, `CardInUse`; the way itself raises `CardGone`.
        """
        ...


@attrs.frozen
class FolderReader:
    """A folder instead of a reader: a card is put in by moving its file there (`kumihimo card`)."""

    folder: Path
    passphrase: Withheld[bytes]
    entropy: Entropy

    def there(self) -> bool:
        """Say whether exactly one card file lies in the folder."""
        return len(self._files()) == 1

    @contextmanager
    def card(self) -> Generator[Transmit]:
        """Open the card's file. Raises `NoCard`, `TwoCards`, `BadCardFile`, `CardInUse`."""
        files = self._files()
        if not files:
            raise NoCard
        if len(files) > 1:
            raise TwoCards
        with keeping.opened(files[0], self.passphrase, entropy=self.entropy) as memory:
            chip = Chip(card_in(memory), memory, entropy=self.entropy)
            chip.power_on()
            try:
                yield chip.process
            finally:
                chip.power_off()

    def _files(self) -> list[Path]:
        # A name that begins with a dot is a card's next state, half written.
        return [path for path in self.folder.glob(FILES) if not path.name.startswith(".")]
