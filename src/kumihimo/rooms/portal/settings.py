"""How the portal runs: its database and key, where browsers reach it, its way to jpki and the ledger."""

import re
from pathlib import Path
from typing import Final

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import Locker, PartyKeys, load_master
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.settings import BadSettings, SecretFile
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.jpki.client import VerifierClient
from kumihimo.rooms.oversight.client import PagesSettings, is_address
from kumihimo.rooms.portal.context import PARTY, Contact, Portal
from kumihimo.rooms.portal.identity import JpkiIdentity
from kumihimo.rooms.portal.ledger_door import LedgerDoor
from kumihimo.rooms.portal.mail import Relay, address_of, relay_at

LISTEN: Final = "127.0.0.1:8410"
_SLASHES: Final = 2
_PHONE: Final = re.compile(r"\+?[0-9][0-9-]{2,20}")


def is_origin(text: str) -> bool:
    """Say whether a text is scheme, host and maybe a port, and nothing after them."""
    return text.isascii() and is_address(text) and text.count("/") == _SLASHES


class Settings(PagesSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The portal's settings file.

    `key` names the file with the master secret; `origin` is the address at which browsers reach the
    portal, https:// but for a trial on one machine. `jpki` is jpki's address and `jpki_token` the
    file with the portal's token there (role `disclosure_portal`); `ledger` is the ledger's address.
    `helper` is where the program beside a card reader listens on each person's own machine. At
    `operators`, host and port of their own, operators read how the portal does. `mail_relay` takes
    mail that something waits (`smtps://host:port`, or `smtp://` on this machine), from `mail_sender`;
    `mail_login` is a file with `user:password` for it. Without a relay nothing is mailed. Each page
    names `help_phone`, when it is answered (`help_hours`), and a chat (`help_chat`), where they are given.
    """

    origin: str
    jpki: str
    jpki_token: SecretFile
    ledger: str
    listen: str = LISTEN
    helper: str = "http://127.0.0.1:8499"
    mail_relay: str = ""
    mail_sender: str = ""
    mail_login: SecretFile | None = None
    help_phone: str = ""
    help_hours: str = ""
    help_chat: str = ""

    def keys(self, *, beside: Path) -> PartyKeys:
        """Return the portal's keys; raises `KeyFileUnsafe`."""
        return PartyKeys(PARTY, load_master(beside.parent / self.key))

    def portal(self, *, beside: Path, clock: Clock, entropy: Entropy) -> Portal:
        """Return the portal that these settings describe; its database is not opened yet.

        Paths are beside the settings file `beside`. Raises `BadSettings`, `KeyFileUnsafe`.
        """
        for key, value in (
            ("origin", self.origin),
            ("jpki", self.jpki),
            ("ledger", self.ledger),
            ("helper", self.helper),
        ):
            if not is_origin(value):
                raise BadSettings(
                    f"{key}: an address is http:// or https://, a host and maybe a port",
                    pointer=key,
                )
        keys = self.keys(beside=beside)
        return Portal(
            database=self.open_later(keys, beside=beside),
            keys=keys,
            locker=Locker.of(keys.secret("columns"), entropy),
            identity=JpkiIdentity(VerifierClient(self.jpki, self._token(beside))),
            ledger=LedgerDoor(self.ledger),
            origin=self.origin,
            clock=clock,
            entropy=entropy,
            mailer=self._mailer(beside, clock, entropy),
            contact=self._contact(),
        )

    def _contact(self) -> Contact:
        if self.help_phone and not _PHONE.fullmatch(self.help_phone):
            raise BadSettings("help_phone: digits and hyphens", pointer="help_phone")
        if self.help_chat and not is_address(self.help_chat):
            raise BadSettings("help_chat: an address", pointer="help_chat")
        return Contact(phone=self.help_phone, hours=self.help_hours, chat=self.help_chat)

    def _mailer(self, beside: Path, clock: Clock, entropy: Entropy) -> Relay | None:
        if not self.mail_relay:
            return None
        relay = relay_at(self.mail_relay)
        if relay is None:
            raise BadSettings(
                "mail_relay: smtps://host:port, or smtp:// on this machine", pointer="mail_relay"
            )
        try:
            sender = address_of(self.mail_sender)
        except BadInput as error:
            raise BadSettings("mail_sender: an address", pointer="mail_sender") from error
        host, port, tls = relay
        return Relay(
            host=host,
            port=port,
            tls=tls,
            sender=sender,
            clock=clock,
            entropy=entropy,
            login=self._mail_login(beside),
        )

    def _mail_login(self, beside: Path) -> Withheld[tuple[str, str]] | None:
        if self.mail_login is None:
            return None
        user, colon, password = self.mail_login.read(beside=beside).reveal().partition(b":")
        if not (user and colon and password and user.isascii() and password.isascii()):
            raise BadSettings("mail_login: user:password", pointer="mail_login")
        return Withheld((user.decode(), password.decode()))

    def _token(self, beside: Path) -> Withheld[str]:
        token = self.jpki_token.read(beside=beside)
        try:
            return Withheld(token.reveal().decode("ascii"))
        except UnicodeDecodeError:
            raise BadSettings("jpki_token: no token", pointer="jpki_token") from None
