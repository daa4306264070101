"""`kumihimo ledger`: what the ledger's operator does by hand."""

import asyncio
from pathlib import Path

from cyclopts import App

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import KeyFileUnsafe
from kumihimo.kernel.net import Caller
from kumihimo.kernel.settings import BadSettings, load
from kumihimo.rooms.ledger import rotation
from kumihimo.rooms.ledger.api import PARTY
from kumihimo.rooms.ledger.context import Ledger
from kumihimo.rooms.ledger.settings import Settings
from kumihimo.rooms.linkage.api import KeyState
from kumihimo.run.key_changing import shown, words_of

app = App(
    name="ledger",
    help="記録開示の運用。 What the ledger's operator does by hand.",
)


@app.command
def change_key(*, look: bool = False, config: Path) -> None:
    """記録の符号の鍵を更新する。 Change the key of the ledger's domain, and carry every code along.

    May run while the ledger serves and people read. A change that broke off is gone on with, by
    this command or by the ledger itself.

    Parameters
    ----------
    look
        様子を見るだけ。 Only show which version the key has, and how far a change is.
    config
        記録開示の設定ファイル。 The ledger's settings file.
    """
    settings = load(config, Settings)
    try:
        ledger = settings.ledger(beside=config, clock=SystemClock(), entropy=SystemEntropy())
    except KeyFileUnsafe as error:
        raise BadSettings(str(error)) from None
    print(words_of(PARTY, asyncio.run(_within(settings, ledger, look=look))))


@app.command
def log_key(*, config: Path) -> None:
    """公開ログの公開鍵を印字する。 Print the log's public key (vkey): what its witnesses ask for.

    Parameters
    ----------
    config
        記録開示の設定ファイル。 The ledger's settings file.
    """
    settings = load(config, Settings)
    try:
        ledger = settings.ledger(beside=config, clock=SystemClock(), entropy=SystemEntropy())
    except KeyFileUnsafe as error:
        raise BadSettings(str(error)) from None
    print(ledger.log.signer.key.vkey())


async def _within(settings: Settings, ledger: Ledger, *, look: bool) -> KeyState:
    await ledger.database.open()
    try:
        if not look:
            await _change(settings, ledger)
        return await rotation.state(ledger)
    finally:
        await ledger.database.close()


async def _change(settings: Settings, ledger: Ledger) -> None:
    book, net = settings.book(), settings.net()
    follower = settings.follower(book, ledger.database)
    try:
        await follower.start()
        caller = Caller(ledger.keys, book, net, ledger.clock, ledger.entropy)
        with shown(PARTY, await rotation.state(ledger)) as progress:
            await rotation.rotate(ledger, caller, progress=progress)
    finally:
        await follower.close()
        await net.close()
