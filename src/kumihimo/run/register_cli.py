"""`kumihimo register`: what register's operator does by hand."""

import asyncio
from pathlib import Path
from typing import Final

from cyclopts import App
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import KeyFileUnsafe
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.settings import BadSettings, load
from kumihimo.rooms.register.numbers import designate_all
from kumihimo.rooms.register.settings import Settings
from kumihimo.statute.explain import near
from kumihimo.statute.law import institutions

COLUMNS: Final = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
)

app = App(
    name="register",
    help="住基ネットの運用。 What register's operator does by hand.",
)


@app.command
def designate(municipality: str, *, config: Path) -> None:
    """市区町村の全住民に個人番号を指定する。 Designate numbers for all residents who have none.

    May run while register serves, be stopped, and be run again: it goes on where it was.

    Parameters
    ----------
    municipality
        市区町村。 The municipality that asked for it, such as lg-131032.
    config
        登録機関の設定ファイル。 Register's settings file.
    """
    names = {one.institution: one.name for one in institutions() if "municipality" in one.classes}
    if municipality not in names:
        hint = near(municipality, names)
        raise BadInput(f"no such municipality{hint}", pointer="municipality")
    done = asyncio.run(_designate(config, municipality))
    print(f"{names[municipality]}: 指定した個人番号 numbers designated {done:,}")


async def _designate(config: Path, municipality: str) -> int:
    settings = load(config, Settings)
    try:
        register = settings.register(
            beside=config, book=settings.book(), clock=SystemClock(), entropy=SystemEntropy()
        )
    except KeyFileUnsafe as error:
        raise BadSettings(str(error)) from None
    bar = Progress(*COLUMNS, console=Console(stderr=True))
    task = bar.add_task(municipality, total=None)

    def advance(done: int, total: int) -> None:
        bar.start()  # not before the database has answered: a refusal stands alone
        bar.update(task, completed=done, total=total)

    await register.database.open()
    try:
        return await designate_all(register, municipality, progress=advance)
    finally:
        if bar.live.is_started:
            bar.stop()
        await register.database.close()
