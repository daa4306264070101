"""`kumihimo cards`: what the operator of cards does by hand."""

import asyncio
import re
import sys
from datetime import date
from pathlib import Path
from typing import Final

from cyclopts import App

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import KeyFileUnsafe
from kumihimo.kernel.net import HttpNet
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.settings import BadSettings, load
from kumihimo.rooms.cards.context import Cards
from kumihimo.rooms.cards.counts import counts
from kumihimo.rooms.cards.domain.counting import Count, as_csv
from kumihimo.rooms.cards.settings import Settings

_OFFICE: Final = re.compile(r"lg-[0-9]{6}")

app = App(
    name="cards",
    help="カード発行の運用。 What the operator of cards does by hand.",
)


@app.command
def count(*, config: Path, day: str | None = None) -> None:
    """交付枚数・保有枚数を CSV で書き出す。 Write cards delivered and cards held as CSV.

    One row for each municipality and band of ages; definitions are in docs/reference/cards.md.

    Parameters
    ----------
    config
        カードの設定ファイル。 cards' settings file.
    day
        基準日。 The day at whose end is counted; today when left out.
    """
    wanted = _day(day)
    settings = load(config, Settings)

    async def read() -> tuple[date, list[Count]]:
        net = settings.net()
        cards = _cards(settings, config, net)
        await cards.database.open()
        try:
            on = wanted or cards.today()
            return on, await counts(cards, on)
        finally:
            await cards.database.close()
            await net.close()

    on, found = asyncio.run(read())
    sys.stdout.write(as_csv(on, found))


@app.command
def keys(*, config: Path) -> None:
    """カードの記載を確かめる公開鍵。 Print the public key that checks the text of a card.

    A gateway's `card_text_key`, so that it believes what it reads from chips.

    Parameters
    ----------
    config
        カードの設定ファイル。 cards' settings file.
    """
    settings = load(config, Settings)
    cards = _cards(settings, config, settings.net())
    print(cards.issuing.text_authority().hex())


@app.command
def passphrase(office: str, *, config: Path) -> None:
    """新しいカードのファイルを開く合言葉。 Print what opens the new cards of an office.

    Give it to the office alone, as a file that only its counter reads (`chmod 600`). The office puts
    the files of its cards, from the tray, into a reader (`kumihimo card`, `kumihimo counter`).

    Parameters
    ----------
    office
        市区町村。 The municipality, such as lg-131032.
    config
        カードの設定ファイル。 cards' settings file.
    """
    if not _OFFICE.fullmatch(office):
        raise BadInput("office: a municipality like lg-131032 is expected", pointer="office")
    settings = load(config, Settings)
    try:
        secret = settings.tray_passphrase(beside=config, office=office)
    except KeyFileUnsafe as error:
        raise BadSettings(str(error)) from None
    print(secret.reveal().decode("ascii"))


def _cards(settings: Settings, config: Path, net: HttpNet) -> Cards:
    try:
        return settings.cards(
            beside=config,
            book=settings.book(),
            net=net,
            clock=SystemClock(),
            entropy=SystemEntropy(),
        )
    except KeyFileUnsafe as error:
        raise BadSettings(str(error)) from None


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError as error:
        raise BadInput("--day: a date like 2026-06-01 is expected", pointer="day") from error
