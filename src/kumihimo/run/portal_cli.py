"""`kumihimo portal`: what the portal's operator does by hand."""

import asyncio
import csv
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from cyclopts import App

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import KeyFileUnsafe
from kumihimo.kernel.settings import BadSettings, load
from kumihimo.rooms.portal import feedback as given
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.settings import Settings
from kumihimo.rooms.portal.tables import cell

app = App(
    name="portal",
    help="マイナポータルの運用。 What the portal's operator does by hand.",
)


@app.command
def feedback(*, days: int = 30, config: Path) -> None:
    """画面についての意見を読む。 Read what people said of the pages: CSV, the latest first.

    Parameters
    ----------
    days
        何日前から。 Since how many days ago.
    config
        ポータルの設定ファイル。 The portal's settings file.
    """
    if not 0 <= days <= given.KEPT_FOR.days:
        raise BadSettings(f"--days: 0 to {given.KEPT_FOR.days}", pointer="days")
    settings = load(config, Settings)
    try:
        portal = settings.portal(beside=config, clock=SystemClock(), entropy=SystemEntropy())
    except KeyFileUnsafe as error:
        raise BadSettings(str(error)) from None
    found = asyncio.run(_read(portal, portal.today() - timedelta(days=days)))
    writer = csv.writer(sys.stdout)
    writer.writerow(("day", "page", "found", "language", "words"))
    writer.writerows(
        (one.on.isoformat(), one.page, one.found, one.language, cell(one.text)) for one in found
    )


async def _read(portal: Portal, since: date) -> Sequence[given.Feedback]:
    await portal.database.open()
    try:
        return await given.read(portal, since)
    finally:
        await portal.database.close()
