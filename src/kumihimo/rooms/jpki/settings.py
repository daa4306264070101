"""How jpki runs: its database, its key file, where the authorities' keys are."""

import re
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from kumihimo.kernel.clock import Clock
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import PartyKeys, load_master
from kumihimo.kernel.settings import BadSettings, SecretFile
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.jpki.api import PARTY
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain.addresses import can_be_printed
from kumihimo.rooms.jpki.keystore import FileKeys, KeyStore
from kumihimo.rooms.jpki.token import TokenKeys
from kumihimo.rooms.oversight.client import DirectoryBook, RoomSettings, listening_at

# What fits into a certificate's IA5String and is an address of HTTP.
_URL: Final = re.compile(r"https?://[!-~]{1,200}")


class TokenSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A PKCS#11 token: the module's file, the token's label, and a file with the user PIN."""

    module: str
    label: str
    pin: SecretFile

    def open(self, *, beside: Path) -> TokenKeys:
        """Log in; raises `BadSettings`, `KeyFileUnsafe`."""
        try:
            pin = self.pin.read(beside=beside).reveal().decode()
        except UnicodeDecodeError:
            raise BadSettings("token.pin: the file is not text", pointer="token.pin") from None
        return TokenKeys.open(self.module, self.label, Withheld(pin))


def _can_be_called(url: str) -> bool:
    try:
        host = urlsplit(url).hostname
    except ValueError:  # half of an IPv6 address
        return False
    return bool(_URL.fullmatch(url) and host) and can_be_printed(url)


class Settings(RoomSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """jpki's settings file.

    `key` names the file with the master secret. The authorities' keys are in `authority_keys`, a
    folder of encrypted files, or on `token`: one of the two. `ocsp_url` is the address that stands
    in every certificate. `ocsp_listen` is where questions about status are answered besides
    `listen`, many times as many. With `share_port` several processes serve at the same addresses:
    each takes its share of the connections, and what they do together is settled in the database.
    """

    key: str
    ocsp_url: str
    authority_keys: str = ""
    token: TokenSettings | None = None
    ocsp_listen: str = ""
    share_port: bool = False

    def jpki(self, *, beside: Path, book: DirectoryBook, clock: Clock, entropy: Entropy) -> Jpki:
        """Return the jpki that these settings describe; its database is not opened yet.

        Paths are beside the settings file `beside`. Raises `BadSettings`, `KeyFileUnsafe`.
        """
        if not _can_be_called(self.ocsp_url):
            raise BadSettings(
                "ocsp_url: http://, then a host name with a dot or an IP address, in ASCII",
                pointer="ocsp_url",
            )
        keys = PartyKeys(PARTY, load_master(beside.parent / self.key))
        return Jpki(
            database=self.open_later(keys, beside=beside),
            keys=keys,
            key_store=self.key_store(keys, beside=beside),
            directory=book,
            clock=clock,
            entropy=entropy,
            ocsp_url=self.ocsp_url,
        )

    def ocsp_address(self) -> tuple[str, int] | None:
        """Return host and port for questions about status alone, if any; raises `BadSettings`."""
        if not self.ocsp_listen:
            return None
        return listening_at(self.ocsp_listen, key="ocsp_listen")

    def key_store(self, keys: PartyKeys, *, beside: Path) -> KeyStore:
        """Return where the authorities' keys are; raises `BadSettings`, `KeyFileUnsafe`."""
        if bool(self.authority_keys) == (self.token is not None):
            raise BadSettings("authority_keys or token: one of the two", pointer="authority_keys")
        if self.token is not None:
            return self.token.open(beside=beside)
        return FileKeys(beside.parent / self.authority_keys, keys.secret("authority-keys"))
