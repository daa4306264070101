"""How a counter runs: the office that it speaks for, its officers, its notes, where it listens."""

from ipaddress import ip_address
from pathlib import Path

from kumihimo.card.readers import Reader
from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import PartyKeys, load_master
from kumihimo.kernel.net import Caller, Net
from kumihimo.kernel.settings import BadSettings
from kumihimo.pages.officers import load_officers
from kumihimo.rooms.cards.api import PARTY
from kumihimo.rooms.cards.context import OFFICE
from kumihimo.rooms.cards.counter import Centre
from kumihimo.rooms.cards.notes import FileNotes
from kumihimo.rooms.cards.pages.console import Console
from kumihimo.rooms.oversight.client import DirectoryBook, PartySettings


class CounterSettings(PartySettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A counter's settings file.

    `office` is the municipality and `key` its key file, `officers` the file of who may sign in
    (`kumihimo counter officer` writes it), `notes` the file of what was begun here and how it
    ended, `terminal` the name under which the centre writes down where an act was done.
    """

    office: str
    key: str
    officers: str
    notes: str
    terminal: str
    listen: str = "127.0.0.1:8480"

    def console(
        self,
        *,
        beside: Path,
        book: DirectoryBook,
        net: Net,
        reader: Reader,
        clock: Clock,
        entropy: Entropy,
    ) -> Console:
        """Return the console that these settings describe. Paths are beside the settings file.

        Raises `BadSettings`, `KeyFileUnsafe`.
        """
        self._check()
        keys = PartyKeys(self.office, load_master(beside.parent / self.key))
        return Console.of(
            centre=Centre(Caller(keys, book, net, clock, entropy), book),
            reader=reader,
            notes=FileNotes(beside.parent / self.notes),
            officers=load_officers(beside.parent / self.officers),
            clock=clock,
            entropy=entropy,
            terminal=self.terminal,
        )

    def _check(self) -> None:
        host, _ = self.address()
        try:
            loopback = ip_address(host).is_loopback
        except ValueError:
            loopback = False
        if not loopback:
            raise BadSettings(
                "listen: a counter is for whoever sits at this terminal: 127.0.0.1 and a port",
                pointer="listen",
            )
        if not self.office.startswith(OFFICE):
            raise BadSettings("office: a municipality, such as lg-131032", pointer="office")
        if PARTY not in self.peers:
            raise BadSettings("peers: the address of cards is missing", pointer="peers")
        if not self.terminal or not self.terminal.isprintable():
            raise BadSettings("terminal: a name for this terminal", pointer="terminal")
