"""What a card has on it, for a person: no key, no PIN, nothing of the holder."""

from typing import Final

from cryptography.x509 import load_der_x509_certificate
from rich.console import Console
from rich.table import Table

from kumihimo.card import terminal
from kumihimo.card.applications import (
    AUTH_CERTIFICATE,
    AUTH_PIN,
    CARD_PIN,
    COMMON,
    JPKI,
    JUKI,
    SIGN_CERTIFICATE,
    SIGN_PIN,
    TEXT,
    TEXT_PIN,
    VISUAL,
)
from kumihimo.card.carriers import card_in
from kumihimo.card.chip import Chip
from kumihimo.card.files import Application, Pin
from kumihimo.card.memory import Memory, slot
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.refusal import NotFound
from kumihimo.kernel.withheld import Withheld

_APPLICATIONS: Final = {
    JPKI.name: "公的個人認証 JPKI",
    TEXT.name: "券面事項入力補助 text",
    VISUAL.name: "券面事項確認 visual",
    JUKI.name: "住基 juki",
    COMMON.name: "共通 common",
}
# Which applications hold a holder's PIN: the one for the register is one value in two places.
PINS: Final[dict[str, tuple[tuple[Application, int], ...]]] = {
    "auth": ((JPKI, AUTH_PIN),),
    "sign": ((JPKI, SIGN_PIN),),
    "text": ((TEXT, TEXT_PIN),),
    "card": ((JUKI, CARD_PIN), (COMMON, CARD_PIN)),
}
_CERTIFICATES: Final = {"利用者証明用 auth": AUTH_CERTIFICATE, "署名用 sign": SIGN_CERTIFICATE}


def show(memory: Memory) -> None:
    """Print what is on a card."""
    card = card_in(memory)
    console = Console(highlight=False)
    console.print(f"種類 Carrier: {card.name} ({card.label})")
    table = Table(box=None, header_style="bold")
    for column in ("証明書 certificate", "主体者 subject", "まで until (UTC)", "鍵 key"):
        table.add_column(column, overflow="fold")
    for named, fid in _CERTIFICATES.items():
        der = memory.read(slot(JPKI.name, fid))
        if not der:
            table.add_row(named, "なし none", "", "")
            continue
        found = load_der_x509_certificate(der)
        key = found.public_key()
        size = f"{type(key).__name__.strip('_').removesuffix('PublicKey')}-{getattr(key, 'key_size', '')}"
        table.add_row(
            named, found.subject.rfc4514_string(), f"{found.not_valid_after_utc:%Y-%m-%d}", size
        )
    console.print(table)
    table = Table(box=None, header_style="bold")
    for column in ("アプリ application", "AID", "暗証番号の残り tries left"):
        table.add_column(column)
    for application in card.applications:
        table.add_row(
            _APPLICATIONS[application.name],
            application.aid.hex().upper(),
            _tries(memory, application),
        )
    console.print(table)


def _tries(memory: Memory, application: Application) -> str:
    transmit = _chip(memory).process
    terminal.select(transmit, application)
    return ", ".join(
        f"{entry.fid:04X}: {terminal.tries(transmit, entry.fid)}/{entry.limit}"
        for entry in application.entries.values()
        if isinstance(entry, Pin)
    )


def change(memory: Memory, which: str, old: Withheld[bytes], new: Withheld[bytes]) -> None:
    """Change a PIN as a reader does; raises what the chip refuses."""
    chip = _chip(memory)
    mine = {one.name for one in card_in(memory).applications}
    places = [place for place in PINS[which] if place[0].name in mine]
    if not places:
        raise NotFound("this card has no such PIN")
    for application, fid in places:
        terminal.select(chip.process, application)
        terminal.verify(chip.process, fid, old)
        terminal.change_pin(chip.process, application, fid, new)


def _chip(memory: Memory) -> Chip:
    chip = Chip(card_in(memory), memory, entropy=SystemEntropy())
    chip.power_on()
    return chip
